package history

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

// A walk is over the commits of a graph, with what was learned of them.
type walk struct {
	*run
	*graph
	treeIDs    []oid            // of each commit that was read, else zero
	latest     []int64          // unix time: the latest that is proven for it and its ancestors, 0 if none is
	outerTrees map[int32]string // of parents outside of the walk
}

func (r *run) newWalk(g *graph) *walk {
	return &walk{run: r, graph: g, treeIDs: make([]oid, len(g.ids)), latest: make([]int64, len(g.ids)), outerTrees: map[int32]string{}}
}

// treeOf is the tree of a commit, or of a parent outside of the walk.
func (w *walk) treeOf(n int32) (string, error) {
	if t := w.knownTree(n); t != "" {
		return t, nil
	}
	tree, err := w.treeReader.treeOf(w.hex(n))
	if err == nil {
		w.learnTree(n, tree)
	}
	return tree, err
}

func (w *walk) knownTree(n int32) string {
	if n < 0 {
		return w.outerTrees[n]
	}
	if w.treeIDs[n] == (oid{}) {
		return ""
	}
	return w.treeIDs[n].hex(w.digits)
}

func (w *walk) learnTree(n int32, tree string) {
	if n < 0 {
		w.outerTrees[n] = tree
	} else if o, err := parseID(tree); err == nil {
		w.treeIDs[n] = o
	}
}

// position is a commit's among those that were read before.
func (w *walk) position(n int32) position {
	var pos position
	latest := int64(0)
	for _, p := range w.parents[n] {
		pos.parents = append(pos.parents, parent{id: w.hex(p), tree: w.knownTree(p)})
		if p >= 0 {
			latest = max(latest, w.latest[p])
		}
	}
	if latest != 0 {
		pos.latest = time.Unix(latest, 0)
	}
	return pos
}

// learn keeps what its descendants need to know of a commit.
func (w *walk) learn(n int32, e *examined) {
	w.learnTree(n, e.tree)
	for _, p := range w.parents[n] {
		if p >= 0 {
			w.latest[n] = max(w.latest[n], w.latest[p])
		}
	}
	if e.result != nil && e.result.Verdict == verdict.Valid {
		for _, t := range e.result.Times() {
			w.latest[n] = max(w.latest[n], t.Unix())
		}
	}
}

// names are the ids of commits, in order.
func (w *walk) names(order []int32) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, n := range order {
			if !yield(w.hex(n)) {
				return
			}
		}
	}
}

// sameParents makes sure that git walked as the commit says, whose bytes are
// those of its id.
func (w *walk) sameParents(n int32, e *examined) error {
	same := len(e.parents) == len(w.parents[n])
	for i, p := range w.parents[n] {
		same = same && e.parents[i] == w.hex(p)
	}
	if !same {
		return &unjudgedError{fmt.Errorf("%s: git leaves out parents of it: this clone is shallow, and git fetch --unshallow brings the rest", e.id)}
	}
	return nil
}

// follow verifies and judges the commits of a plan, and tells each.
func (w *walk) follow(ctx context.Context, p *plan, name string, listed func(n int32) bool) error {
	next := 0
	return pipeline(ctx, w.repo, w.names(p.order), w.opts.jobs(), func(raw gitcmd.RawObject) *examined {
		if w.isExempt(p, raw) {
			return exempted(raw)
		}
		return w.examiner.examine(raw)
	}, func(e *examined) error {
		n := p.order[next]
		next++
		o, err := w.settle(p, n, e)
		if err != nil {
			return w.unjudged(err)
		}
		o.Range = name
		if !listed(n) {
			return nil
		}
		return w.tell(o)
	})
}

// isExempt reports whether nobody has to verify a commit that was read. Which
// one it is, its bytes say.
func (w *walk) isExempt(p *plan, raw gitcmd.RawObject) bool {
	id, err := parseID(raw.ID)
	if err != nil || raw.Type == "" {
		return false
	}
	n, known := w.index[id]
	return known && p.exempt(n)
}

// settle is what became of one commit.
func (w *walk) settle(p *plan, n int32, e *examined) (report.Object, error) {
	if e.kind == "" {
		return report.Object{}, &unjudgedError{missing(w.hex(n))}
	}
	if err := w.sameParents(n, e); err != nil {
		return report.Object{}, err
	}
	pos := w.position(n)
	w.learn(n, e)
	o, err := w.judged(e, p.at(n), pos)
	// Shown is a ref that leads here, not one that is judged alike.
	if own := p.refs[p.ref[n]]; o.Ref == "" || o.Ref == unsectioned || p.areAlike(own, o.Ref) {
		o.Ref = own
	}
	return o, err
}
