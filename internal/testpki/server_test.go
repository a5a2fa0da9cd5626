package testpki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
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

// v1Request is a proposed hashedrekord 0.0.1.
func (c *client) v1Request() map[string]any {
	return map[string]any{"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": map[string]any{
		"data": map[string]any{"hash": map[string]any{"algorithm": "sha256", "value": hex.EncodeToString(c.digest[:])}},
		"signature": map[string]any{"content": c.signature, "publicKey": map[string]any{
			"content": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf}),
		}},
	}}
}

func (c *client) postV1(t *testing.T, request any) (int, []byte) {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	return post(t, c.s.URLs.Rekor1+"/api/v1/log/entries", "application/json", body)
}

// entryV1 parses Rekor v1's answer.
func entryV1(t *testing.T, answer []byte) (string, *testpki.Entry) {
	t.Helper()
	all := decode[map[string]struct {
		Body, LogID              string
		IntegratedTime, LogIndex int64
		Verification             struct {
			SignedEntryTimestamp []byte
			InclusionProof       struct {
				Checkpoint, RootHash string
				Hashes               []string
				LogIndex, TreeSize   int64
			}
		}
	}](t, answer)
	for uuid, v := range all {
		in := v.Verification.InclusionProof
		e := &testpki.Entry{
			LogIndex: v.LogIndex, IntegratedTime: v.IntegratedTime, SET: v.Verification.SignedEntryTimestamp,
			Proof: &testpki.Proof{LogIndex: in.LogIndex, TreeSize: in.TreeSize, Checkpoint: in.Checkpoint},
		}
		e.Body, _ = base64.StdEncoding.DecodeString(v.Body)
		e.LogID, _ = hex.DecodeString(v.LogID)
		e.Proof.RootHash, _ = hex.DecodeString(in.RootHash)
		for _, h := range in.Hashes {
			b, _ := hex.DecodeString(h)
			e.Proof.Hashes = append(e.Proof.Hashes, b)
		}
		return uuid, e
	}
	t.Fatalf("no entry: %s", answer)
	return "", nil
}

func TestRekor1(t *testing.T) {
	c := newClient(t)
	status, answer := c.postV1(t, c.v1Request())
	if status != 201 {
		t.Fatalf("status %d: %s", status, answer)
	}
	uuid, e := entryV1(t, answer)
	if err := included(e); err != nil {
		t.Error(err)
	}
	if want := testpki.BodyV1(c.digest, c.signature, c.leaf); !bytes.Equal(e.Body, want) {
		t.Errorf("body %s, want %s", e.Body, want)
	}
	if !bytes.Equal(e.SET, c.p.Rekor1.SET(e)) {
		t.Error("SET is of something else")
	}
	if origin := "127.0.0.1 - 1193050959916656506\n"; !strings.HasPrefix(e.Proof.Checkpoint, origin) {
		t.Errorf("checkpoint %q", e.Proof.Checkpoint)
	}
	status, answer = c.postV1(t, c.v1Request())
	if status != 409 || !bytes.Contains(answer, []byte(uuid)) {
		t.Errorf("the same again: %d %s", status, answer)
	}
	for _, url := range []string{"/" + uuid, "/" + uuid[16:], fmt.Sprintf("?logIndex=%d", e.LogIndex)} {
		status, answer = get(t, c.s.URLs.Rekor1+"/api/v1/log/entries"+url)
		if got, _ := entryV1(t, answer); status != 200 || got != uuid {
			t.Errorf("%s: %d %s", url, status, answer)
		}
	}
	for url, want := range map[string]int{"/" + strings.Repeat("0", 80): 404, "/x": 422, "?logIndex=5": 404, "": 422} {
		if status, _ := get(t, c.s.URLs.Rekor1+"/api/v1/log/entries"+url); status != want {
			t.Errorf("%q: %d, want %d", url, status, want)
		}
	}
	status, answer = get(t, c.s.URLs.Rekor1+"/api/v1/log/publicKey")
	if block, _ := pem.Decode(answer); status != 200 || block == nil {
		t.Errorf("public key: %d %s", status, answer)
	}
}

func TestRekor1Refuses(t *testing.T) {
	c := newClient(t)
	for name, change := range map[string]func(request, spec map[string]any){
		"kind":           func(r, _ map[string]any) { r["kind"] = "rekord" },
		"version":        func(r, _ map[string]any) { r["apiVersion"] = "0.0.3" },
		"unknown member": func(r, _ map[string]any) { r["x"] = 1 },
		"digest":         func(_, s map[string]any) { s["data"] = v1Hash(sha256.Sum256([]byte("other"))) },
		"no signature":   func(_, s map[string]any) { delete(s, "signature") },
		"verifier not PEM": func(_, s map[string]any) {
			s["signature"].(map[string]any)["publicKey"] = map[string]any{"content": c.leaf}
		},
		"another's leaf":    func(_, s map[string]any) { s["signature"].(map[string]any)["publicKey"] = v1Key(t, c.p) },
		"signature is text": func(_, s map[string]any) { s["signature"].(map[string]any)["content"] = "?" },
	} {
		request := c.v1Request()
		change(request, request["spec"].(map[string]any))
		if status, answer := c.postV1(t, request); status != 400 {
			t.Errorf("%s: status %d: %s", name, status, answer)
		}
	}
	if status, _ := post(t, c.s.URLs.Rekor1+"/api/v1/log/entries", "text/plain", nil); status != 415 {
		t.Errorf("text: status %d", status)
	}
	if c.p.Rekor1.Size() != 11 {
		t.Errorf("%d entries: something was logged", c.p.Rekor1.Size())
	}
}

func v1Hash(digest [32]byte) map[string]any {
	return map[string]any{"hash": map[string]any{"algorithm": "sha256", "value": hex.EncodeToString(digest[:])}}
}

func v1Key(t *testing.T, p *testpki.PKI) map[string]any {
	t.Helper()
	leaf := p.Certificate(testpki.Key("mallory").Public(), alice)
	return map[string]any{"content": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})}
}

func TestRekor1Search(t *testing.T) {
	c := newClient(t)
	first := c.p.LogV1(c.digest, c.signature, c.leaf).UUID()
	second := c.p.LogV1(sha256.Sum256([]byte("other")), c.sign(t, []byte("other")), c.leaf).UUID()
	leaf := std(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.leaf}))
	hash := hex.EncodeToString(c.digest[:])
	for query, want := range map[string][]string{
		`{"publicKey":{"format":"x509","content":"` + leaf + `"}}`: {first, second},
		`{"hash":"sha256:` + hash + `"}`:                           {first},
		`{"email":"Alice@example.com"}`:                            {first, second},
		`{"email":"bob@example.com"}`:                              {},
		`{"hash":"` + hash + `","operator":"and","publicKey":{"format":"x509","content":"` + leaf + `"}}`: {first},
		`{}`: {},
	} {
		status, answer := post(t, c.s.URLs.Rekor1+"/api/v1/index/retrieve", "application/json", []byte(query))
		if got := decode[[]string](t, answer); status != 200 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %d %s, want %s", query, status, got, want)
		}
	}
}

// postV2 sends a hashedrekord 0.0.2 with one change.
func (c *client) postV2(t *testing.T, change func(request, verifier map[string]any)) (int, []byte) {
	t.Helper()
	verifier := map[string]any{
		"x509Certificate": map[string]any{"rawBytes": c.leaf}, "keyDetails": "PKIX_ECDSA_P256_SHA_256",
	}
	request := map[string]any{
		"digest": c.digest[:], "signature": map[string]any{"content": c.signature, "verifier": verifier},
	}
	if change != nil {
		change(request, verifier)
	}
	body, err := json.Marshal(map[string]any{"hashedRekordRequestV002": request})
	if err != nil {
		t.Fatal(err)
	}
	return post(t, c.s.URLs.Rekor2+"/api/v2/log/entries", "application/json", body)
}

// entryV2 parses Rekor v2's answer, in which int64 are strings.
func entryV2(t *testing.T, answer []byte) *testpki.Entry {
	t.Helper()
	v := decode[struct {
		LogIndex          int64 `json:",string"`
		LogID             struct{ KeyID []byte }
		KindVersion       struct{ Kind, Version string }
		IntegratedTime    int64 `json:",string"`
		InclusionPromise  *struct{}
		CanonicalizedBody []byte
		InclusionProof    struct {
			LogIndex   int64 `json:",string"`
			TreeSize   int64 `json:",string"`
			RootHash   []byte
			Hashes     [][]byte
			Checkpoint struct{ Envelope string }
		}
	}](t, answer)
	in := v.InclusionProof
	return &testpki.Entry{
		LogIndex: v.LogIndex, LogID: v.LogID.KeyID, Kind: v.KindVersion.Kind, Version: v.KindVersion.Version,
		IntegratedTime: v.IntegratedTime, Body: v.CanonicalizedBody,
		Proof: &testpki.Proof{
			LogIndex: in.LogIndex, TreeSize: in.TreeSize, RootHash: in.RootHash, Hashes: in.Hashes,
			Checkpoint: in.Checkpoint.Envelope,
		},
	}
}

func TestRekor2(t *testing.T) {
	c := newClient(t)
	status, answer := c.postV2(t, nil)
	if status != 201 {
		t.Fatalf("status %d: %s", status, answer)
	}
	e := entryV2(t, answer)
	if err := included(e); err != nil {
		t.Error(err)
	}
	if want := testpki.BodyV2(c.digest, c.signature, c.leaf); !bytes.Equal(e.Body, want) {
		t.Errorf("body %s, want %s", e.Body, want)
	}
	if !strings.HasPrefix(e.Proof.Checkpoint, "127.0.0.1\n") || !bytes.Equal(e.LogID, c.p.Rekor2.ID()) {
		t.Errorf("entry %+v", e)
	}
	if status, _ := c.postV2(t, nil); status != 409 {
		t.Errorf("the same again: %d", status)
	}
}

func TestRekor2Refuses(t *testing.T) {
	c := newClient(t)
	for name, change := range map[string]func(request, verifier map[string]any){
		"no details":      func(_, v map[string]any) { delete(v, "keyDetails") },
		"other details":   func(_, v map[string]any) { v["keyDetails"] = "PKIX_ED25519" },
		"no verifier":     func(_, v map[string]any) { delete(v, "x509Certificate") },
		"leaf cut":        func(_, v map[string]any) { v["x509Certificate"] = map[string]any{"rawBytes": c.leaf[:99]} },
		"no digest":       func(r, _ map[string]any) { delete(r, "digest") },
		"other digest":    func(r, _ map[string]any) { r["digest"] = make([]byte, 32) },
		"unknown member":  func(r, _ map[string]any) { r["x"] = 1 },
		"digest no bytes": func(r, _ map[string]any) { r["digest"] = 7 },
	} {
		if status, answer := c.postV2(t, change); status != 400 {
			t.Errorf("%s: status %d: %s", name, status, answer)
		}
	}
	if status, _ := post(t, c.s.URLs.Rekor2+"/api/v2/log/entries", "application/json", []byte("{}")); status != 400 {
		t.Errorf("no entry: status %d", status)
	}
	if status, _ := get(t, c.s.URLs.Rekor2+"/api/v2/log/entries"); status != 501 {
		t.Errorf("GET: status %d", status)
	}
	if status, _ := get(t, c.s.URLs.Rekor2+"/"); status != 404 {
		t.Errorf("another path: status %d", status)
	}
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
