package client

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/rekor"
)

const (
	pathSearch = "/api/v1/index/retrieve"

	// MaxCandidates is how many entries one certificate may have. It lives ten
	// minutes, and only its key can add one.
	MaxCandidates = 2000
	maxSearch     = 1 << 20 // bytes of a search's answer: an entry's name takes 83
)

// Search asks the Rekor v1 at base for the names of the entries that were
// signed with the key of a DER certificate, in the log's order, each once. A
// log that does not know the question is no Rekor v1 and has none.
//
// The names are candidates and prove nothing: see [Get].
func Search(ctx context.Context, hc *httpclient.Client, base string, leaf []byte) ([]string, error) {
	endpoint, err := url.JoinPath(base, pathSearch)
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	body, err := json.Marshal(searchV1{PublicKey: publicKeyV1{
		Format: "x509", Content: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}),
	}})
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	resp, err := hc.Do(ctx, httpclient.Request{
		Method: http.MethodPost, URL: endpoint, ContentType: contentType, Accept: contentType,
		Body: body, Expect: []int{http.StatusOK, http.StatusNotFound}, MaxBody: maxSearch,
	})
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	if resp.Status == http.StatusNotFound {
		return nil, nil
	}
	return parseSearch(resp.Body)
}

// parseSearch reads the names that a search answered.
func parseSearch(data []byte) ([]string, error) {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return nil, fmt.Errorf("rekor: the log's answer to a search cannot be parsed: %w", err)
	}
	if len(names) > MaxCandidates {
		return nil, fmt.Errorf("rekor: the log names %d entries of one certificate, at most %d are looked at", len(names), MaxCandidates)
	}
	seen := make(map[string]bool, len(names))
	var out []string
	for _, name := range names {
		if !isUUID(name) {
			return nil, fmt.Errorf("rekor: the log answered a search with what is no entry: %.100q", name)
		}
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return out, nil
}

// ErrNoEntry says that a log answered, and not with an entry that could prove
// a signature: others may.
var ErrNoEntry = errors.New("not an entry that can be read")

// Get asks the Rekor v1 at base for the entry of this name and returns the
// JSON as the log answered it, which [rekor.ParseV1Response] reads. The log
// may have other kinds of entry of the same certificate, attestations of a
// megabyte among them: these are [ErrNoEntry].
func Get(ctx context.Context, hc *httpclient.Client, base, uuid string) ([]byte, error) {
	if !isUUID(uuid) {
		return nil, fmt.Errorf("rekor: %.100q is no name of an entry", uuid)
	}
	endpoint, err := url.JoinPath(base, pathV1)
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	resp, err := getV1(ctx, hc, endpoint, uuid)
	if statusOf(err) == http.StatusNotFound || errors.Is(err, httpclient.ErrSize) {
		return nil, fmt.Errorf("rekor: %w: %w", ErrNoEntry, err)
	}
	if err != nil {
		return nil, fmt.Errorf("rekor: %w", err)
	}
	if _, err := rekor.ParseV1Response(resp.Body); err != nil {
		return nil, fmt.Errorf("rekor: %w: %w", ErrNoEntry, err)
	}
	return resp.Body, nil
}

// getV1 asks for the entry of this name.
func getV1(ctx context.Context, hc *httpclient.Client, endpoint, uuid string) (*httpclient.Response, error) {
	return hc.Do(ctx, httpclient.Request{
		Method: http.MethodGet, URL: endpoint + "/" + uuid, Accept: contentType,
		Expect: []int{http.StatusOK}, MaxBody: maxAnswer,
	})
}

// The JSON of Rekor v1's SearchIndex.
type (
	searchV1 struct {
		PublicKey publicKeyV1 `json:"publicKey"`
	}
	publicKeyV1 struct {
		Format  string `json:"format"`
		Content []byte `json:"content"` // PEM
	}
)
