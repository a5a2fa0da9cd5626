package gitcmd

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEnviron(t *testing.T) {
	got := Environ([]string{
		"HOME=/home/a", "GIT_DIR=/r", "GIT_WORK_TREE=/w", "GIT_COMMON_DIR=/c", "GIT_OBJECT_DIRECTORY=/o",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES=/a", "GIT_QUARANTINE_PATH=/q", "GIT_CEILING_DIRECTORIES=/",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=a.b", "GIT_CONFIG_VALUE_0=c", "GIT_CONFIG_PARAMETERS='a.b'='c'", "GIT_CONFIG_NOSYSTEM=1",
		// What could show other objects, run other programs or write elsewhere.
		"GIT_REPLACE_REF_BASE=refs/evil", "GIT_GRAFT_FILE=/evil", "GIT_NO_REPLACE_OBJECTS=0", "GIT_NO_LAZY_FETCH=0", "GIT_SHALLOW_FILE=/evil",
		"GIT_INDEX_FILE=/i", "GIT_EXTERNAL_DIFF=evil", "GIT_SSH_COMMAND=evil", "GIT_EXEC_PATH=/evil", "GIT_NAMESPACE=n", "GIT_TRACE=/evil", "GIT_CONFIG=/evil", "GIT_PREFIX=x",
	})
	want := []string{
		"HOME=/home/a", "GIT_DIR=/r", "GIT_WORK_TREE=/w", "GIT_COMMON_DIR=/c", "GIT_OBJECT_DIRECTORY=/o",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES=/a", "GIT_QUARANTINE_PATH=/q", "GIT_CEILING_DIRECTORIES=/",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=a.b", "GIT_CONFIG_VALUE_0=c", "GIT_CONFIG_PARAMETERS='a.b'='c'", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=/dev/null", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "GIT_ALLOW_PROTOCOL=", "GIT_FLUSH=0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A repository with two commits, first and second, and a tag of a tag.
type fixture struct {
	dir           string
	env           []string
	first, second string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{dir: filepath.Join(t.TempDir(), "repo"), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1",
	}}
	f.git(t, "init", "--quiet", "--initial-branch=main", f.dir)
	f.git(t, "-C", f.dir, "commit", "--quiet", "--allow-empty", "-m", "first")
	f.first = f.git(t, "-C", f.dir, "rev-parse", "HEAD")
	f.git(t, "-C", f.dir, "commit", "--quiet", "--allow-empty", "-m", "second")
	f.second = f.git(t, "-C", f.dir, "rev-parse", "HEAD")
	f.git(t, "-C", f.dir, "tag", "-m", "inner", "inner")
	f.git(t, "-C", f.dir, "tag", "-m", "outer", "outer", "inner")
	return f
}

func (f *fixture) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=A", "-c", "user.email=a@example.com"}, args...)...)
	cmd.Env = f.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestResolve(t *testing.T) {
	f := newFixture(t)
	repo := New(f.dir, f.env)
	tag := f.git(t, "-C", f.dir, "rev-parse", "outer")
	for rev, want := range map[string]Revision{
		"HEAD":        {ID: f.second, Ref: "refs/heads/main"},
		"HEAD~1":      {ID: f.first},
		"main":        {ID: f.second, Ref: "refs/heads/main"},
		f.first:       {ID: f.first},
		f.first[:10]:  {ID: f.first},
		"outer":       {ID: tag, Ref: "refs/tags/outer"},
		"tags/outer":  {ID: tag, Ref: "refs/tags/outer"},
		"outer^{}":    {ID: f.second},
		":/first":     {ID: f.first},
		"main@{0}":    {ID: f.second},
		"HEAD^{tree}": {ID: "4b825dc642cb6eb9a060e54bf8d69288fbee4904"},
	} {
		if got, err := repo.Resolve(t.Context(), rev); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", rev, got, err, want)
		}
	}
}

// A branch of a tag's name, which a default branch of that name makes in every
// clone, changes neither what the name leads to nor by which ref: without the
// ref, nobody would compare the tag's name.
func TestResolveAmbiguous(t *testing.T) {
	f := newFixture(t)
	repo := New(f.dir, f.env)
	tag := f.git(t, "-C", f.dir, "rev-parse", "outer")
	for _, ref := range []string{"refs/heads/outer", "refs/heads/tags/outer", "refs/heads/refs/tags/outer", "refs/remotes/outer/HEAD"} {
		f.git(t, "-C", f.dir, "update-ref", ref, f.first)
	}
	for _, rev := range []string{"outer", "tags/outer", "refs/tags/outer", "outer^{tag}", "outer^{object}"} {
		want := Revision{ID: tag, Ref: "refs/tags/outer"}
		if got, err := repo.Resolve(t.Context(), rev); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", rev, got, err, want)
		}
	}
}

// A symbolic ref among the tags leads to another one's object under a name of
// its own: that name counts.
func TestResolveSymbolicTag(t *testing.T) {
	f := newFixture(t)
	f.git(t, "-C", f.dir, "symbolic-ref", "refs/tags/v9", "refs/tags/outer")
	for _, rev := range []string{"v9", "tags/v9", "refs/tags/v9", "v9^{tag}"} {
		if got, err := New(f.dir, f.env).Resolve(t.Context(), rev); err != nil || got.Ref != "refs/tags/v9" {
			t.Errorf("%q: %+v, %v, want refs/tags/v9", rev, got, err)
		}
	}
}

// Attack 20: a revision is never an option, and names one object or nothing.
func TestResolveRefuses(t *testing.T) {
	f := newFixture(t)
	repo := New(f.dir, f.env)
	for _, rev := range []string{
		"", "-", "--all", "--output=x", "-x", "nothing", "HEAD\nmain", "HEAD\x00", "HEAD\x1b[2J", "main outer",
		"first..second", "HEAD~1..HEAD", "^HEAD", "HEAD^@", "refs/heads/*", "HEAD:", "HEAD:nothing", "@{u}", strings.Repeat("x", maxRevision+1),
	} {
		got, err := repo.Resolve(t.Context(), rev)
		var e *Error
		switch {
		case rev == "HEAD:": // the tree, which is an object
			if err != nil {
				t.Errorf("%q: %v", rev, err)
			}
		case err == nil || got.ID != "":
			t.Errorf("%q: %+v, %v", rev, got, err)
		case !errors.Is(err, ErrRevision) && !errors.As(err, &e):
			t.Errorf("%q: %v is of neither kind", rev, err)
		}
	}
	if _, err := os.Stat(filepath.Join(f.dir, "x")); err == nil {
		t.Error("git took a revision for an option")
	}
}

func TestNoRepository(t *testing.T) {
	dir := t.TempDir()
	repo := New(dir, []string{"PATH=" + os.Getenv("PATH"), "GIT_CEILING_DIRECTORIES=" + filepath.Dir(dir)})
	if _, err := repo.Resolve(t.Context(), "HEAD"); !errors.Is(err, ErrNoRepository) {
		t.Errorf("got %v", err)
	}
	if _, err := New(dir, []string{"PATH=/nothing"}).Output(t.Context(), "--version"); err == nil {
		t.Skip("git is found without PATH")
	}
}

func TestObjects(t *testing.T) {
	f := newFixture(t)
	repo := New(f.dir, f.env)
	tag := f.git(t, "-C", f.dir, "rev-parse", "inner")
	got, err := repo.Objects(t.Context(), f.second, tag, f.first)
	if err != nil || len(got) != 3 {
		t.Fatalf("%d objects, %v", len(got), err)
	}
	for i, want := range []struct{ id, kind, end string }{{f.second, "commit", "\nsecond\n"}, {tag, "tag", "\ninner\n"}, {f.first, "commit", "\nfirst\n"}} {
		o := got[i]
		if o.ID != want.id || o.Type != want.kind || !strings.HasSuffix(string(o.Raw), want.end) {
			t.Errorf("object %d: %s %s %q", i, o.ID, o.Type, o.Raw)
		}
	}
	missing := strings.Repeat("01", 20)
	if got, err := repo.Objects(t.Context(), f.first, missing); got != nil || !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), missing) {
		t.Errorf("%v, %v", got, err)
	}
}

// Attack 18: what replaces an object in git's eyes replaces nothing in ours.
func TestReplacedObject(t *testing.T) {
	f := newFixture(t)
	f.git(t, "-C", f.dir, "replace", f.second, f.first)
	if got := f.git(t, "-C", f.dir, "cat-file", "commit", f.second); !strings.HasSuffix(got, "first") {
		t.Fatalf("git itself does not see the replacement: %q", got)
	}
	env := append(f.env, "GIT_NO_REPLACE_OBJECTS=0")
	got, err := New(f.dir, env).Objects(t.Context(), f.second)
	if err != nil || !strings.HasSuffix(string(got[0].Raw), "second\n") {
		t.Errorf("%q, %v", got, err)
	}
}

// Attack 57: a commit-graph is a copy of what commits say, and git believes it.
func TestLyingCommitGraph(t *testing.T) {
	f := newFixture(t)
	f.git(t, "-C", f.dir, "commit", "--quiet", "--allow-empty", "-m", "third")
	third := f.git(t, "-C", f.dir, "rev-parse", "HEAD")
	f.git(t, "-C", f.dir, "commit-graph", "write", "--reachable")
	path := filepath.Join(f.dir, ".git", "objects", "info", "commit-graph")
	graph, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// gitformat-commit-graph(5): each commit is its tree, its first parent's
	// position among the sorted ids, its second's, generation and date. The
	// tail is a checksum.
	ids := []string{f.first, f.second, third}
	slices.Sort(ids)
	const parent, entry, sum = 20, 36, 20
	tree, err := hex.DecodeString(f.git(t, "-C", f.dir, "rev-parse", "HEAD^{tree}"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(graph, tree) + slices.Index(ids, third)*entry + parent
	binary.BigEndian.PutUint32(graph[at:], uint32(slices.Index(ids, f.first)))
	tail := sha1.Sum(graph[:len(graph)-sum])
	graph = append(graph[:len(graph)-sum], tail[:]...)
	if err := errors.Join(os.Remove(path), os.WriteFile(path, graph, 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := f.git(t, "-C", f.dir, "rev-list", "HEAD"); strings.Contains(got, f.second) {
		t.Fatalf("git itself does not believe the commit-graph: %q", got)
	}
	got, err := New(f.dir, f.env).Output(t.Context(), "rev-list", "HEAD")
	if err != nil || !strings.Contains(string(got), f.second) {
		t.Errorf("%q, %v: the second commit is hidden", got, err)
	}
}

// git is read as anything else that could be wrong.
func TestReadObject(t *testing.T) {
	const id = "0123456789012345678901234567890123456789"
	for name, tt := range map[string]struct{ in, want string }{
		"nothing":         {"", "ended early"},
		"cut in the head": {id + " commit 5", "ended early"},
		"cut in the body": {id + " commit 5\nabc", "ended early"},
		"no line break":   {id + " commit 5\nabcde", "ended early"},
		"other object":    {strings.Repeat("1", 40) + " commit 1\na\n", "answered"},
		"no size":         {id + " commit x\n", "answered"},
		"negative size":   {id + " commit -5\n", "answered"},
		"too large":       {id + " blob 268435457\n", "at most"},
		"ambiguous":       {id + " ambiguous\n", "answered"},
		"missing":         {id + " missing\n", "not in the repository"},
		"two spaces":      {id + "  commit 1\na\n", "answered"},
		"size too small":  {id + " commit 1\nab\n", "other than 1 bytes"},
		"endless head":    {strings.Repeat("x", 1<<20), "ended early"},
	} {
		_, err := readObject(bufio.NewReader(strings.NewReader(tt.in)), id)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want ...%s...", name, err, tt.want)
		}
	}
}

func TestError(t *testing.T) {
	f := newFixture(t)
	_, err := New(f.dir, f.env).Output(t.Context(), "rev-parse", "--verify", "nothing")
	var e *Error
	if !errors.As(err, &e) || e.ExitCode != 128 || !strings.HasPrefix(err.Error(), "git rev-parse: fatal: ") {
		t.Errorf("got %v", err)
	}
	_, err = New("/nothing", f.env).Output(t.Context(), "rev-parse")
	if !errors.As(err, &e) || e.ExitCode != -1 || !strings.HasPrefix(err.Error(), "git rev-parse: ") {
		t.Errorf("got %v", err)
	}
}
