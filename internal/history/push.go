package history

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/trees"
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

// policyFolder is the policy's folder in the tree of a commit.
func (t *treeReader) policyFolder(commit string) (trees.Entry, error) {
	tree, err := t.treeOf(commit)
	if err != nil {
		return trees.Entry{}, err
	}
	return t.find(tree, policyDir)
}

// SamePolicy reports whether two commits, "" for one that is not there, have the
// same policy with the files that belong to it.
func (v *Verification) SamePolicy(a, b string) (bool, error) {
	var folders [2]trees.Entry
	for i, commit := range []string{a, b} {
		if commit == "" {
			continue
		}
		var err error
		if folders[i], err = v.run.policyFolder(commit); err != nil {
			return false, err
		}
	}
	return folders[0] == folders[1], nil
}

// PolicyAt reads the policy that a commit has: an error that IsUnusable tells
// from others where there is none to judge by.
func (v *Verification) PolicyAt(commit string) (*policy.Policy, error) {
	return v.run.treeReader.policyOf(PolicySpec{commit, policy.Path})
}

// AnchorPolicy is the policy of the anchor, nil where there is none.
func (v *Verification) AnchorPolicy() *policy.Policy {
	if v.run.anchor == nil {
		return nil
	}
	return v.run.anchor.policy
}

// TagName is the name that a tag object says that it has, as git reads it (tag.c):
// "" for none.
func (v *Verification) TagName(id string) (string, error) {
	raw, err := v.run.batch.Read(id)
	if err != nil {
		return "", err
	}
	for n, line := range slices.Collect(strings.SplitSeq(string(raw.Raw[:min(len(raw.Raw), maxTagHead)]), "\n")) {
		if name, found := strings.CutPrefix(line, "tag "); n == 2 && found {
			return name, nil
		}
	}
	return "", nil
}

// maxTagHead is more than the first three lines of a tag have, in bytes.
const maxTagHead = 8 << 10

// KindOf is the type of an object: commit, tag, tree or blob.
func (v *Verification) KindOf(id string) (string, error) {
	raw, err := v.run.batch.Read(id)
	return raw.Type, err
}

// IsUnusable reports an error that says that a policy is absent, broken or no
// regular file, not that it could not be read.
func IsUnusable(err error) bool {
	var broken *policy.Error
	return errors.Is(err, ErrPolicy) || errors.As(err, &broken) || isVerdict(err)
}
