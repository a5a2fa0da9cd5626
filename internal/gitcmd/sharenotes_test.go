package gitcmd

import (
	"slices"
	"testing"
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
