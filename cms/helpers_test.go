package cms_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
)

var (
	content     = []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n")
	signingTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
)

// A signer is a key and the certificate that a test CA made for it.
type signer struct {
	key  crypto.Signer
	leaf *x509.Certificate
}

// signers has one signer for each kind of key, made when first asked for.
var signers = struct {
	sync.Mutex
	byName map[string]signer
}{byName: map[string]signer{}}

// newSigner returns the signer with a key of this kind: P-224 (which cms
// refuses), P-256, P-384, P-521, RSA-1024 (refused), RSA-2048 or Ed25519.
// "CA" is the key that certifies the others.
func newSigner(t testing.TB, kind string) signer {
	t.Helper()
	signers.Lock()
	defer signers.Unlock()
	return cachedSigner(t, kind)
}

func cachedSigner(t testing.TB, kind string) signer {
	t.Helper()
	if s, ok := signers.byName[kind]; ok {
		return s
	}
	key := newKey(t, kind)
	ca, template := signer{key: key}, certificateTemplate(kind, int64(len(signers.byName)+2))
	if kind == "CA" {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		ca.leaf = template
	} else {
		ca = cachedSigner(t, "CA")
	}
	s := signer{key, issue(t, template, ca, key.Public())}
	signers.byName[kind] = s
	return s
}

func newKey(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	curves := map[string]elliptic.Curve{
		"CA": elliptic.P256(), "P-224": elliptic.P224(), "P-256": elliptic.P256(),
		"P-384": elliptic.P384(), "P-521": elliptic.P521(),
	}
	var key crypto.Signer
	var err error
	switch kind {
	case "RSA-1024":
		key, err = rsa.GenerateKey(rand.Reader, 1024)
	case "RSA-2048":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "Ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = ecdsa.GenerateKey(curves[kind], rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificateTemplate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber:          big.NewInt(serial),
		Subject:               pkix.Name{CommonName: "cms test " + name},
		NotBefore:             time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		EmailAddresses:        []string{"alice@example.com"},
		BasicConstraintsValid: true,
	}
}

func issue(t testing.TB, template *x509.Certificate, ca signer, key crypto.PublicKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, ca.leaf, key, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// sign returns the DER of a detached signature over content.
func sign(t testing.TB, s signer, attrs ...cms.Attribute) []byte {
	t.Helper()
	sd, err := cms.Sign(rand.Reader, s.key, s.leaf, content, signingTime)
	if err != nil {
		t.Fatal(err)
	}
	if err := sd.SetUnsignedAttributes(attrs...); err != nil {
		t.Fatal(err)
	}
	der, err := sd.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// unsignedAttributes are two that look like what Sign's callers put in.
func unsignedAttributes() []cms.Attribute {
	return []cms.Attribute{
		{Type: cms.OIDTimeStampToken, Values: [][]byte{{0x30, 3, 2, 1, 42}}},
		{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{append([]byte{4, 32}, make([]byte, 32)...)}},
	}
}

// wantRule fails unless err is an Error of this kind under this rule.
func wantRule(t *testing.T, err error, kind cms.Kind, rule string) {
	t.Helper()
	var e *cms.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one under rule %s", err, rule)
	}
	if e.Kind != kind || e.Rule != rule {
		t.Errorf("got %v/%s (%s), want %v/%s", e.Kind, e.Rule, e.Message, kind, rule)
	}
}

// ecdsaKey returns the key that cert certifies.
func ecdsaKey(t testing.TB, cert *x509.Certificate) *ecdsa.PublicKey {
	t.Helper()
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("the certificate has a %T", cert.PublicKey)
	}
	return key
}

// verifyASN1 asks the standard library.
func verifyASN1(t testing.TB, s signer, digest, signature []byte) bool {
	t.Helper()
	return ecdsa.VerifyASN1(ecdsaKey(t, s.leaf), digest, signature)
}
