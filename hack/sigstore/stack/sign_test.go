package stack

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"testing"
	"time"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

var artifact = []byte("an artifact")

// certify has Fulcio certify a new key for token.
func certify(t *testing.T, token string) (*x509.Certificate, *sign.EphemeralKeypair, error) {
	t.Helper()
	key, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		t.Fatal(err)
	}
	fulcio := sign.NewFulcio(&sign.FulcioOptions{BaseURL: running.Endpoints.Fulcio, Timeout: requestLimit})
	der, err := fulcio.GetCertificate(t.Context(), key, &sign.CertificateProviderOptions{IDToken: token})
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key, nil
}

// signWith signs the artifact as alice, with the services that a signing
// config names and nothing else.
func signWith(t *testing.T, configFile string) *protobundle.Bundle {
	t.Helper()
	config, err := root.NewSigningConfigFromPath(running.path(configFile))
	if err != nil {
		t.Fatal(err)
	}
	token, err := running.Mint(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		t.Fatal(err)
	}
	log := config.RekorLogURLs()[0]
	b, err := sign.Bundle(&sign.PlainData{Data: artifact}, key, sign.BundleOptions{
		Context: t.Context(),
		CertificateProvider: sign.NewFulcio(&sign.FulcioOptions{
			BaseURL: config.FulcioCertificateAuthorityURLs()[0].URL, Timeout: requestLimit,
		}),
		CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: token},
		TimestampAuthorities: []*sign.TimestampAuthority{sign.NewTimestampAuthority(&sign.TimestampAuthorityOptions{
			URL: config.TimestampAuthorityURLs()[0].URL, Timeout: requestLimit,
		})},
		TransparencyLogs: []sign.Transparency{sign.NewRekor(&sign.RekorOptions{
			BaseURL: log.URL, Version: log.MajorAPIVersion, Timeout: 20 * time.Second,
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check verifies a bundle by trusted_root.json alone.
func check(t *testing.T, b *protobundle.Bundle, data []byte, email string, more ...verify.VerifierOption) error {
	t.Helper()
	trusted, err := root.NewTrustedRootFromPath(running.path(TrustedRootFile))
	if err != nil {
		t.Fatal(err)
	}
	options := append(more, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1))
	verifier, err := verify.NewVerifier(trusted, options...)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := bundle.NewBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	who, err := verify.NewShortCertificateIdentity(running.Endpoints.Issuer, "", email, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = verifier.Verify(signed, verify.NewPolicy(
		verify.WithArtifact(bytes.NewReader(data)), verify.WithCertificateIdentity(who)))
	return err
}

func TestSignAndVerify(t *testing.T) {
	tests := []struct {
		name    string
		config  string
		version uint32
		options []verify.VerifierOption
	}{
		{"rekor v2", SigningConfigRekor2, 2, nil},
		{"rekor v1", SigningConfigFile, 1, []verify.VerifierOption{verify.WithIntegratedTimestamps(1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.version == 1 {
				needRekor1(t)
			}
			config, err := root.NewSigningConfigFromPath(running.path(tt.config))
			if err != nil {
				t.Fatal(err)
			}
			if logs := config.RekorLogURLs(); len(logs) != 1 || logs[0].MajorAPIVersion != tt.version {
				t.Fatalf("%s names the logs %+v", tt.config, logs)
			}
			b := signWith(t, tt.config)
			if err := check(t, b, artifact, Users[0], tt.options...); err != nil {
				t.Error(err)
			}
			if err := check(t, b, []byte("another"), Users[0], tt.options...); err == nil {
				t.Error("holds for another artifact")
			}
			if err := check(t, b, artifact, Users[1], tt.options...); err == nil {
				t.Error("holds for another person")
			}
		})
	}
}

// What old signatures need: the entry found by nothing but the certificate.
func TestRekor1FindsEntryByCertificate(t *testing.T) {
	needRekor1(t)
	leaf := signWith(t, SigningConfigFile).GetVerificationMaterial().GetCertificate().GetRawBytes()
	query, err := json.Marshal(map[string]any{"publicKey": map[string]string{
		"format":  "x509",
		"content": base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})),
	}})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(running.Endpoints.Rekor1+"/api/v1/index/retrieve", "application/json", bytes.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var found []string
	if err := json.NewDecoder(resp.Body).Decode(&found); err != nil {
		t.Fatal(resp.Status, err)
	}
	if len(found) != 1 {
		t.Fatalf("found %q", found)
	}
	if _, err := (request{url: running.Endpoints.Rekor1 + "/api/v1/log/entries/" + found[0]}).do(t.Context()); err != nil {
		t.Error(err)
	}
}

// Readers of Rekor v2 check its growth over tiles.
func TestRekor2ServesTiles(t *testing.T) {
	signWith(t, SigningConfigRekor2)
	size := bytes.Split(mustGet(t, running.Endpoints.Rekor2+"/api/v2/checkpoint"), []byte("\n"))
	if len(size) < 3 || string(size[0]) != loopback {
		t.Fatalf("checkpoint %q", size)
	}
	mustGet(t, running.Endpoints.Rekor2+"/api/v2/tile/0/000.p/"+string(size[1]))
	mustGet(t, running.Endpoints.Rekor2+"/api/v2/tile/entries/000.p/"+string(size[1]))
}

func TestTUFRepository(t *testing.T) {
	anchor, err := os.ReadFile(running.path(TUFRootFile))
	if err != nil {
		t.Fatal(err)
	}
	client, err := tuf.New(tuf.DefaultOptions().WithRoot(anchor).WithRepositoryBaseURL(running.Endpoints.TUF).WithCachePath(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{TrustedRootFile, SigningConfigFile, SigningConfigRekor2} {
		want, err := os.ReadFile(running.path(name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.GetTarget(name)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s from TUF is not the file", name)
		}
	}
}

func mustGet(t *testing.T, url string) []byte {
	t.Helper()
	b, err := request{url: url}.do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b
}
