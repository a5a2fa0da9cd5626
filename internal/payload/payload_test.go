package payload

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const (
	id1   = "1111111111111111111111111111111111111111"
	id2   = "2222222222222222222222222222222222222222"
	id3   = "3333333333333333333333333333333333333333"
	long1 = id1 + "111111111111111111111111"
	long2 = id2 + "222222222222222222222222"

	alice = "Alice A <alice@example.com> 1700000000 +0200"
	bob   = "Bob <bob@example.com> 1700000001 -0330"
)

// top is the part of a commit that each has.
const top = "tree " + id1 + "\nauthor " + alice + "\ncommitter " + bob + "\n"

var (
	aliceIdent = Ident{Name: "Alice A", Email: "alice@example.com", Time: time.Unix(1700000000, 0).UTC(), Zone: "+0200", Raw: alice}
	bobIdent   = Ident{Name: "Bob", Email: "bob@example.com", Time: time.Unix(1700000001, 0).UTC(), Zone: "-0330", Raw: bob}
)

func TestParse(t *testing.T) {
	commit := func(change func(*Payload)) *Payload {
		p := &Payload{Kind: Commit, Tree: id1, Author: aliceIdent, Committer: bobIdent, Message: []byte("m\n")}
		change(p)
		return p
	}
	nothing := func(*Payload) {}
	for name, tt := range map[string]struct {
		in   string
		want *Payload
	}{
		"root commit": {top + "\nm\n", commit(nothing)},
		"merge of three": {
			"tree " + id1 + "\nparent " + id2 + "\nparent " + id3 + "\nparent " + id2 + "\nauthor " + alice + "\ncommitter " + bob + "\n\nm\n",
			commit(func(p *Payload) { p.Parents = []string{id2, id3, id2} }),
		},
		"sha256": {
			"tree " + long1 + "\nparent " + long2 + "\nauthor " + alice + "\ncommitter " + bob + "\n\nm\n",
			commit(func(p *Payload) { p.Tree, p.Parents = long1, []string{long2} }),
		},
		"encoding":           {top + "encoding ISO-8859-1\n\nm\n", commit(func(p *Payload) { p.Encoding = "ISO-8859-1" })},
		"empty message":      {top + "\n", commit(func(p *Payload) { p.Message = []byte{} })},
		"NUL in the message": {top + "\nm\x00\n", commit(func(p *Payload) { p.Message = []byte("m\x00\n") })},
		"message like headers": {
			top + "\ngpgsig x\n\ttree\n-----BEGIN SIGNED MESSAGE-----\n",
			commit(func(p *Payload) { p.Message = []byte("gpgsig x\n\ttree\n-----BEGIN SIGNED MESSAGE-----\n") }),
		},
		"unknown headers, repeated": {top + "HG:extra a:b\nHG:extra c:d\nchange-id zzz\n\nm\n", commit(nothing)},
		"mergetags with headers of their own": {
			top + "mergetag object " + id2 + "\n type commit\n tag v1\n tagger " + alice + "\n \n gpgsig x\n author y\n \ttab\n" +
				"mergetag object " + id3 + "\n type commit\n\nm\n",
			commit(nothing),
		},
		"CR is a byte like others": {
			"tree " + id1 + "\nauthor Al\rice <a@b> 1 +0000\ncommitter " + bob + "\n\nm\n",
			commit(func(p *Payload) {
				p.Author = Ident{Name: "Al\rice", Email: "a@b", Time: time.Unix(1, 0).UTC(), Zone: "+0000", Raw: "Al\rice <a@b> 1 +0000"}
			}),
		},
		"empty name and address": {
			"tree " + id1 + "\nauthor  <> 0 +0000\ncommitter " + bob + "\n\nm\n",
			commit(func(p *Payload) { p.Author = Ident{Time: time.Unix(0, 0).UTC(), Zone: "+0000", Raw: " <> 0 +0000"} }),
		},
		"tag": {
			"object " + id1 + "\ntype commit\ntag v1.0\ntagger " + alice + "\n\nm\n",
			&Payload{Kind: Tag, Object: id1, ObjectType: "commit", TagName: "v1.0", Committer: aliceIdent, Message: []byte("m\n")},
		},
		"tag of a tag": {
			"object " + long1 + "\ntype tag\ntag v/1\ntagger " + alice + "\n\n",
			&Payload{Kind: Tag, Object: long1, ObjectType: "tag", TagName: "v/1", Committer: aliceIdent, Message: []byte{}},
		},
		"push certificate": {
			"certificate version 0.1\npusher " + alice + "\npushee https://x/y\nnonce 1-2\npush-option a\npush-option b=c\n\n" + id1 + " " + id2 + " refs/heads/main\n",
			&Payload{
				Kind: PushCertificate, Committer: aliceIdent, Pushee: "https://x/y", Nonce: "1-2", PushOptions: []string{"a", "b=c"},
				Message: []byte(id1 + " " + id2 + " refs/heads/main\n"),
			},
		},
		"push certificate by a key without a name": {
			"certificate version 0.1\npusher KEY 1 1700000000 +0200\n\n",
			&Payload{
				Kind: PushCertificate, Message: []byte{},
				Committer: Ident{Time: time.Unix(1700000000, 0).UTC(), Zone: "+0200", Raw: "KEY 1 1700000000 +0200"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// Attack 12: size alone is no reason to refuse.
func TestParseLarge(t *testing.T) {
	name := strings.Repeat("x", 70<<10)
	message := strings.Repeat("All work and no play.\n", (50<<20)/22)
	in := "tree " + id1 + "\nauthor " + name + " <a@b> 1 +0000\ncommitter " + bob + "\nnote " + name + "\n\n" + message
	p, err := Parse([]byte(in))
	if err != nil {
		t.Fatal(err)
	}
	if p.Author.Name != name || len(p.Message) != len(message) {
		t.Errorf("author of %d bytes, message of %d", len(p.Author.Name), len(p.Message))
	}
}

func TestParseDoesNotCopyTheMessage(t *testing.T) {
	in := []byte(top + "\nm\n")
	p, err := Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	if &p.Message[len(p.Message)-1] != &in[len(in)-1] {
		t.Error("the message was copied")
	}
}
