package history

import (
	"fmt"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/trees"
	"github.com/paraph/paraph/internal/verdict"
)

// maxEndings bounds how often the endings of a newer policy may change which
// policy is the newest one.
const maxEndings = 16

// A mainline is how the policy developed along the first parents of a tip.
type mainline struct {
	*walk
	line []int32 // the tip first, without the anchor
	ref  string
	from *policy.Policy // the anchor's

	// In the order of the line: the policy in force at the parent of each.
	inForce []*policy.Policy
	broken  map[int32]*verdict.Error // policies that a commit breaks
	newest  *policy.Policy           // in force at the tip
	own     *policy.Policy           // the same, as its text has it

	proven  bool                  // the times of all commits are known
	brought map[int32][]int32     // side commits, by the one that merges them
	known   map[int32]*examined   // those that change a policy
	folders map[int32]trees.Entry // of policies, in mainline commits
	parsed  map[string]loaded     // by the id of the folder
	endings []*policy.Policy      // newest policies so far
	under   map[*policy.Policy]*policy.Policy
}

type loaded struct {
	policy *policy.Policy
	err    error
}

// evolve finds out which policy is in force where.
//
// What ends a signer in the newest policy that is trusted ends it under older
// ones too, and so may take the trust away from what made a policy: it is begun
// anew until no newer endings come up. They only ever add up, so that it ends.
func (m *mainline) evolve() error {
	m.brought = map[int32][]int32{}
	m.segments(m.line, make([]bool, len(m.ids)), func(n, by int32) {
		if n != by {
			m.brought[by] = append(m.brought[by], n)
		}
	})
	m.known, m.folders, m.parsed = map[int32]*examined{}, map[int32]trees.Entry{}, map[string]loaded{}
	for range maxEndings {
		m.under = map[*policy.Policy]*policy.Policy{}
		newest, err := m.once()
		if err != nil {
			return err
		}
		if slices.Contains(m.endings, newest) {
			m.newest, m.own = m.ending(newest), newest
			return nil
		}
		m.endings = append(m.endings, newest)
	}
	return fmt.Errorf("the policy ends so many signers by one another that it is not clear which one is in force")
}

// once follows the line, with the endings that are known so far, and returns
// the newest policy.
func (m *mainline) once() (*policy.Policy, error) {
	m.inForce = make([]*policy.Policy, len(m.line))
	m.broken = map[int32]*verdict.Error{}
	current := m.from
	for i, n := range slices.Backward(m.line) {
		m.inForce[i] = m.ending(current)
		next, err := m.step(n, m.inForce[i])
		if err != nil {
			return nil, err
		}
		if next != nil {
			current = next
		}
	}
	return current, nil
}

// ending is a policy with all endings that are known.
func (m *mainline) ending(p *policy.Policy) *policy.Policy {
	out := m.under[p]
	if out == nil {
		out = p
		for _, e := range m.endings {
			out = out.Under(e)
		}
		m.under[p] = out
	}
	return out
}

// step is the policy that a commit of the mainline brings into force, nil if
// it brings none. A key file is as much of a policy as its text.
func (m *mainline) step(n int32, inForce *policy.Policy) (*policy.Policy, error) {
	now, err := m.folder(n)
	if err != nil {
		return nil, m.unreadable(n, err)
	}
	before, err := m.folder(m.parents[n][0])
	if err != nil || now == before {
		return nil, m.unreadable(n, err)
	}
	next, err := m.load(n, now)
	if isGit(err) {
		return nil, m.unreadable(n, err)
	}
	if err != nil {
		m.broken[n] = verdict.Errorf(verdict.Policy, "policy-broken", "this commit breaks the policy, and the one before it stays in force: %v", err)
		return nil, nil
	}
	trusted, err := m.trusted(n, place{policy: inForce, ref: m.ref})
	if !trusted || err != nil {
		return nil, err
	}
	changes, err := m.changesPolicy(n)
	if changes || err != nil {
		return next, m.unreadable(n, err)
	}
	// A merge that only passes on what a side changed is not the one who
	// changed it: whoever did must be allowed to.
	for _, side := range m.brought[n] {
		changes, err := m.changesPolicy(side)
		if err != nil {
			return nil, m.unreadable(side, err)
		}
		if !changes {
			continue
		}
		if trusted, err := m.trusted(side, place{policy: inForce, ref: m.ref, side: true}); !trusted || err != nil {
			return nil, err
		}
	}
	return next, nil
}

// changesPolicy reports whether a commit itself changes the policy, or a file
// that may belong to it.
func (m *mainline) changesPolicy(n int32) (bool, error) {
	e, err := m.examined(n)
	if err != nil {
		return false, err
	}
	paths, err := m.trees.changed(e, m.position(n).parents, ofPolicy)
	return slices.ContainsFunc(paths, func(path string) bool {
		return path == policyDir || strings.HasPrefix(path, policyDir+"/")
	}), err
}

// ofPolicy keeps the comparison of trees to where the policy is.
func ofPolicy(dir string) bool {
	return dir == "" || dir == policyDir || strings.HasPrefix(dir, policyDir+"/")
}

// unreadable is nil for a tree that breaks the rules: its commit is refused for
// that, and no policy comes of it.
func (m *mainline) unreadable(n int32, err error) error {
	if err == nil || isVerdict(err) {
		return nil
	}
	return fmt.Errorf("%s: %w", m.hex(n), err)
}

// trusted reports whether a commit is, in a place.
func (m *mainline) trusted(n int32, at place) (bool, error) {
	e, err := m.examined(n)
	if err != nil {
		return false, err
	}
	if e.key != nil {
		// The time of such a signature is known only once its ancestors are.
		if err := m.prove(); err != nil {
			return false, err
		}
	}
	o, err := m.judged(e, []place{at}, m.position(n))
	if err == nil && o.Verdict == verdict.Valid {
		// All that comes after it depends on this.
		err = fmt.Errorf("%s changes the policy, and whether that counts depends on the branch: say which with --ref", e.id)
	}
	return o.Verdict == verdict.Trusted, err
}

// examined verifies a commit, or remembers that it was.
func (m *mainline) examined(n int32) (*examined, error) {
	if e := m.known[n]; e != nil {
		return e, nil
	}
	raw, err := m.batch.Read(m.hex(n))
	if err != nil {
		return nil, err
	}
	e := m.examiner.examine(raw)
	if e.result.Err != nil && e.result.Err.Class == verdict.Infrastructure {
		return nil, e.result.Err
	}
	m.known[n] = e
	return e, nil
}

// folder is the policy's in the tree of a commit.
func (m *mainline) folder(n int32) (trees.Entry, error) {
	if e, ok := m.folders[n]; ok {
		return e, nil
	}
	tree, err := m.treeOf(n)
	if err != nil {
		return trees.Entry{}, err
	}
	e, err := m.trees.find(tree, policyDir)
	if err == nil {
		m.folders[n] = e
	}
	return e, err
}

// place puts what the mainline brings under the policy in force before it.
func (m *mainline) place(p *plan) error {
	inForce := map[int32]*policy.Policy{}
	for i, n := range m.line {
		inForce[n] = m.inForce[i]
	}
	exempt := map[*policy.Policy][]bool{}
	for _, pol := range m.inForce {
		if _, known := exempt[pol]; !known {
			var err error
			if exempt[pol], err = m.exemptBy(pol, []string{"^" + m.anchor.id}); err != nil {
				return err
			}
		}
	}
	m.segments(m.line, make([]bool, len(m.ids)), func(n, by int32) {
		pol := inForce[by]
		if e := exempt[pol]; e != nil && e[n] {
			p.skip(n)
			return
		}
		p.put(n, place{policy: pol, ref: p.alike(pol, m.ref), side: n != by, refused: m.broken[n]})
	})
	return nil
}

// prove learns the proven times of all commits of the walk, once.
func (m *mainline) prove() error {
	if m.proven {
		return nil
	}
	m.proven = true
	order := make([]int32, 0, len(m.ids))
	m.segments(m.line, make([]bool, len(m.ids)), func(n, _ int32) { order = append(order, n) })
	next := 0
	return pipeline(m.ctx, m.repo, m.names(order), m.opts.jobs(), m.examiner.examine, func(e *examined) error {
		n := order[next]
		next++
		if e.kind == "" {
			return missing(m.hex(n))
		}
		m.learn(n, e)
		return nil
	})
}
