// Package smime verifies the signatures that smimesign, gpgsm and openssl make
// with ordinary S/MIME certificates, which git hands to whoever is its x509
// program. It is pure: root certificates and the time are given, no revocation
// is asked for.
//
// It is not for Fulcio's certificates: those have logs, and package cms reads
// them in one form of DER. Here BER is read, in as far as signers write it,
// and rewritten in one pass whose time is linear in a bounded length; then
// each part is read once, in the order of the specification, and nothing is
// stepped over but revocation lists and certificates that lead nowhere.
//
// Specifications: RFC 5652 (CMS), RFC 8550 and 8551 (S/MIME), RFC 5280, RFC
// 3161, X.690.
package smime

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/verdict"
)

// The names of the checks, in the order in which [Verify] reports them.
const (
	CheckNameFormat    = "format"
	CheckNameDigest    = "digest"
	CheckNameSignature = "signature"
	CheckNameTimestamp = "timestamp"
	CheckNameChain     = "chain"
	CheckNameTime      = "time"
)

// Options are what a signature is held against.
type Options struct {
	// Roots returns the certificates that are believed. It is called at most
	// once, when the first chain is built: reading the system's takes 18 ms.
	Roots func() (*x509.CertPool, error)
	// Now is the time at which a certificate must be valid if no timestamp
	// says when the signature was made. The zero time is an error.
	Now time.Time
}

// A Check is the outcome of one check.
type Check struct {
	Name string
	// Err is nil if the check holds, or was skipped; else a *[verdict.Error].
	Err     error
	Skipped bool   // there was nothing to check
	Detail  string // what was found, for people
}

// A Result says whose key signed, and whether that still counts.
type Result struct {
	// Email is the signer's address, as the certificate writes it.
	Email string
	Leaf  *x509.Certificate
	// Hash is that of the signature.
	Hash crypto.Hash
	// Chain leads from Leaf to a root, both included.
	Chain []*x509.Certificate
	// Timestamp is when a timestamp authority saw the signature; zero if no
	// token says so.
	Timestamp time.Time
	// Proven says that the chain was valid at Timestamp, or is valid now. If it
	// is false, the chain was valid once, the check "time" fails with class
	// Proof, and nothing says that the signature is as old.
	Proven bool
}

// Verify checks a detached CMS signature, BER or DER, over content by an
// S/MIME certificate.
//
// The result is nil unless every check holds, but for the one that Proven is
// about. The checks are those that were reached: a message that cannot be
// read, or is not the key's over these bytes, is not looked at further.
func Verify(content, ber []byte, o Options) (*Result, []Check) {
	v := &verification{store: store{load: o.Roots}, now: o.Now}
	m, err := parse(ber)
	if !v.check(CheckNameFormat, err, "one CMS signature by an S/MIME certificate") ||
		!v.check(CheckNameDigest, m.checkDigest(content), m.hash.String()+" of the signed bytes") ||
		!v.check(CheckNameSignature, m.checkSignature(), "by the key of the certificate") {
		return nil, v.checks
	}
	r := &Result{Leaf: m.leaf, Hash: m.hash}
	ok := v.checkTimestamp(m, r)
	ok = v.checkChain(m, r) && ok
	if !ok {
		return nil, v.checks
	}
	return r, v.checks
}

// Leaf returns the certificate that a message says is its signer's, so that
// the caller can tell whose kind it is. Nothing of it is verified.
func Leaf(ber []byte) (*x509.Certificate, error) {
	m, err := parse(ber)
	if err != nil {
		return nil, err
	}
	return m.leaf, nil
}

// checkDigest is RFC 5652, 5.6 and 11.1: the attributes that were signed are
// for this content, and for content of this type.
func (m *message) checkDigest(content []byte) error {
	if !m.claims.contentType.Equal(cms.OIDData) {
		return verdict.Errorf(verdict.Binding, "content-type-value", "the signer signed content of type %v, not %v", m.claims.contentType, cms.OIDData)
	}
	h := m.hash.New()
	h.Write(content)
	if !bytes.Equal(h.Sum(nil), m.claims.digest) {
		return verdict.Errorf(verdict.Binding, "message-digest-value", "the signature is over other content: the digests differ")
	}
	return nil
}

// checkSignature is RFC 5652, 5.6. The attributes are taken in the order in
// which they were received, as their signers do: RFC 5652, 5.4 has them in
// that of DER, and early versions of smimesign did not.
func (m *message) checkSignature() error {
	if err := m.leaf.CheckSignature(m.algorithm, m.signed, m.signature); err != nil {
		return verdict.Errorf(verdict.Signature, "signature-value", "the signature is not the certificate's key's: %w", err)
	}
	return nil
}

// A verification is the story so far.
type verification struct {
	store  store
	now    time.Time
	checks []Check
}

// check writes a line of the story, and reports whether the check holds.
func (v *verification) check(name string, err error, detail string) bool {
	c := Check{Name: name, Err: err, Detail: detail}
	if err != nil {
		c.Detail = err.Error()
	}
	v.checks = append(v.checks, c)
	return err == nil
}
