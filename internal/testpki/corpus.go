package testpki

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
)

// corpusObjects is how many objects the corpus has: a folder that lost some
// must not pass.
const corpusObjects = 69

// A CorpusObject is a real signed object of a public repository, and what
// must come of verifying it.
type CorpusObject struct {
	ID, Type                    string // SHA-1 in hex; commit or tag
	Mode                        string // embedded, online or smime
	Expect                      string // good, or a verdict
	Identity, Issuer, NotBefore string // of the certificate, the time in RFC 3339
	Raw                         []byte
}

// Corpus reads the folder that PARAPH_CORPUS names, and the public instance's
// trusted_root.json beside it. Without the variable the test is skipped, aloud.
func Corpus(t testing.TB) (objects []CorpusObject, trustedRoot []byte) {
	t.Helper()
	dir := os.Getenv("PARAPH_CORPUS")
	if dir == "" {
		t.Skip("PARAPH_CORPUS is not set: no real signed objects to read")
	}
	read := func(elem ...string) []byte {
		b, err := os.ReadFile(filepath.Join(append([]string{dir}, elem...)...))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	list, err := os.Open(filepath.Join(dir, "objects.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	tsv := csv.NewReader(list)
	tsv.Comma = '\t'
	rows, err := tsv.ReadAll() // oid type repository mode expect identity issuer not_before
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != corpusObjects+1 {
		t.Fatalf("objects.tsv has %d objects, want %d", len(rows)-1, corpusObjects)
	}
	for _, r := range rows[1:] {
		objects = append(objects, CorpusObject{
			ID: r[0], Type: r[1], Mode: r[3], Expect: r[4], Identity: r[5], Issuer: r[6], NotBefore: r[7],
			Raw: read("objects", r[0]+"."+r[1]),
		})
	}
	return objects, read("..", "trust", "trusted_root.json")
}
