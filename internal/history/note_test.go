package history_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// signer is alice, with a certificate of her own.
func (r *repo) signer() *testpki.OldSigner {
	return r.pki.OldSigner(testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"})
}

// line logs a second signature over an id and returns the line of its bundle.
func (r *repo) line(s *testpki.OldSigner, id string) string {
	r.t.Helper()
	e, err := rekor.ParseV1Response(s.Log(id).V1JSON())
	if err != nil {
		r.t.Fatal(err)
	}
	b, err := proof.New(e)
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := b.JSON()
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text) + "\n"
}

func (r *repo) note(id string, lines ...string) {
	r.t.Helper()
	blob := r.gitWith([]byte(strings.Join(lines, "")), "hash-object", "-w", "--stdin")
	r.git("-c", "user.name=A", "-c", "user.email=a@b", "notes", "--ref=sigstore", "add", "-f", "-C", blob, id)
}

// old stores an object that was signed the old way.
func (r *repo) old(kind git.Type, payload string) (id string, by *testpki.OldSigner, raw []byte) {
	r.t.Helper()
	by = r.signer()
	raw = r.join(kind, payload, by.Sign([]byte(payload)))
	return r.write(string(kind), raw), by, raw
}

// A note lifts what is unproven, for each kind of object and format.
func TestNotes(t *testing.T) {
	for _, format := range []git.Format{git.SHA1, git.SHA256} {
		t.Run(format.String(), func(t *testing.T) {
			r := newRepo(t, format)
			for kind, payload := range map[git.Type]string{git.Commit: r.commit("old"), git.Tag: r.tag("v1", "tree", r.tree)} {
				id, by, raw := r.old(kind, payload)
				r.expect(id, string(kind)+" unproven proof/no-entry")
				logged, err := git.Hash(git.SHA1, kind, raw)
				if err != nil {
					t.Fatal(err)
				}
				r.note(id, r.line(by, logged))
				got := r.expect(id, string(kind)+" valid")[0]
				if got.Log == nil || got.Log.Source != verify.SourceNote || got.LogTime.IsZero() || !strings.Contains(checkOf(got, verify.CheckEntry), "bound by SHA-1 "+logged) {
					t.Errorf("%s: %+v, %q", kind, got.Log, checkOf(got, verify.CheckEntry))
				}
			}
		})
	}
}

func checkOf(o report.Object, name string) string {
	for _, c := range o.Checks {
		if c.Name == name && c.OK {
			return c.Detail
		}
	}
	return ""
}

// A commit whose signature stands before other headers was logged under the id
// that it has with the signature last; so was a tag that was taken for a commit.
func TestNotesOfOtherForms(t *testing.T) {
	r := newRepo(t, git.SHA1)
	payload := strings.Replace(r.commit("old"), "\n\n", "\nencoding ISO-8859-1\n\n", 1)
	by := r.signer()
	armored := by.Sign([]byte(payload))
	last := r.join(git.Commit, payload, armored)
	signature := "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(string(armored), "\n"), "\n", "\n ") + "\n"
	early := strings.Replace(strings.Replace(string(last), signature, "", 1), "encoding ", signature+"encoding ", 1)
	id := r.write("commit", []byte(early))
	r.expect(id, "commit unproven proof/no-entry")
	logged, err := git.Hash(git.SHA1, git.Commit, last)
	if err != nil || logged == id {
		t.Fatalf("%v, %s", err, logged)
	}
	r.note(id, r.line(by, logged))
	got := r.expect(id, "commit valid")[0]
	if d := checkOf(got, verify.CheckEntry); !strings.Contains(d, "its signature last") {
		t.Errorf("%q", d)
	}

	id, by, raw := r.old(git.Tag, r.tag("v1", "tree", r.tree))
	logged = r.gitWith(raw, "hash-object", "-t", "commit", "--stdin", "--literally")
	r.note(id, r.line(by, logged))
	r.expect(id, "tag valid")
}

// What is in a note and does not prove is as absent: attacks of section D once
// more. A line that proves counts behind any that does not, up to the eighth.
func TestNotesThatProveNothing(t *testing.T) {
	r := newRepo(t, git.SHA1)
	id, by, _ := r.old(git.Commit, r.commit("old"))
	other, otherSigner, _ := r.old(git.Commit, r.commit("other"))
	good := r.line(by, id)
	mallory := r.signer()
	r.pki.Clock.Set(by.Leaf.NotAfter.Add(time.Second))
	late := r.line(by, id)
	r.pki.Clock.Set(testpki.DefaultTime)
	junk := strings.Repeat("junk\n", 8)
	for name, tt := range map[string]struct {
		note string
		want string
	}{
		"another object's":            {r.line(by, other), "note-object"},
		"another certificate's":       {r.line(mallory, id), "note-certificate"},
		"another commit's note":       {r.line(otherSigner, other), "note-certificate"},
		"logged after it had ended":   {late, "certificate-window"},
		"two bundles in a line":       {strings.TrimSpace(good) + good, "note-bundle"},
		"10 MB of JSON":               {strings.Repeat(`{"a":`, 2<<20), ""},
		"a line of 200 kB":            {strings.Repeat("x", 200<<10) + "\n", "note-bundle"},
		"nine lines, the last proves": {junk + good, "note-bundle"},
		"not UTF-8":                   {"\xff\xfe\x00\n", "note-bundle"},
	} {
		r.note(id, tt.note)
		got := r.expect(id, "commit unproven proof/no-entry")[0]
		var rule string
		if cause := got.Err.Unwrap(); cause != nil {
			rule = errorRule(cause)
		}
		if rule != tt.want {
			t.Errorf("%s: %s (%v), want %s", name, rule, got.Err, tt.want)
		}
	}
	r.note(id, "junk\n", r.line(by, other), good)
	r.expect(id, "commit valid")
}

// A note never makes anything worse, and is not read where an entry is
// embedded; a tree in its place is none.
func TestNotesNeverLower(t *testing.T) {
	r := newRepo(t, git.SHA1)
	id := r.signed(git.Commit, r.commit("new"))
	r.note(id, "junk\n")
	r.expect(id, "commit valid")
	raw := r.gitWith(nil, "cat-file", "commit", id) + "\n"
	bad := r.write("commit", bytes.Replace([]byte(raw), []byte("new"), []byte("bad"), 1))
	r.note(bad, r.line(r.signer(), bad))
	r.expect(bad, "commit bad binding/message-digest-value")

	old, by, _ := r.old(git.Commit, r.commit("old"))
	r.note(old, r.line(by, old))
	r.expect(old, "commit valid")
	r.git("update-ref", "-d", "refs/notes/sigstore")
	r.expect(old, "commit unproven proof/no-entry")
	// refs/notes/sigstore as a blob, and as a commit whose tree has a folder there.
	r.git("update-ref", "refs/notes/sigstore", r.gitWith([]byte("x"), "hash-object", "-w", "--stdin"))
	r.expect(old, "commit unproven proof/no-entry")
	tree := r.gitWith([]byte("040000 tree "+r.tree+"\t"+old+"\n"), "mktree")
	r.git("update-ref", "refs/notes/sigstore", r.git("-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", "-m", "x", tree))
	r.expect(old, "commit unproven proof/no-entry")
}

// Wherever git's fan-out puts a note, and wherever a merge left a second one.
func TestNotesFanOut(t *testing.T) {
	r := newRepo(t, git.SHA1)
	id, by, _ := r.old(git.Commit, r.commit("old"))
	good := r.gitWith([]byte(r.line(by, id)), "hash-object", "-w", "--stdin")
	junk := r.gitWith([]byte("junk"), "hash-object", "-w", "--stdin")
	for _, paths := range [][]string{
		{good, id},
		{good, id[:2] + "/" + id[2:]},
		{good, id[:2] + "/" + id[2:4] + "/" + id[4:]},
		{good, id[:2] + "/" + id[2:4] + "/" + id[4:6] + "/" + id[6:]},
		{junk, id, good, id[:2] + "/" + id[2:]},
	} {
		in := "commit refs/notes/sigstore\ncommitter A <a@b> 1777896000 +0000\ndata 1\nx\n"
		for i := 0; i < len(paths); i += 2 {
			in += "M 100644 " + paths[i] + " " + paths[i+1] + "\n"
		}
		r.gitWith([]byte(in), "fast-import", "--quiet", "--force")
		r.expect(id, "commit valid")
	}
}

func errorRule(err error) string {
	var e *verdict.Error
	if errors.As(err, &e) {
		return e.Rule
	}
	return err.Error()
}
