package sshsig_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"math/big"
	"strings"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/ssh"
)

var payload = []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nhello\n")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// str is strings of RFC 4251, 5, in a row.
func str(all ...string) string {
	var b cryptobyte.Builder
	for _, s := range all {
		b.AddUint32(uint32(len(s)))
		b.AddBytes([]byte(s))
	}
	return string(b.BytesOrPanic())
}

// A file is the fields of a signature file, for vectors to edit.
type file struct {
	begin, end                           string // lines of the armor
	magic                                string
	version                              byte
	key, namespace, reserved, hash, rest string
	// signed is what was signed, sign makes the field signature of it.
	payload []byte
	sign    func(message []byte) string
}

// signed returns what goes under the key.
func (f *file) signed() []byte {
	var sum []byte
	switch f.hash {
	case "sha256":
		s := sha256.Sum256(f.payload)
		sum = s[:]
	default:
		s := sha512.Sum512(f.payload)
		sum = s[:]
	}
	return []byte("SSHSIG" + str(f.namespace, f.reserved, f.hash, string(sum)))
}

func (f *file) blob() []byte {
	return []byte(f.magic + "\x00\x00\x00" + string([]byte{f.version}) +
		str(f.key, f.namespace, f.reserved, f.hash, f.sign(f.signed())) + f.rest)
}

func (f *file) armored() []byte { return f.armor(f.blob()) }

func (f *file) armor(blob []byte) []byte {
	text := base64.StdEncoding.EncodeToString(blob)
	var b strings.Builder
	b.WriteString(f.begin)
	for ; len(text) > 70; text = text[70:] {
		b.WriteString(text[:70] + "\n")
	}
	return []byte(b.String() + text + "\n" + f.end)
}

// by returns the file of a key that x/crypto/ssh can sign with.
func by(key crypto.Signer, algorithm string) *file {
	signer := must(ssh.NewSignerFromSigner(key)).(ssh.AlgorithmSigner)
	return newFile(string(signer.PublicKey().Marshal()), func(message []byte) string {
		return string(ssh.Marshal(must(signer.SignWithAlgorithm(rand.Reader, message, algorithm))))
	})
}

func newFile(key string, sign func([]byte) string) *file {
	return &file{
		begin: "-----BEGIN SSH SIGNATURE-----\n", end: "-----END SSH SIGNATURE-----\n",
		magic: "SSHSIG", version: 1, key: key, namespace: "git", hash: "sha512", payload: payload, sign: sign,
	}
}

// A device is a security key in software.
type device struct {
	name, application string
	flags             byte
	sign              func(message []byte) string // the blob
}

func (d *device) file(key string) *file {
	return newFile(key, func(message []byte) string {
		application, digest := sha256.Sum256([]byte(d.application)), sha256.Sum256(message)
		state := string([]byte{d.flags}) + "\x00\x00\x00\x07"
		return str(d.name, d.sign([]byte(string(application[:])+state+string(digest[:])))) + state
	})
}

func deviceEd25519(flags byte) *file {
	d := &device{"sk-ssh-ed25519@openssh.com", "ssh:", flags, func(m []byte) string { return string(ed25519.Sign(edKey, m)) }}
	return d.file(str(d.name, string(edKey.Public().(ed25519.PublicKey)), d.application))
}

func deviceECDSA(flags byte) *file {
	d := &device{"sk-ecdsa-sha2-nistp256@openssh.com", "ssh:paraph", flags, func(m []byte) string {
		sum := sha256.Sum256(m)
		r, s, err := ecdsa.Sign(rand.Reader, p256, sum[:])
		if err != nil {
			panic(err)
		}
		return string(ssh.Marshal(struct{ R, S *big.Int }{r, s}))
	}}
	return d.file(str(d.name, "nistp256", string(must(p256.PublicKey.Bytes())), d.application))
}

var (
	edKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	p256  = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	rsa2  = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
)
