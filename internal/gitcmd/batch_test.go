package gitcmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// One at a time: what is there, however small, what is not, and again.
func TestBatch(t *testing.T) {
	f := newFixture(t)
	b := New(f.dir, f.env).Batch(t.Context())
	empty := f.git(t, "-C", f.dir, "hash-object", "-w", "-t", "blob", os.DevNull)
	for range 2 {
		if o, err := b.Read(f.second); err != nil || o.Type != "commit" || !strings.HasSuffix(string(o.Raw), "\nsecond\n") {
			t.Errorf("%+v, %v", o, err)
		}
		if o, err := b.Read(empty); err != nil || o.Type != "blob" || len(o.Raw) != 0 {
			t.Errorf("%+v, %v", o, err)
		}
		missing := strings.Repeat("01", 20)
		if o, err := b.Read(missing); !errors.Is(err, ErrMissing) || o.Type != "" || !strings.Contains(err.Error(), missing) {
			t.Errorf("%+v, %v", o, err)
		}
		for _, id := range []string{"", "HEAD", "--help", f.first + "\n" + f.first, f.first[:10]} {
			if o, err := b.Read(id); err == nil {
				t.Errorf("%q: %+v", id, o)
			}
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// A git that ends, or cannot begin, is an error, and nothing waits for it.
func TestBatchEnds(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	b := New(f.dir, f.env).Batch(ctx)
	if _, err := b.Read(f.first); err != nil {
		t.Fatal(err)
	}
	cancel()
	var e *Error
	for range 2 {
		if o, err := b.Read(f.first); !errors.As(err, &e) {
			t.Errorf("%+v, %v", o, err)
		}
	}
	_ = b.Close()
	for _, b := range []*Batch{New(t.TempDir(), f.env).Batch(t.Context()), New(f.dir, f.env).Batch(ctx)} {
		if o, err := b.Read(f.first); !errors.As(err, &e) {
			t.Errorf("%+v, %v", o, err)
		}
		_ = b.Close()
	}
	if err := New(f.dir, f.env).Batch(t.Context()).Close(); err != nil {
		t.Errorf("one that was asked nothing: %v", err)
	}
}

func TestMergeBases(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	f.git(t, "-C", f.dir, "checkout", "-q", "-b", "side", f.first)
	f.git(t, "-C", f.dir, "commit", "-q", "--allow-empty", "-m", "side")
	side := f.git(t, "-C", f.dir, "rev-parse", "HEAD")
	f.git(t, "-C", f.dir, "checkout", "-q", "--orphan", "alone")
	f.git(t, "-C", f.dir, "commit", "-q", "--allow-empty", "-m", "alone")
	alone := f.git(t, "-C", f.dir, "rev-parse", "HEAD")
	if got, err := r.MergeBases(t.Context(), f.second, side); err != nil || len(got) != 1 || got[0] != f.first {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := r.MergeBases(t.Context(), f.second, alone); err != nil || got != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, id := range []string{strings.Repeat("01", 20), "HEAD", "--all"} {
		if got, err := r.MergeBases(t.Context(), f.second, id); err == nil {
			t.Errorf("%s: %q", id, got)
		}
	}
}

// A merge is what git makes of two commits without any of this repository's
// settings, of which one runs a program; nothing is left behind.
func TestCleanMerge(t *testing.T) {
	f := newFixture(t)
	write := func(branch, from, name, text string) string {
		t.Helper()
		f.git(t, "-C", f.dir, "checkout", "-q", "-B", branch, from)
		if err := os.WriteFile(filepath.Join(f.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.git(t, "-C", f.dir, "add", ".")
		f.git(t, "-C", f.dir, "commit", "-q", "-m", branch)
		return f.git(t, "-C", f.dir, "rev-parse", "HEAD")
	}
	base := write("base", f.first, ".gitattributes", "* merge=evil\n")
	base = write("base", base, "both", "1\n2\n3\n")
	a, b := write("a", base, "a", "a\n"), write("b", base, "b", "b\n")
	x, y := write("x", base, "both", "x\n2\n3\n"), write("y", base, "both", "1\n2\ny\n")
	z := write("z", base, "both", "z\n2\n3\n")
	f.git(t, "-C", f.dir, "merge-tree", "--write-tree", a, b)
	evil := filepath.Join(f.dir, "evil")
	for _, setting := range [][2]string{{"merge.evil.driver", "touch " + evil}, {"merge.default", "union"}, {"core.fsmonitor", "touch " + evil}, {"merge.renames", "false"}} {
		f.git(t, "-C", f.dir, "config", setting[0], setting[1])
	}
	before := f.git(t, "-C", f.dir, "count-objects", "-v")
	r := New(f.dir, append(f.env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=merge.evil.driver", "GIT_CONFIG_VALUE_0=touch "+evil))
	for name, tt := range map[string]struct {
		ours, theirs string
		clean        bool
	}{
		"two files": {a, b, true}, "two ends of one": {x, y, true}, "conflict": {x, z, false}, "nothing to do": {base, a, true},
	} {
		tree, clean, err := r.CleanMerge(t.Context(), tt.ours, tt.theirs)
		if err != nil || clean != tt.clean || (tree != "") != tt.clean {
			t.Errorf("%s: %q, %t, %v", name, tree, clean, err)
		}
	}
	if tree, _, err := r.CleanMerge(t.Context(), base, a); err != nil || tree != f.git(t, "-C", f.dir, "rev-parse", a+"^{tree}") {
		t.Errorf("%q, %v", tree, err)
	}
	if _, err := os.Lstat(evil); err == nil {
		t.Error("a program ran that the repository's configuration names")
	}
	if after := f.git(t, "-C", f.dir, "count-objects", "-v"); after != before {
		t.Errorf("the repository has other objects now: %s, before %s", after, before)
	}
	if _, _, err := r.CleanMerge(t.Context(), a, strings.Repeat("01", 20)); err == nil {
		t.Error("a commit that is not there was merged")
	}
}
