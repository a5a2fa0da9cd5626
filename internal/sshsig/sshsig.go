// Package sshsig verifies the signatures that `ssh-keygen -Y sign -n git`
// makes, which git asks for where gpg.format is ssh. It is pure, and whose a
// key is, and whether it still counts, is its caller's business.
//
// The few structures are read here and not by golang.org/x/crypto/ssh: that
// package builds the tables of a whole transport when a program starts, which
// costs more than the rest of a start. What is read is checked by the standard
// library.
//
// Keys are ed25519, ECDSA over the NIST curves, RSA of 2048 bits or more, and
// the first two on a security key that was touched. Certificates and DSA are
// refused, and so is SHA-1, in whatever place.
//
// Specifications: OpenSSH's PROTOCOL.sshsig and PROTOCOL.u2f, RFC 4253, 5656,
// 8332 and 8709.
package sshsig

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"encoding/base64"

	// What crypto.SHA384 and crypto.SHA512 stand for.
	_ "crypto/sha512"

	"golang.org/x/crypto/cryptobyte"

	"github.com/paraph/paraph/internal/base64lines"
	"github.com/paraph/paraph/internal/verdict"
)

// Bounds on what a stranger may send. A signature by an RSA key of 8192 bits
// has 3 kB.
const (
	maxArmor = 16 << 10 // bytes

	minRSABits = 2048 // shorter moduli can be factored
	maxRSABits = 8192 // longer ones make verification slow
)

const (
	armorBegin = "-----BEGIN SSH SIGNATURE-----\n"
	armorEnd   = "-----END SSH SIGNATURE-----"

	magic     = "SSHSIG"
	version   = 1
	namespace = "git" // gpg-interface.c:sign_buffer_ssh
)

// A Signature is one that holds. Only [Verify] makes one.
type Signature struct {
	// Key is the public key in the encoding of RFC 4253, 6.6.
	Key []byte
	// Type is what the key says it is, as "ssh-ed25519".
	Type string
	// Fingerprint is the key's, as ssh-keygen writes it: "SHA256:...".
	Fingerprint string
}

// Verify verifies that an armored signature is over payload, by the key that it
// brings. Errors are a *[verdict.Error] of class Syntax, Binding or Signature.
func Verify(armored, payload []byte) (*Signature, error) {
	blob, err := dearmor(armored)
	if err != nil {
		return nil, err
	}
	m, err := parse(blob)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(m.key)
	if err != nil {
		return nil, err
	}
	if err := k.verify(m.toBeSigned(payload), m.signature); err != nil {
		return nil, err
	}
	return &Signature{Key: bytes.Clone(m.key), Type: k.name, Fingerprint: Fingerprint(m.key)}, nil
}

// Fingerprint returns the fingerprint of a key in the encoding of RFC 4253,
// 6.6, as ssh-keygen writes it.
func Fingerprint(key []byte) string {
	sum := sha256.Sum256(key)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// dearmor is sshsig.c:sshsig_dearmor, but that nothing follows the END line;
// only blank lines, which forges add.
func dearmor(armored []byte) ([]byte, error) {
	if len(armored) > maxArmor {
		return nil, syntaxf("armor-size", "the armored signature has %d bytes, more than %d", len(armored), maxArmor)
	}
	text, ok := bytes.CutPrefix(armored, []byte(armorBegin))
	if !ok {
		return nil, syntaxf("armor-begin", "the signature does not begin with %q", armorBegin)
	}
	text, rest, ok := bytes.Cut(text, []byte(armorEnd))
	if !ok {
		return nil, syntaxf("armor-end", "the signature has no line %q", armorEnd)
	}
	if len(bytes.Trim(rest, "\n")) > 0 {
		return nil, syntaxf("armor-trailing", "bytes follow the END line of the signature")
	}
	blob, err := base64lines.Decode(text)
	if err != nil {
		return nil, syntaxf("armor-base64", "the armor cannot be read: %w", err)
	}
	return blob, nil
}

// A message is the content of an armor. Nothing in it is verified.
type message struct {
	key, signature []byte
	hashName       string
	hash           crypto.Hash
}

// parse reads PROTOCOL.sshsig, "Blob format":
//
//	byte[6] MAGIC_PREAMBLE, uint32 SIG_VERSION, string publickey,
//	string namespace, string reserved, string hash_algorithm, string signature
func parse(blob []byte) (*message, error) {
	in := cryptobyte.String(blob)
	var preamble, name, reserved, hash []byte
	var v uint32
	m := new(message)
	if !in.ReadBytes(&preamble, len(magic)) || string(preamble) != magic || !in.ReadUint32(&v) {
		return nil, syntaxf("preamble", "the signature does not begin with %q and a version", magic)
	}
	if v != version {
		return nil, syntaxf("version", "the signature is of version %d, not %d", v, version)
	}
	if !readString(&in, &m.key) || !readString(&in, &name) || !readString(&in, &reserved) ||
		!readString(&in, &hash) || !readString(&in, &m.signature) {
		return nil, syntaxf("truncated", "the signature ends before its time")
	}
	switch m.hashName = string(hash); {
	case !in.Empty():
		return nil, syntaxf("trailing-bytes", "%d bytes follow the signature", len(in))
	case len(reserved) > 0:
		return nil, syntaxf("reserved", "the reserved field is not empty")
	case string(name) != namespace:
		return nil, verdict.Errorf(verdict.Binding, "namespace", "the signature is for the namespace %q, not %q: it was not made for git", cut(name), namespace)
	case m.hashName == "sha256":
		m.hash = crypto.SHA256
	case m.hashName == "sha512":
		m.hash = crypto.SHA512
	default:
		return nil, syntaxf("hash-algorithm", "the hash algorithm is %q, not sha256 or sha512", cut(hash))
	}
	return m, nil
}

// toBeSigned is PROTOCOL.sshsig, "Signed Data, of which the signature goes into
// the blob above":
//
//	byte[6] MAGIC_PREAMBLE, string namespace, string reserved,
//	string hash_algorithm, string H(message)
func (m *message) toBeSigned(payload []byte) []byte {
	h := m.hash.New()
	h.Write(payload)
	var b cryptobyte.Builder
	b.AddBytes([]byte(magic))
	for _, s := range [][]byte{[]byte(namespace), nil, []byte(m.hashName), h.Sum(nil)} {
		b.AddUint32(uint32(len(s)))
		b.AddBytes(s)
	}
	return b.BytesOrPanic()
}

// readString reads a string of RFC 4251, 5.
func readString(in *cryptobyte.String, out *[]byte) bool {
	var n uint32
	return in.ReadUint32(&n) && n <= maxArmor && in.ReadBytes(out, int(n))
}

// cut is as much of a name as a message needs.
func cut(name []byte) []byte {
	const longest = 64
	return name[:min(len(name), longest)]
}

func syntaxf(rule, format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, rule, format, args...)
}
