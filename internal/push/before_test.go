package push

import (
	"slices"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
)

// A ref that stands for another one counts as both, and a circle as none.
func TestNames(t *testing.T) {
	b := &Before{Symbolic: map[string]string{
		"refs/heads/master": "refs/heads/trunk", "refs/heads/trunk": "refs/heads/main",
		"refs/heads/a": "refs/heads/b", "refs/heads/b": "refs/heads/a",
	}}
	for ref, want := range map[string]string{
		"refs/heads/other":  "refs/heads/other",
		"refs/heads/main":   "refs/heads/main refs/heads/master refs/heads/trunk",
		"refs/heads/master": "refs/heads/main refs/heads/master refs/heads/trunk",
		"refs/heads/a":      "",
	} {
		got, err := b.names(ref)
		if strings.Join(got, " ") != want || (err == nil) != (want != "") {
			t.Errorf("%s: %v, %v", ref, got, err)
		}
	}
}

// A new ref knows what stands where at least the same sections speak.
func TestNewRefKnows(t *testing.T) {
	p, err := policy.Parse([]byte(`[policy]
	version = 1
[signer "alice"]
	identity = alice@example.com
	issuer = https://accounts.example.com
[branch "*"]
	allow = alice
[branch "release/*"]
	allow = alice
[branch "release/1"]
	allow = alice
[tag "v*"]
	allow = alice
[path ".paraph/**"]
	allow = alice
`), policy.Source{Name: "test"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := knower{policy: p, known: map[string]*history.Known{}, before: &Before{Tips: map[string]string{
		"refs/heads/main": "main", "refs/heads/release/1": "r1", "refs/heads/release/2": "r2", "refs/heads/a/b/c": "free",
		"refs/tags/v1": "v1", "refs/tags/other": "tag", "refs/notes/x": "note", "refs/replace/y": "replace", "refs/pull/1/head": "pull",
	}}}
	for ref, want := range map[string]string{
		"refs/heads/topic":     "main",
		"refs/heads/release/3": "r1 r2",
		"refs/heads/x/y/z":     "free main r1 r2 tag v1", // no section: all branches and tags
		"refs/tags/v2":         "free main r1 r2 tag v1", // its commits are judged as there
		"refs/pull/2/head":     "free main r1 r2 tag v1",
	} {
		if got := k.newRef(ref).Tips; strings.Join(got, " ") != want || !slices.IsSorted(got) {
			t.Errorf("%s: %v, want %s", ref, got, want)
		}
	}
	if k.newRef("refs/heads/x/y/z") != k.newRef("refs/tags/v2") {
		t.Error("two refs that know the same are walked by themselves")
	}
}

// Undoing a push puts back what it moved, under every name.
func TestUndo(t *testing.T) {
	b := &Before{
		Tips:     map[string]string{"refs/heads/main": idB, "refs/heads/master": idB, "refs/heads/new": idA},
		Symbolic: map[string]string{"refs/heads/master": "refs/heads/main"},
	}
	b.Undo([]Update{{"refs/heads/master", idA, idB}, {"refs/heads/new", "", idA}, {"refs/heads/gone", idB, ""}})
	if len(b.Tips) != 3 || b.Tips["refs/heads/main"] != idA || b.Tips["refs/heads/master"] != idA || b.Tips["refs/heads/gone"] != idB {
		t.Errorf("%v", b.Tips)
	}
}
