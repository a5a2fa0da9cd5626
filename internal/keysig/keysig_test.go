package keysig_test

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"golang.org/x/crypto/ssh"

	"github.com/paraph/paraph/internal/keysig"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/sshsig"
	"github.com/paraph/paraph/internal/verdict"
)

var payload = []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nhello\n")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// sshKey returns a key and its armored signature of payload.
func sshKey(seed byte) (key, armored []byte) {
	signer := must(ssh.NewSignerFromSigner(ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))))
	return signer.PublicKey().Marshal(), must(sshArmor(signer))
}

// pgpKey returns the file of a key that ends after a year, and its armored
// signature of payload.
func pgpKey(begin time.Time) (e *openpgp.Entity, file, armored []byte) {
	config := &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: 365 * 24 * 3600,
		Time: func() time.Time { return begin },
	}
	e = must(openpgp.NewEntity("Alice", "", "alice@example.com", config))
	var key, sig bytes.Buffer
	if err := e.Serialize(&key); err != nil {
		panic(err)
	}
	if err := openpgp.ArmoredDetachSign(&sig, []*openpgp.Entity{e}, bytes.NewReader(payload), &openpgp.SignParams{Config: config}); err != nil {
		panic(err)
	}
	return e, key.Bytes(), append(sig.Bytes(), '\n')
}

// A signature is its key's, and no other's.
func TestBy(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	danKey, dan := sshKey(1)
	eveKey, _ := sshKey(2)
	web, webFile, webSig := pgpKey(begin)
	_, otherFile, _ := pgpKey(begin)
	in := func(days int) time.Time { return begin.AddDate(0, 0, days) }
	for _, test := range []struct {
		name    string
		armored []byte
		at      time.Time
		key     policy.Key
		rule    string // "" where it is the key's
	}{
		{"dan's", dan, in(1), policy.Key{SSH: danKey}, ""},
		{"dan's, whenever", dan, time.Time{}, policy.Key{SSH: danKey}, ""},
		{"dan's is not eve's", dan, in(1), policy.Key{SSH: eveKey}, "key-unknown"},
		{"dan's is no OpenPGP key's", dan, in(1), policy.Key{OpenPGP: webFile}, "key-unknown"},
		{"dan's is not nobody's", dan, in(1), policy.Key{}, "key-unknown"},
		{"the forge's", webSig, in(1), policy.Key{OpenPGP: webFile}, ""},
		{"the forge's, after a year", webSig, in(366), policy.Key{OpenPGP: webFile}, "key-expired"},
		{"the forge's, at no time", webSig, time.Time{}, policy.Key{OpenPGP: webFile}, "no-time"},
		{"the forge's is not another's", webSig, in(1), policy.Key{OpenPGP: otherFile}, "key-unknown"},
		{"the forge's is no SSH key's", webSig, in(1), policy.Key{SSH: danKey}, "key-unknown"},
		{"the forge's is not nobody's", webSig, in(1), policy.Key{}, "key-unknown"},
		{"a file that is none", webSig, in(1), policy.Key{OpenPGP: []byte("hello")}, "armor-begin"},
	} {
		s, err := keysig.Read(new(keysig.Files), test.armored, payload)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		got := verdict.As(s.At(test.at).Check(test.key), verdict.Infrastructure, "")
		if s.At(test.at).By(test.key) != (got == nil) || (got == nil) != (test.rule == "") || got != nil && got.Rule != test.rule {
			t.Errorf("%s: %v; want %q", test.name, got, test.rule)
		}
	}
	for want, armored := range map[string][]byte{sshsig.Fingerprint(danKey): dan, fmt.Sprintf("%X", web.PrimaryKey.Fingerprint): webSig} {
		if got := must(keysig.Read(new(keysig.Files), armored, payload)).Name(); got != want {
			t.Errorf("the key's name is %s; want %s", got, want)
		}
	}
}

// What is not verified is nobody's, in whatever shape.
func TestNobodys(t *testing.T) {
	danKey, dan := sshKey(1)
	if s, err := keysig.Read(new(keysig.Files), dan, append(payload, '\n')); err == nil {
		t.Errorf("over another payload: %+v", s)
	}
	for _, armored := range []string{"", "hello", "-----BEGIN SIGNED MESSAGE-----\n", "-----BEGIN PGP MESSAGE-----\n", "\n" + string(dan)} {
		s, err := keysig.Read(new(keysig.Files), []byte(armored), payload)
		if e := verdict.As(err, verdict.Policy, ""); s != nil || e == nil || e.Class != verdict.Syntax {
			t.Errorf("%q: %v, %v", armored, s, err)
		}
	}
	for _, k := range []policy.Key{{}, {SSH: danKey}, {SSH: []byte{}}, {OpenPGP: []byte("x")}} {
		if new(keysig.Judged).By(k) || new(keysig.Signature).At(time.Now()).By(k) {
			t.Errorf("nothing is signed by %+v", k)
		}
	}
}

// Many ask at once, of more files than are kept.
func TestConcurrent(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	_, file, armored := pgpKey(now)
	var files keysig.Files
	s := must(keysig.Read(&files, armored, payload))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 300 {
				if s.At(now).By(policy.Key{OpenPGP: []byte(strings.Repeat("x", g*300+i))}) {
					t.Error("a file without keys made the signature")
				}
				if !s.At(now).By(policy.Key{OpenPGP: file}) {
					t.Error("the key did not make the signature")
				}
			}
		})
	}
	wg.Wait()
}

// A file is read once, however often it is asked for: that costs as much as a
// hash of it.
func BenchmarkBy(b *testing.B) {
	now := time.Now().Truncate(time.Second)
	_, file, armored := pgpKey(now)
	s := must(keysig.Read(new(keysig.Files), armored, payload)).At(now)
	for b.Loop() {
		if !s.By(policy.Key{OpenPGP: file}) {
			b.Fatal("not the key's")
		}
	}
}
