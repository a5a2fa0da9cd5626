package openpgp_test

import (
	"bytes"
	"crypto"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	proton "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/paraph/paraph/internal/openpgp"
)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// What the ProtonMail library signs is verified, in each version and by each
// algorithm that we have in common.
func TestJudgeSigns(t *testing.T) {
	for name, config := range map[string]*packet.Config{
		"RSA":                {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048},
		"EdDSA":              {Algorithm: packet.PubKeyAlgoEdDSA},
		"P-256":              {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP256},
		"P-384":              {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP384},
		"P-521":              {Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP521},
		"Ed25519, version 4": {Algorithm: packet.PubKeyAlgoEd25519},
		"Ed25519, version 6": {Algorithm: packet.PubKeyAlgoEd25519, V6Keys: true},
		"RSA, version 6":     {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, V6Keys: true},
	} {
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA512} {
			config.DefaultHash, config.Time = hash, at(begin)
			e := must(proton.NewEntity("Alice", "", "alice@example.com", config))
			config.Time = at(signed)
			if hash == crypto.SHA512 { // by a subkey, else by the key itself
				if err := e.AddSigningSubkey(config); err != nil {
					t.Fatal(err)
				}
			}
			var file, sig bytes.Buffer
			if err := e.Serialize(&file); err != nil {
				t.Fatal(err)
			}
			if err := proton.ArmoredDetachSign(&sig, []*proton.Entity{e}, bytes.NewReader(payload), &proton.SignParams{Config: config}); err != nil {
				t.Fatal(err)
			}
			keys := must(openpgp.ParseKeys(file.Bytes()))
			s, err := openpgp.Read(append(sig.Bytes(), '\n'))
			if err != nil {
				t.Errorf("%s, %v: %v\n%s", name, hash, err, sig.Bytes())
				continue
			}
			if fingerprint, err := keys.Verify(s, payload, now); err != nil || fingerprint != hexOf(e.PrimaryKey.Fingerprint) {
				t.Errorf("%s, %v: %s, %v", name, hash, fingerprint, err)
			}
			if _, err := keys.Verify(s, append(payload, '\n'), now); err == nil {
				t.Errorf("%s, %v: it is over another payload too", name, hash)
			}
		}
	}
}

// The library verifies what these tests take for good, and refuses what of the
// owner's vectors it has a rule for: so they test OpenPGP, and not our reading.
func TestJudgeVerifies(t *testing.T) {
	for _, test := range []struct {
		name     string
		bySubkey bool
		change   func(*judging)
		good     bool
	}{
		{"the key", false, func(*judging) {}, true},
		{"the subkey", true, func(*judging) {}, true},
		{"a text", false, func(j *judging) { j.sig.kind, j.payload = 1, strings.ReplaceAll(j.payload, "\n", "\r\n") }, true},
		{"a revoked key", false, func(j *judging) { j.behindKey = pkt(2, of(j.key, 0x20, signed, sub{29, "\x02"}).over(j.key.hashed())) }, false},
		{"a revoked subkey", true, func(j *judging) {
			j.behindSubkey = pkt(2, of(j.key, 0x28, signed, sub{29, "\x02"}).over(j.key.hashed(), j.subkey.hashed()))
		}, false},
		{"a key that has ended", false, func(j *judging) { j.self.hashed = append(j.self.hashed, lasting(9, time.Hour)) }, false},
		{"a subkey that has ended", true, func(j *judging) { j.binding.hashed = append(j.binding.hashed, lasting(9, time.Hour)) }, false},
		{"a subkey that was not asked", true, func(j *judging) { j.consent = nil }, false},
		{"a forged word of the key", false, func(j *judging) { j.self.by = newKey(3) }, false},
		{"another payload", false, func(j *judging) { j.content = append(payload, '\n') }, false},
	} {
		j := newJudging(test.bySubkey, test.change)
		file, sig := j.file(), armored(pkt(2, j.sig.over(j.payload)))
		config := &packet.Config{Time: at(now)}
		theirs := false
		if list, err := proton.ReadKeyRing(bytes.NewReader(file)); err == nil {
			_, _, err = proton.VerifyArmoredDetachedSignature(list, bytes.NewReader(j.content), bytes.NewReader(sig), config)
			theirs = err == nil
		}
		_, err := j.verify()
		if ours := err == nil; ours != test.good || theirs != test.good {
			t.Errorf("%s: ours %v (%v), theirs %v; want %v", test.name, ours, err, theirs, test.good)
		}
	}
}

// The checksum that the library writes is the one that we compute.
func TestChecksum(t *testing.T) {
	body := document(newKey(1)).over(string(payload))
	var text bytes.Buffer
	w := must(armor.EncodeWithChecksumOption(&text, "PGP SIGNATURE", nil, true))
	must(w.Write([]byte(pkt(2, body))))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text.Bytes(), []byte("\n=")) {
		t.Fatalf("there is no checksum: %s", &text)
	}
	if _, err := openpgp.Read(text.Bytes()); err != nil {
		t.Error(err)
	}
}
