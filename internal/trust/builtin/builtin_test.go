package builtin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

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
	if r.Checked.Format(time.DateOnly) != Taken || !r.Expires.IsZero() {
		t.Errorf("checked %s, expires %s", r.Checked, r.Expires)
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

// The TUF roots are the packages' own, of the versions that the program says.
func TestTUFRoots(t *testing.T) {
	for instance, digest := range map[string]string{
		Instance: "c8c41ec13f06ccabf5b48541ee2550098b4c7b5349e1d180390c29a7d5c2642c",
		Staging:  "f0a8b825e7e504c36d2f4bac2c97b7a78b2abb152f3fd3b017496c20e031468e",
	} {
		r, known := TUF(instance)
		if sum := sha256.Sum256(r.Root); !known || hex.EncodeToString(sum[:]) != digest {
			t.Errorf("%s: the TUF root has digest %x, want %s", instance, sum, digest)
		}
		var root struct {
			Signed struct {
				Type    string `json:"_type"`
				Version int64  `json:"version"`
			} `json:"signed"`
		}
		if err := json.Unmarshal(r.Root, &root); err != nil || root.Signed.Type != "root" || root.Signed.Version != r.Version {
			t.Errorf("%s: it is a %s of version %d, the program says %d, %v", instance, root.Signed.Type, root.Signed.Version, r.Version, err)
		}
	}
	if _, known := TUF("mine"); known {
		t.Error("an instance that nobody knows has a repository")
	}
}
