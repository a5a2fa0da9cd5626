package stack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/fulcio/pkg/ca"
	"github.com/sigstore/fulcio/pkg/ca/baseca"
	"github.com/sigstore/sigstore-go/pkg/root"
)

func TestFulcioJudgesTokens(t *testing.T) {
	now := time.Now()
	workflow := "https://github.com/acme/widget/.github/workflows/release.yml@refs/heads/main"
	tests := []struct {
		name    string
		ci      bool
		claims  map[string]any
		want    string // the identity in the certificate
		refused bool
	}{
		{name: "defaults", want: "alice@example.com"},
		{name: "another person", claims: map[string]any{"email": "zoe@example.org", "sub": "zoe"}, want: "zoe@example.org"},
		{name: "workflow", ci: true, want: workflow},
		{name: "workflow of a tag", ci: true, claims: map[string]any{"job_workflow_ref": "acme/x/y.yml@refs/tags/v1"}, want: "https://github.com/acme/x/y.yml@refs/tags/v1"},
		{name: "expired", claims: map[string]any{"exp": now.Add(-time.Minute).Unix()}, refused: true},
		{name: "no expiry", claims: map[string]any{"exp": nil}, refused: true},
		{name: "another audience", claims: map[string]any{"aud": "somebody"}, refused: true},
		{name: "unverified address", claims: map[string]any{"email_verified": false}, refused: true},
		{name: "no address", claims: map[string]any{"email": nil}, refused: true},
		{name: "another issuer", claims: map[string]any{"iss": "https://accounts.example.com"}, refused: true},
		{name: "person at the workflow issuer", ci: true, claims: map[string]any{"job_workflow_ref": nil}, refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			mint := running.Mint
			if tt.ci {
				mint = running.MintCI
			}
			token, err := mint(tt.claims)
			if err != nil {
				t.Fatal(err)
			}
			cert, _, err := certify(t, token)
			if tt.refused {
				if err == nil {
					t.Fatal("Fulcio certified it")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := append([]string(nil), cert.EmailAddresses...)
			for _, u := range cert.URIs {
				got = append(got, u.String())
			}
			if len(got) != 1 || got[0] != tt.want {
				t.Errorf("identity %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTamperedTokenIsRefused(t *testing.T) {
	token, err := running.Mint(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := running.Mint(map[string]any{"email": "bob@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	mixed := other[:strings.LastIndexByte(other, '.')] + token[strings.LastIndexByte(token, '.'):]
	if _, _, err := certify(t, mixed); err == nil {
		t.Fatal("Fulcio took a signature over other claims")
	}
}

func TestCertificateHasTheShapeOfThePublicOnes(t *testing.T) {
	token, err := running.Mint(nil)
	if err != nil {
		t.Fatal(err)
	}
	cert, _, err := certify(t, token)
	if err != nil {
		t.Fatal(err)
	}
	if cert.SignatureAlgorithm != x509.ECDSAWithSHA384 {
		t.Errorf("signed with %v", cert.SignatureAlgorithm)
	}
	if d := cert.NotAfter.Sub(cert.NotBefore); d != 10*time.Minute {
		t.Errorf("lives %v", d)
	}
	for name, oid := range map[string]asn1.ObjectIdentifier{
		"SCT list": {1, 3, 6, 1, 4, 1, 11129, 2, 4, 2},
		"issuer":   {1, 3, 6, 1, 4, 1, 57264, 1, 8},
	} {
		if !hasExtension(cert, oid) {
			t.Errorf("no %s", name)
		}
	}
}

func hasExtension(cert *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, e := range cert.Extensions {
		if e.Id.Equal(oid) {
			return true
		}
	}
	return false
}

func TestTrustedRootShape(t *testing.T) {
	trusted, err := root.NewTrustedRootFromPath(running.path(TrustedRootFile))
	if err != nil {
		t.Fatal(err)
	}
	cas := trusted.FulcioCertificateAuthorities()
	if len(cas) != 1 {
		t.Fatalf("%d certificate authorities", len(cas))
	}
	authority := cas[0].(*root.FulcioCertificateAuthority)
	if len(authority.Intermediates) != 1 {
		t.Fatalf("%d intermediates", len(authority.Intermediates))
	}
	intermediate := authority.Intermediates[0]
	if e := intermediate.ExtKeyUsage; len(e) != 1 || e[0] != x509.ExtKeyUsageCodeSigning {
		t.Errorf("the intermediate's purposes are %v", e)
	}
	tsas := trusted.TimestampingAuthorities()
	if len(tsas) != 1 {
		t.Fatalf("%d timestamp authorities", len(tsas))
	}
	tsa := tsas[0].(*root.SigstoreTimestampingAuthority)
	if len(tsa.Intermediates) != 0 {
		t.Errorf("%d intermediates of the timestamp authority", len(tsa.Intermediates))
	}
	for _, cert := range []*x509.Certificate{authority.Root, intermediate, tsa.Root, tsa.Leaf} {
		key, ok := cert.PublicKey.(*ecdsa.PublicKey)
		if !ok || key.Curve != elliptic.P384() {
			t.Errorf("%s: not a P-384 key", cert.Subject)
		}
		if age := time.Since(cert.NotBefore); age < validityHeadStart || age > 2*validityHeadStart {
			t.Errorf("%s: valid for %v already", cert.Subject, age)
		}
	}
	logs := 1
	if running.Endpoints.Rekor1 != "" {
		logs = 2
	}
	if got := len(trusted.RekorLogs()); got != logs {
		t.Errorf("%d logs, want %d", got, logs)
	}
	if got := len(trusted.CTLogs()); got != 1 {
		t.Errorf("%d CT logs", got)
	}
}

type nobody struct{}

func (nobody) Name(context.Context) string { return "nobody" }
func (nobody) Embed(_ context.Context, cert *x509.Certificate) error {
	cert.EmailAddresses = []string{"nobody@example.com"}
	return nil
}

func TestCertLifetime(t *testing.T) {
	material := &trustMaterial{start: time.Now().Add(-validityHeadStart)}
	if err := material.makeCA(); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, lifetime := range []time.Duration{2 * time.Second, time.Hour} {
		a := &authority{
			BaseCA:   baseca.BaseCA{SignerWithChain: &ca.SignerCerts{Signer: material.caKey, Certs: material.caChain}},
			lifetime: lifetime,
			counters: new(counters),
		}
		pre, err := a.CreatePrecertificate(t.Context(), nobody{}, key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if got := pre.PreCert.NotAfter.Sub(pre.PreCert.NotBefore); got != lifetime {
			t.Errorf("lives %v, want %v", got, lifetime)
		}
		if err := pre.PreCert.CheckSignatureFrom(material.caChain[0]); err != nil {
			t.Error(err)
		}
		if !hasExtension(pre.PreCert, baseca.OIDExtensionCTPoison) {
			t.Error("no poison")
		}
	}
}

// The gateway's answer is what clients other than sigstore-go read.
func TestTrustBundle(t *testing.T) {
	var bundle struct {
		Chains []struct {
			Certificates []string `json:"certificates"`
		} `json:"chains"`
	}
	if err := json.Unmarshal(mustGet(t, running.Endpoints.Fulcio+"/api/v2/trustBundle"), &bundle); err != nil {
		t.Fatal(err)
	}
	if len(bundle.Chains) != 1 || len(bundle.Chains[0].Certificates) != 2 {
		t.Errorf("%+v", bundle)
	}
}
