package trust_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

var alice = testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"}

func parse(t *testing.T, json []byte) *trust.Root {
	t.Helper()
	r, err := trust.Parse(json, "public")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func leaf(t *testing.T, p *testpki.PKI, options ...testpki.CertOption) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(p.Certificate(testpki.Key("alice").Public(), alice, options...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Attack 48, and what else makes a root one that must not decide.
func TestParseRefuses(t *testing.T) {
	start := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		change func(*testpki.Root)
		want   string
	}{
		"log without start":      {func(r *testpki.Root) { r.Tlogs[0].PublicKey.ValidFor.Start = "" }, "no start of validity"},
		"log without validity":   {func(r *testpki.Root) { r.CTLogs[0].PublicKey.ValidFor = nil }, "no start of validity"},
		"CA without start":       {func(r *testpki.Root) { r.CertificateAuthorities[0].ValidFor.Start = "" }, "no start of validity"},
		"TSA without validity":   {func(r *testpki.Root) { r.TimestampAuthorities[0].ValidFor = nil }, "no start of validity"},
		"end before start":       {func(r *testpki.Root) { r.Tlogs[0].PublicKey.ValidFor = testpki.Span(start, start.Add(-1)) }, "ends before it starts"},
		"time that is none":      {func(r *testpki.Root) { r.Tlogs[0].PublicKey.ValidFor.Start = "yesterday" }, "start of validity"},
		"unknown hash":           {func(r *testpki.Root) { r.Tlogs[0].HashAlgorithm = "SHA1" }, "hash algorithm"},
		"unknown key algorithm":  {func(r *testpki.Root) { r.Tlogs[0].PublicKey.KeyDetails = "PKIX_ROT13" }, "is not known"},
		"algorithm of other key": {func(r *testpki.Root) { r.Tlogs[0].PublicKey.KeyDetails = "PKIX_ED25519" }, "is not PKIX_ED25519"},
		"log id twice":           {func(r *testpki.Root) { r.Tlogs[1].LogID = r.Tlogs[0].LogID }, "given twice"},
		"log id too short":       {func(r *testpki.Root) { r.Tlogs[0].LogID.KeyID = r.Tlogs[0].LogID.KeyID[:31] }, "log id of 31 bytes"},
		"no certificate":         {func(r *testpki.Root) { r.CertificateAuthorities[0].CertChain.Certificates = nil }, "a chain of 0"},
		"certificate of garbage": {func(r *testpki.Root) { r.CertificateAuthorities[0].CertChain.Certificates[0].RawBytes = []byte{1} }, "certificate 0"},
		"another media type":     {func(r *testpki.Root) { r.MediaType = "application/json" }, "media type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := trust.Parse(testpki.New().TrustedRoot(tt.change), "public")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ...%s...", err, tt.want)
			}
		})
	}
	if _, err := trust.Parse([]byte("{"), "public"); err == nil {
		t.Error("half a JSON was accepted")
	}
	if _, err := trust.Parse(make([]byte, 2<<20), "public"); err == nil {
		t.Error("two megabytes were accepted")
	}
}

// Attack 36: closed intervals.
func TestInterval(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	end := start.Add(time.Hour)
	i := trust.Interval{Start: start, End: end}
	for at, want := range map[time.Time]bool{
		start.Add(-1): false, start: true, end: true, end.Add(1): false,
	} {
		if i.Contains(at) != want {
			t.Errorf("%s: %v", at, !want)
		}
	}
	if (trust.Interval{}).Contains(start) || (trust.Interval{End: end}).Contains(start) {
		t.Error("an interval without a start contains something")
	}
	if !(trust.Interval{Start: start}).Contains(end) {
		t.Error("an open interval has ended")
	}
}

func TestIssuer(t *testing.T) {
	p := testpki.New()
	for _, oneShot := range []bool{false, true} {
		r := parse(t, p.TrustedRoot())
		if oneShot {
			r.ForOne()
		}
		ca, err := r.Issuer(leaf(t, p))
		if err != nil || ca.Authority != r.CAs[0] || len(ca.Issuers) != 2 {
			t.Errorf("one-shot %v: %v, %v", oneShot, ca, err)
		}
	}
}

func class(err error) string {
	var e *verdict.Error
	if !errors.As(err, &e) {
		return "none"
	}
	return e.Class.String() + "/" + e.Rule
}

// Attacks 32, 33 and 36.
func TestIssuerRefuses(t *testing.T) {
	p := testpki.New()
	notBefore := p.CAIntermediate.NotBefore
	for name, tt := range map[string]struct {
		pki    *testpki.PKI
		option testpki.CertOption
		root   []byte
		want   string
	}{
		"same names, other keys": {option: testpki.FromOtherCA(), want: "material/unknown-ca"},
		"no EKU":                 {option: testpki.NoEKU(), want: ""},
		"before the CA began":    {option: testpki.Window(notBefore.Add(-time.Hour), notBefore.Add(-time.Minute)), want: "chain/chain"},
		"unknown critical":       {option: testpki.UnknownCriticalExtension(), want: "chain/chain"},
		"other usage":            {option: testpki.WithEKU(x509.ExtKeyUsageServerAuth), want: "chain/chain"},
		"chain that is none": {
			option: testpki.SCTCount(1), want: "chain/ca-chain",
			root: p.TrustedRoot(func(r *testpki.Root) {
				c := r.CertificateAuthorities[0].CertChain.Certificates
				c[1].RawBytes = p.TSARoot.Raw
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := tt.root
			if root == nil {
				root = p.TrustedRoot()
			}
			for _, oneShot := range []bool{false, true} {
				r := parse(t, root)
				if oneShot {
					r.ForOne()
				}
				_, err := r.Issuer(leaf(t, p, tt.option))
				if tt.want == "" {
					if err != nil {
						t.Errorf("one-shot %v: %v (the profile is internal/fulcio's)", oneShot, err)
					}
					continue
				}
				if got := class(err); got != tt.want {
					t.Errorf("one-shot %v: %s (%v), want %s", oneShot, got, err, tt.want)
				}
			}
		})
	}
}

func TestFlippedLeafSignature(t *testing.T) {
	p := testpki.New()
	good := leaf(t, p)
	for _, oneShot := range []bool{false, true} {
		r := parse(t, p.TrustedRoot())
		if oneShot {
			r.ForOne()
		}
		forged := *good
		forged.Signature = append([]byte(nil), good.Signature...)
		forged.Signature[len(forged.Signature)-1] ^= 1
		if _, err := r.Issuer(&forged); class(err) != "chain/chain" {
			t.Errorf("one-shot %v: %v", oneShot, err)
		}
	}
}

func TestCovers(t *testing.T) {
	p := testpki.New()
	end := p.CAIntermediate.NotBefore.Add(time.Hour)
	r := parse(t, p.TrustedRoot(func(r *testpki.Root) {
		r.CertificateAuthorities[0].ValidFor = testpki.Span(p.CAIntermediate.NotBefore.Add(time.Minute), end)
	}))
	ca := r.CAs[0]
	for at, want := range map[time.Time]string{
		p.CAIntermediate.NotBefore.Add(time.Minute - 1): "chain/authority-window",
		p.CAIntermediate.NotBefore.Add(time.Minute):     "none",
		end:        "none",
		end.Add(1): "chain/authority-window",
	} {
		if got := class(ca.Covers(at)); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
	open := parse(t, p.TrustedRoot()).CAs[0]
	if got := class(open.Covers(p.CAIntermediate.NotAfter.Add(time.Second))); got != "chain/ca-window" {
		t.Errorf("after the intermediate's end: %s", got)
	}
	if err := open.Covers(p.CAIntermediate.NotAfter); err != nil {
		t.Errorf("the intermediate's last second: %v", err)
	}
}

func BenchmarkIssuer(b *testing.B) {
	p := testpki.New()
	r, err := trust.Parse(p.TrustedRoot(), "public")
	if err != nil {
		b.Fatal(err)
	}
	c, err := x509.ParseCertificate(p.Certificate(testpki.Key("alice").Public(), alice))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.Issuer(c); err != nil {
			b.Fatal(err)
		}
	}
}
