package rekor_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/rekor"
)

// parsedEntry is an entry of a real-looking log, with its body.
func parsedEntry(t *testing.T, major int) (*logged, *rekor.Entry) {
	t.Helper()
	l := logSignature(t, major)
	e, err := rekor.ParseEntry(l.entry.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if e.Body, err = e.RebuiltBody(l.digest, l.signature, l.leaf); err != nil {
		t.Fatal(err)
	}
	return l, e
}

// An entry is the same after it was written into a bundle and read again.
func TestEntryJSON(t *testing.T) {
	for major := 1; major <= 2; major++ {
		_, e := parsedEntry(t, major)
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var back rekor.Entry
		if err := json.Unmarshal(text, &back); err != nil || !bytes.Equal(back.Bytes(), e.Bytes()) {
			t.Errorf("v%d: %v\n%s", major, err, text)
		}
		other, err := rekor.ParseV2Response(text)
		if err != nil || !bytes.Equal(other.Bytes(), e.Bytes()) {
			t.Errorf("v%d as an answer: %v", major, err)
		}
		for name, changed := range map[string]string{
			"unknown member": strings.Replace(string(text), `{"logIndex"`, `{"x":1,"logIndex"`, 1),
			"member twice":   strings.Replace(string(text), `{"logIndex"`, `{"LogIndex":"7","logIndex"`, 1),
			"no log id":      strings.Replace(string(text), `"keyId"`, `"logIndex"`, 1),
			"not an entry":   `[]`,
		} {
			if err := json.Unmarshal([]byte(changed), new(rekor.Entry)); err == nil {
				t.Errorf("v%d, %s: it was read", major, name)
			}
		}
	}
}

func TestParseBodyV1(t *testing.T) {
	l, e := parsedEntry(t, 1)
	digest, signature, leaf, err := rekor.ParseBodyV1(e.Body)
	if err != nil || digest != l.digest || !bytes.Equal(signature, l.signature) || !bytes.Equal(leaf, l.leaf) {
		t.Errorf("%v: %x %x %x", err, digest, signature, leaf)
	}
	_, v2 := parsedEntry(t, 2)
	for name, body := range map[string]string{
		"v2":         string(v2.Body),
		"a space":    strings.Replace(string(e.Body), ":", ": ", 1),
		"kind":       strings.Replace(string(e.Body), "hashedrekord", "rekord", 1),
		"algorithm":  strings.Replace(string(e.Body), "sha256", "sha512", 1),
		"no PEM":     strings.Replace(string(e.Body), `"publicKey":{"content":"LS0t`, `"publicKey":{"content":"AAAA`, 1),
		"a short id": strings.Replace(string(e.Body), `"value":"`, `"value":"","v":"`, 1),
		"empty":      "",
	} {
		if _, _, _, err := rekor.ParseBodyV1([]byte(body)); err == nil {
			t.Errorf("%s: the body was read", name)
		}
	}
}
