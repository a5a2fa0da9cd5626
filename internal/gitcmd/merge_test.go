package gitcmd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mergeFixture is a repository of commits that are to be merged.
type mergeFixture struct {
	*fixture
	t *testing.T
}

func newMergeFixture(t *testing.T, dir, format string) *mergeFixture {
	t.Helper()
	f := &mergeFixture{&fixture{dir: filepath.Join(dir, "repo"), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_NOSYSTEM=1",
	}}, t}
	f.git(t, "init", "--quiet", "--object-format="+format, f.dir)
	return f
}

// commit makes one of files with texts on top of parents.
func (f *mergeFixture) commit(files map[string]string, parents ...string) string {
	f.t.Helper()
	f.git(f.t, "-C", f.dir, "rm", "-r", "-q", "--cached", "--ignore-unmatch", ".")
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
			f.t.Fatal(err)
		}
		f.git(f.t, "-C", f.dir, "add", name)
	}
	args := []string{"-C", f.dir, "commit-tree", "-m", "m", f.git(f.t, "-C", f.dir, "write-tree")}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return f.git(f.t, args...)
}

func (f *mergeFixture) treeOf(commit string) string {
	f.t.Helper()
	return f.git(f.t, "-C", f.dir, "rev-parse", commit+"^{tree}")
}

// lines is a text that is long enough to be known again.
const lines = "1\n2\n3\n4\n5\n6\n7\n8\n"

// The attributes' driver runs a program wherever somebody has said so; here
// nobody has, whoever it was.
func TestCleanMergeRunsNoDriver(t *testing.T) {
	f := newMergeFixture(t, t.TempDir(), "sha1")
	attributes := "* merge=evil\n"
	base := f.commit(map[string]string{"f": lines, ".gitattributes": attributes})
	a := f.commit(map[string]string{"f": "a\n" + lines, ".gitattributes": attributes}, base)
	b := f.commit(map[string]string{"f": lines + "b\n", ".gitattributes": attributes}, base)
	want := f.treeOf(f.commit(map[string]string{"f": "a\n" + lines + "b\n", ".gitattributes": attributes}))

	ran := filepath.Join(t.TempDir(), "ran")
	home, xdg := t.TempDir(), t.TempDir()
	driver := "[merge \"evil\"]\n\tdriver = touch '" + ran + "'; exit 0\n"
	for path, text := range map[string]string{
		home + "/.gitconfig":            driver + "[core]\n\tattributesFile = " + xdg + "/other\n",
		xdg + "/git/config":             driver,
		xdg + "/git/attributes":         attributes,
		xdg + "/other":                  attributes,
		f.dir + "/.git/info/attributes": attributes,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.git(t, "-C", f.dir, "config", "merge.evil.driver", "touch '"+ran+"'; exit 0")
	f.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + xdg, "GIT_DIR=" + f.dir + "/.git", "GIT_WORK_TREE=" + f.dir,
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=merge.default", "GIT_CONFIG_VALUE_0=evil",
	}
	f.git(t, "-C", f.dir, "merge-tree", "--write-tree", a, b)
	if err := os.Remove(ran); err != nil {
		t.Fatalf("git itself does not run the driver, so this test shows nothing: %v", err)
	}
	tree, clean, err := New(f.dir, f.env).CleanMerge(t.Context(), a, b)
	if err != nil || !clean || tree != want {
		t.Errorf("%q, %t, %v, want %q", tree, clean, err, want)
	}
	if _, err := os.Lstat(ran); err == nil {
		t.Error("the driver ran")
	}
}

// Whatever somebody has set, the result is git's without any setting: a file
// that one side renames and the other one changes is one file.
func TestCleanMergeIgnoresSettings(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		f := newMergeFixture(t, t.TempDir(), format)
		base := f.commit(map[string]string{"old": lines, "x": "x\n"})
		a := f.commit(map[string]string{"new": lines, "x": "x\n"}, base)
		b := f.commit(map[string]string{"old": lines + "9\n", "x": "x\n"}, base)
		want := f.treeOf(f.commit(map[string]string{"new": lines + "9\n", "x": "x\n"}))
		c := f.commit(map[string]string{"old": "c\n" + lines, "x": "x\n"}, base)
		d := f.commit(map[string]string{"old": "d\n" + lines, "x": "x\n"}, base)
		for _, setting := range [][2]string{
			{"merge.renames", "false"},
			{"diff.renames", "false"},
			{"merge.renameLimit", "1"},
			{"diff.renameLimit", "1"},
			{"merge.directoryRenames", "true"},
			{"merge.renormalize", "true"},
			{"merge.default", "union"},
			{"core.autocrlf", "true"},
			{"core.eol", "crlf"},
			{"core.bigFileThreshold", "1"},
			{"diff.algorithm", "patience"},
		} {
			f.git(t, "-C", f.dir, "config", "--global", setting[0], setting[1])
			f.git(t, "-C", f.dir, "config", setting[0], setting[1])
		}
		r := New(f.dir, f.env)
		if tree, clean, err := r.CleanMerge(t.Context(), a, b); err != nil || !clean || tree != want {
			t.Errorf("%s: a rename: %q, %t, %v, want %q", format, tree, clean, err, want)
		}
		if tree, clean, err := r.CleanMerge(t.Context(), c, d); err != nil || clean || tree != "" {
			t.Errorf("%s: a conflict: %q, %t, %v", format, tree, clean, err)
		}
	}
}

// Histories that meet nowhere are not merged, which is an answer; those that
// meet twice are.
func TestCleanMergeBases(t *testing.T) {
	f := newMergeFixture(t, t.TempDir(), "sha1")
	r := New(f.dir, f.env)
	base := f.commit(map[string]string{"f": lines})
	alone := f.commit(map[string]string{"f": lines, "g": "x"})
	if tree, clean, err := r.CleanMerge(t.Context(), base, alone); err != nil || clean || tree != "" {
		t.Errorf("unrelated: %q, %t, %v", tree, clean, err)
	}
	top, end := "a\n"+lines, lines+"b\n"
	one, two := f.commit(map[string]string{"f": top}, base), f.commit(map[string]string{"f": end}, base)
	both := map[string]string{"f": top + "b\n"}
	left, right := f.commit(both, one, two), f.commit(both, two, one)
	left = f.commit(map[string]string{"f": top + "b\n", "l": "x"}, left)
	right = f.commit(map[string]string{"f": top + "b\n", "r": "x"}, right)
	bases, err := r.MergeBases(t.Context(), left, right)
	if err != nil || len(bases) != 2 {
		t.Errorf("%q, %v", bases, err)
	}
	want := f.treeOf(f.commit(map[string]string{"f": top + "b\n", "l": "x", "r": "x"}))
	if tree, clean, err := r.CleanMerge(t.Context(), left, right); err != nil || !clean || tree != want {
		t.Errorf("criss-cross: %q, %t, %v", tree, clean, err)
	}
}

// Attack 57: what a push brings lies elsewhere until it is let in, and is
// merged with what was there; nothing is added to either place. Folders may be
// called anything.
func TestCleanMergeOfAPush(t *testing.T) {
	f := newMergeFixture(t, filepath.Join(t.TempDir(), "a:b \"c\"\\\n#"), "sha1")
	base := f.commit(map[string]string{"f": lines})
	a := f.commit(map[string]string{"f": "a\n" + lines}, base)
	incoming := filepath.Join(f.dir, ".git", "incoming")
	if err := os.Mkdir(incoming, 0o700); err != nil {
		t.Fatal(err)
	}
	before := f.env
	objects := filepath.Join(f.dir, ".git", "objects")
	f.env = append(before[:len(before):len(before)], "GIT_OBJECT_DIRECTORY="+incoming, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+quote(objects))
	b := f.commit(map[string]string{"f": lines + "b\n"}, base)
	count := func() (n int) {
		for _, dir := range []string{objects, incoming} {
			err := filepath.WalkDir(dir, func(string, os.DirEntry, error) error { n++; return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	n := count()
	tree, clean, err := New(f.dir, f.env).CleanMerge(t.Context(), a, b)
	if err != nil || !clean {
		t.Errorf("%q, %t, %v", tree, clean, err)
	}
	if now := count(); now != n || n < 8 {
		t.Errorf("%d files, %d before", now, n)
	}
	if want := f.treeOf(f.commit(map[string]string{"f": "a\n" + lines + "b\n"})); tree != want {
		t.Errorf("%q, want %q", tree, want)
	}
	if _, _, err := New(f.dir, before).CleanMerge(t.Context(), a, b); err == nil {
		t.Error("a commit that is not let in yet was merged without it")
	}
}

// Nothing is left behind, however it ends.
func TestCleanMergeLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	f := newMergeFixture(t, t.TempDir(), "sha1")
	base := f.commit(map[string]string{"f": lines})
	a, b := f.commit(map[string]string{"f": "a\n"}, base), f.commit(map[string]string{"f": "b\n"}, base)
	r := New(f.dir, f.env)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.CleanMerge(ctx, a, b); err == nil {
		t.Error("a merge that was given up has a result")
	}
	if _, _, err := r.CleanMerge(t.Context(), a, strings.Repeat("01", 20)); err == nil {
		t.Error("a commit that is not there was merged")
	}
	if _, clean, err := r.CleanMerge(t.Context(), a, b); err != nil || clean {
		t.Errorf("%t, %v", clean, err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("%q, %v", left, err)
	}
}
