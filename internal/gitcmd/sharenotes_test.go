package gitcmd

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// A remote that git could not be told to fetch notes from is left as it is.
func TestRemotes(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"origin", "team/b", "a b", "c..d", "-e"} {
		f.git(t, "-C", f.dir, "config", "remote."+name+".url", f.dir)
	}
	f.git(t, "-C", f.dir, "config", "remote.elsewhere.prune", "true")
	got, err := New(f.dir, f.env).Remotes(t.Context())
	slices.Sort(got)
	if want := []string{"-e", "origin", "team/b"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// Neither a tag nor a branch is taken for the ref that it is called after.
func TestTipIsOfTheFullName(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	f.git(t, "-C", f.dir, "tag", "-m", "m", notesRef)
	f.git(t, "-C", f.dir, "update-ref", "refs/heads/"+notesRef, f.first)
	f.git(t, "-C", f.dir, "update-ref", notesRef+"x", f.first)
	if tip, err := r.Tip(t.Context(), notesRef); err != nil || tip != "" {
		t.Errorf("%q, %v", tip, err)
	}
	for _, note := range []string{"one", "two"} {
		tip, err := r.Tip(t.Context(), notesRef)
		if err == nil {
			err = r.WriteNotes(t.Context(), notesRef, tip, map[string][]byte{f.first: []byte(note)}, "m", time.Now())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	tip, err := r.Tip(t.Context(), notesRef)
	if err != nil {
		t.Fatal(err)
	}
	if n := f.git(t, "-C", f.dir, "rev-list", "--count", tip); n != "2" {
		t.Errorf("%s commits", n)
	}
}

// What another repository has under the name of its notes need be none: then
// ours stay as they are, or are not there.
func TestMergeNotesThatAreNone(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	const theirs = "refs/notes/origin/test"
	for _, what := range []string{"outer", "HEAD^{tree}"} {
		f.git(t, "-C", f.dir, "update-ref", theirs, f.git(t, "-C", f.dir, "rev-parse", what))
		if merged, err := r.MergeNotes(t.Context(), notesRef, theirs); err == nil || merged {
			t.Errorf("%s: merged %v, %v", what, merged, err)
		}
		if tip, err := r.Tip(t.Context(), notesRef); err != nil || tip != "" {
			t.Errorf("%s: %q, %v", what, tip, err)
		}
	}
	f.git(t, "-C", f.dir, "update-ref", theirs, f.first)
	if merged, err := r.MergeNotes(t.Context(), notesRef, theirs); err != nil || !merged {
		t.Errorf("a commit: merged %v, %v", merged, err)
	}
}

func TestAddConfig(t *testing.T) {
	f := newFixture(t)
	never := func(string) bool { return false }
	if set, err := New(f.dir, f.env).AddConfig(t.Context(), "a.b", "c", never); err != nil || !set {
		t.Errorf("%v, %v", set, err)
	}
	if set, err := New(f.dir, f.env).AddConfig(t.Context(), "a.b", "d", func(v string) bool { return v == "c" }); err != nil || set {
		t.Errorf("what stands: %v, %v", set, err)
	}
	if set, err := New(t.TempDir(), f.env).AddConfig(t.Context(), "a.b", "c", never); !errors.Is(err, ErrNoRepository) || set {
		t.Errorf("outside of a repository: %v, %v", set, err)
	}
}
