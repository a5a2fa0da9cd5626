package testpki_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"

	"github.com/paraph/paraph/internal/testpki"
)

func TestTokenByDigitorus(t *testing.T) {
	message := []byte("signature")
	for name, p := range map[string]*testpki.PKI{"P-384": testpki.New(), "P-256": testpki.New(testpki.TSAKeyP256())} {
		for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
			t.Run(name+" "+hash.String(), func(t *testing.T) {
				der := p.Timestamp(message, testpki.SignatureHash(hash), testpki.Nonce(big.NewInt(99)))
				token, err := timestamp.Parse(der)
				if err != nil {
					t.Fatal(err)
				}
				sum := sha256.Sum256(message)
				if !bytes.Equal(token.HashedMessage, sum[:]) || !token.Time.Equal(testpki.DefaultTime) ||
					token.Nonce.Int64() != 99 || token.Accuracy != time.Second {
					t.Errorf("%+v", token)
				}
				if err := tokenChain(p, der); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// tokenChain verifies a token's signature and its signer's chain.
func tokenChain(p *testpki.PKI, der []byte) error {
	p7, err := pkcs7.Parse(der)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(p.TSARoot)
	return p7.VerifyWithOpts(x509.VerifyOptions{
		Roots: roots, CurrentTime: p.Clock.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
}

func TestTokenDefects(t *testing.T) {
	p := testpki.New()
	message := []byte("signature")
	sum := sha256.Sum256(message)
	for _, test := range []struct {
		name   string
		option testpki.TSAOption
		shows  func(*timestamp.Timestamp) bool
	}{
		{"wrong imprint", testpki.WrongImprint(), func(s *timestamp.Timestamp) bool { return !bytes.Equal(s.HashedMessage, sum[:]) }},
		{"SHA-1", testpki.SHA1Imprint(), func(s *timestamp.Timestamp) bool { return s.HashAlgorithm == crypto.SHA1 }},
		{"time", testpki.GenTime(testpki.DefaultTime.Add(time.Hour)), func(s *timestamp.Timestamp) bool { return s.Time.After(testpki.DefaultTime) }},
		{"no nonce", testpki.NoNonce(), func(s *timestamp.Timestamp) bool { return s.Nonce == nil }},
		{"no certificates", testpki.NoCertificates(), func(s *timestamp.Timestamp) bool { return len(s.Certificates) == 0 }},
		{"extra certificate", testpki.ExtraCertificates(p.CARoot.Raw), func(s *timestamp.Timestamp) bool { return len(s.Certificates) == 2 }},
		{"extra EKU", testpki.SignerExtraEKU(), func(s *timestamp.Timestamp) bool { return len(s.Certificates[0].ExtKeyUsage) == 2 }},
		{"CA", testpki.SignerIsCA(), func(s *timestamp.Timestamp) bool { return s.Certificates[0].IsCA }},
		{"policy", testpki.TSAPolicy(asn1.ObjectIdentifier{1, 2, 3}), func(s *timestamp.Timestamp) bool { return s.Policy.String() == "1.2.3" }},
		{"no EKU", testpki.SignerTemplate(testpki.TSANoEKU), func(s *timestamp.Timestamp) bool { return len(s.Certificates[0].ExtKeyUsage) == 0 }},
		{"foreign", testpki.ForeignTSA(), func(s *timestamp.Timestamp) bool { return s.Certificates[0].Equal(p.Other().TSALeaf) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			token, err := timestamp.Parse(p.Timestamp(message, test.option))
			if err != nil {
				t.Fatal(err)
			}
			if !test.shows(token) {
				t.Error("the token does not show it")
			}
		})
	}
	if _, err := timestamp.Parse(p.Timestamp(message, testpki.ForgedToken())); err == nil {
		t.Error("a forged token holds")
	}
}

func TestTokenIsDER(t *testing.T) {
	p := testpki.New()
	token := p.Timestamp([]byte("signature"), testpki.ExtraCertificates(p.TSARoot.Raw))
	var v asn1.RawValue
	if rest, err := asn1.Unmarshal(token, &v); err != nil || len(rest) != 0 {
		t.Fatal(err)
	}
	response := testpki.TimeStampResp(token)
	got, err := timestamp.ParseResponse(response)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.RawToken, token) {
		t.Error("the response does not carry the token")
	}
}

func TestTokenByOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed: the token is judged by digitorus/timestamp alone")
	}
	p := testpki.New()
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	root := write("root.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.TSARoot.Raw}))
	data := write("data", []byte("signature"))
	verify := func(options ...testpki.TSAOption) ([]byte, error) {
		token := write("token", p.Timestamp([]byte("signature"), options...))
		return exec.Command(openssl, "ts", "-verify", "-token_in", "-in", token, "-data", data, "-CAfile", root,
			"-attime", strconv.FormatInt(p.Clock.Now().Unix(), 10)).CombinedOutput()
	}
	if out, err := verify(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := verify(testpki.WrongImprint()); err == nil {
		t.Errorf("another imprint holds\n%s", out)
	}
	if out, err := verify(testpki.ForeignTSA()); err == nil {
		t.Errorf("a foreign token holds\n%s", out)
	}
}
