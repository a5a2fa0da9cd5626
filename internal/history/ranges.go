package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/verdict"
)

// A tip is where the walk begins, and what it is known as.
type tip struct {
	id  string
	ref string // full name, "" for none
}

// A Target is something to verify, by the name that somebody gave it: an object
// or a range that [Verification.Find] found, objects by their ids, or what
// branches, tags and remotes reach, each as its ref.
type Target struct {
	Name  string
	Range bool
	IDs   []string
	All   bool

	found    gitcmd.Revision // of the object, or of the range's end
	from, to string          // commits of a range; all that to reaches without a from
}

// Find finds what a revision or a range names: A..B is what git rev-list makes
// of it, with all parents.
func (v *Verification) Find(name string) (t Target, err error) {
	r := &v.run
	from, to, found := strings.Cut(name, "..")
	t = Target{Name: name, Range: found}
	if !found {
		t.found, err = r.repo.Resolve(r.ctx, name)
		return t, err
	}
	if strings.HasPrefix(to, ".") || strings.Contains(to, "..") {
		return t, fmt.Errorf("%q: %w: a range is A..B", name, gitcmd.ErrRevision)
	}
	from, to = cmp.Or(from, "HEAD"), cmp.Or(to, "HEAD")
	if t.from, err = r.commitID(from); err != nil {
		return t, err
	}
	if t.found, err = r.repo.Resolve(r.ctx, to); err != nil {
		return t, err
	}
	t.to, err = r.commitID(to)
	return t, err
}

// Reach finds all that a revision reaches.
func (v *Verification) Reach(name string) (t Target, err error) {
	t = Target{Name: name, Range: true}
	if t.found, err = v.run.repo.Resolve(v.run.ctx, name); err == nil {
		t.to, err = v.run.commitID(name)
	}
	return t, err
}

// Verify verifies what was found. An annotated tag is followed: what it leads
// to is verified too, down to the commit. A target of a tag that is not in the
// repository ends that without a failure.
func (v *Verification) Verify(t Target) error {
	r := &v.run
	ref := cmp.Or(r.opts.Ref, t.found.Ref)
	switch {
	case t.All:
		return r.all(t.Name)
	case t.IDs != nil:
		return r.objects(t.Name, t.IDs)
	case t.Range && t.from == "":
		return r.walkFrom(t.Name, []tip{{t.to, ref}}, nil)
	case t.Range:
		return r.walkFrom(t.Name, []tip{{t.to, ref}}, []string{"^" + t.from})
	}
	return r.object(t.Name, t.found, ref)
}

// commitID is the id of the commit that a revision leads to.
func (r *run) commitID(rev string) (string, error) {
	return r.repo.Commit(r.ctx, rev)
}

// walkFrom verifies what tips reach and the excluded revisions do not.
func (r *run) walkFrom(name string, tips []tip, excluded []string) error {
	var revs []string
	for _, t := range tips {
		revs = append(revs, t.id)
	}
	slices.Sort(revs)
	revs = slices.Compact(revs)
	g, err := readGraph(r.ctx, r.repo, gitcmd.History{Revisions: append(slices.Clone(revs), excluded...)})
	if err != nil {
		return err
	}
	if r.opts.Found != nil {
		r.opts.Found(len(g.ids))
	}
	if r.anchor != nil {
		return r.fromAnchor(name, g, tips, revs)
	}
	w := r.newWalk(g)
	p := newPlan(g)
	exempt, err := w.exemptBy(r.opts.Policy, excluded)
	if err != nil {
		return err
	}
	for _, t := range tips {
		w.fixed(p, t, r.opts.Policy, exempt)
	}
	return w.follow(r.ctx, p, name, everyCommit)
}

func everyCommit(int32) bool { return true }

// number is the number of a commit, if the walk has it.
func (g *graph) number(id string) (int32, bool) {
	o, err := parseID(id)
	if err != nil {
		return 0, false
	}
	n, ok := g.index[o]
	return n, ok
}

// exemptBy are the commits of the walk that a policy exempts, nil for none.
func (w *walk) exemptBy(p *policy.Policy, excluded []string) ([]bool, error) {
	if p == nil || len(p.TrustUpTo) == 0 {
		return nil, nil
	}
	exempt := make([]bool, len(w.ids))
	var inside []int32
	for _, id := range p.TrustUpTo {
		if n, ok := w.number(id); ok {
			inside = append(inside, n)
			continue
		}
		if _, err := w.commitID(id); err != nil {
			continue // not in this repository: it has no ancestors here
		}
		err := w.repo.Walk(w.ctx, gitcmd.History{Revisions: append([]string{id}, excluded...)}, func(ids []string) error {
			if n, ok := w.number(ids[0]); ok {
				exempt[n] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for n, is := range w.ancestors(inside...) {
		exempt[n] = exempt[n] || is
	}
	return exempt, nil
}

// fromAnchor verifies what g has, by the policies that the anchor's became.
// What the anchor reaches is exempt: it is what a walk without it lacks.
func (r *run) fromAnchor(name string, g *graph, tips []tip, revs []string) error {
	after, err := readGraph(r.ctx, r.repo, gitcmd.History{Revisions: append(slices.Clone(revs), "^"+r.anchor.id)})
	if err != nil {
		return err
	}
	before, seen := newPlan(g), make([]bool, len(g.ids))
	for _, t := range tips {
		if n, ok := g.number(t.id); ok {
			before.begin(t.ref)
			line, _, _ := g.firstParents(n)
			g.segments(line, seen, func(n, _ int32) {
				if _, ok := after.index[g.ids[n]]; !ok {
					before.skip(n)
				}
			})
		}
	}
	if err := r.newWalk(g).follow(r.ctx, before, name, everyCommit); err != nil {
		return err
	}
	w, p := r.newWalk(after), newPlan(after)
	for _, t := range tips {
		if _, err := w.anchored(p, t); err != nil {
			return err
		}
	}
	return w.follow(r.ctx, p, name, func(n int32) bool {
		_, ok := g.index[after.ids[n]]
		return ok
	})
}

// anchored places what a tip reaches, each under the policy in force there. m is
// how that developed, nil where the tip's mainline does not lead to the anchor.
func (w *walk) anchored(p *plan, t tip) (m *mainline, err error) {
	n, ok := w.number(t.id)
	if !ok {
		return nil, nil // the anchor reaches it
	}
	p.begin(t.ref)
	line, end, found := w.firstParents(n)
	if !found || end.hex(w.digits) != w.anchor.id {
		if !w.contains(n, w.anchor.id) {
			exempt, err := w.exemptBy(w.anchor.policy, []string{"^" + w.anchor.id})
			if err == nil {
				w.fixed(p, t, w.anchor.policy, exempt)
			}
			return nil, err
		}
		off := verdict.Errorf(verdict.Policy, "anchor-off-mainline",
			"the anchor %s is not on the mainline (the first parents) of %s: merge the other way round, or git pull --rebase", w.anchor.id, t.id)
		w.segments(line, make([]bool, len(w.ids)), func(n, _ int32) {
			p.put(n, place{policy: w.anchor.policy, ref: t.ref, refused: off})
		})
		return nil, nil
	}
	m = &mainline{walk: w, line: line, ref: t.ref, from: w.anchor.policy}
	if err := m.evolve(); err != nil {
		return nil, err
	}
	return m, m.place(p)
}

// contains reports whether a commit outside of the walk is reached.
func (g *graph) contains(from int32, id string) bool {
	for n, is := range g.ancestors(from) {
		if !is {
			continue
		}
		for _, p := range g.parents[n] {
			if p < 0 && g.hex(p) == id {
				return true
			}
		}
	}
	return false
}
