package history_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/verdict"
)

const (
	goodCommit = "commit valid"
	goodTag    = "tag valid"
)

func TestObjects(t *testing.T) {
	for _, format := range []git.Format{git.SHA1, git.SHA256} {
		t.Run(format.String(), func(t *testing.T) {
			r := newRepo(t, format)
			commit := r.signed(git.Commit, r.commit("a commit"))
			tag := r.signed(git.Tag, r.tag("v1", "commit", commit))
			r.git("update-ref", "refs/heads/main", commit)
			r.git("update-ref", "refs/tags/v1", tag)
			r.expect("HEAD", goodCommit)
			r.expect("main", goodCommit)
			r.expect(commit, goodCommit)
			r.expect("v1^{commit}", goodCommit)
			for _, rev := range []string{"v1", "tags/v1", "refs/tags/v1", tag} {
				out := r.expect(rev, goodTag, goodCommit)
				wantRef := "refs/tags/v1"
				if rev == tag {
					wantRef = ""
				}
				if out[0].Ref != wantRef || out[1].Ref != "" || out[0].ID != tag || out[1].ID != commit {
					t.Errorf("%s: refs %q and %q, ids %s and %s", rev, out[0].Ref, out[1].Ref, out[0].ID, out[1].ID)
				}
				if s := out[0].Signer; s == nil || s.Name != "alice@example.com" {
					t.Errorf("%s: signer %+v", rev, s)
				}
			}
		})
	}
}

func TestNotOurs(t *testing.T) {
	r := newRepo(t, git.SHA1)
	payload := r.commit("a commit")
	r.expect(r.write("commit", []byte(payload)), "commit unsigned")
	r.expect(r.write("tag", []byte(r.tag("v1", "tree", r.tree))), "tag unsigned")
	r.expect(r.write("commit", r.join(git.Commit, payload, []byte(pgpSigned))), "commit unknown material/other-signature")
	r.expect(r.write("commit", r.join(git.Commit, payload, []byte(sshSigned))), "commit unknown material/other-signature")
	r.expect(r.write("tag", r.join(git.Tag, r.tag("v1", "tree", r.tree), []byte(pgpSigned))), "tag unknown material/other-signature")
	r.expect(r.write("commit", []byte("tree")), "commit malformed syntax/object-kind")
	if o := r.verify(r.write("commit", []byte(payload)))[0]; o.Verdict != verdict.Unsigned || o.Signer != nil {
		t.Errorf("unsigned: %+v", o.Result)
	}
}

// Attack 16: a tag under another name than the signed one.
func TestTagNames(t *testing.T) {
	r := newRepo(t, git.SHA1)
	commit := r.signed(git.Commit, r.commit("a commit"))
	tag := r.signed(git.Tag, r.tag("v1", "commit", commit))
	inner := r.signed(git.Tag, r.tag("inner", "tag", tag))
	unsigned := r.write("tag", []byte(r.tag("v0", "commit", commit)))
	for ref, id := range map[string]string{
		"refs/tags/v1": tag, "refs/tags/v2": tag, "refs/tags/V1": tag, "refs/tags/x/v1": tag, "refs/other/v2": tag,
		"refs/tags/inner": inner, "refs/tags/v9": unsigned, "refs/tags/light": commit,
	} {
		r.git("update-ref", ref, id)
	}
	const otherName = "tag bad binding/tag-name"
	r.expect("v1", goodTag, goodCommit)
	r.expect("refs/tags/v2", otherName, goodCommit)
	r.expect("v2", otherName, goodCommit)
	r.expect("V1", otherName, goodCommit)
	r.expect("x/v1", otherName, goodCommit)
	r.expect("light", goodCommit)
	r.expect("refs/other/v2", goodTag, goodCommit) // not under refs/tags: nobody said what it is called
	r.expect(tag, goodTag, goodCommit)
	r.expect("inner", goodTag, goodTag, goodCommit) // the tag inside was reached by no ref
	r.expect("v9", "tag unsigned", goodCommit)      // no signature that a name could contradict
	r.git("update-ref", "refs/heads/v2", commit)    // makes the short name ambiguous, and changes nothing
	r.expect("v2", otherName, goodCommit)
	r.expect("v2^{tag}", otherName, goodCommit)
	if s := r.verify("v2")[0].Signer; s != nil {
		t.Errorf("signer %+v of a tag under another name", s)
	}
}

// Attack 16: a tag that lies about what it leads to.
func TestTagTargets(t *testing.T) {
	r := newRepo(t, git.SHA1)
	const lies = "tag bad binding/tag-target-type"
	missing := strings.Repeat("1", 40)
	commit := r.signed(git.Commit, r.commit("a commit"))
	blob := r.write("blob", []byte("a blob"))
	tag := r.signed(git.Tag, r.tag("v1", "commit", commit))
	for name, tt := range map[string]struct {
		payload string
		want    []string
	}{
		"a blob":                     {r.tag("t", "blob", blob), []string{goodTag}},
		"a tree":                     {r.tag("t", "tree", r.tree), []string{goodTag}},
		"a tag":                      {r.tag("t", "tag", tag), []string{goodTag, goodTag, goodCommit}},
		"a commit said to be a blob": {r.tag("t", "blob", commit), []string{lies, goodCommit}},
		"a commit said to be a tag":  {r.tag("t", "tag", commit), []string{lies, goodCommit}},
		"a blob said to be a commit": {r.tag("t", "commit", blob), []string{lies}},
		"a tag said to be a commit":  {r.tag("t", "commit", tag), []string{lies, goodTag, goodCommit}},
		"nothing that is here":       {r.tag("t", "commit", missing), []string{goodTag}},
		"an unsigned commit": {
			r.tag("t", "commit", r.write("commit", []byte(r.commit("unsigned")))), []string{goodTag, "commit unsigned"},
		},
		"an id of another format": {r.tag("t", "commit", strings.Repeat("1", 64)), []string{"tag malformed syntax/object-format"}},
		"a type that is none":     {r.tag("t", "branch", commit), []string{"tag malformed syntax/object-type", goodCommit}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := append([]byte(tt.payload), r.sign(tt.payload)...)
			r.expect(r.write("tag", raw), tt.want...)
		})
	}
}

// Tags of tags are followed, so far and no further.
func TestTagsOfTags(t *testing.T) {
	r := newRepo(t, git.SHA1)
	id, kind := r.signed(git.Commit, r.commit("a commit")), "commit"
	want := []string{goodCommit}
	for i := range 16 {
		id, kind = r.signed(git.Tag, r.tag(fmt.Sprint("t", i), kind, id)), "tag"
		want = append([]string{goodTag}, want...)
	}
	r.expect(id, want...)
	id = r.signed(git.Tag, r.tag("one-more", kind, id))
	if out, err := history.Verify(context.Background(), gitcmd.New(r.dir, r.env), id, r.trust()); err == nil || out != nil {
		t.Errorf("17 tags: %d objects, %v", len(out), err)
	}
}

// Attack 17, with the object's type as the only difference: bytes that are a
// signed tag stored as a commit, and the other way round.
func TestStoredAsAnotherType(t *testing.T) {
	r := newRepo(t, git.SHA1)
	tag := r.tag("v1", "tree", r.tree)
	headers, message, _ := strings.Cut(tag, "\n\n")
	armored := strings.TrimSuffix(string(r.sign(tag)), "\n")
	asCommit := headers + "\ngpgsig " + strings.ReplaceAll(armored, "\n", "\n ") + "\n\n" + message
	r.expect(r.write("commit", []byte(asCommit)), "commit malformed syntax/object-kind")

	commit := r.commit("a commit")
	id := r.write("tag", append([]byte(commit), r.sign(commit)...))
	r.expect(id, "tag malformed syntax/object-kind")
	ref := filepath.Join(r.dir, ".git", "refs", "tags", "v1") // git itself would not make it
	if err := os.WriteFile(ref, []byte(id+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.expect("refs/tags/v1", "tag malformed syntax/object-kind")
}

// Attack 19: bytes under an id that is not theirs.
func TestAnotherObjectUnderTheID(t *testing.T) {
	r := newRepo(t, git.SHA1)
	payload := r.commit("good")
	good := r.join(git.Commit, payload, r.sign(payload))
	asked := r.write("commit", []byte(r.commit("asked for")))
	r.plant(asked, "commit", good)
	if got := r.git("cat-file", "commit", asked); got+"\n" != string(good) {
		t.Fatal("git itself noticed; the test needs another way to plant an object")
	}
	r.expect(asked, "commit bad binding/object-id")
	r.expect(r.write("tag", []byte(r.tag("v1", "commit", asked))), "tag unsigned", "commit bad binding/object-id")
}

// plant puts an object under another one's id.
func (r *repo) plant(id, kind string, raw []byte) {
	r.t.Helper()
	path := filepath.Join(r.dir, ".git", "objects", id[:2], id[2:])
	var loose bytes.Buffer
	w := zlib.NewWriter(&loose)
	fmt.Fprintf(w, "%s %d\x00%s", kind, len(raw), raw)
	if err := errors.Join(w.Close(), os.Remove(path), os.WriteFile(path, loose.Bytes(), 0o600)); err != nil {
		r.t.Fatal(err)
	}
}

// Attack 18: what git shows in the place of an object is not what is verified.
func TestReplacements(t *testing.T) {
	r := newRepo(t, git.SHA1)
	signed := r.signed(git.Commit, r.commit("signed"))
	unsigned := r.write("commit", []byte(r.commit("unsigned")))
	other := r.signed(git.Commit, r.commit("another"))
	r.git("replace", signed, r.write("commit", []byte(r.commit("in its place"))))
	r.git("replace", unsigned, other)
	if got := r.git("log", "--format=%s", signed); got != "in its place" {
		t.Fatalf("git does not replace: %s", got)
	}
	r.expect(signed, goodCommit)
	r.expect(unsigned, "commit unsigned")

	graft := signed + " " + other + "\n"
	if err := os.WriteFile(filepath.Join(r.dir, ".git", "info", "grafts"), []byte(graft), 0o600); err != nil {
		t.Fatal(err)
	}
	r.expect(signed, goodCommit)
	r.env = append(r.env, "GIT_REPLACE_REF_BASE=refs/replace/", "GIT_GRAFT_FILE="+filepath.Join(r.dir, ".git", "info", "grafts"))
	r.expect(signed, goodCommit)
}

// Attack 20: no name is taken for an option, and none that is strange for a name.
func TestStrangeRevisions(t *testing.T) {
	r := newRepo(t, git.SHA1)
	commit := r.signed(git.Commit, r.commit("a commit"))
	r.git("update-ref", "refs/heads/main", commit)
	r.git("update-ref", "refs/tags/--all", commit) // git takes a full name for it
	for name, rev := range map[string]string{
		"nothing":              "",
		"an option":            "--output=x",
		"another option":       "-h",
		"options of rev-parse": "--all",
		"a tag like an option": "--all",
		"a newline":            "main\nHEAD",
		"a newline after":      commit + "\n",
		"NUL":                  "main\x00",
		"escape":               "\x1b[31mmain",
		"5000 bytes":           strings.Repeat("m", 5000),
		"not in":               "^main",
		"several":              "main main",
		"all parents":          "main^@",
		"not here":             "release",
	} {
		t.Run(name, func(t *testing.T) {
			out, err := history.Verify(context.Background(), gitcmd.New(r.dir, r.env), rev, r.trust())
			if !errors.Is(err, gitcmd.ErrRevision) || out != nil {
				t.Errorf("%q: %v, %v", rev, out, err)
			}
		})
	}
	r.expect("refs/tags/--all", goodCommit)
	if _, err := os.Stat(filepath.Join(r.dir, "x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file named by an option: %v", err)
	}
}

// What is not signed in git, or not there, is an error and not a verdict.
func TestNoObject(t *testing.T) {
	r := newRepo(t, git.SHA1)
	blob := r.write("blob", []byte("a blob"))
	for name, tt := range map[string]struct {
		rev  string
		want error
	}{
		"a blob":   {blob, nil},
		"a tree":   {r.tree, nil},
		"not here": {strings.Repeat("1", 40), gitcmd.ErrMissing},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := history.Verify(context.Background(), gitcmd.New(r.dir, r.env), tt.rev, r.trust())
			if err == nil || out != nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v, %v", out, err)
			}
		})
	}
	if _, err := history.Verify(context.Background(), gitcmd.New(t.TempDir(), r.env), "HEAD", r.trust()); err == nil {
		t.Error("a folder that is no repository has a HEAD")
	}
}

// Object is given bytes; a signature moved between two objects is none.
func TestMovedSignature(t *testing.T) {
	r := newRepo(t, git.SHA1)
	a, b := r.commit("A"), r.commit("B")
	r.expect(r.write("commit", r.join(git.Commit, b, r.sign(a))), "commit bad binding/message-digest-value")
	tag := r.tag("v1", "tree", r.tree)
	r.expect(r.write("tag", r.join(git.Tag, tag, r.sign(a))), "tag bad binding/message-digest-value")
	r.expect(r.write("commit", r.join(git.Commit, a, r.sign(tag))), "commit bad binding/message-digest-value")
}
