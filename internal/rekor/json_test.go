package rekor_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// v1Response is what Rekor v1 answers, written down here once more.
func v1Response(t *testing.T, e *testpki.Entry) []byte {
	t.Helper()
	hashes := []string{}
	for _, h := range e.Proof.Hashes {
		hashes = append(hashes, hex.EncodeToString(h))
	}
	return marshal(t, map[string]any{"108e9186e8c5677a" + strings.Repeat("0f", 32): map[string]any{
		"attestation": map[string]any{},
		"body":        e.Body, "integratedTime": e.IntegratedTime, "logID": hex.EncodeToString(e.LogID), "logIndex": e.LogIndex,
		"verification": map[string]any{
			"signedEntryTimestamp": e.SET,
			"inclusionProof": map[string]any{
				"logIndex": e.Proof.LogIndex, "treeSize": e.Proof.TreeSize, "hashes": hashes,
				"rootHash": hex.EncodeToString(e.Proof.RootHash), "checkpoint": e.Proof.Checkpoint,
			},
		},
	}})
}

// v2Response is what Rekor v2 answers. Members that are zero are left out.
func v2Response(t *testing.T, e *testpki.Entry) []byte {
	t.Helper()
	return marshal(t, map[string]any{
		"logIndex":    fmt.Sprint(e.LogIndex),
		"logId":       map[string]any{"keyId": e.LogID},
		"kindVersion": map[string]any{"kind": e.Kind, "version": e.Version},
		"inclusionProof": map[string]any{
			"logIndex": fmt.Sprint(e.Proof.LogIndex), "treeSize": fmt.Sprint(e.Proof.TreeSize), "hashes": e.Proof.Hashes,
			"rootHash": e.Proof.RootHash, "checkpoint": map[string]any{"envelope": e.Proof.Checkpoint},
		},
		"canonicalizedBody": e.Body,
	})
}

func TestParseV1Response(t *testing.T) {
	l := logSignature(t, 1)
	e, err := rekor.ParseV1Response(v1Response(t, l.entry))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(e.Bytes(), l.entry.BytesWithBody()) {
		t.Errorf("entry %+v", e)
	}
	if _, check, err := l.verify(e.Bytes()); err != nil {
		t.Errorf("%s: %v", check, err)
	}
}

func TestParseV2Response(t *testing.T) {
	l := logSignature(t, 2)
	e, err := rekor.ParseV2Response(v2Response(t, l.entry))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(e.Bytes(), l.entry.BytesWithBody()) {
		t.Errorf("entry %+v", e)
	}
	if _, check, err := l.verify(e.Bytes()); err != nil {
		t.Errorf("%s: %v", check, err)
	}
}

func TestParseV2ResponseTakesNumbersAndNull(t *testing.T) {
	l := logSignature(t, 2)
	b := string(v2Response(t, l.entry))
	b = strings.Replace(b, fmt.Sprintf(`"logIndex":"%d","log`, l.entry.LogIndex), `"log`, 1)
	b = strings.ReplaceAll(b, fmt.Sprintf(`"logIndex":"%d"`, l.entry.LogIndex), fmt.Sprintf(`"logIndex":%d`, l.entry.LogIndex))
	b = `{"integratedTime":"0","inclusionPromise":null,` + b[1:]
	e, err := rekor.ParseV2Response([]byte(b))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(e.Bytes(), l.entry.BytesWithBody()) {
		t.Errorf("entry %+v", e)
	}
}

func TestResponsesRefused(t *testing.T) {
	v1, v2 := logSignature(t, 1), logSignature(t, 2)
	good := map[int]string{1: string(v1Response(t, v1.entry)), 2: string(v2Response(t, v2.entry))}
	parse := map[int]func([]byte) (*rekor.Entry, error){1: rekor.ParseV1Response, 2: rekor.ParseV2Response}
	swap := func(major int, before, after string) string {
		if !strings.Contains(good[major], before) {
			t.Fatalf("v%d response has no %s: %s", major, before, good[major])
		}
		return strings.Replace(good[major], before, after, 1)
	}
	otherKind := base64.StdEncoding.EncodeToString([]byte(`{"apiVersion":"0.0.1"`))
	body := base64.StdEncoding.EncodeToString(v1.entry.Body)
	for _, test := range []struct {
		name  string
		major int
		data  string
		rule  string
	}{
		{"empty", 1, "", "response-form"},
		{"empty", 2, "", "response-form"},
		{"not JSON", 2, "<html>", "response-form"},
		{"an array", 1, "[]", "response-form"},
		{"null", 1, "null", "response-entries"},
		{"null", 2, "null", "entry-log-id"},
		{"no entry", 1, "{}", "response-entries"},
		{"two entries", 1, good[1][:len(good[1])-1] + `,"uuid":{}}`, "response-entries"},
		{"more after the value", 1, good[1] + "{}", "response-form"},
		{"more after the value", 2, good[2] + "x", "response-form"},
		{"one member twice", 2, `{"logIndex":"1",` + good[2][1:], "response-form"},
		{"one member twice, in other case", 2, `{"LOGINDEX":"1",` + good[2][1:], "response-form"},
		{"one member twice, in other Unicode", 1, swap(1, `"hashes":`, `"ha\u017fhes":[],"hashes":`), "response-form"},
		{"one member twice, inside", 1, swap(1, `"logIndex":`, `"logIndex":0,"logIndex":`), "response-form"},
		{"nested deeply", 2, `{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "," + good[2][1:], "response-form"},
		{"too large", 2, good[2] + strings.Repeat(" ", 128<<10), "response-size"},
		{"log id not hex", 1, swap(1, `"logID":"`, `"logID":"x`), "response-form"},
		{"SET not base64", 1, swap(1, `"signedEntryTimestamp":"`, `"signedEntryTimestamp":"*`), "response-form"},
		{"no SET", 1, swap(1, `"signedEntryTimestamp"`, `"other"`), "response-form"},
		{"no proof", 1, swap(1, `"inclusionProof"`, `"other"`), "entry-proof"},
		{"no proof", 2, swap(2, `"inclusionProof"`, `"other"`), "entry-proof"},
		{"no checkpoint", 2, swap(2, `"envelope"`, `"other"`), "entry-checkpoint"},
		{"index not a number", 2, swap(2, `"logIndex":"`, `"logIndex":"x`), "response-form"},
		{"index of 65 bits", 2, swap(2, `"logIndex":"`, `"logIndex":"99999999999999999999`), "response-form"},
		{"no body", 1, swap(1, `"body"`, `"other"`), "response-form"},
		{"body not JSON", 1, swap(1, body, otherKind), "response-form"},
		{"more than an entry may have", 2, swap(2, `"canonicalizedBody":"`, `"canonicalizedBody":"`+strings.Repeat("AAAA", 11<<10)), "entry-size"},
	} {
		t.Run(fmt.Sprintf("v%d, %s", test.major, test.name), func(t *testing.T) {
			e, err := parse[test.major]([]byte(test.data))
			if err == nil || e != nil {
				t.Fatalf("read as %+v", e)
			}
			if v := verdict.As(err, verdict.Infrastructure, ""); v.Class != verdict.Syntax || v.Rule != test.rule {
				t.Errorf("%s: %s: %v, expected rule %s", v.Class, v.Rule, err, test.rule)
			}
		})
	}
}
