package cms_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	smime "github.com/github/smimesign/ietf-cms"
	"go.mozilla.org/pkcs7"

	"github.com/paraph/paraph/cms"
)

// The judges here share no code with package cms: openssl, ietf-cms of
// smimesign, and pkcs7 of Mozilla.

// openssl runs it in dir, or skips where there is none.
func openssl(t *testing.T, dir string, args ...string) error {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed: it cannot judge")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Logf("openssl %v: %v\n%s", args, err, out)
	}
	return err
}

// writeFiles writes the signer's leaf and key, and the content, for openssl.
func writeFiles(t *testing.T, dir string, s signer) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"leaf.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.leaf.Raw}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"content":  content,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenSSLAccepts(t *testing.T) {
	for _, kind := range []string{"P-256", "P-384", "P-521", "RSA-2048"} {
		t.Run(kind, func(t *testing.T) {
			dir, s := t.TempDir(), newSigner(t, kind)
			writeFiles(t, dir, s)
			der := sign(t, s, unsignedAttributes()...)
			if err := os.WriteFile(filepath.Join(dir, "signature"), der, 0o600); err != nil {
				t.Fatal(err)
			}
			verify := []string{
				"cms", "-verify", "-binary", "-partial_chain", "-purpose", "any", "-no_check_time",
				"-CAfile", "leaf.pem", "-inform", "DER", "-in", "signature", "-content", "content", "-out", os.DevNull,
			}
			if err := openssl(t, dir, verify...); err != nil {
				t.Error("openssl refuses what Sign made")
			}
			if err := os.WriteFile(filepath.Join(dir, "content"), append(content, '\n'), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := openssl(t, dir, verify...); err == nil {
				t.Error("openssl accepts other content: it judges nothing")
			}
		})
	}
}

// TestOpenSSLAcceptsEd25519 asks about the signature value alone: the CMS of
// OpenSSL 3.0 cannot verify Ed25519 over signed attributes.
func TestOpenSSLAcceptsEd25519(t *testing.T) {
	dir, s := t.TempDir(), newSigner(t, "Ed25519")
	writeFiles(t, dir, s)
	sd, err := cms.Parse(sign(t, s))
	if err != nil {
		t.Fatal(err)
	}
	verify := []string{"pkeyutl", "-verify", "-rawin", "-certin", "-inkey", "leaf.pem", "-in", "attributes", "-sigfile", "signature"}
	for name, data := range map[string][]byte{"attributes": sd.RawSignedAttributes, "signature": sd.Signature} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := openssl(t, dir, verify...); err != nil {
		t.Error("openssl refuses what Sign made")
	}
	if err := os.WriteFile(filepath.Join(dir, "attributes"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openssl(t, dir, verify...); err == nil {
		t.Error("openssl accepts other attributes: it judges nothing")
	}
}

func TestReadsOpenSSL(t *testing.T) {
	for _, kind := range []string{"P-256", "P-384", "P-521", "RSA-2048"} {
		for name, option := range map[string]string{"with S/MIME capabilities": "-binary", "without": "-nosmimecap"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				dir, s := t.TempDir(), newSigner(t, kind)
				writeFiles(t, dir, s)
				if err := openssl(t, dir, "cms", "-sign", "-binary", option, "-md", "sha256", "-signer", "leaf.pem", "-inkey", "key.pem",
					"-in", "content", "-outform", "DER", "-out", "signature"); err != nil {
					t.Fatal("openssl does not sign")
				}
				der, err := os.ReadFile(filepath.Join(dir, "signature"))
				if err != nil {
					t.Fatal(err)
				}
				wantHolds(t, der, s)
			})
		}
	}
	t.Run("key identifier", func(t *testing.T) {
		dir, s := t.TempDir(), newSigner(t, "P-256")
		template := certificateTemplate("with a key identifier", 501)
		template.SubjectKeyId = []byte{1, 2, 3, 4}
		s.leaf = issue(t, template, newSigner(t, "CA"), s.key.Public())
		writeFiles(t, dir, s)
		if err := openssl(t, dir, "cms", "-sign", "-binary", "-keyid", "-md", "sha256", "-signer", "leaf.pem", "-inkey", "key.pem",
			"-in", "content", "-outform", "DER", "-out", "signature"); err != nil {
			t.Fatal("openssl does not sign")
		}
		der, err := os.ReadFile(filepath.Join(dir, "signature"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = cms.Parse(der)
		wantRule(t, err, cms.Syntax, "subject-key-identifier")
	})
}

// wantHolds fails unless der parses and verifies over content, by s.
func wantHolds(t *testing.T, der []byte, s signer) {
	t.Helper()
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal("Parse:", err)
	}
	v, err := sd.Verify(content)
	if err != nil {
		t.Fatal("Verify:", err)
	}
	if !v.Leaf.Equal(s.leaf) {
		t.Errorf("signed by %v", v.Leaf.Subject)
	}
	if again, err := sd.Bytes(); err != nil || !bytes.Equal(again, der) {
		t.Errorf("Bytes differs from what was parsed (%v)", err)
	}
}

func caPool(t *testing.T) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(newSigner(t, "CA").leaf)
	return pool
}

func TestIETFCMSAccepts(t *testing.T) {
	// It takes SHA-256 for every key, and knows no Ed25519.
	for _, kind := range []string{"P-256", "RSA-2048"} {
		t.Run(kind, func(t *testing.T) {
			sd, err := smime.ParseSignedData(sign(t, newSigner(t, kind)))
			if err != nil {
				t.Fatal(err)
			}
			opts := x509.VerifyOptions{
				Roots: caPool(t), CurrentTime: signingTime, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			}
			if _, err := sd.VerifyDetached(content, opts); err != nil {
				t.Error("ietf-cms refuses what Sign made:", err)
			}
			if _, err := sd.VerifyDetached([]byte("other"), opts); err == nil {
				t.Error("ietf-cms accepts other content: it judges nothing")
			}
		})
	}
}

func TestReadsIETFCMS(t *testing.T) {
	for _, kind := range []string{"P-256", "RSA-2048"} {
		t.Run(kind, func(t *testing.T) {
			s := newSigner(t, kind)
			der, err := smime.SignDetached(content, []*x509.Certificate{s.leaf}, s.key)
			if err != nil {
				t.Fatal(err)
			}
			wantHolds(t, der, s)
		})
	}
}

func TestPKCS7Accepts(t *testing.T) {
	for _, kind := range []string{"P-256", "P-384", "P-521", "RSA-2048"} {
		t.Run(kind, func(t *testing.T) {
			p7, err := pkcs7.Parse(sign(t, newSigner(t, kind)))
			if err != nil {
				t.Fatal(err)
			}
			p7.Content = content
			if err := p7.VerifyWithChainAtTime(caPool(t), signingTime); err != nil {
				t.Error("pkcs7 refuses what Sign made:", err)
			}
			p7.Content = []byte("other")
			if err := p7.VerifyWithChainAtTime(caPool(t), signingTime); err == nil {
				t.Error("pkcs7 accepts other content: it judges nothing")
			}
		})
	}
}

func TestReadsPKCS7(t *testing.T) {
	for _, kind := range []string{"P-256", "P-384", "RSA-2048"} {
		t.Run(kind, func(t *testing.T) {
			s := newSigner(t, kind)
			sd, err := pkcs7.NewSignedData(content)
			if err != nil {
				t.Fatal(err)
			}
			sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
			if err := sd.AddSigner(s.leaf, s.key, pkcs7.SignerInfoConfig{}); err != nil {
				t.Fatal(err)
			}
			sd.Detach()
			der, err := sd.Finish()
			if err != nil {
				t.Fatal(err)
			}
			wantHolds(t, der, s)
		})
	}
}
