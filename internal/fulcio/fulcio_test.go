package fulcio_test

import (
	"crypto/x509"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

const accounts = "https://accounts.example.com"

func leaf(t *testing.T, p *testpki.PKI, id testpki.Identity, options ...testpki.CertOption) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(p.Certificate(testpki.Key("alice").Public(), id, options...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rule(err error) string {
	var e *verdict.Error
	if !errors.As(err, &e) {
		return "none"
	}
	return e.Class.String() + "/" + e.Rule
}

func TestParseIdentity(t *testing.T) {
	p := testpki.New()
	for name, tt := range map[string]struct {
		id   testpki.Identity
		want fulcio.Identity
	}{
		"e-mail":   {testpki.Identity{Email: "alice@example.com", Issuer: accounts}, fulcio.Identity{Name: "alice@example.com", Issuer: accounts}},
		"username": {testpki.Identity{OtherName: "alice!example.com", Issuer: accounts}, fulcio.Identity{Name: "alice!example.com", Issuer: accounts}},
		"workflow": {
			testpki.Identity{
				URI: "https://github.com/acme/app/.github/workflows/x.yml@refs/heads/main", Issuer: "https://token.actions.githubusercontent.com",
				Claims: map[int]string{2: "push", 12: "https://github.com/acme/app", 15: "123", 24: "repo:acme/app"},
			},
			fulcio.Identity{
				Name: "https://github.com/acme/app/.github/workflows/x.yml@refs/heads/main", Issuer: "https://token.actions.githubusercontent.com",
				Claims: map[string]string{"githubWorkflowTrigger": "push", "sourceRepositoryURI": "https://github.com/acme/app", "sourceRepositoryID": "123", "tokenSubject": "repo:acme/app"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := fulcio.ParseIdentity(leaf(t, p, tt.id))
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != tt.want.Name || got.Issuer != tt.want.Issuer || !maps.Equal(got.Claims, tt.want.Claims) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestIssuerOfOldCertificates(t *testing.T) {
	p := testpki.New()
	for _, option := range []testpki.CertOption{testpki.NoIssuerV1(), testpki.NoIssuerV2()} {
		id, err := fulcio.ParseIdentity(leaf(t, p, testpki.Identity{Email: "a@b.c", Issuer: accounts}, option))
		if err != nil || id.Issuer != accounts {
			t.Errorf("got %+v, %v", id, err)
		}
	}
}

// Attacks 33, 34 and 51.
func TestParseIdentityRefuses(t *testing.T) {
	p := testpki.New()
	for name, tt := range map[string]struct {
		option testpki.CertOption
		want   string
	}{
		"a CA":                     {testpki.IsCA(), "chain/leaf-ca"},
		"a subject":                {testpki.WithSubject("alice"), "chain/leaf-subject"},
		"no extended key usage":    {testpki.NoEKU(), "chain/leaf-extended-key-usage"},
		"one more usage":           {testpki.ExtraEKU(x509.ExtKeyUsageTimeStamping), "chain/leaf-extended-key-usage"},
		"another key usage":        {testpki.WithKeyUsage(x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign), "chain/leaf-key-usage"},
		"two names":                {testpki.TwoSANs("bob@example.com"), "chain/san-several"},
		"no name":                  {testpki.NoSAN(), "chain/san-missing"},
		"an empty name":            {testpki.EmptySAN(), "chain/san-missing"},
		"name not critical":        {testpki.SANNotCritical(), "chain/san-not-critical"},
		"NUL in the name":          {testpki.SANWithNUL("alice@example.com", ".evil.example"), "chain/text-control"},
		"a host name":              {testpki.RawSAN(testpki.DNSName("example.com")), "chain/san-type"},
		"issuers disagree":         {testpki.IssuerV1("https://other.example"), "chain/issuer-disagrees"},
		"issuer not UTF8String":    {testpki.IssuerV2NotUTF8String(accounts), "chain/extension-form"},
		"no issuer":                {testpki.NoIssuer(), "chain/issuer-missing"},
		"line break in the issuer": {testpki.IssuerV2("https://a\n[GNUPG:] GOODSIG"), "chain/text-control"},
		"escape in a claim":        {testpki.RawClaim(5, []byte("a\x1b[31m")), "chain/text-control"},
		"claim of 5000 bytes":      {testpki.RawClaim(5, []byte(strings.Repeat("a", 5000))), "chain/text-length"},
		"claim not UTF8String":     {testpki.RawClaim(12, []byte("text")), "chain/extension-form"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fulcio.ParseIdentity(leaf(t, p, testpki.Identity{Email: "alice@example.com", Issuer: accounts}, tt.option))
			if got := rule(err); got != tt.want {
				t.Errorf("%s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

func TestExtensionOfTheFuture(t *testing.T) {
	p := testpki.New()
	if _, err := fulcio.ParseIdentity(leaf(t, p, testpki.Identity{Email: "a@b.c", Issuer: accounts}, testpki.RawClaim(99, []byte{1, 2, 3}))); err != nil {
		t.Error(err)
	}
}

// Attack 35.
func TestCheckSCT(t *testing.T) {
	p := testpki.New()
	year := 365 * 24 * time.Hour
	for name, tt := range map[string]struct {
		option testpki.CertOption
		root   []byte
		want   string
	}{
		"one":                    {option: testpki.SCTCount(1), want: "none"},
		"two":                    {option: testpki.SCTCount(2), want: "none"},
		"with extensions":        {option: testpki.SCTExtensions([]byte{0, 1, 2, 3, 4, 5, 6, 7}), want: "none"},
		"none":                   {option: testpki.NoSCT(), want: "chain/sct-missing"},
		"forged":                 {option: testpki.SCTForged(), want: "chain/sct-signature"},
		"of another certificate": {option: testpki.SCTOfAnotherCertificate(), want: "chain/sct-signature"},
		"by an unknown log":      {option: testpki.SCTFromUnknownLog(), want: "material/sct-unknown-log"},
		"nine":                   {option: testpki.SCTCount(9), want: "chain/sct-form"},
		"before the log's time":  {option: testpki.SCTTime(p.Clock.Now().Add(-2 * year)), want: "chain/sct-window"},
		"after the log's time": {
			option: testpki.SCTCount(1), want: "chain/sct-window",
			root: p.TrustedRoot(func(r *testpki.Root) {
				r.CTLogs[0].PublicKey.ValidFor = testpki.Span(p.Clock.Now().Add(-year), p.Clock.Now().Add(-time.Hour))
			}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := tt.root
			if data == nil {
				data = p.TrustedRoot()
			}
			root, err := trust.Parse(data, "public")
			if err != nil {
				t.Fatal(err)
			}
			c := leaf(t, p, testpki.Identity{Email: "alice@example.com", Issuer: accounts}, tt.option)
			err = fulcio.CheckSCT(c, &trust.Path{Authority: root.CAs[0], Issuers: root.CAs[0].Chain}, root)
			if got := rule(err); got != tt.want {
				t.Errorf("%s (%v), want %s", got, err, tt.want)
			}
		})
	}
}

// A claim has one of the names that extensions have here, in that spelling.
func TestIsClaim(t *testing.T) {
	for name, want := range map[string]bool{
		"githubWorkflowTrigger": true, "sourceRepositoryID": true, "tokenSubject": true,
		"": false, "sourcerepositoryid": false, "issuer": false, "smimeCA": false,
	} {
		if fulcio.IsClaim(name) != want {
			t.Errorf("%q is a claim: %v", name, !want)
		}
	}
}
