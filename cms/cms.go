// Package cms reads, verifies and writes CMS SignedData (RFC 5652) in strict
// DER: the detached signatures that git calls x509, and the RFC 3161
// timestamp tokens that they carry.
//
// To verify, undo the armor, parse, and hold the signature against the bytes
// that were signed:
//
//	der, err := cms.Unarmor(armored)
//	sd, err := cms.Parse(der)
//	verified, err := sd.Verify(content)
//
// What Verify returns says that the key in Leaf signed content, and nothing
// more: whose key that is, and when it signed, is for the caller to find out.
// The package builds no chain, reads no clock and does no input or output. A
// [SignedData] that was only parsed is a claim.
//
// To sign, call [Sign] with a key that may live anywhere, get the signature
// logged and timestamped, and put the proof in with
// [SignedData.SetUnsignedAttributes]; [SignedData.Bytes] and [Armor] make the
// form that git stores.
//
// What is read is narrow on purpose: one signer, named by issuer and serial
// number; signed attributes, always; SHA-256, SHA-384 or SHA-512 with ECDSA,
// RSA PKCS #1 v1.5 or Ed25519; no unsigned attributes but a log entry and a
// timestamp token. Bytes and Parse are inverse, so there is one form of
// everything, with two liberties: parameters of algorithms may be absent or
// NULL where their specification reads both, and the certificates may stand
// in any order. Those that do not sign mean nothing.
package cms

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"time"
)

// Bounds on what a stranger may send. Each is checked before anything of that
// size is allocated.
const (
	MaxSize         = 64 << 10 // bytes of DER that Parse accepts
	MaxCertificates = 5        // certificates in the set
	MaxAttributes   = 16       // attributes, for each of the two sets
	MaxValues       = 16       // values of one signed attribute; an unsigned one has a single value

	maxDepth   = 32   // nested ASN.1 elements; a token inside a signature needs 15
	minRSABits = 2048 // shorter moduli can be factored
	maxRSABits = 8192 // longer ones make verification slow
)

// Object identifiers of content types and attributes. They must not be
// modified.
var (
	OIDData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}        // id-data, RFC 5652, 4
	OIDTSTInfo = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4} // id-ct-TSTInfo, RFC 3161, 2.4.2

	OIDContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3} // RFC 5652, 11.1
	OIDMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4} // RFC 5652, 11.2
	OIDSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5} // RFC 5652, 11.3

	// OIDTimeStampToken is id-aa-timeStampToken, RFC 3161, appendix A: a
	// token over the signature.
	OIDTimeStampToken = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	// OIDTransparencyLogEntry is Sigstore's: an OCTET STRING that holds the
	// protobuf dev.sigstore.rekor.v1.TransparencyLogEntry.
	OIDTransparencyLogEntry = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 3, 1}

	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2} // id-signedData, RFC 5652, 5.1
)

// A SignedData is a parsed CMS message with one signer. Nothing in it is
// verified: see [SignedData.Verify].
//
// The fields are views of the message, to be read only; Bytes does not look
// at them. It may be used by several goroutines as long as none of them
// calls SetUnsignedAttributes.
type SignedData struct {
	ContentType asn1.ObjectIdentifier
	// Content is what the message encapsulates; nil when it is detached.
	Content []byte
	// Certificates are raw DER in the order received. Only one of them, Leaf,
	// means anything.
	Certificates [][]byte
	// Leaf is the certificate that the signer names by issuer and serial
	// number. It is parsed, not verified.
	Leaf            *x509.Certificate
	DigestAlgorithm crypto.Hash // SHA256, SHA384 or SHA512

	SignedAttributes []Attribute
	// RawSignedAttributes is the DER of the signed attributes as received,
	// under the tag of a SET: the bytes that Signature is over, and the
	// artifact that a Sigstore log entry speaks of.
	RawSignedAttributes []byte
	Signature           []byte
	// UnsignedAttributes are what somebody put there after signing: of types
	// OIDTransparencyLogEntry and OIDTimeStampToken, at most one each, with
	// one value each, of which nothing is known but that it is DER.
	UnsignedAttributes []Attribute

	encapsulated bool
	algorithm    signatureAlgorithm
	claims       claims

	// The message as received, in three pieces, so that Bytes is exact.
	head     []byte // SignedData from version to certificates
	signer   []byte // SignerInfo from version to signature
	unsigned []byte // unsignedAttrs with its tag, empty if there are none
}

// An Attribute is a type and its values, each one raw DER element.
type Attribute struct {
	Type   asn1.ObjectIdentifier
	Values [][]byte
}

// A Verified is what a signature holds for. Only [SignedData.Verify] makes one.
type Verified struct {
	// Leaf holds the key that signed. Nobody has vouched for it yet.
	Leaf *x509.Certificate
	// Content is the bytes that the signer signed.
	Content []byte
	// SignedAttributes is the DER SET that Signature is over.
	SignedAttributes []byte
	Signature        []byte
	// SigningTime is what the signer claims, in UTC, and proves nothing. It
	// is zero when the signer claims none.
	SigningTime time.Time
}
