package trust_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// selfSigned makes a certificate that stands alone.
func selfSigned(t *testing.T, ca bool) *x509.Certificate {
	t.Helper()
	key := testpki.Key("alone")
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "alone"},
		NotBefore: testpki.DefaultTime, NotAfter: testpki.DefaultTime.Add(time.Hour),
		IsCA: ca, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

// A chain ends in a certificate that is a CA's and names itself as issuer.
func TestChainsEnd(t *testing.T) {
	p := testpki.New()
	for name, tt := range map[string]struct {
		chain []*x509.Certificate
		holds bool
	}{
		"intermediate and root":   {[]*x509.Certificate{p.CAIntermediate, p.CARoot}, true},
		"root alone":              {[]*x509.Certificate{p.CARoot}, true},
		"self-signed":             {[]*x509.Certificate{selfSigned(t, true)}, true},
		"self-signed, no CA":      {[]*x509.Certificate{selfSigned(t, false)}, false},
		"intermediate alone":      {[]*x509.Certificate{p.CAIntermediate}, false},
		"root before":             {[]*x509.Certificate{p.CARoot, p.CAIntermediate}, false},
		"root of somebody else":   {[]*x509.Certificate{p.CAIntermediate, p.Other().CARoot}, false},
		"two chains in one":       {[]*x509.Certificate{p.CAIntermediate, p.CARoot, p.TSARoot}, false},
		"timestamps' root for it": {[]*x509.Certificate{p.CAIntermediate, p.TSARoot}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := &trust.Authority{URL: "https://ca.example.com", Chain: tt.chain}
			for range 2 { // the answer is remembered
				var e *verdict.Error
				switch err := a.Check(); {
				case tt.holds && err != nil:
					t.Error(err)
				case !tt.holds && (!errors.As(err, &e) || e.Class != verdict.Chain || e.Rule != "ca-chain"):
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// A process that verifies one signature leaves the arithmetic of the root's
// own chains to others, and nothing else.
func TestForOneLooksAtChains(t *testing.T) {
	p := testpki.New()
	for name, tt := range map[string]struct {
		root  *x509.Certificate
		holds bool
	}{
		"its root":           {p.CARoot, true},
		"same name":          {p.Other().CARoot, false},
		"another name":       {p.TSARoot, false},
		"a leaf for a root":  {p.TSALeaf, false},
		"no CA for its root": {selfSigned(t, false), false},
	} {
		r := parse(t, p.TrustedRoot(func(r *testpki.Root) {
			r.CertificateAuthorities[0].CertChain.Certificates[1].RawBytes = tt.root.Raw
		}))
		r.ForOne()
		if err := r.CAs[0].Check(); (err == nil) != tt.holds {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A leaf that was looked at is remembered by its bytes: another one with its
// names is looked at itself, and so is the same one under another root.
func TestIssuerRemembersBytes(t *testing.T) {
	p := testpki.New()
	root := parse(t, p.TrustedRoot())
	good := p.Certificate(testpki.Key("alice").Public(), testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"})
	forged := bytes.Clone(good)
	forged[len(forged)-1] ^= 1
	for range 2 {
		for _, tt := range []struct {
			root  *trust.Root
			der   []byte
			holds bool
		}{{root, good, true}, {root, forged, false}, {root, good, true}, {parse(t, p.Other().TrustedRoot()), good, false}} {
			leaf, err := x509.ParseCertificate(tt.der)
			if err != nil {
				t.Fatal(err)
			}
			if path, err := tt.root.Issuer(leaf); (err == nil) != tt.holds || (path != nil) != tt.holds {
				t.Errorf("%v, want it to hold: %v", err, tt.holds)
			}
		}
	}
}
