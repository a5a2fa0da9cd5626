package history

import (
	"slices"

	"github.com/paraph/paraph/internal/policy"
)

// placements are where commits arrive.
type placements struct {
	*walk
	plan   *plan
	policy *policy.Policy
	exempt []bool
	known  map[int][]bool          // to new refs, by group
	lines  map[alikeArrival][]bool // known, or on the mainline of one that arrived so
}

// An alikeArrival is what arrives at refs that are judged alike and know the same.
type alikeArrival struct {
	group int
	at    place
}

// knownTo is what a ref knows of the walk.
func (p *placements) knownTo(a arrival) []bool {
	if known := p.known[a.group]; known != nil && a.Old == "" {
		return known
	}
	known := make([]bool, len(p.ids))
	for n := range known {
		known[n] = !p.members[a.group][n]
	}
	if a.Old == "" {
		p.known[a.group] = known
		return known
	}
	if n, ok := p.number(a.Old); ok {
		for n, is := range p.ancestors(n) {
			known[n] = known[n] || is
		}
	}
	return known
}

// arrives places what a tip brings. Where its mainline comes to that of another
// one that is judged alike, the rest is placed already, see [walk.fixed].
func (p *placements) arrives(a arrival, n int32) {
	at := place{policy: p.policy, ref: p.plan.alike(p.policy, a.Ref)}
	known := p.knownTo(a)
	lines := p.lines[alikeArrival{a.group, at}]
	if lines == nil || a.Old != "" {
		lines = slices.Clone(known)
		if a.Old == "" {
			p.lines[alikeArrival{a.group, at}] = lines
		}
	}
	line, join, merges := p.own(n, lines)
	if len(line) == 0 {
		return
	}
	var seen []bool
	if merges {
		seen = slices.Clone(known)
		if join >= 0 {
			for n, is := range p.ancestors(join) {
				seen[n] = seen[n] || is
			}
		}
	}
	p.plan.begin(a.Ref)
	p.put(p.plan, line, seen, at, p.exempt)
	for _, n := range line {
		lines[n] = true
	}
}
