package gitcmd

import (
	"maps"
	"strings"
	"testing"
)

// All refs are listed, whatever they are for, and those that are names of others
// say so; which of those lead to nothing yet, git is asked by name.
func TestStandingRefs(t *testing.T) {
	f := newFixture(t)
	f.git(t, "-C", f.dir, "update-ref", "refs/pull/1/head", f.first)
	f.git(t, "-C", f.dir, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
	f.git(t, "-C", f.dir, "symbolic-ref", "refs/heads/dangling", "refs/heads/notyet")
	f.git(t, "-C", f.dir, "pack-refs", "--all")
	r := New(f.dir, f.env)
	refs, err := r.StandingRefs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, ref := range refs {
		got[ref.Name] = ref.ID + " " + ref.Symbolic
	}
	tag := func(name string) string { return f.git(t, "-C", f.dir, "rev-parse", "refs/tags/"+name) + " " }
	want := map[string]string{
		"refs/heads/main": f.second + " ", "refs/heads/alias": f.second + " refs/heads/main", "refs/pull/1/head": f.first + " ",
		"refs/tags/inner": tag("inner"), "refs/tags/outer": tag("outer"),
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	found, err := r.SymbolicRefs(t.Context(), []string{"refs/heads/dangling", "refs/heads/nothing", "refs/heads/main", "refs/heads"})
	if err != nil || !maps.Equal(found, map[string]string{"refs/heads/dangling": "refs/heads/notyet"}) {
		t.Errorf("%v, %v", found, err)
	}
}

func TestHead(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	if head, err := r.Head(t.Context()); head != "refs/heads/main" || err != nil {
		t.Errorf("%q, %v", head, err)
	}
	f.git(t, "-C", f.dir, "checkout", "-q", "--detach")
	if head, err := r.Head(t.Context()); head != "" || err != nil {
		t.Errorf("%q, %v", head, err)
	}
	if head, err := New(t.TempDir(), f.env).Head(t.Context()); err == nil {
		t.Errorf("%q outside of a repository", head)
	}
}

func TestIsAncestor(t *testing.T) {
	f := newFixture(t)
	r := New(f.dir, f.env)
	ids := []string{f.first, f.second}
	for i, a := range ids {
		for k, b := range ids {
			if is, err := r.IsAncestor(t.Context(), a, b); is != (i <= k) || err != nil {
				t.Errorf("%d, %d: %t, %v", i, k, is, err)
			}
		}
	}
	for _, id := range []string{strings.Repeat("01", 20), "HEAD", "--all", ""} {
		if is, err := r.IsAncestor(t.Context(), id, f.second); is || err == nil {
			t.Errorf("%q: %t, %v", id, is, err)
		}
	}
}
