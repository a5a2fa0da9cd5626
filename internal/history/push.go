package history

import (
	"errors"
	"fmt"
	"slices"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
)

// A Known is what nobody has to judge again, because it was here before a push:
// what commits and tags reach. Refs that know the same share one.
type Known struct{ Tips []string }

// An Arrival is what a push brings to one ref.
type Arrival struct {
	Ref string // full name: its sections say who may
	New string // the commit or tag that it leads to from now on
	// Old is the commit that it led to before, "" for a new ref, and Beside what
	// a new one knows.
	Old    string
	Beside *Known
	// Tip says that the new tip is judged even where it is known.
	Tip bool
	// Grows says that the policy of this ref counts: what arrives here is judged
	// by the policies that come into force on the way too.
	Grows bool
}

// Pushed judges what arrives at several refs, each commit once, by the
// policy of the anchor, or the one for all objects. Everywhere known is what the
// anchor reaches, or base where there is none, "" for nothing.
//
// grown is false where a ref whose policy counts has another policy at its new
// tip than is in force there: the one who changed it may not do so.
func (v *Verification) Pushed(name, base string, arrivals []Arrival) (grown bool, err error) {
	r := &v.run
	p := &pushed{run: r, policy: r.opts.Policy, name: name, grown: true}
	if r.anchor != nil {
		p.policy, base = r.anchor.policy, r.anchor.id
	}
	if base != "" {
		p.base = []string{"^" + base}
	}
	if err := p.tips(arrivals); err != nil {
		return false, err
	}
	if err := p.walk(); err != nil {
		return false, err
	}
	if err := p.judge(); err != nil {
		return false, err
	}
	return p.grown, nil
}

// maxPushed bounds the commits of one push: those of the largest histories are
// pushed in parts.
const maxPushed = 1 << 19

// A pushed is a push on its way.
type pushed struct {
	*run
	name   string
	policy *policy.Policy
	base   []string // what is known everywhere
	grown  bool

	arrivals []arrival
	graph    *graph
}

// An arrival is one whose commit was found.
type arrival struct {
	Arrival
	tip   tip
	group int // that it was walked in
}

// tips finds the commit that each ref leads to, and judges the tags on the way.
func (p *pushed) tips(arrivals []Arrival) error {
	byPolicy := func(*examined) (*policy.Policy, error) { return p.policy, nil }
	for _, a := range arrivals {
		raw, err := p.batch.Read(a.New)
		if err == nil && raw.Type != string(payload.Commit) {
			var commit *examined
			commit, err = p.chain(p.name, a.New, a.Ref, byPolicy)
			switch {
			case errors.Is(err, errNotSigned), errors.Is(err, errNoTarget), errors.Is(err, errManyTags):
				err = p.unjudged(&unjudgedError{fmt.Errorf("%s: %w", a.Ref, err)})
			}
			if commit == nil && err == nil {
				continue
			}
			if commit != nil {
				raw.ID = commit.id
			}
		}
		if errors.Is(err, gitcmd.ErrMissing) {
			err = &unjudgedError{fmt.Errorf("%s: %w", a.Ref, err)}
		}
		if err != nil {
			return err
		}
		p.arrivals = append(p.arrivals, arrival{Arrival: a, tip: tip{raw.ID, a.Ref}})
	}
	return nil
}

// walk lists what arrives: for refs that were there before in one walk, for new
// ones in one for each set of what they know.
func (p *pushed) walk() error {
	const moved = 0
	groups := []gitcmd.History{moved: {}}
	of := map[*Known]int{}
	var olds []string
	for i := range p.arrivals {
		a := &p.arrivals[i]
		if a.Old != "" {
			a.group = moved
			olds = append(olds, a.Old)
		} else if n, ok := of[a.Beside]; ok {
			a.group = n
		} else {
			a.group = len(groups)
			of[a.Beside] = a.group
			groups = append(groups, gitcmd.History{Revisions: a.Beside.excluded()})
		}
		g := &groups[a.group]
		g.Revisions = append(g.Revisions, a.tip.id)
	}
	slices.Sort(olds)
	olds = slices.Compact(olds)
	if len(olds) == 1 {
		groups[moved].Revisions = append(groups[moved].Revisions, "^"+olds[0])
	} else {
		// What one ref had is new for another one: each is told from it later.
		groups[moved].Revisions = append(groups[moved].Revisions, olds...)
	}
	var err error
	for i := range groups {
		if len(groups[i].Revisions) > 0 {
			groups[i].Revisions = append(groups[i].Revisions, p.base...)
		}
	}
	p.graph, err = readGraphs(p.ctx, p.repo, groups, maxPushed)
	if err == nil && p.opts.Found != nil {
		p.opts.Found(len(p.graph.ids))
	}
	return err
}

func (k *Known) excluded() (revisions []string) {
	if k != nil {
		for _, id := range k.Tips {
			revisions = append(revisions, "^"+id)
		}
	}
	return revisions
}

// judge puts each commit where it arrives, and judges it there.
func (p *pushed) judge() error {
	w, plan := p.newWalk(p.graph), newPlan(p.graph)
	exempt, err := w.exemptBy(p.policy, p.base)
	if err != nil {
		return err
	}
	placed := placements{plan: plan, walk: w, policy: p.policy, exempt: exempt, known: map[int][]bool{}, lines: map[alikeArrival][]bool{}}
	var alone []arrival // whose tip is known, and judged
	for _, a := range p.arrivals {
		if err := p.ctx.Err(); err != nil {
			return err
		}
		n, walked := w.number(a.tip.id)
		switch {
		case walked && a.Grows && w.anchor != nil:
			if err := p.grows(w, plan, a.tip); err != nil {
				return err
			}
			w.fixed(plan, a.tip, p.policy, exempt)
		case walked && !placed.knownTo(a)[n]:
			placed.arrives(a, n)
		case a.Tip:
			alone = append(alone, a)
		}
	}
	if err := w.follow(p.ctx, plan, p.name, everyCommit); err != nil {
		return err
	}
	return p.alone(alone)
}

// grows places what a tip brings under the policies that come into force on the
// way, and finds out whether the tip has the one that is in force then.
func (p *pushed) grows(w *walk, plan *plan, t tip) error {
	m, err := w.anchored(plan, t)
	if err != nil || m == nil {
		return err
	}
	own, err := m.folder(m.line[0])
	if isVerdict(err) {
		p.grown = false
		return nil
	}
	if err != nil {
		return err
	}
	first, err := p.policyFolder(w.anchor.id)
	if err != nil {
		return err
	}
	if m.own == m.from {
		p.grown = own == first
		return nil
	}
	tip, err := m.load(m.line[0], own)
	if isGit(err) {
		return err
	}
	p.grown = err == nil && tip == m.own
	return nil
}

// alone judges tips that were here before, each as what its ref leads to.
func (p *pushed) alone(arrivals []arrival) error {
	exempt, err := p.exemptTips(arrivals)
	if err != nil {
		return err
	}
	told := map[tip]bool{}
	for _, a := range arrivals {
		if told[a.tip] {
			continue
		}
		told[a.tip] = true
		raw, err := p.batch.Read(a.tip.id)
		if err != nil {
			return err
		}
		isExempt := func(*walk, []string) ([]bool, error) { return []bool{exempt[raw.ID]}, nil }
		if err := p.commitUnder(p.name, p.examiner.examine(raw), a.tip, a.Ref, p.policy, isExempt); err != nil {
			return err
		}
	}
	return nil
}

// exemptTips are those of some tips that the policy exempts, found in one walk.
func (p *pushed) exemptTips(arrivals []arrival) (map[string]bool, error) {
	exempt := map[string]bool{}
	var from []string
	for _, id := range p.policy.TrustUpTo {
		if _, err := p.commitID(id); err == nil { // else it has no ancestors here
			from = append(from, id)
		}
	}
	if len(from) == 0 || len(arrivals) == 0 {
		return exempt, nil
	}
	tips := map[string]bool{}
	for _, a := range arrivals {
		tips[a.tip.id] = true
	}
	return exempt, p.repo.Walk(p.ctx, gitcmd.History{Revisions: from}, func(ids []string) error {
		if tips[ids[0]] {
			exempt[ids[0]] = true
		}
		return nil
	})
}
