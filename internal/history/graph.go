package history

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/paraph/paraph/internal/gitcmd"
)

// A graph is who is whose parent, for the commits of a walk. Commits are
// numbers in it: a long history has room for little more.
type graph struct {
	digits  int // of an id in hexadecimal
	ids     []oid
	index   map[oid]int32
	parents [][]int32 // of each; a parent outside of the walk is negative, see outside
	outer   []oid     // parents outside of the walk
	outerOf map[oid]int32
	members [][]bool // of each history, where several were walked into one graph
	most    int      // commits, before somebody has to say that there are too many
}

// An oid is an object id; one of SHA-1 is followed by zeros.
type oid [32]byte

func parseID(s string) (o oid, err error) {
	if len(s) != 40 && len(s) != 64 {
		return o, fmt.Errorf("%q is not an object id", s)
	}
	_, err = hex.Decode(o[:], []byte(s))
	return o, err
}

func newGraph() *graph {
	return &graph{digits: 40, index: map[oid]int32{}, outerOf: map[oid]int32{}, most: maxWalk}
}

// maxWalk bounds the commits of one walk: a number has 31 bits, and memory an
// end.
const maxWalk = 1 << 24

var errManyCommits = errors.New("there are too many commits to be judged at once: verify a history in ranges, and push it in parts, its oldest first")

// readGraph walks the history.
func readGraph(ctx context.Context, repo *gitcmd.Repo, h gitcmd.History) (*graph, error) {
	g := newGraph()
	if err := g.read(ctx, repo, h, func(int32) {}); err != nil {
		return nil, err
	}
	g.close()
	return g, nil
}

// readGraphs walks several histories into one graph of so many commits at most.
func readGraphs(ctx context.Context, repo *gitcmd.Repo, histories []gitcmd.History, most int) (*graph, error) {
	g := newGraph()
	g.most = most
	found := make([][]int32, len(histories))
	for i, h := range histories {
		if len(h.Revisions) == 0 {
			continue
		}
		if err := g.read(ctx, repo, h, func(n int32) { found[i] = append(found[i], n) }); err != nil {
			return nil, err
		}
	}
	g.close()
	for _, numbers := range found {
		members := make([]bool, len(g.ids))
		for _, n := range numbers {
			members[n] = true
		}
		g.members = append(g.members, members)
	}
	return g, nil
}

// read walks a history, and tells the number of each commit.
func (g *graph) read(ctx context.Context, repo *gitcmd.Repo, h gitcmd.History, found func(n int32)) error {
	before := int32(len(g.ids)) // from another history, which git lists again
	var family []oid
	return repo.Walk(ctx, h, func(ids []string) error {
		family = family[:0]
		for _, s := range ids {
			o, err := parseID(s)
			if err != nil {
				return err
			}
			family = append(family, o)
		}
		g.digits = len(ids[0])
		if n, known := g.index[family[0]]; known && n < before {
			found(n)
			return nil
		}
		found(int32(len(g.ids)))
		return g.add(family[0], family[1:])
	})
}

// add adds a commit with its parents, which may come later.
func (g *graph) add(id oid, parents []oid) error {
	if len(g.ids) == g.most {
		return errManyCommits
	}
	if _, known := g.index[id]; known {
		return fmt.Errorf("git lists %x twice", id)
	}
	g.index[id] = int32(len(g.ids))
	g.ids = append(g.ids, id)
	numbers := make([]int32, 0, len(parents))
	for _, p := range parents {
		n, ok := g.outerOf[p]
		if !ok {
			n = int32(len(g.outer))
			g.outer, g.outerOf[p] = append(g.outer, p), n
		}
		numbers = append(numbers, -1-n)
	}
	g.parents = append(g.parents, numbers)
	return nil
}

// close finds the parents that are in the walk, once all commits are known.
func (g *graph) close() {
	for _, parents := range g.parents {
		for i, p := range parents {
			if n, ok := g.index[g.outer[-1-p]]; ok {
				parents[i] = n
			}
		}
	}
	g.outerOf = nil
}

// id is the id of a commit, or of a parent outside of the walk.
func (g *graph) id(n int32) oid {
	if n < 0 {
		return g.outer[-1-n]
	}
	return g.ids[n]
}

func (o oid) hex(digits int) string { return hex.EncodeToString(o[:])[:digits] }

// hex is the id of a commit, or of a parent outside of the walk.
func (g *graph) hex(n int32) string {
	return g.id(n).hex(g.digits)
}

// firstParents is the line of first parents from a tip, the tip first, as far as
// the walk goes. end is the parent outside of the walk that it leads to, and
// found whether there is one: it is none where the line ends in a commit without parents.
func (g *graph) firstParents(tip int32) (line []int32, end oid, found bool) {
	for n := tip; len(line) < len(g.ids); n = g.parents[n][0] {
		line = append(line, n)
		if len(g.parents[n]) == 0 {
			return line, end, false
		}
		if p := g.parents[n][0]; p < 0 {
			return line, g.id(p), true
		}
	}
	return line, end, false // a circle, which objects with other bytes than their ids can make
}

// segments puts the commits that a line reaches in order, parents first:
// visit is told each commit with the one of the line that brings it in.
// seen are those that were visited before, and line has the tip first.
func (g *graph) segments(line []int32, seen []bool, visit func(n, by int32)) {
	type frame struct {
		n    int32
		next int
	}
	var stack []frame
	for _, by := range slices.Backward(line) {
		if seen[by] {
			continue
		}
		seen[by] = true
		stack = append(stack[:0], frame{n: by})
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next == len(g.parents[top.n]) {
				visit(top.n, by)
				stack = stack[:len(stack)-1]
				continue
			}
			p := g.parents[top.n][top.next]
			top.next++
			if p >= 0 && !seen[p] {
				seen[p] = true
				stack = append(stack, frame{n: p})
			}
		}
	}
}

// ancestors are the commits of the walk that a set reaches, the set included.
func (g *graph) ancestors(from ...int32) []bool {
	seen := make([]bool, len(g.ids))
	stack := slices.Clone(from)
	for _, n := range from {
		seen[n] = true
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range g.parents[n] {
			if p >= 0 && !seen[p] {
				seen[p] = true
				stack = append(stack, p)
			}
		}
	}
	return seen
}
