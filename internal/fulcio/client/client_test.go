package client_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/fulcio/client"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/testpki"
)

var alice = testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"}

func proof(t *testing.T, subject string) []byte {
	t.Helper()
	digest := sha256.Sum256([]byte(subject))
	sig, err := testpki.Key("alice").Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestCertificate(t *testing.T) {
	p := testpki.New()
	s := p.Serve(t)
	key := testpki.Key("alice")
	for _, base := range []string{s.URLs.Fulcio, s.URLs.Fulcio + "/"} {
		leaf, err := client.Certificate(t.Context(), httpclient.New(), base, p.IDToken(nil), key.Public(), proof(t, alice.Email))
		if err != nil {
			t.Fatal(err)
		}
		if !key.PublicKey.Equal(leaf.PublicKey) || len(leaf.EmailAddresses) != 1 || leaf.EmailAddresses[0] != alice.Email {
			t.Errorf("certificate for %v", leaf.EmailAddresses)
		}
	}
}

// TestRequest holds the request against Fulcio's API.
func TestRequest(t *testing.T) {
	var got any
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/base/api/v2/signingCert" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s, %s", r.Method, r.URL, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	if _, err := client.Certificate(t.Context(), httpclient.New(), s.URL+"/base", "token", testpki.Key("alice").Public(), []byte{1, 2}); err == nil {
		t.Error("an empty answer is a certificate")
	}
	request, ok := got.(map[string]any)
	if !ok || len(request) != 2 {
		t.Fatalf("request %v", got)
	}
	key, _ := request["publicKeyRequest"].(map[string]any)
	public, _ := key["publicKey"].(map[string]any)
	content, _ := public["content"].(string)
	block, rest := pem.Decode([]byte(content))
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) != 0 || public["algorithm"] != "ECDSA" || key["proofOfPossession"] != "AQI=" {
		t.Errorf("public key request %v", key)
	}
	if credentials, _ := request["credentials"].(map[string]any); credentials["oidcIdentityToken"] != "token" {
		t.Errorf("credentials %v", credentials)
	}
}

func TestAnswers(t *testing.T) {
	p := testpki.New()
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.CARoot.Raw}))
	embedded := func(texts ...string) map[string]any {
		return map[string]any{"chain": map[string]any{"certificates": texts}}
	}
	for _, test := range []struct {
		name   string
		answer any
		error  string
	}{
		{"one certificate", map[string]any{"signedCertificateEmbeddedSct": embedded(text)}, ""},
		{"no detached SCT", map[string]any{"signedCertificateEmbeddedSct": embedded(text), "signedCertificateDetachedSct": nil}, ""},
		{"detached SCT", map[string]any{"signedCertificateDetachedSct": embedded(text)}, "an SCT beside the certificate"},
		{"both", map[string]any{"signedCertificateEmbeddedSct": embedded(text), "signedCertificateDetachedSct": embedded(text)}, "an SCT beside the certificate"},
		{"nothing", map[string]any{}, "no certificate"},
		{"empty chain", map[string]any{"signedCertificateEmbeddedSct": embedded()}, "no certificate"},
		{"nine certificates", map[string]any{"signedCertificateEmbeddedSct": embedded(strings.Split(strings.Repeat("x,", 8)+"x", ",")...)}, "at most 8"},
		{"no PEM", map[string]any{"signedCertificateEmbeddedSct": embedded("x")}, "not one PEM certificate"},
		{"two in one", map[string]any{"signedCertificateEmbeddedSct": embedded(text + text)}, "not one PEM certificate"},
		{"a key", map[string]any{"signedCertificateEmbeddedSct": embedded(strings.ReplaceAll(text, "CERTIFICATE", "PUBLIC KEY"))}, "not one PEM certificate"},
		{"no DER", map[string]any{"signedCertificateEmbeddedSct": embedded(text, strings.Replace(text, "M", "A", 1))}, "certificate 1 of the answer"},
		{"an array", []int{}, "cannot be parsed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusCreated)
				_ = json.NewEncoder(w).Encode(test.answer)
			}))
			defer s.Close()
			leaf, err := client.Certificate(t.Context(), httpclient.New(), s.URL, "token", testpki.Key("alice").Public(), nil)
			if test.error == "" {
				if err != nil || !bytes.Equal(leaf.Raw, p.CARoot.Raw) {
					t.Errorf("certificate %v, error %v", leaf, err)
				}
				return
			}
			if err == nil || leaf != nil || !strings.Contains(err.Error(), test.error) {
				t.Errorf("error %v, expected %s", err, test.error)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	p := testpki.New()
	s := p.Serve(t)
	status := func(want int) func(error) bool {
		return func(err error) bool {
			var e *httpclient.Error
			return errors.As(err, &e) && e.Status == want
		}
	}
	timeout := func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
	for _, test := range []struct {
		name  string
		fault testpki.Fault
		wait  time.Duration
		check func(error) bool
	}{
		{"refuses", testpki.Refuse(http.StatusForbidden, "no"), time.Minute, status(http.StatusForbidden)},
		{"stalls", testpki.Stall(), 100 * time.Millisecond, timeout},
		{"answers slowly", testpki.SlowBody(20 * time.Millisecond), 100 * time.Millisecond, timeout},
		{"hangs up", testpki.HangUp(), time.Minute, status(0)},
		{"answers with too much", testpki.HugeBody(1 << 20), time.Minute, func(err error) bool { return errors.Is(err, httpclient.ErrSize) }},
		{"answers with garbage", testpki.Garbage(), time.Minute, func(err error) bool { return strings.Contains(err.Error(), "cannot be parsed") }},
		{"redirects to another host", testpki.Redirect("http://localhost/"), time.Minute, status(0)},
		{"redirects to another scheme", testpki.Redirect("https://127.0.0.1/"), time.Minute, status(0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.Fulcio.Set(test.fault)
			ctx, cancel := context.WithTimeout(t.Context(), test.wait)
			defer cancel()
			leaf, err := client.Certificate(ctx, httpclient.New(), s.URLs.Fulcio, p.IDToken(nil), testpki.Key("alice").Public(), proof(t, alice.Email))
			if err == nil || leaf != nil || !test.check(err) {
				t.Errorf("certificate %v, error %v", leaf, err)
			}
		})
	}
}

func TestRefusedRequest(t *testing.T) {
	p := testpki.New()
	s := p.Serve(t)
	_, err := client.Certificate(t.Context(), httpclient.New(), s.URLs.Fulcio, p.IDToken(nil), testpki.Key("alice").Public(), proof(t, "mallory@example.com"))
	var e *httpclient.Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest || !strings.Contains(e.Message, "could not be verified") {
		t.Error(err)
	}
}

// TestTokenStaysSecret has a server write the token into its error.
func TestTokenStaysSecret(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.Copy(w, r.Body)
	}))
	defer s.Close()
	const token = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl"
	_, err := client.Certificate(t.Context(), httpclient.New(), s.URL, token, testpki.Key("alice").Public(), nil)
	if err == nil || strings.Contains(err.Error(), "eyJ") || !strings.Contains(err.Error(), "[secret]") {
		t.Error(err)
	}
}

func TestOtherKeys(t *testing.T) {
	for _, key := range []crypto.PublicKey{nil, ed25519.PublicKey(make([]byte, ed25519.PublicKeySize))} {
		_, err := client.Certificate(t.Context(), httpclient.New(), "http://127.0.0.1:1", "token", key, nil)
		if err == nil || !strings.Contains(err.Error(), "is not ECDSA") {
			t.Errorf("%T: %v", key, err)
		}
	}
}
