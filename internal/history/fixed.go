package history

import "github.com/paraph/paraph/internal/policy"

// fixed places what a tip reaches under one policy.
//
// A repository has many refs, and most of what one of them reaches others reach
// too. Where the mainline of a tip comes to a commit of another one's, both are
// the same from there on, and so is what they bring in: for refs that are judged
// alike all that is placed already. (What such a commit reaches beside its own
// mainline is not on the other tip's either: it would be its own ancestor.)
func (w *walk) fixed(p *plan, t tip, pol *policy.Policy, exempt []bool) {
	n, ok := w.number(t.id)
	if !ok {
		return // the range is empty
	}
	at := place{policy: pol, ref: p.alike(pol, t.ref)}
	shared := p.lines[at]
	if shared == nil {
		shared = make([]bool, len(w.ids))
		p.lines[at] = shared
	}
	line, join, merges := w.own(n, shared)
	if len(line) == 0 {
		return
	}
	var seen []bool
	switch {
	case merges && join >= 0:
		seen = w.ancestors(join)
	case merges:
		seen = make([]bool, len(w.ids))
	}
	p.begin(t.ref)
	w.put(p, line, seen, at, exempt)
	for _, n := range line {
		shared[n] = true
	}
}

// own is the mainline of a tip, the tip first, down to a commit that shared has,
// join: negative where it comes to none. merges says whether it brings anything in.
func (g *graph) own(n int32, shared []bool) (line []int32, join int32, merges bool) {
	for len(line) < len(g.ids) { // or a circle
		if n < 0 || shared[n] {
			return line, n, merges
		}
		line = append(line, n)
		merges = merges || len(g.parents[n]) > 1
		if len(g.parents[n]) == 0 {
			return line, -1, merges
		}
		n = g.parents[n][0]
	}
	return line, -1, true
}

// put has a mainline, the tip first, and what it brings in stand in a place. seen
// is placed already; nil for a mainline that brings in nothing.
func (w *walk) put(p *plan, line []int32, seen []bool, at place, exempt []bool) {
	visit := func(n, by int32) {
		if exempt != nil && exempt[n] {
			p.skip(n)
			return
		}
		at.side = w.opts.Incoming || n != by
		p.put(n, at)
	}
	if seen != nil {
		w.segments(line, seen, visit)
		return
	}
	for i := len(line) - 1; i >= 0; i-- {
		visit(line[i], line[i])
	}
}
