package testpki

import (
	"crypto"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

const rekor1Entries = "/api/v1/log/entries"

// rekor1Request is a proposed entry; only hashedrekord 0.0.1 is taken.
type rekor1Request struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Spec       struct {
		Data struct {
			Hash struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"` // hex
			} `json:"hash"`
		} `json:"data"`
		Signature struct {
			Content   []byte `json:"content"`
			PublicKey struct {
				Content []byte `json:"content"` // PEM
			} `json:"publicKey"`
		} `json:"signature"`
	} `json:"spec"`
}

// rekor1Handler is the part of Rekor v1's API that signing and looking up need.
func (p *PKI) rekor1Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+rekor1Entries, p.addV1)
	mux.HandleFunc("GET "+rekor1Entries, p.entryByIndex)
	mux.HandleFunc("GET "+rekor1Entries+"/{uuid}", p.entryByUUID)
	mux.HandleFunc("POST /api/v1/index/retrieve", p.searchV1)
	mux.HandleFunc("GET /api/v1/log/publicKey", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(pemPublicKey(p.Rekor1.Public()))
	})
	return mux
}

// addV1 logs an entry; 409 says where an equal one is.
func (p *PKI) addV1(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Content-Type") != "application/json" {
		answerError(w, http.StatusUnsupportedMediaType, "unsupported media type %q, only [application/json application/yaml] are allowed", r.Header.Get("Content-Type"))
		return
	}
	var request rekor1Request
	if err := readJSON(r, &request); err != nil {
		answerError(w, http.StatusBadRequest, "parsing body body from \"\" failed: %v", err)
		return
	}
	body, err := request.body()
	if err != nil {
		answerError(w, http.StatusBadRequest, "error processing entry: %v", err)
		return
	}
	if index, ok := p.Rekor1.find(body); ok {
		uuid := p.Rekor1.Entry(index).UUID()
		w.Header().Set("Location", rekor1Entries+"/"+uuid)
		answerError(w, http.StatusConflict, "an equivalent entry already exists in the transparency log with UUID %s", uuid)
		return
	}
	e := p.logged(p.Rekor1, body, faultOf(r))
	w.Header().Set("Location", rekor1Entries+"/"+e.UUID())
	w.Header().Set("ETag", e.UUID())
	answerJSON(w, http.StatusCreated, e.v1JSON())
}

// body checks the request as Rekor does, the signature included, and makes it
// canonical.
func (q *rekor1Request) body() ([]byte, error) {
	if q.Kind != "hashedrekord" || q.APIVersion != "0.0.1" {
		return nil, fmt.Errorf("%s %s is not supported", q.Kind, q.APIVersion)
	}
	if q.Spec.Data.Hash.Algorithm != "sha256" {
		return nil, errors.New("invalid hash algorithm")
	}
	digest, err := hex.DecodeString(q.Spec.Data.Hash.Value)
	if err != nil {
		return nil, err
	}
	pub, verifier, err := parseVerifier(q.Spec.Signature.PublicKey.Content)
	if err != nil {
		return nil, err
	}
	if err := checkSignature(pub, digest, q.Spec.Signature.Content); err != nil {
		return nil, fmt.Errorf("verifying signature: %w", err)
	}
	return bodyV1(digest, q.Spec.Signature.Content, verifier), nil
}

// parseVerifier parses a PEM certificate or public key and writes it again in
// Rekor's form.
func parseVerifier(content []byte) (crypto.PublicKey, []byte, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, nil, errors.New("invalid public key: failure decoding PEM")
	}
	if block.Type == "CERTIFICATE" {
		c, err := parseLeaf(block.Bytes)
		if err != nil {
			return nil, nil, err
		}
		return c.PublicKey, pemCertificate(c.Raw), nil
	}
	pub, err := parsePublicKey(string(content))
	if err != nil {
		return nil, nil, err
	}
	return pub, pemPublicKey(pub), nil
}

func pemPublicKey(pub crypto.PublicKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(pub)})
}

// entryByUUID answers the entry that a UUID names, with or without the tree
// id before the leaf's hash.
func (p *PKI) entryByUUID(w http.ResponseWriter, r *http.Request) {
	hash, err := hex.DecodeString(r.PathValue("uuid"))
	if err != nil || (len(hash) != 32 && len(hash) != 40) {
		answerError(w, http.StatusUnprocessableEntity, "entryUUID in path should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'")
		return
	}
	index, ok := p.Rekor1.findLeaf(hash[len(hash)-32:])
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	p.answerEntry(w, r, index)
}

// entryByIndex answers the entry at ?logIndex=, which counts over all shards.
func (p *PKI) entryByIndex(w http.ResponseWriter, r *http.Request) {
	index, err := strconv.Atoi(r.URL.Query().Get("logIndex"))
	if err != nil {
		answerError(w, http.StatusUnprocessableEntity, "logIndex in query is required")
		return
	}
	index -= rekor1Offset
	if index < 0 || index >= p.Rekor1.Size() {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	p.answerEntry(w, r, index)
}

func (p *PKI) answerEntry(w http.ResponseWriter, r *http.Request, index int) {
	e := p.Rekor1.Entry(index)
	if f := faultOf(r); f.entry != nil {
		f.entry(p, p.Rekor1, e)
	}
	answerJSON(w, http.StatusOK, e.v1JSON())
}

// UUID is Rekor v1's name for the entry: tree id and leaf hash in hex.
func (e *Entry) UUID() string {
	return fmt.Sprintf("%016x%x", int64(rekor1TreeID), leafHash(e.Body))
}

// v1JSON is Rekor v1's LogEntry: one member, named by the UUID.
func (e *Entry) v1JSON() map[string]any {
	hashes := []string{}
	for _, h := range e.Proof.Hashes {
		hashes = append(hashes, hex.EncodeToString(h))
	}
	return map[string]any{e.UUID(): map[string]any{
		"body":           b64(e.Body),
		"integratedTime": e.IntegratedTime,
		"logID":          hex.EncodeToString(e.LogID),
		"logIndex":       e.LogIndex,
		"verification": map[string]any{
			"inclusionProof": map[string]any{
				"checkpoint": e.Proof.Checkpoint,
				"hashes":     hashes,
				"logIndex":   e.Proof.LogIndex,
				"rootHash":   hex.EncodeToString(e.Proof.RootHash),
				"treeSize":   e.Proof.TreeSize,
			},
			"signedEntryTimestamp": b64(e.SET),
		},
	}}
}
