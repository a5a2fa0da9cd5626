package payload

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

// No panic on any input; what is accepted holds only what the bytes say, in
// the one form that can be written back.
func FuzzPayload(f *testing.F) {
	f.Add([]byte(top + "encoding x\nmergetag y\n z\n\nm\n"))
	f.Add([]byte("tree " + id1 + "\nparent " + id2 + "\nauthor " + alice + "\ncommitter " + bob + "\n\n"))
	f.Add([]byte("object " + id1 + "\ntype tag\ntag v1\ntagger " + alice + "\n\nm"))
	f.Add([]byte("certificate version 0.1\npusher " + alice + "\nnonce 1\npush-option x\n\n" + id1 + " " + id2 + " refs/heads/x\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		p, err := Parse(in)
		if !bytes.Equal(in, before) {
			t.Fatal("Parse changed its input")
		}
		if err != nil {
			var e *verdict.Error
			if p != nil || !errors.As(err, &e) || e.Class != verdict.Syntax || e.Rule == "" {
				t.Fatalf("result %+v, error %v", p, err)
			}
			return
		}
		if head := written(p); !bytes.HasPrefix(in, []byte(head)) || !bytes.HasSuffix(in, append([]byte("\n"), p.Message...)) {
			t.Fatalf("%+v does not give back the head of the input; got\n%q", p, head)
		}
		if p.Kind != Commit && len(in) != len(written(p))+1+len(p.Message) {
			t.Fatalf("something in the headers of a %s is in no field", p.Kind)
		}
	})
}

// written is the part of the headers that the fields of p give back.
func written(p *Payload) string {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + " " + value + "\n") }
	switch p.Kind {
	case Commit:
		line("tree", p.Tree)
		for _, parent := range p.Parents {
			line("parent", parent)
		}
		line("author", p.Author.Raw)
		line("committer", p.Committer.Raw)
	case Tag:
		line("object", p.Object)
		line("type", p.ObjectType)
		line("tag", p.TagName)
		line("tagger", p.Committer.Raw)
	case PushCertificate:
		line("certificate", "version 0.1")
		line("pusher", p.Committer.Raw)
		if p.Pushee != "" {
			line("pushee", p.Pushee)
		}
		if p.Nonce != "" {
			line("nonce", p.Nonce)
		}
		for _, option := range p.PushOptions {
			line("push-option", option)
		}
	}
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	in := []byte("tree " + id1 + "\nparent " + id2 + "\nauthor " + alice + "\ncommitter " + bob + "\n\nSubject\n\nBody of the message.\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
