package history

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/paraph/paraph/internal/policy"
)

func numberedID(n int) (o oid) {
	binary.BigEndian.PutUint32(o[:], uint32(n)+1)
	return o
}

// standIn is a policy with a section for refs/heads/s*, so that refs are of two sorts.
func standIn(t *testing.T) *policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte("[policy]\n\tversion = 1\n[signer \"a\"]\n\tidentity = a@example.com\n\tissuer = https://issuer.example.com\n[branch \"s*\"]\n\tallow = a\n[path \".paraph/**\"]\n\tallow = a\n"), policy.Source{Name: "test"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Whatever lines are shared, each commit stands where it would if every tip
// were followed to the end by itself, and after its parents.
func TestFixedSharesLines(t *testing.T) {
	pol := standIn(t)
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		const commits, tips = 25, 8
		g := newGraph()
		for n := commits - 1; n >= 0; n-- { // as git lists them, the newest first
			var parents []oid
			for range min(n, random.IntN(4)) {
				if p := numberedID(n - 1 - random.IntN(min(n, 6))); !slices.Contains(parents, p) {
					parents = append(parents, p)
				}
			}
			if random.IntN(8) == 0 {
				parents = append(parents, numberedID(1000+n)) // outside
			}
			if err := g.add(numberedID(n), parents); err != nil {
				t.Fatal(err)
			}
		}
		g.close()
		exempt := make([]bool, commits)
		for n := range exempt {
			exempt[n] = random.IntN(10) == 0
		}
		w := (&run{}).newWalk(g)
		p, want := newPlan(g), make([]map[place]bool, commits)
		for i := range tips {
			at := place{policy: pol, ref: unsectioned}
			ref := fmt.Sprintf("refs/heads/%c%d", "sx"[random.IntN(2)], i)
			at.ref = p.alike(pol, ref)
			n := int32(random.IntN(commits))
			w.fixed(p, tip{g.hex(n), ref}, pol, exempt)
			line, _, _ := g.firstParents(n)
			for x, is := range g.ancestors(n) {
				if at.side = !slices.Contains(line, int32(x)); is {
					if want[x] == nil {
						want[x] = map[place]bool{}
					}
					want[x][at] = !exempt[x]
				}
			}
		}
		for n := range want {
			got := map[place]bool{}
			for _, at := range p.at(int32(n)) {
				got[at] = true
			}
			reached := want[n] != nil
			for at, placed := range want[n] {
				if got[at] != placed {
					t.Errorf("round %d: commit %d in %s, side %t: %t, want %t", round, n, at.ref, at.side, got[at], placed)
				}
				delete(got, at)
			}
			if len(got) > 0 || p.placed[n] != reached {
				t.Errorf("round %d: commit %d also stands in %v; reached: %t, placed: %t", round, n, got, reached, p.placed[n])
			}
		}
		afterParents(t, g, p)
	}
}

func afterParents(t *testing.T, g *graph, p *plan) {
	t.Helper()
	done := make([]bool, len(g.ids))
	for _, n := range p.order {
		for _, parent := range g.parents[n] {
			if parent >= 0 && !done[parent] {
				t.Errorf("commit %d comes before its parent %d", n, parent)
			}
		}
		done[n] = true
	}
}

// Ten thousand refs along a history of twenty thousand commits: to follow each to
// the end takes minutes.
func TestFixedManyRefs(t *testing.T) {
	const commits, refs = 20_000, 10_000
	g := newGraph()
	for n := commits - 1; n >= 0; n-- {
		var parents []oid
		if n > 0 {
			parents = append(parents, numberedID(n-1))
		}
		if err := g.add(numberedID(n), parents); err != nil {
			t.Fatal(err)
		}
	}
	g.close()
	w, p := (&run{}).newWalk(g), newPlan(g)
	for i := range refs {
		w.fixed(p, tip{g.hex(int32(i * (commits / refs))), fmt.Sprintf("refs/tags/v%d", i)}, nil, nil)
	}
	if len(p.order) != commits || len(p.sets) != 2 {
		t.Errorf("%d commits in order and %d sets of places", len(p.order), len(p.sets))
	}
	afterParents(t, g, p)
}
