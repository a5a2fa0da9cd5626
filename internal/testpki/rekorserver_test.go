package testpki_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
)

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
