package sshsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"

	"github.com/paraph/paraph/internal/verdict"
)

// A key is a public key, and the hash that its signatures are over; none for
// ed25519, and for RSA the signature says which.
type key struct {
	name   string // its type
	public any    // ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey
	hash   crypto.Hash
	// device says that the key is on a security key, which made it for an
	// application.
	device      bool
	application []byte
}

const (
	typeEd25519   = "ssh-ed25519"
	typeRSA       = "ssh-rsa"
	typeSKEd25519 = "sk-ssh-ed25519@openssh.com"
	typeSKECDSA   = "sk-ecdsa-sha2-nistp256@openssh.com"
	prefixECDSA   = "ecdsa-sha2-"
)

// parseKey reads RFC 4253, 6.6: a name, and what goes with it.
func parseKey(blob []byte) (*key, error) {
	in := cryptobyte.String(blob)
	var name []byte
	if !readString(&in, &name) {
		return nil, syntaxf("key", "the public key is not well-formed")
	}
	k := &key{name: string(name)}
	var ok bool
	switch k.name {
	case typeEd25519:
		ok = k.readEd25519(&in)
	case typeSKEd25519:
		ok = k.readEd25519(&in) && k.readApplication(&in)
	case "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521":
		ok = k.readECDSA(&in, strings.TrimPrefix(k.name, prefixECDSA))
	case typeSKECDSA:
		ok = k.readECDSA(&in, "nistp256") && k.readApplication(&in)
	case typeRSA:
		ok = k.readRSA(&in)
	default:
		return nil, unknownType(name)
	}
	if !ok || !in.Empty() {
		return nil, syntaxf("key", "the public key is not a well-formed %s", k.name)
	}
	return k, k.checkSize()
}

// unknownType makes the error for a key that is not verified with.
func unknownType(name []byte) error {
	switch {
	case bytes.Contains(name, []byte("-cert-")):
		return syntaxf("certificate", "the key is a certificate (%q): sign with the key itself", cut(name))
	case string(name) == "ssh-dss":
		return syntaxf("weak-key", "the key is a DSA key, which are too weak: sign with an ed25519 key")
	}
	return syntaxf("key-type", "keys of type %q are not known", cut(name))
}

// readEd25519 reads RFC 8709, 4.
func (k *key) readEd25519(in *cryptobyte.String) bool {
	var point []byte
	if !readString(in, &point) || len(point) != ed25519.PublicKeySize {
		return false
	}
	k.public = ed25519.PublicKey(point)
	return true
}

// readECDSA reads RFC 5656, 3.1. The hash goes with the curve, 6.2.1.
func (k *key) readECDSA(in *cryptobyte.String, want string) bool {
	var name, point []byte
	if !readString(in, &name) || string(name) != want || !readString(in, &point) {
		return false
	}
	var curve elliptic.Curve
	switch want {
	case "nistp256":
		curve, k.hash = elliptic.P256(), crypto.SHA256
	case "nistp384":
		curve, k.hash = elliptic.P384(), crypto.SHA384
	case "nistp521":
		curve, k.hash = elliptic.P521(), crypto.SHA512
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	k.public = public
	return err == nil
}

// readApplication reads what PROTOCOL.u2f adds to a key.
func (k *key) readApplication(in *cryptobyte.String) bool {
	k.device = true
	return readString(in, &k.application)
}

// readRSA reads RFC 4253, 6.6: mpint e, mpint n.
func (k *key) readRSA(in *cryptobyte.String) bool {
	e, n := new(big.Int), new(big.Int)
	if !readInteger(in, e) || !readInteger(in, n) || e.BitLen() > 31 {
		return false
	}
	k.public = &rsa.PublicKey{N: n, E: int(e.Int64())}
	return true
}

// checkSize bounds what an RSA key may cost, and what it may be worth.
func (k *key) checkSize() error {
	public, ok := k.public.(*rsa.PublicKey)
	if !ok {
		return nil
	}
	if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return syntaxf("rsa-key-size", "the RSA key has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
	}
	return nil
}

// readInteger reads an mpint of RFC 4251, 5, that is positive and as short as
// it can be.
func readInteger(in *cryptobyte.String, out *big.Int) bool {
	var b []byte
	if !readString(in, &b) || len(b) == 0 || b[0]&0x80 != 0 || b[0] == 0 && (len(b) == 1 || b[1]&0x80 == 0) {
		return false
	}
	out.SetBytes(b)
	return true
}

// verify verifies the signature of RFC 4253, 6.6: its algorithm's name, and
// what goes with it.
func (k *key) verify(message, signature []byte) error {
	in := cryptobyte.String(signature)
	var name, blob []byte
	if !readString(&in, &name) || !readString(&in, &blob) {
		return syntaxf("signature", "the signature is not well-formed")
	}
	hash := k.hash
	switch {
	case k.name != typeRSA:
		if string(name) != k.name {
			return syntaxf("signature-algorithm", "the signature is of type %q, the key of type %s", cut(name), k.name)
		}
	case string(name) == "rsa-sha2-256": // RFC 8332, 3
		hash = crypto.SHA256
	case string(name) == "rsa-sha2-512":
		hash = crypto.SHA512
	case string(name) == typeRSA:
		return syntaxf("weak-digest", "the signature uses SHA-1, which does not bind any more; rsa-sha2-256 and rsa-sha2-512 do")
	default:
		return syntaxf("signature-algorithm", "the signature is of type %q, the key is an RSA key", cut(name))
	}
	if k.device {
		var err error
		if message, err = k.authenticated(message, &in); err != nil {
			return err
		}
	}
	if !in.Empty() {
		return syntaxf("trailing-bytes", "%d bytes follow the signature's value", len(in))
	}
	if !k.holds(hash, message, blob) {
		return verdict.Errorf(verdict.Signature, "signature-value", "the signature is not the key's over these bytes")
	}
	return nil
}

// authenticated is what a security key signs in place of a message,
// PROTOCOL.u2f, "SSH U2F signatures": the rest of the signature is
//
//	byte flags, uint32 counter
func (k *key) authenticated(message []byte, in *cryptobyte.String) ([]byte, error) {
	const userPresent = 0x01
	const length = 1 + 4
	var state []byte
	if !in.ReadBytes(&state, length) {
		return nil, syntaxf("signature", "the signature has no flags and counter of a security key")
	}
	if state[0]&userPresent == 0 {
		return nil, verdict.Errorf(verdict.Signature, "user-presence", "nobody touched the security key for this signature")
	}
	application, digest := sha256.Sum256(k.application), sha256.Sum256(message)
	return bytes.Join([][]byte{application[:], state, digest[:]}, nil), nil
}

// holds reports whether the key made the signature.
func (k *key) holds(hash crypto.Hash, message, blob []byte) bool {
	if public, ok := k.public.(ed25519.PublicKey); ok {
		return ed25519.Verify(public, message, blob)
	}
	h := hash.New()
	h.Write(message)
	switch public := k.public.(type) {
	case *ecdsa.PublicKey:
		in := cryptobyte.String(blob)
		r, s := new(big.Int), new(big.Int) // RFC 5656, 3.1.2
		return readInteger(&in, r) && readInteger(&in, s) && in.Empty() && ecdsa.Verify(public, h.Sum(nil), r, s)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, hash, h.Sum(nil), blob) == nil
	}
	return false
}
