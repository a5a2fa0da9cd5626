package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"time"

	"github.com/paraph/paraph/internal/verdict"
)

// Check reports whether the chain is one: every certificate is signed by the
// next and allowed to be its issuer, and the last is a root. Times are not
// looked at. The work is done once.
func (a *Authority) Check() error {
	a.once.Do(func() {
		// Set before the work: a panic on the way must not leave a pass behind.
		a.err = verdict.Errorf(verdict.Chain, "ca-chain", "the chain of %s could not be checked", a.URL)
		defer a.checked.Store(true)
		a.err = a.checkLinks()
	})
	return a.err
}

// StartCheck begins Check beside the caller, which will need its answer soon:
// it takes as long as the signature over a leaf.
func (a *Authority) StartCheck() {
	if !a.checked.Load() {
		go func() {
			defer func() { _ = recover() }() // a.err says that it failed
			_ = a.Check()
		}()
	}
}

// checkLinks leaves out the root's signature over itself: it is trusted
// because it is in the trusted root (RFC 5280, 6.1).
func (a *Authority) checkLinks() error {
	last := len(a.Chain) - 1
	for i, c := range a.Chain[:last] {
		if err := a.checkLink(c, a.Chain[i+1]); err != nil {
			return verdict.Errorf(verdict.Chain, "ca-chain",
				"in the trusted root, certificate %d of %s is not signed by the next: %w", i, a.URL, err)
		}
	}
	if root := a.Chain[last]; !root.IsCA || !bytes.Equal(root.RawIssuer, root.RawSubject) {
		return verdict.Errorf(verdict.Chain, "ca-chain", "in the trusted root, the chain of %s does not end in a root certificate", a.URL)
	}
	return nil
}

// checkLink checks that issuer may have signed c, and unless the chain is
// anchored, that it did.
func (a *Authority) checkLink(c, issuer *x509.Certificate) error {
	if !named(issuer, c) {
		return errors.New("it names another issuer")
	}
	if a.anchored {
		if !issuer.IsCA || issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCertSign == 0 {
			return errors.New("the next is no CA")
		}
		return nil
	}
	return c.CheckSignatureFrom(issuer)
}

// Covers reports whether the authority and every certificate of its chain
// were valid at time t. All intervals contain their ends (RFC 5280, 4.1.2.5).
func (a *Authority) Covers(t time.Time) error { return a.covers(a.Chain, t) }

func (a *Authority) covers(chain []*x509.Certificate, t time.Time) error {
	if !a.Valid.Contains(t) {
		return verdict.Errorf(verdict.Chain, "authority-window",
			"the trusted root does not trust %s at %s", a.URL, t.UTC().Format(time.RFC3339))
	}
	for _, c := range chain {
		if t.Before(c.NotBefore) || t.After(c.NotAfter) {
			return verdict.Errorf(verdict.Chain, "ca-window",
				"certificate %q of %s is not valid at %s", c.Subject, a.URL, t.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// A Path is who certified a signer: the part of an authority's chain above
// the signer's certificate.
type Path struct {
	*Authority
	// Issuers is the issuing certificate first, the self-signed root last. The
	// public instance's root issued certificates itself until June 2022.
	Issuers []*x509.Certificate
}

// Covers is Authority.Covers for the certificates of the path.
func (p *Path) Covers(t time.Time) error { return p.covers(p.Issuers, t) }

// Issuer returns the path to the authority among the root's CAs that names
// itself as leaf's issuer and whose signature leaf carries. Only certificates
// of the trusted root are candidates: whatever else travels with a signature
// is never used for a chain.
//
// A CA that is not in the root is a failure of class Material; a certificate
// that only claims to come from a known CA, one of class Chain. The leaf's
// own validity at a proven time is the caller's question.
func (r *Root) Issuer(leaf *x509.Certificate) (*Path, error) {
	var failed error
	for _, ca := range r.CAs {
		for i, issuer := range ca.Chain {
			if !named(issuer, leaf) {
				continue
			}
			failed = ca.issued(leaf, issuer)
			if failed == nil {
				return &Path{ca, ca.Chain[i:]}, nil
			}
		}
	}
	if failed != nil {
		return nil, failed
	}
	return nil, verdict.Errorf(verdict.Material, "unknown-ca",
		"the certificate was issued by %q, which the trusted root does not know", leaf.Issuer)
}

// named reports whether leaf names issuer, and its key if it names one, as
// the one that signed it.
func named(issuer, leaf *x509.Certificate) bool {
	if !bytes.Equal(issuer.RawSubject, leaf.RawIssuer) {
		return false
	}
	return len(leaf.AuthorityKeyId) == 0 || len(issuer.SubjectKeyId) == 0 || bytes.Equal(leaf.AuthorityKeyId, issuer.SubjectKeyId)
}

// issued verifies leaf against the issuing certificate as the only trust
// anchor, at the time the leaf itself begins: names, key usages, path length
// and signature. The anchor's own chain is checked once by Check.
func (a *Authority) issued(leaf, issuer *x509.Certificate) error {
	a.StartCheck()
	if c := a.last.Load(); c != nil && c.by == issuer && bytes.Equal(c.raw, leaf.Raw) {
		return a.Check()
	}
	anchor := x509.NewCertPool()
	anchor.AddCert(issuer)
	l := *leaf
	l.UnhandledCriticalExtensions = withoutSAN(leaf.UnhandledCriticalExtensions)
	_, err := l.Verify(x509.VerifyOptions{
		Roots:         anchor,
		Intermediates: x509.NewCertPool(),
		CurrentTime:   leaf.NotBefore,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	if err != nil {
		return verdict.Errorf(verdict.Chain, "chain", "the certificate does not chain to %s: %w", a.URL, err)
	}
	a.last.Store(&certified{leaf.Raw, issuer})
	return a.Check()
}

// A certified certificate is one that carries the signature of a CA.
type certified struct {
	raw []byte
	by  *x509.Certificate
}

var oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}

// withoutSAN removes the subject alternative name from a list of critical
// extensions that crypto/x509 did not understand: it does not know OtherName,
// which Fulcio uses for usernames and internal/fulcio reads itself.
func withoutSAN(exts []asn1.ObjectIdentifier) []asn1.ObjectIdentifier {
	var out []asn1.ObjectIdentifier
	for _, e := range exts {
		if !e.Equal(oidSubjectAltName) {
			out = append(out, e)
		}
	}
	return out
}
