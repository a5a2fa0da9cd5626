package rekor

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// ParseV1Response reads what Rekor v1 answers under /api/v1/log/entries: the
// JSON of one entry under its UUID. Members that are not known are ignored,
// since none of them can prove anything; a member given twice is refused.
//
//	{"<uuid>": {"body": "<base64>", "integratedTime": N, "logID": "<hex>", "logIndex": N,
//	  "verification": {"signedEntryTimestamp": "<base64>",
//	    "inclusionProof": {"logIndex": N, "rootHash": "<hex>", "treeSize": N,
//	      "hashes": ["<hex>"], "checkpoint": "<signed note>"}}}}
//
// The entry has its body, and its kind and version from there. Failures are
// of type *[verdict.Error] and class Syntax.
func ParseV1Response(data []byte) (*Entry, error) {
	type response struct {
		Body           []byte   `json:"body"`
		IntegratedTime int64    `json:"integratedTime"`
		LogID          hexBytes `json:"logID"`
		LogIndex       int64    `json:"logIndex"`
		Verification   struct {
			SET   []byte `json:"signedEntryTimestamp"`
			Proof *struct {
				LogIndex   int64      `json:"logIndex"`
				RootHash   hexBytes   `json:"rootHash"`
				TreeSize   int64      `json:"treeSize"`
				Hashes     []hexBytes `json:"hashes"`
				Checkpoint string     `json:"checkpoint"`
			} `json:"inclusionProof"`
		} `json:"verification"`
	}
	var entries map[string]response
	if err := unmarshal(data, &entries); err != nil {
		return nil, err
	}
	if len(entries) != 1 {
		return nil, syntax("response-entries", "the log answered with %d entries, expected one", len(entries))
	}
	var r response
	for _, r = range entries { // the only one
	}
	e := &Entry{LogIndex: r.LogIndex, LogID: r.LogID, IntegratedTime: r.IntegratedTime, SET: r.Verification.SET, Body: r.Body}
	if p := r.Verification.Proof; p != nil {
		e.Proof = &Proof{LogIndex: p.LogIndex, TreeSize: p.TreeSize, RootHash: p.RootHash, Checkpoint: p.Checkpoint}
		for _, h := range p.Hashes {
			e.Proof.Hashes = append(e.Proof.Hashes, h)
		}
	}
	if len(e.SET) == 0 {
		return nil, syntax("response-form", "the log answered with an entry without a signed entry timestamp")
	}
	var body struct {
		Version string `json:"apiVersion"`
		Kind    string `json:"kind"`
	}
	if err := unmarshal(e.Body, &body); err != nil {
		return nil, err
	}
	e.Kind, e.Version = body.Kind, body.Version
	return e.checkResponse()
}

// ParseV2Response reads what Rekor v2 answers under /api/v2/log/entries: a
// TransparencyLogEntry as protojson. For members the rule is that of
// [ParseV1Response].
//
//	{"logIndex": "N", "logId": {"keyId": "<base64>"},
//	  "kindVersion": {"kind": "...", "version": "..."}, "integratedTime": "N",
//	  "inclusionPromise": {"signedEntryTimestamp": "<base64>"},
//	  "inclusionProof": {"logIndex": "N", "rootHash": "<base64>", "treeSize": "N",
//	    "hashes": ["<base64>"], "checkpoint": {"envelope": "<signed note>"}},
//	  "canonicalizedBody": "<base64>"}
//
// The form is also that of an entry in a Sigstore bundle, of either version.
func ParseV2Response(data []byte) (*Entry, error) {
	var r struct {
		LogIndex jsonInt `json:"logIndex"`
		LogID    struct {
			KeyID []byte `json:"keyId"`
		} `json:"logId"`
		KindVersion struct {
			Kind    string `json:"kind"`
			Version string `json:"version"`
		} `json:"kindVersion"`
		IntegratedTime jsonInt `json:"integratedTime"`
		Promise        struct {
			SET []byte `json:"signedEntryTimestamp"`
		} `json:"inclusionPromise"`
		Proof *struct {
			LogIndex   jsonInt  `json:"logIndex"`
			RootHash   []byte   `json:"rootHash"`
			TreeSize   jsonInt  `json:"treeSize"`
			Hashes     [][]byte `json:"hashes"`
			Checkpoint struct {
				Envelope string `json:"envelope"`
			} `json:"checkpoint"`
		} `json:"inclusionProof"`
		Body []byte `json:"canonicalizedBody"`
	}
	if err := unmarshal(data, &r); err != nil {
		return nil, err
	}
	e := &Entry{
		LogIndex: int64(r.LogIndex), LogID: r.LogID.KeyID, Kind: r.KindVersion.Kind, Version: r.KindVersion.Version,
		IntegratedTime: int64(r.IntegratedTime), SET: r.Promise.SET, Body: r.Body,
	}
	if p := r.Proof; p != nil {
		e.Proof = &Proof{
			LogIndex: int64(p.LogIndex), TreeSize: int64(p.TreeSize),
			RootHash: p.RootHash, Hashes: p.Hashes, Checkpoint: p.Checkpoint.Envelope,
		}
	}
	return e.checkResponse()
}

// checkResponse checks that what a log answered can be kept as an entry.
func (e *Entry) checkResponse() (*Entry, error) {
	if err := e.checkShape(); err != nil {
		return nil, err
	}
	if n := len(e.Bytes()); n > maxEntry {
		return nil, syntax("entry-size", "the log entry has %d bytes, at most %d are read", n, maxEntry)
	}
	return e, nil
}

// unmarshal reads one JSON value. encoding/json takes the last of two members
// of one name and does not look at the case of a name, so that two readers of
// one response could see different ones: such names are refused.
func unmarshal(data []byte, v any) error {
	if len(data) > maxResponse {
		return syntax("response-size", "the log answered with %d bytes, at most %d are read", len(data), maxResponse)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	err := checkMembers(d, 0)
	if err == nil {
		if _, end := d.Token(); end != io.EOF {
			err = errors.New("there is more after the value")
		}
	}
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return syntax("response-form", "the log's answer cannot be parsed: %w", err)
	}
	return nil
}

// checkMembers reads one JSON value and refuses members of one name.
func checkMembers(d *json.Decoder, depth int) error {
	if depth == maxDepth {
		return errors.New("it is nested too deeply")
	}
	t, err := d.Token()
	open, ok := t.(json.Delim)
	if err != nil || !ok {
		return err
	}
	seen := make(map[string]bool)
	for d.More() {
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			// Between braces the decoder gives names only, which are strings.
			folded := strings.ToLower(strings.ToUpper(name.(string)))
			if seen[folded] {
				return errors.New("it has a member twice")
			}
			seen[folded] = true
		}
		if err := checkMembers(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// hexBytes are bytes as Rekor v1 writes hashes.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	*h = b
	return err
}

// jsonInt is an int64 in protojson: a string, though a number is read too.
type jsonInt int64

func (i *jsonInt) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*i = jsonInt(n)
	return err
}
