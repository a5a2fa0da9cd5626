package testpki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/digitorus/timestamp"

	"github.com/paraph/paraph/internal/testpki"
)

// A client holds what a signer has in its hands.
type client struct {
	p         *testpki.PKI
	s         *testpki.Servers
	key       *ecdsa.PrivateKey
	digest    [32]byte
	signature []byte
	leaf      []byte
}

func newClient(t *testing.T) *client {
	t.Helper()
	p := testpki.New()
	c := &client{p: p, s: p.Serve(t), key: testpki.Key("alice"), digest: sha256.Sum256([]byte("artifact"))}
	c.signature = c.sign(t, []byte("artifact"))
	c.leaf = p.Certificate(c.key.Public(), alice)
	return c
}

func (c *client) sign(t *testing.T, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	sig, err := c.key.Sign(nil, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// post sends a body and returns status and answer.
func post(t *testing.T, url, contentType string, body []byte) (int, []byte) {
	t.Helper()
	response, err := http.Post(url, contentType, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func get(t *testing.T, url string) (int, []byte) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func read(t *testing.T, response *http.Response) (int, []byte) {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

func decode[T any](t *testing.T, b []byte) (v T) {
	t.Helper()
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v: %q", err, b)
	}
	return v
}

func std(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// fulcio asks for a certificate with this token and a proof over subject.
func (c *client) fulcio(t *testing.T, token, subject string) (int, []byte) {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(c.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	body, err := json.Marshal(map[string]any{
		"credentials": map[string]any{"oidcIdentityToken": token},
		"publicKeyRequest": map[string]any{
			"publicKey":         map[string]any{"algorithm": "ECDSA", "content": key},
			"proofOfPossession": c.sign(t, []byte(subject)),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return post(t, c.s.URLs.Fulcio+"/api/v2/signingCert", "application/json", body)
}

// certified parses Fulcio's answer.
func certified(t *testing.T, answer []byte) []*x509.Certificate {
	t.Helper()
	v := decode[struct {
		SignedCertificateEmbeddedSct struct {
			Chain struct{ Certificates []string }
		}
	}](t, answer)
	var chain []*x509.Certificate
	for _, text := range v.SignedCertificateEmbeddedSct.Chain.Certificates {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			t.Fatalf("not PEM: %q", text)
		}
		chain = append(chain, parse(t, block.Bytes))
	}
	if len(chain) != 3 {
		t.Fatalf("%d certificates: %s", len(chain), answer)
	}
	return chain
}

func TestFulcio(t *testing.T) {
	c := newClient(t)
	token := func(claims map[string]any) string { return c.p.IDToken(claims) }
	const email = "alice@example.com"
	for _, test := range []struct {
		name, token, subject string
		status               int
	}{
		{"good", token(nil), email, 200},
		{"workflow", c.p.WorkflowToken(nil), "repo:acme/widget:ref:refs/heads/main", 200},
		{"several audiences", token(map[string]any{"aud": []string{"x", "sigstore"}}), email, 200},
		{"no token", "", email, 400},
		{"no JWS", "a.b.c", email, 400},
		{"token by another issuer's key", c.p.Other().IDToken(map[string]any{"iss": c.s.URLs.Issuer}), email, 400},
		{"another issuer", token(map[string]any{"iss": "https://evil.example.com"}), email, 400},
		{"another audience", token(map[string]any{"aud": "other"}), email, 400},
		{"expired", token(map[string]any{"exp": testpki.DefaultTime.Unix() - 1}), email, 400},
		{"not yet valid", token(map[string]any{"nbf": testpki.DefaultTime.Unix() + 60}), email, 400},
		{"e-mail not verified", token(map[string]any{"email_verified": false}), email, 400},
		{"no e-mail", token(map[string]any{"email": nil}), email, 400},
		{"changed after signing", changeToken(t, token(nil)), email, 400},
		{"proof over another subject", token(nil), "mallory@example.com", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, answer := c.fulcio(t, test.token, test.subject)
			if status != test.status {
				t.Fatalf("status %d, want %d: %s", status, test.status, answer)
			}
			if status != 200 {
				return
			}
			certs := certified(t, answer)
			if err := chain(c.p, certs[0], c.p.Clock.Now()); err != nil {
				t.Error(err)
			}
			if !sctHolds(t, c.p.CT, certs[1], certs[0]) {
				t.Error("SCT does not hold")
			}
			if !c.key.PublicKey.Equal(certs[0].PublicKey) {
				t.Error("another key is certified")
			}
		})
	}
}

// changeToken replaces the address inside a token and leaves its signature.
func changeToken(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.ReplaceAll(payload, []byte("alice"), []byte("malory")))
	return strings.Join(parts, ".")
}

// stamp asks the timestamp authority with nonce 77.
func (c *client) stamp(t *testing.T, hash crypto.Hash) (int, []byte) {
	t.Helper()
	request, err := timestamp.CreateRequest(bytes.NewReader(c.signature), &timestamp.RequestOptions{
		Hash: hash, Certificates: true, Nonce: big.NewInt(77),
	})
	if err != nil {
		t.Fatal(err)
	}
	return post(t, c.s.URLs.TSA, "application/timestamp-query", request)
}

func TestTSA(t *testing.T) {
	c := newClient(t)
	status, answer := c.stamp(t, crypto.SHA256)
	if status != 200 {
		t.Fatalf("status %d: %s", status, answer)
	}
	got, err := timestamp.ParseResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(c.signature)
	if !bytes.Equal(got.HashedMessage, sum[:]) || got.Nonce.Int64() != 77 || len(got.Certificates) != 1 {
		t.Errorf("%+v", got)
	}
	if err := tokenChain(c.p, got.RawToken); err != nil {
		t.Error(err)
	}
	if status, _ := c.stamp(t, crypto.SHA1); status != 400 {
		t.Errorf("SHA-1: status %d", status)
	}
	if status, _ := post(t, c.s.URLs.TSA, "application/timestamp-query", []byte("x")); status != 400 {
		t.Errorf("rubbish: status %d", status)
	}
	if status, _ := post(t, c.s.URLs.TSA, "application/json", []byte("{}")); status != 415 {
		t.Errorf("JSON: status %d", status)
	}
	if status, pemChain := get(t, c.s.URLs.TSA+"/certchain"); status != 200 || bytes.Count(pemChain, []byte("BEGIN CERT")) != 2 {
		t.Errorf("chain: %d %s", status, pemChain)
	}
}

func TestIssuer(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"", "/ci"} {
		_, answer := get(t, c.s.URLs.Issuer+path+"/.well-known/openid-configuration")
		v := decode[struct {
			Issuer  string
			JWKSURI string `json:"jwks_uri"`
		}](t, answer)
		if v.Issuer != c.s.URLs.Issuer+path {
			t.Errorf("issuer %q", v.Issuer)
		}
		_, keys := get(t, v.JWKSURI)
		set := decode[struct{ Keys []struct{ X, Y string } }](t, keys)
		for claims, want := range map[string]int{``: 200, `{"sub":"x"}`: 200, `[]`: 400, `{} {}`: 400} {
			status, token := post(t, c.s.URLs.Issuer+path+"/mint", "application/json", []byte(claims))
			if status != want {
				t.Errorf("mint %q: status %d", claims, status)
			}
			if status == 200 && !tokenHolds(t, string(token), set.Keys[0].X, set.Keys[0].Y) {
				t.Errorf("mint %q: the token does not hold under the published key", claims)
			}
		}
	}
}

// tokenHolds verifies an ES256 token by a JWK's coordinates.
func tokenHolds(t *testing.T, token, x, y string) bool {
	t.Helper()
	raw := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	parts := strings.Split(token, ".")
	point := append(append([]byte{4}, raw(x)...), raw(y)...)
	pub, err := ecdsa.ParseUncompressedPublicKey(testpki.Key("curve").Curve, point)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	sig := raw(parts[2])
	return ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
}
