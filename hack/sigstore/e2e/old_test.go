package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/hack/sigstore/oldway"
)

// logJobs is how many entries are sent to Rekor v1 at a time.
const logJobs = 8

// An old object is one signed as gitsign does: the proof is in the log, or
// nowhere yet.
type oldObject struct {
	kind   git.Type
	id     string
	raw    []byte
	by     *oldway.Signer
	logged string        // the id that goes to the log
	proof  *oldway.Proof // nil until then
}

func certify(t *testing.T, claims map[string]any) *oldway.Signer {
	t.Helper()
	needLog(t, logVersions[0])
	s, err := oldway.Certify(t.Context(), servers, claims)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// newOldUser is a user who verifies what is proven by Rekor v1.
func newOldUser(t *testing.T) *user {
	t.Helper()
	needLog(t, logVersions[0])
	return newUser(t, logVersions[0], "")
}

// oldHistory makes a history of commits on main, and tags on its last ones,
// that are signed and not logged. by says who signs the nth object.
func (u *user) oldHistory(f git.Format, commits, tags int, by func(n int) *oldway.Signer) []*oldObject {
	u.t.Helper()
	tree, parent := u.git("hash-object", "-t", "tree", "-w", "/dev/null"), ""
	var objects []*oldObject
	for n := range commits {
		raw := fmt.Sprintf("tree %s\n%sauthor Alice <%s> 1700000000 +0000\ncommitter Alice <%s> 1700000000 +0000\n\nCommit %d of %s\n",
			tree, parent, alice, alice, n, u.root)
		o := u.signOld(f, git.Commit, raw, by(n))
		objects, parent = append(objects, o), "parent "+o.id+"\n"
	}
	for n := range tags {
		raw := fmt.Sprintf("object %s\ntype commit\ntag v%d\ntagger Alice <%s> 1700000000 +0000\n\nTag %d of %s\n",
			objects[commits-1-n%commits].id, n, alice, n, u.root)
		objects = append(objects, u.signOld(f, git.Tag, raw, by(commits+n)))
	}
	u.storeOld(objects)
	refs := fmt.Sprintf("create refs/heads/main %s\n", objects[commits-1].id)
	for n, o := range objects[commits:] {
		refs += fmt.Sprintf("create refs/tags/v%d %s\n", n, o.id)
	}
	if r := u.run(refs, "git", "update-ref", "--stdin"); r.status != 0 {
		u.t.Fatal(r.stderr)
	}
	return objects
}

// signOld signs an object, and does not store it.
func (u *user) signOld(f git.Format, kind git.Type, unsigned string, by *oldway.Signer) *oldObject {
	u.t.Helper()
	raw, err := git.Sign(u.t.Context(), f, kind, []byte(unsigned), by)
	if err != nil {
		u.t.Fatal(err)
	}
	o := &oldObject{kind: kind, raw: raw, by: by}
	if o.id, err = git.Hash(f, kind, raw); err != nil {
		u.t.Fatal(err)
	}
	if kind == git.Tag {
		o.logged = oldway.TagID(raw)
	} else if o.logged, err = oldway.CommitID(f, raw); err != nil {
		u.t.Fatal(err)
	}
	return o
}

// storeOld has git store the objects, all of a kind at once, and name them.
func (u *user) storeOld(objects []*oldObject) {
	u.t.Helper()
	dir := u.t.TempDir()
	for _, kind := range []git.Type{git.Commit, git.Tag} {
		var files, ids strings.Builder
		for _, o := range objects {
			if o.kind == kind {
				name := filepath.Join(dir, o.id)
				writeFile(u.t, name, o.raw)
				fmt.Fprintln(&files, name)
				fmt.Fprintln(&ids, o.id)
			}
		}
		if r := u.run(files.String(), "git", "hash-object", "-t", string(kind), "-w", "--stdin-paths"); r.stdout != ids.String() {
			u.t.Fatalf("git names the objects otherwise: %s", r.stderr)
		}
	}
}

// logAll logs what the objects say, several at a time.
func logAll(t *testing.T, objects []*oldObject) {
	t.Helper()
	var workers sync.WaitGroup
	next := make(chan *oldObject)
	failures := make(chan error, len(objects))
	for range logJobs {
		workers.Go(func() {
			for o := range next {
				var err error
				if o.proof, err = (oldway.Log{URL: servers.Endpoints.Rekor1}).Add(t.Context(), o.by, o.logged); err != nil {
					failures <- err
				}
			}
		})
	}
	for _, o := range objects {
		next <- o
	}
	close(next)
	workers.Wait()
	close(failures)
	for err := range failures {
		t.Fatal(err)
	}
}

// line is the object's proof as a line of a note, with its end.
func (o *oldObject) line(t *testing.T) []byte {
	t.Helper()
	b, err := o.proof.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// note gives an object a note, or another one.
func (u *user) note(id string, lines ...[]byte) {
	u.t.Helper()
	file := filepath.Join(u.root, "note")
	writeFile(u.t, file, bytes.Join(lines, nil))
	defer os.Remove(file)
	blob := u.git("hash-object", "-w", file) // as it is: git notes add -F would strip it
	u.git("notes", "--ref=sigstore", "add", "-f", "-C", blob, id)
}

// checkNoted wants a report on just these objects, each proven by a note.
func checkNoted(t *testing.T, got report, objects []*oldObject, verdict string) {
	t.Helper()
	asked, want := map[string]bool{}, map[string]bool{}
	for _, o := range objects {
		asked[o.id], want[o.id] = true, true
	}
	for _, v := range got.Results { // a commit comes once more with its tag
		if !asked[v.ID] {
			t.Errorf("%s %s: nobody asked for it", v.Type, v.ID)
		}
		delete(want, v.ID)
		if v.Verdict != verdict {
			t.Errorf("%s %s is %s, want %s: %+v", v.Type, v.ID, v.Verdict, verdict, v.Error)
		} else if v.Log == nil || v.Log.Source != "note" || v.Log.Kind != "hashedrekord 0.0.1" || v.Times.Log == nil {
			t.Errorf("%s %s: log %+v", v.Type, v.ID, v.Log)
		}
	}
	for id := range want {
		t.Errorf("no result for %s", id)
	}
}

// ids names the objects, for a command line.
func ids(objects []*oldObject) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.id)
	}
	return out
}

// The helpers of this file make what gitsign leaves behind: without a note
// nothing is proven, with it all is, also where nobody can be asked.
func TestOldSignatures(t *testing.T) {
	t.Parallel()
	for _, f := range []git.Format{git.SHA1, git.SHA256} {
		t.Run(f.String(), func(t *testing.T) {
			u := newOldUser(t)
			u.in(".").git("init", "-q", "--object-format="+f.String(), "old")
			u = u.in("old")
			signer := certify(t, nil)
			objects := u.oldHistory(f, 3, 1, func(int) *oldway.Signer { return signer })
			logAll(t, objects)
			if got, status := u.verify(ids(objects)...); status != 1 || got.Summary["unproven"] != len(got.Results) {
				t.Errorf("without notes: exit status %d, %v", status, got.Summary)
			}
			for _, o := range objects {
				u.note(o.id, o.line(t))
			}
			got, status := u.verifyOffline(ids(objects)...)
			if status != 1 {
				t.Errorf("exit status %d: valid is no success where nobody is trusted", status)
			}
			checkNoted(t, got, objects, "valid")
			if letter := u.letter("main"); letter != "U" {
				t.Errorf("git log says %s", letter)
			}
		})
	}
}
