package rekor

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/paraph/paraph/internal/strictjson"
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
	var r entryJSON
	if err := unmarshal(data, &r); err != nil {
		return nil, err
	}
	e := r.entry()
	return e.checkResponse()
}

// An entryJSON is a TransparencyLogEntry as protojson.
type entryJSON struct {
	LogIndex jsonInt `json:"logIndex"`
	LogID    struct {
		KeyID []byte `json:"keyId"`
	} `json:"logId"`
	KindVersion struct {
		Kind    string `json:"kind"`
		Version string `json:"version"`
	} `json:"kindVersion"`
	IntegratedTime jsonInt      `json:"integratedTime"`
	Promise        *promiseJSON `json:"inclusionPromise,omitempty"`
	Proof          *proofJSON   `json:"inclusionProof,omitempty"`
	Body           []byte       `json:"canonicalizedBody,omitempty"`
}

type promiseJSON struct {
	SET []byte `json:"signedEntryTimestamp"`
}

type proofJSON struct {
	LogIndex   jsonInt  `json:"logIndex"`
	RootHash   []byte   `json:"rootHash"`
	TreeSize   jsonInt  `json:"treeSize"`
	Hashes     [][]byte `json:"hashes,omitempty"`
	Checkpoint struct {
		Envelope string `json:"envelope"`
	} `json:"checkpoint"`
}

func (r *entryJSON) entry() *Entry {
	e := &Entry{
		LogIndex: int64(r.LogIndex), LogID: r.LogID.KeyID, Kind: r.KindVersion.Kind, Version: r.KindVersion.Version,
		IntegratedTime: int64(r.IntegratedTime), Body: r.Body,
	}
	if r.Promise != nil {
		e.SET = r.Promise.SET
	}
	if p := r.Proof; p != nil {
		e.Proof = &Proof{
			LogIndex: int64(p.LogIndex), TreeSize: int64(p.TreeSize),
			RootHash: p.RootHash, Hashes: p.Hashes, Checkpoint: p.Checkpoint.Envelope,
		}
	}
	return e
}

// MarshalJSON writes the entry as a Sigstore bundle holds it: a
// TransparencyLogEntry as protojson, compact, in one form.
func (e *Entry) MarshalJSON() ([]byte, error) {
	r := entryJSON{LogIndex: jsonInt(e.LogIndex), IntegratedTime: jsonInt(e.IntegratedTime), Body: e.Body}
	r.LogID.KeyID, r.KindVersion.Kind, r.KindVersion.Version = e.LogID, e.Kind, e.Version
	if len(e.SET) > 0 {
		r.Promise = &promiseJSON{e.SET}
	}
	if p := e.Proof; p != nil {
		r.Proof = &proofJSON{LogIndex: jsonInt(p.LogIndex), TreeSize: jsonInt(p.TreeSize), RootHash: p.RootHash, Hashes: p.Hashes}
		r.Proof.Checkpoint.Envelope = p.Checkpoint
	}
	return json.Marshal(r)
}

// UnmarshalJSON reads what MarshalJSON writes, and other protojson of the same
// message. Nothing in it is true before [Verify] says so. Whoever decodes the
// text around it refuses what is not known there; here too nothing unknown is
// read.
func (e *Entry) UnmarshalJSON(data []byte) error {
	var r entryJSON
	if err := strictjson.UnmarshalKnown(data, maxResponse, &r); err != nil {
		return err
	}
	parsed, err := r.entry().checkResponse()
	if err != nil {
		return err
	}
	*e = *parsed
	return nil
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

// unmarshal reads one JSON value by the rules of package strictjson.
func unmarshal(data []byte, v any) error {
	if len(data) > maxResponse {
		return syntax("response-size", "the log answered with %d bytes, at most %d are read", len(data), maxResponse)
	}
	if err := strictjson.Unmarshal(data, maxResponse, v); err != nil {
		return syntax("response-form", "the log's answer cannot be parsed: %w", err)
	}
	return nil
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

func (i jsonInt) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(i), 10), nil }

func (i *jsonInt) UnmarshalJSON(text []byte) error {
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	*i = jsonInt(n)
	return err
}
