package history

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// grow makes a graph of lines "commit parent...", of single letters: an id is
// that letter over and over.
func grow(t *testing.T, lines ...string) *graph {
	t.Helper()
	g := newGraph()
	id := func(s string) oid {
		o, err := parseID(strings.Repeat(fmt.Sprintf("%02x", s[0]), 20))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	for _, line := range lines {
		var family []oid
		for _, s := range strings.Fields(line) {
			family = append(family, id(s))
		}
		if err := g.add(family[0], family[1:]); err != nil {
			t.Fatal(err)
		}
	}
	g.close()
	return g
}

func (g *graph) letter(n int32) string { return string(rune(g.id(n)[0])) }

// Each commit of the mainline comes after all that it brings in, and what it
// brings in is what its first parent has not.
func TestSegments(t *testing.T) {
	for name, tt := range map[string]struct {
		lines []string
		want  string // commit, and who brings it
		end   string
	}{
		"line":            {[]string{"c b", "b a", "a"}, "aa bb cc", ""},
		"outside":         {[]string{"c b", "b a"}, "bb cc", "a"},
		"merge":           {[]string{"d c x", "c b", "x b", "b a"}, "bb cc xd dd", "a"},
		"side merges":     {[]string{"e d y", "d c", "y x c", "x b", "c b", "b a"}, "bb cc dd xe ye ee", "a"},
		"octopus":         {[]string{"e b x y", "x a", "y a", "b a"}, "bb xe ye ee", "a"},
		"root beside":     {[]string{"c b x", "x", "b a"}, "bb xc cc", "a"},
		"brought before":  {[]string{"d c x", "c b x", "x a", "b a"}, "bb xc cc dd", "a"},
		"swapped parents": {[]string{"d x c", "x a", "c b", "b a"}, "xx bd cd dd", "a"},
	} {
		g := grow(t, tt.lines...)
		line, end, found := g.firstParents(0)
		var got []string
		g.segments(line, make([]bool, len(g.ids)), func(n, by int32) { got = append(got, g.letter(n)+g.letter(by)) })
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), tt.want)
		}
		if found != (tt.end != "") || found && string(rune(end[0])) != tt.end {
			t.Errorf("%s: ends at %x, %t", name, end, found)
		}
	}
}

// A history as deep as any does not exhaust the stack.
func TestDeepHistory(t *testing.T) {
	const commits = 200_000
	g := newGraph()
	id := func(n int) (o oid) {
		o[0], o[1], o[2] = byte(n), byte(n>>8), byte(n>>16)
		return o
	}
	for n := commits; n > 0; n-- {
		if err := g.add(id(n), []oid{id(n - 1)}); err != nil {
			t.Fatal(err)
		}
	}
	g.close()
	side := 0
	g.segments([]int32{0}, make([]bool, commits), func(n, by int32) { side++ })
	if n := len(slices.DeleteFunc(g.ancestors(0), func(is bool) bool { return !is })); side != commits || n != commits {
		t.Errorf("%d of %d commits, %d ancestors", side, commits, n)
	}
}

func TestGraphRefuses(t *testing.T) {
	g := grow(t, "b a")
	if err := g.add(g.ids[0], nil); err == nil {
		t.Error("a commit was listed twice")
	}
	for _, s := range []string{"", "ab", strings.Repeat("g", 40), strings.Repeat("a", 39), strings.Repeat("a", 41)} {
		if _, err := parseID(s); err == nil {
			t.Errorf("%q was taken for an id", s)
		}
	}
	if long := strings.Repeat("0a", 32); true {
		if o, err := parseID(long); err != nil || o.hex(64) != long {
			t.Errorf("%x, %v", o, err)
		}
	}
}

// However many refs commits stand on, those in the same places share a set.
func TestPlan(t *testing.T) {
	g := grow(t, "d c x", "c b", "x b", "b a")
	p := newPlan(g)
	main, other := place{ref: "refs/heads/main"}, place{ref: "refs/heads/other"}
	p.begin("refs/heads/main")
	p.put(3, main)
	p.put(1, main)
	p.begin("refs/heads/other")
	p.put(3, other)
	p.put(1, other)
	p.put(1, other)
	p.skip(0)
	if !slices.Equal(p.order, []int32{3, 1, 0}) {
		t.Errorf("order %v", p.order)
	}
	if p.set[1] != p.set[3] || !slices.Equal(p.at(1), []place{main, other}) || !p.exempt(0) || p.exempt(1) {
		t.Errorf("%v, %v", p.set, p.at(1))
	}
	if p.refs[p.ref[1]] != "refs/heads/main" || p.refs[p.ref[0]] != "refs/heads/other" {
		t.Errorf("refs %v of %v", p.ref, p.refs)
	}
}

// Objects with other bytes than their ids can make a circle: there is an end to it.
func TestCircle(t *testing.T) {
	g := grow(t, "b a", "a b")
	line, _, found := g.firstParents(0)
	if len(line) > 2 || found {
		t.Errorf("%d commits, %t", len(line), found)
	}
	n := 0
	g.segments(line, make([]bool, len(g.ids)), func(int32, int32) { n++ })
	if n != 2 {
		t.Errorf("%d commits are visited", n)
	}
}
