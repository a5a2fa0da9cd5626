package git_test

import (
	"bytes"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/testpki"
)

// Real objects of public repositories; the corpus' README says what it is.
func TestCorpus(t *testing.T) {
	objects, _ := testpki.Corpus(t)
	for _, o := range objects {
		t.Run(o.ID, func(t *testing.T) { testCorpusObject(t, o.ID, o.Type, o.Raw) })
	}
}

func testCorpusObject(t *testing.T, id, kind string, raw []byte) {
	typ := git.Type(kind)
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
	if string(p.Kind) != kind {
		t.Errorf("kind %q, want %q", p.Kind, kind)
	}
}
