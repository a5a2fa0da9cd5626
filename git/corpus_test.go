package git_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/payload"
)

// corpusObjects is how many objects the corpus has: a folder that lost some
// must not pass.
const corpusObjects = 69

// Real objects of public repositories; the corpus' README says what it is.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("PARAPH_CORPUS")
	if dir == "" {
		t.Skip("PARAPH_CORPUS is not set: real signed objects were not read")
	}
	files, err := filepath.Glob(filepath.Join(dir, "objects", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != corpusObjects {
		t.Errorf("%d objects, want %d", len(files), corpusObjects)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { testCorpusObject(t, file) })
	}
}

func testCorpusObject(t *testing.T, file string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	id, ext, _ := strings.Cut(filepath.Base(file), ".")
	typ := git.Type(ext)
	if got, err := git.Hash(git.SHA1, typ, raw); err != nil || got != id {
		t.Errorf("Hash: %s, %v", got, err)
	}
	o, err := git.Split(git.SHA1, typ, raw)
	if err != nil {
		t.Fatalf("Split: %v", err)
	}
	if o.Armor != git.X509 {
		t.Errorf("armor %s, want x509", o.Armor)
	}
	if back, err := o.Bytes(); err != nil || !bytes.Equal(back, raw) {
		t.Errorf("Bytes are not the object: %v", err)
	}
	if joined, err := git.Join(git.SHA1, typ, o.Payload, o.Signature); err != nil || !bytes.Equal(joined, raw) {
		t.Errorf("Join does not make the object: %v", err)
	}
	p, err := payload.Parse(o.Payload)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if string(p.Kind) != ext {
		t.Errorf("kind %q, want %q", p.Kind, ext)
	}
}
