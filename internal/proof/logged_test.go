package proof

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

const (
	person = "Alice <alice@example.com> 1777896000 +0200"
	tree   = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	armor  = "-----BEGIN SIGNED MESSAGE-----\nMIIB\n-----END SIGNED MESSAGE-----\n"
)

func commit(headers string) string {
	return "tree " + tree + "\n" + headers + "author " + person + "\ncommitter " + person + "\n"
}

// byGoGit is what gitsign logs: it has go-git read the payload as a commit and
// write it with the signature. go-git of today refuses to read what is no
// commit of SHA-1; that of 2022 took from it what it found.
func byGoGit(t *testing.T, payload string) string {
	t.Helper()
	in := &plumbing.MemoryObject{}
	if _, err := in.Write([]byte(payload)); err != nil {
		t.Fatal(err)
	}
	in.SetType(plumbing.CommitObject)
	var base object.Commit
	if err := base.Decode(in); err != nil {
		_, base.Message, _ = strings.Cut(payload, "\n\n")
		if strings.HasPrefix(payload, "tree ") {
			base.TreeHash, base.ParentHashes = cut(wide), []plumbing.Hash{cut(wide)}
			at := time.Unix(1777896000, 0).In(time.FixedZone("", 2*60*60))
			base.Author = object.Signature{Name: "Alice", Email: "alice@example.com", When: at}
			base.Committer = base.Author
		}
	}
	c := object.Commit{
		Author: base.Author, Committer: base.Committer, Message: base.Message,
		TreeHash: base.TreeHash, ParentHashes: base.ParentHashes, PGPSignature: armor,
	}
	out := &plumbing.MemoryObject{}
	if err := c.Encode(out); err != nil {
		t.Fatal(err)
	}
	return out.Hash().String()
}

// wide is an id of SHA-256; cut is what a hash of 20 bytes keeps of it.
var wide = strings.Repeat("ab", 32)

func cut(id string) plumbing.Hash { return plumbing.NewHash(id[:40]) }

func has(ids []LoggedID, id string) bool {
	return slices.ContainsFunc(ids, func(l LoggedID) bool { return l.ID == id })
}

// go-git itself says what it makes of an object.
func TestRewrittenByGoGit(t *testing.T) {
	for name, payload := range map[string]string{
		"commit":            commit("") + "\nmessage\n",
		"two parents":       commit("parent "+tree+"\nparent "+strings.Repeat("1", 40)+"\n") + "\nmessage\n",
		"other encoding":    commit("") + "encoding ISO-8859-1\n\nmessage\n",
		"merge of a tag":    commit("parent "+tree+"\n") + "mergetag object " + tree + "\n type commit\n tag v1\n tagger " + person + "\n \n v1\n\nmessage\n",
		"tag":               "object " + tree + "\ntype commit\ntag v1\ntagger " + person + "\n\nmessage\n\nmore\n",
		"SHA-256 commit":    "tree " + wide + "\nparent " + wide + "\nauthor " + person + "\ncommitter " + person + "\n\nmessage\n",
		"empty message":     commit("") + "\n",
		"no line break":     commit("") + "\nmessage",
		"blank lines in it": commit("") + "\n\n\nmessage\n\n",
	} {
		if ids := LoggedIDs([]byte(payload), []byte(armor), ""); !has(ids, byGoGit(t, payload)) {
			t.Errorf("%s: %v has not what go-git makes of it", name, ids)
		}
	}
}

func hashOf(kind, raw string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, len(raw), raw))
	return hex.EncodeToString(sum[:])
}

// The object's own id, and what is said of each form.
func TestLoggedIDs(t *testing.T) {
	payload := commit("") + "\nmessage\n"
	folded := "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(armor, "\n"), "\n", "\n ") + "\n"
	id := hashOf("commit", commit("")+folded+"\nmessage\n")
	for trueID, form := range map[string]string{
		"": "the object's id", id: "the object's id",
		strings.Repeat("1", 40): "SHA-1 of the object with its signature last",
		strings.Repeat("1", 64): "SHA-1 of the object with its signature last",
	} {
		ids := LoggedIDs([]byte(payload), []byte(armor), trueID)
		if !slices.Contains(ids, LoggedID{id, form}) {
			t.Errorf("true id %q: %v has not %s as %s", trueID, ids, id, form)
		}
		if has(ids, trueID) != (len(trueID) == 40) {
			t.Errorf("true id %q: %v", trueID, ids)
		}
	}
	tag := "object " + tree + "\ntype commit\ntag v1\ntagger " + person + "\n\nv1\n"
	ids := LoggedIDs([]byte(tag), []byte(armor), "")
	for _, kind := range []string{"tag", "commit"} {
		if !has(ids, hashOf(kind, tag+armor)) {
			t.Errorf("%v has not the tag as %s", ids, kind)
		}
	}
	for _, other := range []string{"", "certificate version 0.1\n", "tree x\n", "object " + tree + "\n"} {
		if ids := LoggedIDs([]byte(other), []byte(armor), ""); ids != nil {
			t.Errorf("%q: %v", other, ids)
		}
	}
}

// Notes lie under the object's true id, of either object format.
func TestObjectIDs(t *testing.T) {
	payload := commit("") + "\nmessage\n"
	folded := strings.ReplaceAll(strings.TrimSuffix(armor, "\n"), "\n", "\n ") + "\n"
	ids := ObjectIDs([]byte(payload), []byte(armor))
	if len(ids) != 2 || ids[0] != hashOf("commit", commit("")+"gpgsig "+folded+"\nmessage\n") || len(ids[1]) != 64 {
		t.Errorf("%q", ids)
	}
	tag := "object " + tree + "\ntype commit\ntag v1\ntagger " + person + "\n\nv1\n"
	if ids := ObjectIDs([]byte(tag), []byte(armor)); len(ids) != 2 || ids[0] != hashOf("tag", tag+armor) {
		t.Errorf("%q", ids)
	}
	if ids := ObjectIDs([]byte("certificate version 0.1\n\n"), []byte(armor)); ids != nil {
		t.Errorf("%q", ids)
	}
}
