package oldway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/testpki"
)

const (
	tree40 = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
	tree64 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
	people = "author Alice <alice@example.com> 1650000000 +0200\ncommitter Bob <bob@example.com> 1650000001 -0730\n"
)

// selfSigned signs like a Signer of Fulcio's: ids do not ask for whom.
func selfSigned(t *testing.T) *Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "alice"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Signer{leaf, key}
}

func signed(t *testing.T, f git.Format, kind git.Type, raw string) (object []byte, id string) {
	t.Helper()
	object, err := git.Sign(t.Context(), f, kind, []byte(raw), selfSigned(t))
	if err != nil {
		t.Fatal(err)
	}
	if id, err = git.Hash(f, kind, object); err != nil {
		t.Fatal(err)
	}
	return object, id
}

// known fails the test unless paraph, too, thinks that id can have been logged.
func known(t *testing.T, f git.Format, kind git.Type, object []byte, id string) {
	t.Helper()
	o, err := git.Split(f, kind, object)
	if err != nil {
		t.Fatal(err)
	}
	itself, err := git.Hash(f, kind, object)
	if err != nil {
		t.Fatal(err)
	}
	ids := proof.LoggedIDs(o.Payload, o.Signature, itself)
	if !slices.ContainsFunc(ids, func(l proof.LoggedID) bool { return l.ID == id }) {
		t.Errorf("paraph does not think of %s: %v", id, ids)
	}
}

func TestCommitIDs(t *testing.T) {
	parent := "parent " + strings.Repeat("ab", 20) + "\n"
	mergetag := "mergetag object " + strings.Repeat("ab", 20) + "\n type commit\n tag v1\n \n One\n"
	for _, tt := range []struct{ name, raw, lost string }{
		{"first", "tree " + tree40 + "\n" + people + "\nFirst\n", ""},
		{"merge", "tree " + tree40 + "\n" + parent + parent + people + "\nMerge\n", ""},
		{"no newline", "tree " + tree40 + "\n" + people + "\nFirst", ""},
		{"encoding", "tree " + tree40 + "\n" + people + "encoding ISO-8859-1\n\nTest \xe9\n", "encoding ISO-8859-1\n"},
		{"merge of a tag", "tree " + tree40 + "\n" + parent + people + mergetag + "\nMerge\n", mergetag},
	} {
		object, itself := signed(t, git.SHA1, git.Commit, tt.raw)
		want := sha1Of("commit", strings.Replace(string(object), tt.lost, "", 1))
		got, err := CommitID(git.SHA1, object)
		if err != nil || got != want || (got == itself) != (tt.lost == "") {
			t.Errorf("%s: %s, %v, want %s; the commit is %s", tt.name, got, err, want, itself)
		}
		known(t, git.SHA1, git.Commit, object, got)
	}
}

func TestCommitIDOfRealCommits(t *testing.T) {
	objects, _ := testpki.Corpus(t)
	n := 0
	for _, o := range objects {
		if o.Type != "commit" || o.Mode != "online" {
			continue
		}
		n++
		if got, err := CommitID(git.SHA1, o.Raw); err != nil || got != o.ID {
			t.Errorf("%s: %s, %v", o.ID, got, err)
		}
	}
	if n == 0 {
		t.Error("the corpus has no commit of this sort")
	}
}

// sha1Of is the id of an object made by hand.
func sha1Of(kind, raw string) string {
	return fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "%s %d\x00%s", kind, len(raw), raw)))
}

// In a SHA-256 repository the header has another name, and go-git cuts ids.
func TestCommitIDOfSHA256(t *testing.T) {
	parent := strings.Repeat("ab", 32)
	object, _ := signed(t, git.SHA256, git.Commit, "tree "+tree64+"\nparent "+parent+"\n"+people+"\nSecond\n")
	want := strings.NewReplacer(tree64, tree64[:40], parent, parent[:40], "\ngpgsig-sha256 ", "\ngpgsig ").Replace(string(object))
	got, err := CommitID(git.SHA256, object)
	if err != nil || got != sha1Of("commit", want) {
		t.Errorf("%s, %v, want the id of\n%s", got, err, want)
	}
	known(t, git.SHA256, git.Commit, object, got)
}

func TestTagIDs(t *testing.T) {
	raw := "object " + strings.Repeat("ab", 20) + "\ntype commit\ntag v1\ntagger Alice <alice@example.com> 1650000000 +0000\n\nThe first\n"
	object, id := signed(t, git.SHA1, git.Tag, raw)
	armor := strings.TrimSuffix(strings.TrimPrefix(string(object), raw), "\n")
	asCommit := "tree " + strings.Repeat("0", 40) + "\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\n" +
		"gpgsig " + strings.ReplaceAll(armor, "\n", "\n ") + "\n\nThe first\n"
	got, err := TagAsCommitID(git.SHA1, object)
	if err != nil || got != sha1Of("commit", asCommit) {
		t.Errorf("as a commit %s, %v, want the id of\n%s", got, err, asCommit)
	}
	for _, logged := range []string{got, HeaderID(object), TagID(object)} {
		known(t, git.SHA1, git.Tag, object, logged)
	}
	if got := HeaderID(object); got != sha1Of("commit", string(object)) {
		t.Errorf("under a commit's header %s", got)
	}
	if got := TagID(object); got != id {
		t.Errorf("its own %s, want %s", got, id)
	}
}
