// Package openpgp verifies the OpenPGP signatures that git asks gpg for,
// against the keys of a file. It is pure: who vouches for the file, and at what
// time a key is judged, is its caller's business. There is no keyring, no
// trust between keys, and nothing is decrypted.
//
// What is read is what signing needs, and no more: signatures and keys of
// versions 4 and 6, with RSA, ECDSA over the NIST curves and Ed25519. The
// ProtonMail library reads all of OpenPGP, and builds eleven curves for that
// when a program starts, in every `git log` too, which never has a signature
// for it. So it is the judge in this package's tests.
//
// Specifications: RFC 9580, and RFC 4880 for what is older.
package openpgp

import (
	"bytes"
	"encoding/hex"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/verdict"
)

// Bounds on what a stranger may send, and on what a key file may hold.
const (
	maxArmor      = 64 << 10 // bytes of a signature; with RSA of 8192 bits it has 2 kB
	maxSubpackets = 64       // in each area of a signature
	maxHeaders    = 8        // lines at the head of an armor

	// MaxKeyFile bounds a file of keys, in bytes. One key that many people
	// certified has some 100 kB.
	MaxKeyFile = 1 << 20

	maxPackets  = 1 << 14 // in a file
	maxKeys     = 256     // in a file, with their subkeys
	maxVerified = 1024    // signatures of keys on themselves that are verified in a file

	minRSABits = 2048 // shorter moduli can be factored
	maxRSABits = 8192 // longer ones make verification slow
)

// A Signature is one that was read. Nothing in it is verified.
type Signature struct{ sig *signature }

// Read reads an armored signature over a whole file, by one signer.
// Errors are a *[verdict.Error] of class Syntax.
func Read(armored []byte) (*Signature, error) {
	if len(armored) > maxArmor {
		return nil, syntaxf("armor-size", "the armored signature has %d bytes, more than %d", len(armored), maxArmor)
	}
	packets, rest, err := dearmor(armored, "SIGNATURE")
	if err != nil {
		return nil, err
	}
	// Forges add blank lines.
	if len(bytes.Trim(rest, "\n")) > 0 {
		return nil, syntaxf("armor-trailing", "bytes follow the END line of the signature")
	}
	p, err := readPacket(&packets)
	if err != nil {
		return nil, err
	}
	if p.tag != tagSignature {
		return nil, syntaxf("packet", "the armor holds a packet of type %d, not a signature", p.tag)
	}
	if len(packets) > 0 {
		return nil, syntaxf("trailing-bytes", "%d bytes follow the signature", len(packets))
	}
	sig, err := parseSignature(p.body)
	if err != nil {
		return nil, err
	}
	if err := sig.checkDocument(); err != nil {
		return nil, err
	}
	return &Signature{sig}, nil
}

// checkDocument holds a signature to what signers of documents write.
func (s *signature) checkDocument() error {
	switch {
	case s.kind != kindBinary && s.kind != kindText:
		return syntaxf("signature-type", "the signature is of type 0x%02x, not one over a document", s.kind)
	case s.hash.weak:
		return syntaxf("weak-digest", "the signature uses %s, which does not bind any more; SHA-256, SHA-384 and SHA-512 do", s.hash.name)
	case s.unknownCritical != 0:
		return syntaxf("critical-subpacket", "the signature has a critical subpacket of type %d, which is not known", s.unknownCritical)
	case s.issuerID == nil && s.issuerFingerprint == nil:
		return syntaxf("no-issuer", "the signature does not say which key made it")
	}
	for i, t := range s.unhashed {
		if t != subpacketIssuer && t != subpacketFingerprint || bytes.IndexByte(s.unhashed[:i], t) >= 0 {
			return syntaxf("unhashed-subpacket", "a subpacket of type %d is not signed, and says more than who signed", t)
		}
	}
	return nil
}

// Issuer is the key that the signature says made it, as gpg writes it: the
// fingerprint, or the key ID of signatures that have none.
func (s *Signature) Issuer() string {
	if s.sig.issuerFingerprint != nil {
		return name(s.sig.issuerFingerprint)
	}
	return name(s.sig.issuerID)
}

// Created is when the signature says it was made.
func (s *Signature) Created() time.Time { return s.sig.created }

// name writes a fingerprint or key ID as gpg does.
func name(id []byte) string { return strings.ToUpper(hex.EncodeToString(id)) }

func syntaxf(rule, format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, rule, format, args...)
}
