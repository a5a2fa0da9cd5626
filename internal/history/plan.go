package history

import (
	"fmt"

	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/verdict"
)

// A place is where commits stand, and what is said of them there.
type place struct {
	policy  *policy.Policy // nil: nobody said whom to trust
	ref     string         // full name, "" for none
	side    bool           // a merge brought them in
	refused *verdict.Error // all of them are, nil if the policy decides
}

// A plan is the order in which commits are judged, parents first, and the
// places of each. Many commits stand in the same places: a set of places is a
// number.
type plan struct {
	order  []int32
	placed []bool
	places []place
	known  map[place]int32
	sets   [][]int32 // of places
	setOf  map[string]int32
	set    []int32 // of each commit
	ref    []int32 // of each commit: the first that it was placed for
	refs   []string
	first  map[likeness]string
	lines  map[place][]bool // commits from which all was placed, see fixed
}

func newPlan(g *graph) *plan {
	return &plan{
		placed: make([]bool, len(g.ids)), set: make([]int32, len(g.ids)),
		ref: make([]int32, len(g.ids)), first: map[likeness]string{},
		known: map[place]int32{}, lines: map[place][]bool{}, sets: [][]int32{nil}, setOf: map[string]int32{"": 0},
	}
}

// begin says for which ref commits are placed from now on, "" for none.
func (p *plan) begin(ref string) { p.refs = append(p.refs, ref) }

// put has a commit stand in a place too.
func (p *plan) put(n int32, at place) {
	p.skip(n)
	number, ok := p.known[at]
	if !ok {
		number = int32(len(p.places))
		p.places = append(p.places, at)
		p.known[at] = number
	}
	old := p.sets[p.set[n]]
	for _, has := range old {
		if has == number {
			return
		}
	}
	next := append(old[:len(old):len(old)], number)
	name := fmt.Sprint(next)
	set, ok := p.setOf[name]
	if !ok {
		set = int32(len(p.sets))
		p.sets = append(p.sets, next)
		p.setOf[name] = set
	}
	p.set[n] = set
}

// at are the places of a commit. One that was put in order and has none is
// exempt.
func (p *plan) at(n int32) (out []place) {
	for _, number := range p.sets[p.set[n]] {
		out = append(out, p.places[number])
	}
	return out
}

// exempt reports whether whatever speaks of a commit exempts it.
func (p *plan) exempt(n int32) bool { return p.set[n] == 0 }

// skip puts a commit in order that is exempt here.
func (p *plan) skip(n int32) {
	if !p.placed[n] {
		p.placed[n], p.ref[n] = true, int32(len(p.refs)-1)
		p.order = append(p.order, n)
	}
}

// unsectioned stands for every ref that no section speaks of: all of them are
// judged alike.
const unsectioned = "refs/"

// alike is a ref that is judged as this one: the first of all those that the
// same sections speak of.
func (p *plan) alike(pol *policy.Policy, ref string) string {
	if ref == "" {
		return ""
	}
	if pol == nil || !pol.Sectioned(ref) {
		return unsectioned
	}
	key := likeness{pol, pol.SectionsOf(ref)}
	if first, ok := p.first[key]; ok {
		return first
	}
	p.first[key] = ref
	return ref
}

// areAlike reports whether a ref is judged as another one, under any policy here.
func (p *plan) areAlike(ref, as string) bool {
	for key, first := range p.first {
		if first == as && key.policy.SectionsOf(ref) == key.sections {
			return true
		}
	}
	return false
}

// A likeness is which sections of a policy speak of a ref.
type likeness struct {
	policy   *policy.Policy
	sections string
}
