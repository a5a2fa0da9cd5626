package rekor

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/binary"
)

// algEd25519 is the signature type of Ed25519 in C2SP signed-note.
const algEd25519 = 1

// keyHash returns what a note's signature line has before the signature, the
// first four bytes of a hash that names the key.
//
// For Ed25519 it is that of C2SP signed-note, SHA-256(name || LF || 0x01 ||
// key). For ECDSA, signed-note gives no rule but names Rekor's: SHA-256 of the
// DER SubjectPublicKeyInfo, in both major versions. Other keys have none here.
func keyHash(name string, key crypto.PublicKey) (hash uint32, ok bool) {
	var preimage []byte
	switch k := key.(type) {
	case ed25519.PublicKey:
		preimage = append([]byte(name+"\n"), algEd25519)
		preimage = append(preimage, k...)
	case *ecdsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return 0, false
		}
		preimage = der
	default:
		return 0, false
	}
	sum := sha256.Sum256(preimage)
	return binary.BigEndian.Uint32(sum[:]), true
}

// verifyMessage reports whether sig is a signature of key over message.
// An ECDSA key's hash is as long as its curve, as in the key details of a
// trusted root: PKIX_ECDSA_P256_SHA_256 and so on.
func verifyMessage(key crypto.PublicKey, message, sig []byte) bool {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, message, sig)
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 256:
			sum := sha256.Sum256(message)
			return ecdsa.VerifyASN1(k, sum[:], sig)
		case 384:
			sum := sha512.Sum384(message)
			return ecdsa.VerifyASN1(k, sum[:], sig)
		case 521:
			sum := sha512.Sum512(message)
			return ecdsa.VerifyASN1(k, sum[:], sig)
		}
	}
	return false
}

// A noteVerifier is a log's key as a verifier of signed notes.
type noteVerifier struct {
	name string
	hash uint32
	key  crypto.PublicKey
}

func (v noteVerifier) Name() string                { return v.name }
func (v noteVerifier) KeyHash() uint32             { return v.hash }
func (v noteVerifier) Verify(msg, sig []byte) bool { return verifyMessage(v.key, msg, sig) }
