package sshsig_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/paraph/paraph/internal/sshsig"
	"github.com/paraph/paraph/internal/verdict"
)

// good are a signature by each sort of key.
func good() map[string]*file {
	return map[string]*file{
		"ed25519":       by(edKey, "ssh-ed25519"),
		"P-256":         by(p256, "ecdsa-sha2-nistp256"),
		"P-384":         by(must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), "ecdsa-sha2-nistp384"),
		"P-521":         by(must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)), "ecdsa-sha2-nistp521"),
		"RSA, SHA-256":  by(rsa2(), "rsa-sha2-256"),
		"RSA, SHA-512":  by(rsa2(), "rsa-sha2-512"),
		"a device":      deviceEd25519(1),
		"another":       deviceECDSA(5),
		"hash of half":  edit(func(f *file) { f.hash = "sha256" }),
		"a forge's":     edit(func(f *file) { f.end += "\n" }),
		"no LF at last": edit(func(f *file) { f.end = strings.TrimSpace(f.end) }),
	}
}

// edit returns a file with one thing changed before it is signed.
func edit(change func(*file)) *file {
	f := by(edKey, "ssh-ed25519")
	change(f)
	return f
}

// Every sort of key that git's users sign with is verified, and named as
// x/crypto/ssh names it.
func TestVerify(t *testing.T) {
	for name, f := range good() {
		s, err := sshsig.Verify(f.armored(), payload)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		key := must(ssh.ParsePublicKey([]byte(f.key)))
		if string(s.Key) != f.key || s.Type != key.Type() || s.Fingerprint != ssh.FingerprintSHA256(key) {
			t.Errorf("%s: %+v; want type %s, %s", name, s, key.Type(), ssh.FingerprintSHA256(key))
		}
	}
}

// sealed returns a file whose signature is by the key, as the vector names it.
func sealed(algorithm string, change func(blob string) string) *file {
	f := by(edKey, "ssh-ed25519")
	sign := f.sign
	f.sign = func(m []byte) string {
		inner := sign(m)
		return str(algorithm) + change(inner[4+len("ssh-ed25519"):])
	}
	return f
}

func same(s string) string { return s }

// keyed returns a file that brings another key.
func keyed(key string) *file { return edit(func(f *file) { f.key = key }) }

// Each vector has one defect, and fails by its rule.
func TestRefuse(t *testing.T) {
	point, modulus := string(edKey[32:]), "\x00"+strings.Repeat("\xff", 256)
	for _, test := range []struct {
		name, rule string
		class      verdict.Class
		file       *file
	}{
		{"another namespace", "namespace", verdict.Binding, edit(func(f *file) { f.namespace = "file" })},
		{"no namespace", "namespace", verdict.Binding, edit(func(f *file) { f.namespace = "" })},
		{"another payload", "signature-value", verdict.Signature, edit(func(f *file) { f.payload = append(payload, ' ') })},
		{"the key swapped", "signature-value", verdict.Signature, keyed(str("ssh-ed25519", strings.Repeat("\x01", 32)))},
		{"a key of another sort", "signature-algorithm", verdict.Syntax, keyed(by(p256, "ecdsa-sha2-nistp256").key)},
		{"an RSA key in its place", "signature-algorithm", verdict.Syntax, keyed(by(rsa2(), "rsa-sha2-256").key)},
		{"version 2", "version", verdict.Syntax, edit(func(f *file) { f.version = 2 })},
		{"another preamble", "preamble", verdict.Syntax, edit(func(f *file) { f.magic = "SSHKEY" })},
		{"reserved is used", "reserved", verdict.Syntax, edit(func(f *file) { f.reserved = "x" })},
		{"SHA-1 of the payload", "hash-algorithm", verdict.Syntax, edit(func(f *file) { f.hash = "sha1" })},
		{"SHA-384 of the payload", "hash-algorithm", verdict.Syntax, edit(func(f *file) { f.hash = "sha384" })},
		{"bytes behind", "trailing-bytes", verdict.Syntax, edit(func(f *file) { f.rest = "\x00" })},
		{"bytes behind the value", "trailing-bytes", verdict.Syntax, sealed("ssh-ed25519", func(s string) string { return s + "\x00" })},
		{"no value", "signature", verdict.Syntax, sealed("ssh-ed25519", func(string) string { return "" })},
		{"a short value", "signature-value", verdict.Signature, sealed("ssh-ed25519", func(s string) string { return str(s[4:60]) })},
		{"RSA with SHA-1", "weak-digest", verdict.Syntax, by(rsa2(), "ssh-rsa")},
		{"RSA that calls its SHA-1 SHA-256", "signature-value", verdict.Signature, func() *file {
			f, weak := by(rsa2(), "rsa-sha2-256"), by(rsa2(), "ssh-rsa")
			f.sign = func(m []byte) string { return str("rsa-sha2-256") + weak.sign(m)[4+len("ssh-rsa"):] }
			return f
		}()},
		{"RSA of 1024 bits", "rsa-key-size", verdict.Syntax, keyed(str("ssh-rsa", "\x03", "\x00"+strings.Repeat("\xff", 128)))},
		{"RSA of 8200 bits", "rsa-key-size", verdict.Syntax, keyed(str("ssh-rsa", "\x03", "\x00"+strings.Repeat("\xff", 1025)))},
		{"an RSA exponent of 40 bits", "key", verdict.Syntax, keyed(str("ssh-rsa", "\x11\x11\x11\x11\x11", modulus))},
		{"a negative modulus", "key", verdict.Syntax, keyed(str("ssh-rsa", "\x03", modulus[1:]))},
		{"a modulus with zeros", "key", verdict.Syntax, keyed(str("ssh-rsa", "\x03", "\x00"+modulus))},
		{"DSA", "weak-key", verdict.Syntax, keyed(str("ssh-dss", "\x03", "\x03", "\x03", "\x03"))},
		{"a certificate", "certificate", verdict.Syntax, keyed(str("ssh-ed25519-cert-v01@openssh.com", "nonce", point))},
		{"a browser's key", "key-type", verdict.Syntax, keyed(str("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "nistp256"))},
		{"bytes behind the key", "key", verdict.Syntax, keyed(str("ssh-ed25519", point, ""))},
		{"a key of 31 bytes", "key", verdict.Syntax, keyed(str("ssh-ed25519", point[1:]))},
		{"a name of a key, and no key", "key", verdict.Syntax, keyed(str("ssh-ed25519"))},
		{"no key", "key", verdict.Syntax, keyed("")},
		{"another curve's name", "key", verdict.Syntax, keyed(str("ecdsa-sha2-nistp256", "nistp384", string(must(p256.PublicKey.Bytes()))))},
		{"a point off the curve", "key", verdict.Syntax, keyed(str("ecdsa-sha2-nistp256", "nistp256", "\x04"+strings.Repeat("\x01", 64)))},
		{"a device that nobody touched", "user-presence", verdict.Signature, deviceEd25519(0)},
		{"one that checked a PIN and no touch", "user-presence", verdict.Signature, deviceECDSA(4)},
		{"a device's key, another's application", "signature-value", verdict.Signature, func() *file {
			f := deviceEd25519(1)
			f.key = strings.Replace(f.key, "ssh:", "web:", 1)
			return f
		}()},
		{"a device's flags behind a plain key", "trailing-bytes", verdict.Syntax, sealed("ssh-ed25519", func(s string) string { return s + "\x01\x00\x00\x00\x07" })},
		{"a device's key without flags", "signature", verdict.Syntax, func() *file {
			f := sealed("sk-ssh-ed25519@openssh.com", same)
			f.key = deviceEd25519(1).key
			return f
		}()},
		{"no armor", "armor-begin", verdict.Syntax, edit(func(f *file) { f.begin = "" })},
		{"CR LF", "armor-begin", verdict.Syntax, edit(func(f *file) { f.begin = "-----BEGIN SSH SIGNATURE-----\r\n" })},
		{"a blank line before", "armor-begin", verdict.Syntax, edit(func(f *file) { f.begin = "\n" + f.begin })},
		{"a header", "armor-base64", verdict.Syntax, edit(func(f *file) { f.begin += "Comment: x\n" })},
		{"another END line", "armor-end", verdict.Syntax, edit(func(f *file) { f.end = "-----END PGP SIGNATURE-----\n" })},
		{"bytes behind the armor", "armor-trailing", verdict.Syntax, edit(func(f *file) { f.end += "x" })},
		{"two armors", "armor-trailing", verdict.Syntax, edit(func(f *file) { f.end += string(by(edKey, "ssh-ed25519").armored()) })},
		{"10 MB", "armor-size", verdict.Syntax, edit(func(f *file) { f.end += strings.Repeat("\n", 10<<20) })},
	} {
		s, err := sshsig.Verify(test.file.armored(), payload)
		if e := verdict.As(err, verdict.Syntax, ""); s != nil || e == nil || e.Rule != test.rule || e.Class != test.class {
			t.Errorf("%s: %v, %v; want %s: %s", test.name, s, err, test.class, test.rule)
		}
	}
}

// A signature that is cut or changed anywhere does not hold: nothing in it is
// without meaning.
func TestMangled(t *testing.T) {
	for name, f := range good() {
		if strings.HasPrefix(name, "P-384") || strings.HasPrefix(name, "P-521") {
			continue // slow, and read as P-256
		}
		blob := f.blob()
		for at := range blob {
			changed := bytes.Clone(blob)
			changed[at] ^= 1
			long := bytes.Clone(blob)
			long[at] = ^long[at]
			for _, b := range [][]byte{changed, long, blob[:at]} {
				if s, err := sshsig.Verify(f.armor(b), payload); err == nil {
					t.Errorf("%s: changed or cut at %d it is %v", name, at, s)
				}
			}
		}
		armored := bytes.TrimRight(f.armored(), "\n")
		for at := range armored {
			if s, err := sshsig.Verify(armored[:at], payload); err == nil {
				t.Errorf("%s: cut at %d it is %v", name, at, s)
			}
		}
	}
}

// FuzzVerify looks for panics, for signatures that nobody made, and for
// failures without a rule.
func FuzzVerify(f *testing.F) {
	f.Add(by(edKey, "ssh-ed25519").blob())
	f.Add(deviceECDSA(1).blob())
	f.Add(by(rsa2(), "rsa-sha2-512").blob())
	f.Fuzz(func(t *testing.T, blob []byte) {
		s, err := sshsig.Verify(edit(func(*file) {}).armor(blob), payload)
		if e := verdict.As(err, verdict.Syntax, ""); (s == nil) != (err != nil) || e != nil && e.Rule == "" {
			t.Errorf("%v, %v", s, err)
		}
		if s != nil && must(ssh.ParsePublicKey(s.Key)).Type() != s.Type {
			t.Errorf("a key of another type: %+v", s)
		}
	})
}
