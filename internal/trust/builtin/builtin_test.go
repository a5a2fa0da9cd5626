package builtin

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
)

// digest is that of the trusted root in @sigstore/tuf 4.0.2.
const digest = "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"

func TestRoot(t *testing.T) {
	r, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(r.Digest[:]); got != digest {
		t.Errorf("the built-in root has digest %s, want %s", got, digest)
	}
	if len(r.CAs) != 2 || len(r.Logs) != 2 || len(r.CTLogs) != 2 || len(r.TSAs) != 1 {
		t.Errorf("%d CAs, %d logs, %d CT logs, %d TSAs", len(r.CAs), len(r.Logs), len(r.CTLogs), len(r.TSAs))
	}
	for _, a := range append(r.CAs, r.TSAs...) {
		if err := a.Check(); err != nil {
			t.Errorf("%s: %v", a.URL, err)
		}
	}
}

func TestRootIsTheCorpus(t *testing.T) {
	_, want := testpki.Corpus(t)
	if !bytes.Equal(trustedRoot, want) {
		t.Error("the built-in root differs from the corpus' own")
	}
}
