package testpki

import (
	"crypto"
	_ "crypto/sha1" // SHA1Imprint
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"
)

// A TSAOption changes one thing about a timestamp.
type TSAOption func(*token)

// WrongImprint makes the token speak of another message.
func WrongImprint() TSAOption {
	return func(t *token) {
		t.message = append([]byte("not "), t.message...)
		t.imprint = nil
	}
}

// SHA1Imprint makes the imprint the SHA-1 of the message.
func SHA1Imprint() TSAOption { return Imprint(crypto.SHA1) }

// Imprint makes the imprint another hash of the message: crypto.SHA1, SHA256,
// SHA384 or SHA512.
func Imprint(h crypto.Hash) TSAOption { return func(t *token) { t.hash = h } }

// RawImprint sets the bytes of the imprint, of the hash's length or not.
func RawImprint(b []byte) TSAOption { return func(t *token) { t.imprint = b } }

// GenTime sets the time that the token states.
func GenTime(at time.Time) TSAOption { return func(t *token) { t.genTime = at } }

// Nonce sets the nonce.
func Nonce(n *big.Int) TSAOption { return func(t *token) { t.nonce = n } }

// NoNonce leaves the nonce out.
func NoNonce() TSAOption { return Nonce(nil) }

// TSAPolicy sets the policy.
func TSAPolicy(oid asn1.ObjectIdentifier) TSAOption { return func(t *token) { t.policy = oid } }

// SignatureHash sets the hash that the token is signed with: crypto.SHA256
// (without this option), SHA384 or SHA512.
func SignatureHash(h crypto.Hash) TSAOption { return func(t *token) { t.digest = h } }

// NoCertificates leaves all certificates out of the token.
func NoCertificates() TSAOption { return func(t *token) { t.certified = false } }

// ExtraCertificates puts further DER certificates into the token.
func ExtraCertificates(der ...[]byte) TSAOption {
	return func(t *token) { t.extra = append(t.extra, der...) }
}

// WrongTSAKey signs with a key that is not the signer's.
func WrongTSAKey() TSAOption { return func(t *token) { t.key = t.pki.Other().keys.tsaLeaf } }

// ForgedToken signs something else than what the token states.
func ForgedToken() TSAOption { return func(t *token) { t.forged = true } }

// NamesAnother has the token name another certificate, DER, as the one that
// signed it (ESSCertIDv2), and sign that.
func NamesAnother(der []byte) TSAOption { return func(t *token) { t.named = der } }

// ForeignTSA has the token made by the authority of [PKI.Other]: same names,
// other keys, its certificate in the token.
func ForeignTSA() TSAOption {
	return func(t *token) {
		o := t.pki.Other()
		t.signer, t.key = o.TSALeaf, o.keys.tsaLeaf
	}
}

// SignerTemplate has the token signed under another certificate for the same
// key, issued by the same authority: one that the root does not list and that
// the token brings itself.
func SignerTemplate(f func(*x509.Certificate)) TSAOption {
	return func(t *token) { t.signer = t.pki.tsaLeaf(f) }
}

// SignerExtraEKU is SignerTemplate with an extended key usage besides timeStamping.
func SignerExtraEKU() TSAOption { return SignerTemplate(TSAExtraEKU) }

// SignerIsCA is SignerTemplate with a certificate authority as signer.
func SignerIsCA() TSAOption { return SignerTemplate(TSAIsCA) }

// TSAExtraEKU is a change for [TSATemplate]: extended key usages timeStamping
// and codeSigning.
func TSAExtraEKU(c *x509.Certificate) {
	codeSigning := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}
	c.ExtraExtensions = []pkix.Extension{extKeyUsage(true, oidTimeStamping, codeSigning)}
}

// TSANoEKU is a change for [TSATemplate]: no extended key usage.
func TSANoEKU(c *x509.Certificate) { c.ExtraExtensions = nil }

// TSAIsCA is a change for [TSATemplate]: basic constraints CA true.
func TSAIsCA(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }
