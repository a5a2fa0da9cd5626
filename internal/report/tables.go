package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
)

// Bounds on what a run of any length keeps. What is beyond is counted together.
const (
	maxRows   = 300 // signers, of all ranges
	maxRanges = 100
)

const (
	otherSigners = "others"
	otherRanges  = "other ranges"
)

// tables count the objects of all ranges.
type tables struct {
	all  []*rangeTable
	rows int // that count a signer by name
}

// A rangeTable counts the objects of one range by verdict and signer.
type rangeTable struct {
	name  string
	total int
	rows  []*row
	index map[rowKey]*row
}

type rowKey struct {
	verdict verdict.Verdict
	signer  string
	folded  bool // stands for all signers that found no row of their own
}

type row struct {
	rowKey
	count int
}

// of returns the table of a range.
func (t *tables) of(name string) *rangeTable {
	if i := slices.IndexFunc(t.all, func(r *rangeTable) bool { return r.name == name }); i >= 0 {
		return t.all[i]
	}
	switch {
	case len(t.all) == maxRanges:
		name = otherRanges
	case len(t.all) > maxRanges:
		return t.all[maxRanges]
	}
	r := &rangeTable{name: name, index: map[rowKey]*row{}}
	t.all = append(t.all, r)
	return r
}

// add counts an object.
func (t *tables) add(o Object) {
	r := t.of(o.Range)
	r.total++
	key := rowKey{verdict: o.Verdict, signer: rowSigner(o)}
	if r.index[key] == nil && key.signer != "" {
		if t.rows < maxRows {
			t.rows++
		} else {
			key.signer, key.folded = otherSigners, true
		}
	}
	if r.index[key] == nil {
		r.index[key] = &row{rowKey: key}
		r.rows = append(r.rows, r.index[key])
	}
	r.index[key].count++
}

// compareRows orders a table: the best verdict first, then who signed most.
func compareRows(a, b *row) int {
	order := verdicts()
	return cmp.Or(
		cmp.Compare(slices.Index(order, a.verdict), slices.Index(order, b.verdict)),
		compareBool(a.folded, b.folded),
		cmp.Compare(b.count, a.count),
		strings.Compare(a.signer, b.signer),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
