package trees

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/verdict"
)

// A repo is one of real git that trees are written to.
type repo struct {
	t     *testing.T
	dir   string
	batch *gitcmd.Batch

	blobs  map[string]string            // ids by content
	listed map[string]map[string]string // what stands in commits
}

func newRepo(t *testing.T, format string) *repo {
	t.Helper()
	r := &repo{t: t, dir: t.TempDir(), blobs: map[string]string{}, listed: map[string]map[string]string{}}
	r.git("", "init", "-q", "--object-format="+format)
	r.batch = gitcmd.New(r.dir, r.env()).Batch(t.Context())
	t.Cleanup(func() { _ = r.batch.Close() })
	return r
}

func (r *repo) env() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com",
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1777896000 +0000", "GIT_COMMITTER_DATE=1777896000 +0000",
	}
}

func (r *repo) git(stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = r.dir, strings.NewReader(stdin)
	cmd.Env = r.env()
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// tree writes a tree of lines "MODE PATH CONTENT". Nobody asks what a submodule's
// id leads to.
func (r *repo) tree(lines ...string) string {
	r.t.Helper()
	r.git("", "read-tree", "--empty")
	var in strings.Builder
	for _, line := range lines {
		f := strings.Fields(line)
		if r.blobs[f[2]] == "" {
			r.blobs[f[2]] = r.git(f[2], "hash-object", "-w", "--stdin")
		}
		id := r.blobs[f[2]]
		fmt.Fprintf(&in, "%s %s\t%s\n", f[0], id, f[1])
	}
	r.git(in.String(), "update-index", "--index-info")
	return r.git("", "write-tree")
}

func (r *repo) empty() string { return r.git("", "hash-object", "-t", "tree", "--stdin") }

func (r *repo) reader() *Reader {
	return &Reader{Read: func(id string) ([]byte, error) {
		o, err := r.batch.Read(id)
		if err == nil && o.Type != "tree" {
			err = fmt.Errorf("%s is a %s", id, o.Type)
		}
		return o.Raw, err
	}}
}

func everywhere(string) bool { return true }

// What changes is what git's own comparison says, for whatever can change.
func TestChangedAsGit(t *testing.T) {
	states := [][]string{
		{},
		{"100644 a x"},
		{"100755 a x"},
		{"120000 a x"},
		{"160000 a x"},
		{"100644 a/b x", "100644 a/c x", "100644 a.b x", "100644 a0 x"},
		{"100644 a/b/c x", "100644 a-b x"},
		{"100644 a/b y", "100644 A x", "100644 z/a x", "160000 z/s x"},
		{"100644 .paraph/policy x", "100644 .paraph/keys/web.asc y"},
		{"120000 .paraph x"},
		{"100644 .Paraph/policy x"},
	}
	for _, format := range []string{"sha1", "sha256"} {
		r := newRepo(t, format)
		var trees []string
		for _, s := range states {
			trees = append(trees, r.tree(s...))
		}
		reader := r.reader()
		for _, a := range trees {
			for _, b := range trees {
				want := strings.Fields(r.git("", "diff-tree", "-r", "--no-renames", "--name-only", a, b))
				slices.Sort(want)
				got, err := reader.Changed(Commit{Tree: b, Parents: []string{a}}, everywhere)
				if err != nil || !slices.Equal(got, slices.Compact(want)) {
					t.Errorf("%s\nto\n%s: %q, %v, want %q", r.git("", "ls-tree", "-r", a), r.git("", "ls-tree", "-r", b), got, err, want)
				}
			}
		}
	}
}

// Only the folders that somebody asks for are looked into, and a commit
// without parents changes all that it has.
func TestWithin(t *testing.T) {
	r := newRepo(t, "sha1")
	tree := r.tree("100644 .paraph/policy x", "100644 src/a x", "100644 README x")
	reader := r.reader()
	var asked []string
	got, err := reader.Changed(Commit{Tree: tree}, func(dir string) bool {
		asked = append(asked, dir)
		return dir == "" || dir == ".paraph"
	})
	if err != nil || !slices.Equal(got, []string{".paraph/policy", "README"}) || !slices.Equal(asked, []string{"", ".paraph", "src"}) {
		t.Errorf("%q, %q, %v", got, asked, err)
	}
	if got, err := reader.Changed(Commit{Tree: tree}, func(string) bool { return false }); err != nil || got != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A merge changes what it does not take over from another parent, and what it
// takes back: git's own combined comparison shows neither an old policy that a
// merge brings back, nor one that it keeps against the mainline's.
func TestMerge(t *testing.T) {
	r := newRepo(t, "sha1")
	version := map[string]string{}
	for _, v := range []string{"old", "new", "other"} {
		version[v] = r.tree("100644 policy " + v)
	}
	version["none"] = r.empty()
	for name, tt := range map[string]struct {
		merge   string
		parents []string
		bases   []string
		changes bool
	}{
		"side changed it":             {"new", []string{"old", "new"}, []string{"old"}, false},
		"side removed it":             {"none", []string{"old", "none"}, []string{"old"}, false},
		"side added it":               {"new", []string{"none", "new"}, []string{"none"}, false},
		"takes back the mainline's":   {"old", []string{"new", "old"}, []string{"old"}, true},
		"keeps the mainline's":        {"new", []string{"new", "old"}, []string{"old"}, false},
		"evil merge":                  {"other", []string{"old", "new"}, []string{"old"}, true},
		"both changed it":             {"new", []string{"other", "new"}, []string{"old"}, true},
		"no history in common":        {"new", []string{"old", "new"}, nil, true},
		"two bases that disagree":     {"new", []string{"old", "new"}, []string{"old", "other"}, true},
		"two bases that agree":        {"new", []string{"old", "new"}, []string{"old", "old"}, false},
		"octopus, the third has it":   {"new", []string{"old", "old", "new"}, []string{"old"}, false},
		"octopus, nobody has it":      {"other", []string{"old", "old", "new"}, []string{"old"}, true},
		"removed by the merge itself": {"none", []string{"old", "old"}, []string{"old"}, true},
	} {
		c := Commit{Tree: version[tt.merge], Bases: func(int) (out []string, err error) {
			for _, b := range tt.bases {
				out = append(out, version[b])
			}
			return out, nil
		}}
		for _, p := range tt.parents {
			c.Parents = append(c.Parents, version[p])
		}
		got, err := r.reader().Changed(c, everywhere)
		if err != nil || (len(got) == 1) != tt.changes {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	lost := errors.New("lost")
	c := Commit{Tree: version["new"], Parents: []string{version["old"], version["new"]}, Bases: func(int) ([]string, error) { return nil, lost }}
	if got, err := r.reader().Changed(c, everywhere); !errors.Is(err, lost) || got != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// What differs is told with what was there and what is, and what both trees have
// is not read.
func TestDiffer(t *testing.T) {
	r := newRepo(t, "sha1")
	was := r.tree("100644 a/b x", "100644 a/c x", "100644 d x", "100644 e/f x", "100644 g/h x")
	is := r.tree("100644 a/b y", "100755 a/c x", "100644 d/i x", "100644 g/h x")
	x, y := r.blobs["x"], r.blobs["y"]
	var got []string
	reader, read := r.reader(), 0
	whole := reader.Read
	reader.Read = func(id string) ([]byte, error) { read++; return whole(id) }
	collect := func(path string, was, is Entry) error {
		got = append(got, fmt.Sprintf("%s %o %s %o %s", path, was.Mode, was.ID, is.Mode, is.ID))
		return nil
	}
	want := []string{
		"a/b 100644 " + x + " 100644 " + y, "a/c 100644 " + x + " 100755 " + x, "d 100644 " + x + " 0 ",
		"d/i 0  100644 " + x, "e/f 100644 " + x + " 0 ",
	}
	if err := reader.Differ(was, is, maxWork, collect); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if read != 6 { // both, what each has as a and e or d, and never g
		t.Errorf("%d trees are read", read)
	}
	got = nil
	if err := reader.Differ("", was, maxWork, collect); err != nil || len(got) != 5 {
		t.Errorf("from nothing: %q, %v", got, err)
	}
	enough := errors.New("enough")
	if err := reader.Differ(was, is, maxWork, func(string, Entry, Entry) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
	var e *verdict.Error
	if err := r.reader().Differ(was, is, 100, collect); !errors.As(err, &e) || e.Rule != RuleSize {
		t.Errorf("%v", err)
	}
}

func TestFind(t *testing.T) {
	r := newRepo(t, "sha1")
	tree := r.tree("100644 a/b/c x", "120000 l x")
	reader := r.reader()
	for range 3 { // once from a list, then by name
		for path, want := range map[string]Mode{"a": Folder, "a/b": Folder, "a/b/c": File, "l": Link, "x": 0, "a/x": 0, "l/x": 0, "a/b/c/d": 0, "": 0} {
			if e, err := reader.Find(tree, path); err != nil || e.Mode != want || (e.ID == "") != (want == 0) {
				t.Errorf("%q: %+v, %v", path, e, err)
			}
		}
	}
}

// entry is one of a raw tree.
func entry(mode, name string) string { return mode + " " + name + "\x00" + strings.Repeat("i", 20) }

// What is malformed here is so for git's fsck, whose word for it is told.
func TestMalformed(t *testing.T) {
	r := newRepo(t, "sha1")
	for name, raw := range map[string]string{
		"cut in the id":         entry("100644", "a")[:20],
		"cut in the name":       "100644 a",
		"no mode":               "a\x00" + strings.Repeat("i", 20),
		"mode of a user":        entry("100600", "a"),
		"leading zero":          entry("040000", "a"),
		"no name":               entry("100644", ""),
		"dot":                   entry("100644", "."),
		"dots":                  entry("40000", ".."),
		"git's own folder":      entry("40000", ".git"),
		"git's own, in capital": entry("40000", ".GIT"),
		"slash":                 entry("100644", "a/b"),
		"twice":                 entry("100644", "a") + entry("100644", "a"),
		"out of order":          entry("100644", "b") + entry("100644", "a"),
		"folder out of order":   entry("40000", "a") + entry("100644", "a.b"),
		"file and folder":       entry("100644", "a") + entry("40000", "a"),
		"far apart":             entry("100644", "a") + entry("100644", "a-") + entry("100644", "a.b") + entry("40000", "a"),
		"bytes at the end":      entry("100644", "a") + "x",
	} {
		_, err := parse([]byte(raw), 20)
		var e *verdict.Error
		if !errors.As(err, &e) || e.Class != verdict.Syntax || e.Rule != RuleTree {
			t.Errorf("%s: %v", name, err)
		}
		id := r.git(raw, "hash-object", "-t", "tree", "-w", "--literally", "--stdin")
		if said := r.fsck(id); !strings.Contains(said, id) {
			t.Errorf("%s: git says %q", name, said)
		}
		if got, err := r.reader().Changed(Commit{Tree: id}, everywhere); !errors.As(err, &e) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if e, err := parse([]byte(entry("100644", "a.b")+entry("40000", "a")+entry("100644", "a0")), 20); err != nil || len(e) != 3 {
		t.Errorf("%v, %v", e, err)
	}
}

// Whatever is read is written back, each entry after the one before it, and
// found by its name.
func FuzzParse(f *testing.F) {
	f.Add([]byte(entry("100644", "a") + entry("40000", "b")))
	f.Add([]byte(entry("100644", "a") + entry("100644", "a.b") + entry("40000", "a0")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		items, err := parse(raw, 20)
		if err != nil {
			return
		}
		var again strings.Builder
		names := map[string]bool{}
		for n, i := range items {
			fmt.Fprintf(&again, "%o %s\x00%s", i.mode, i.name, i.id)
			if n > 0 && items[n-1].compare(i) >= 0 || names[i.name] || find(items, i.name) != i {
				t.Errorf("%q stands in the wrong place", i.name)
			}
			names[i.name] = true
		}
		if again.String() != string(raw) {
			t.Errorf("%q is read as %q", raw, again.String())
		}
	})
}
