package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/hack/sigstore/oldway"
)

const notesRef = "refs/notes/sigstore"

// fetchProof runs paraph proof fetch, which must look everything up.
func (u *user) fetchProof(args ...string) {
	u.t.Helper()
	if out := u.must("paraph", append([]string{"proof", "fetch"}, args...)...); strings.Contains(out, "[GNUPG:]") {
		u.t.Errorf("it prints status lines: %s", out)
	}
}

// noted is how many objects have a note.
func (u *user) noted() int {
	u.t.Helper()
	r := u.run("", "git", "notes", "--ref=sigstore", "list")
	if r.status != 0 {
		u.t.Fatal(r.stderr)
	}
	return strings.Count(r.stdout, "\n")
}

// checkProven wants all objects to be valid by their notes where there is no
// network, and git to say so.
func checkProven(t *testing.T, u *user, objects []*oldObject) {
	t.Helper()
	got, status := u.verifyOffline(append([]string{"--any-signer"}, ids(objects)...)...)
	if status != 0 {
		t.Errorf("exit status %d", status)
	}
	checkNoted(t, got, objects, "valid")
	if r := u.run("", "unshare", "-rn", "paraph", "proof", "verify", "--all"); r.status != 0 {
		t.Errorf("proof verify: exit status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// checkLetters wants the same letter for each of the last n commits, without
// network.
func checkLetters(t *testing.T, u *user, letter string, n int) {
	t.Helper()
	r := u.run("", "unshare", "-rn", "git", "log", fmt.Sprintf("-%d", n), "--format=%G?", "main")
	if want := strings.Repeat(letter+"\n", n); r.stdout != want {
		t.Errorf("git log says %q, want %d of %s", strings.ReplaceAll(r.stdout, "\n", ""), n, letter)
	}
}

// Of the old commits many share a certificate, and many have one to
// themselves; of the tags some were logged under another id than their own.
const (
	oldCommits  = 200
	oldTags     = 20
	ownCerts    = 50 // commits with a certificate of their own
	sharedBy    = 30 // objects that share one, else
	someCommits = 20 // that are looked at one by one where all would take long
)

// fullHistory makes that history, and logs it.
func fullHistory(t *testing.T, u *user) []*oldObject {
	t.Helper()
	var shared *oldway.Signer
	objects := u.oldHistory(git.SHA1, oldCommits, oldTags, func(n int) *oldway.Signer {
		if n < ownCerts {
			return certify(t, nil)
		}
		if n%sharedBy == 0 || shared == nil {
			shared = certify(t, nil)
		}
		return shared
	})
	for n, o := range objects[oldCommits:] {
		switch n % 3 {
		case 1:
			var err error
			if o.logged, err = oldway.TagAsCommitID(git.SHA1, o.raw); err != nil {
				t.Fatal(err)
			}
		case 2:
			o.logged = oldway.HeaderID(o.raw)
		}
	}
	logAll(t, objects)
	return objects
}

// Signatures of the old way become valid for good: here, in a clone, and
// without a network.
func TestProofFetch(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	objects := fullHistory(t, u)
	some := objects[oldCommits-someCommits:] // the tags too
	if got, status := u.verify(ids(some)...); status != 1 || got.Summary["unproven"] != len(got.Results) {
		t.Errorf("before: exit status %d, %v", status, got.Summary)
	}
	checkLetters(t, u, "E", someCommits)

	u.fetchProof("--all")
	checkProven(t, u, objects)
	checkLetters(t, u, "U", oldCommits)
	u.trust(alice, servers.Endpoints.Issuer)
	checkLetters(t, u, "G", someCommits)
	u.trust("", "")
	if n := u.noted(); n != len(objects) {
		t.Errorf("%d notes for %d objects", n, len(objects))
	}
	before := u.git("rev-parse", notesRef)
	u.fetchProof("--all")
	if after := u.git("rev-parse", notesRef); after != before {
		t.Error("there was nothing left to fetch, and the notes changed")
	}

	u.in(".").git("init", "-q", "--bare", "server.git")
	u.git("push", "-q", "--tags", "../server.git", "main", notesRef)
	u.in(".").git("clone", "-q", "server.git", "clone")
	clone := u.in("clone")
	if got, _ := clone.verify(ids(some)...); got.Summary["unproven"] != len(got.Results) {
		t.Errorf("before the notes came: %v", got.Summary)
	}
	clone.git("fetch", "-q", "origin", notesRef+":"+notesRef)
	checkProven(t, clone, objects)
	checkLetters(t, clone, "U", someCommits)
}

// gitsign in a repository of the other format logs a SHA-1 that no object has.
func TestProofFetchSHA256(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	u.in(".").git("init", "-q", "--object-format=sha256", "sha256")
	u = u.in("sha256")
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA256, 5, 2, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	u.fetchProof("--all")
	checkProven(t, u, objects)
}

// Where the log cannot be asked nothing is written, and the status says that
// nothing is known.
func TestProofFetchWithoutNetwork(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA1, 2, 0, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	if r := u.run("", "unshare", "-rn", "paraph", "proof", "fetch", "--all"); r.status != 3 || r.stderr == "" {
		t.Errorf("exit status %d: %s", r.status, r.stderr)
	}
	if n := u.noted(); n != 0 {
		t.Errorf("%d notes", n)
	}
	u.fetchProof("--all")
	checkProven(t, u, objects)
}

// A run that dies leaves nothing half done, and the next one goes on.
func TestProofFetchKilled(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA1, 30, 3, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	for _, after := range []time.Duration{20, 50, 100, 200, 400} {
		u.killed(after*time.Millisecond, "proof", "fetch", "--all")
		u.must("paraph", "proof", "verify", "--all")
	}
	u.fetchProof("--all")
	if n := u.noted(); n != len(objects) {
		t.Errorf("%d notes for %d objects", n, len(objects))
	}
	checkProven(t, u, objects)
}

// paraph proof verify finds the line that does not prove, also beside one that
// does.
func TestProofVerify(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA1, 2, 0, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	first, second := objects[0], objects[1]
	u.note(first.id, first.line(t))
	u.note(second.id, second.line(t), first.line(t))
	r := u.run("", "paraph", "proof", "verify", "--all")
	if out := r.stdout + r.stderr; r.status != 1 || !strings.Contains(out, second.id) {
		t.Errorf("exit status %d, want 1 and the name of %s: %s", r.status, second.id, out)
	}
	if listed := u.must("paraph", "proof", "list", "--all"); !strings.Contains(listed, first.id) || !strings.Contains(listed, second.id) {
		t.Errorf("listed: %s", listed)
	}
	u.note(second.id, second.line(t))
	u.must("paraph", "proof", "verify", "--all")
}

// Two people fetch proof, of some commits both, and the log has grown between:
// their notes merge as paraph has set git up, and each line is of worth.
func TestProofsOfTwoClonesMerge(t *testing.T) {
	t.Parallel()
	const commits, early, late = 40, 30, 10 // one fetches up to early, the other from late
	u := newOldUser(t)
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA1, commits, 0, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	u.in(".").git("init", "-q", "--bare", "server.git")
	u.git("push", "-q", "../server.git", "main")
	for _, name := range []string{"one", "two"} {
		u.in(".").git("clone", "-q", "server.git", name)
	}
	one, two := u.in("one"), u.in("two")
	one.fetchProof(objects[0].id + ".." + objects[early].id)
	more := u.signOld(git.SHA1, git.Commit, string(u.object("commit", u.git("commit-tree", "-m", "More", "main^{tree}"))), signer)
	logAll(t, []*oldObject{more})
	two.fetchProof(objects[late].id + ".." + objects[commits-1].id)

	one.git("push", "-q", "origin", notesRef)
	if r := two.run("", "git", "push", "-q", "origin", notesRef); r.status == 0 {
		t.Fatal("there was nothing to merge")
	}
	two.git("fetch", "-q", "origin", notesRef+":refs/notes/theirs")
	two.git("notes", "--ref=sigstore", "merge", "-q", "refs/notes/theirs")
	two.git("push", "-q", "origin", notesRef)
	one.git("fetch", "-q", "origin", "+"+notesRef+":"+notesRef)
	for _, clone := range []*user{one, two} {
		checkProven(t, clone, objects[1:])
		both := clone.git("notes", "--ref=sigstore", "show", objects[late+1].id)
		if n := strings.Count(both+"\n", "\n"); n != 2 {
			t.Errorf("%d lines for what both had fetched", n)
		}
	}
}
