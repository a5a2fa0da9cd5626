package smime

import (
	"bytes"
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/verdict"
)

// RuleRoots is the rule of a signature that nobody can hold against CA
// certificates, since they cannot be had. Its class is Infrastructure.
const RuleRoots = "smime-roots"

// A store holds the roots, which are read when the first chain is built.
type store struct {
	load func() (*x509.CertPool, error)
	once sync.Once
	pool *x509.CertPool
	err  error
}

// roots never returns nil without an error: package x509 would take that for
// the system's roots.
func (s *store) roots() (*x509.CertPool, error) {
	s.once.Do(func() {
		var err error
		if s.load != nil {
			s.pool, err = s.load()
		}
		switch {
		case err != nil:
			s.err = verdict.Errorf(verdict.Infrastructure, RuleRoots, "the root certificates for S/MIME cannot be read: %w", err)
		case s.pool == nil:
			s.err = verdict.Errorf(verdict.Infrastructure, RuleRoots, "there are no root certificates to hold an S/MIME signature against")
		}
	})
	return s.pool, s.err
}

// chain returns the certificates from leaf to one of the roots, both included,
// where all are valid at the given time and may be used so: RFC 5280, 6.1, by
// package x509. Others are what may lie between; a key that would be too weak
// or too slow leads nowhere.
func (s *store) chain(leaf *x509.Certificate, others []*x509.Certificate, usage x509.ExtKeyUsage, at time.Time) ([]*x509.Certificate, error) {
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	if at.IsZero() { // which package x509 takes for now
		return nil, verdict.Errorf(verdict.Chain, "no-time", "the certificate states no time, or none was given, at which it could be valid")
	}
	between := x509.NewCertPool()
	for _, c := range others {
		if checkKey(c) == nil {
			between.AddCert(c)
		}
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{usage}}
	chains, err := leaf.Verify(o)
	if err != nil {
		return nil, chainError(leaf, others, o, err)
	}
	return chains[0], nil
}

// chainError gives an error of package x509 its class. That no root is known
// which leads to the leaf is no fault of the leaf's, unless what leads to it is
// known and does not count: a weak signature, or a person who plays the CA.
func chainError(leaf *x509.Certificate, others []*x509.Certificate, o x509.VerifyOptions, err error) error {
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		return verdict.Errorf(verdict.Chain, "chain", "the certificate does not chain to a root: %w", err)
	}
	if isWeak(leaf.SignatureAlgorithm) {
		return verdict.Errorf(verdict.Chain, "weak-certificate", "the certificate is signed with %v, which does not bind any more", leaf.SignatureAlgorithm)
	}
	o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
	for _, c := range others {
		if !bytes.Equal(c.RawSubject, leaf.RawIssuer) || mayIssue(c) {
			continue
		}
		if _, err := c.Verify(o); err == nil {
			return verdict.Errorf(verdict.Chain, "issuer-no-ca", "the certificate was issued by %q, who is no CA", leaf.Issuer)
		}
	}
	return verdict.Errorf(verdict.Material, "unknown-ca", "the certificate was issued by %q, which leads to no root that is known here", leaf.Issuer)
}

// mayIssue is RFC 5280, 4.2.1.3 and 4.2.1.9.
func mayIssue(c *x509.Certificate) bool {
	return c.IsCA && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

func isWeak(a x509.SignatureAlgorithm) bool {
	return slices.Contains([]x509.SignatureAlgorithm{x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1}, a)
}

// checkProfile is RFC 8550, 4.4: the key signs mail, and is no CA's. Where
// RFC 8550 lets a certificate without extended key usage pass for everything,
// this does not.
func checkProfile(cert *x509.Certificate) error {
	switch {
	case cert.IsCA:
		return verdict.Errorf(verdict.Chain, "leaf-ca", "the certificate is a CA's, not a signer's")
	case cert.KeyUsage != 0 && cert.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0:
		return verdict.Errorf(verdict.Chain, "leaf-key-usage", "the certificate's key is not for signatures")
	case !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageEmailProtection):
		return verdict.Errorf(verdict.Chain, "leaf-extended-key-usage", "the certificate is not for e-mail (emailProtection)")
	}
	return nil
}
