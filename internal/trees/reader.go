package trees

import (
	"container/list"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
)

// Bounds on what is read and kept.
const (
	maxTree = 8 << 20  // bytes of one tree: more than 200,000 entries
	maxKept = 1024     // trees
	maxSize = 16 << 20 // bytes of all that are kept
)

// RuleSize is the rule of all that is too large to be compared. The class is
// Infrastructure: nobody can tell.
const RuleSize = "tree-size"

func tooLarge(format string, args ...any) error {
	return verdict.Errorf(verdict.Infrastructure, RuleSize, format, args...)
}

// A Reader reads trees, and keeps those that it read last. It is for one
// goroutine.
type Reader struct {
	// Read returns a raw tree object by its id. Whether the bytes have it, Read
	// sees to.
	Read func(id string) ([]byte, error)

	kept map[string]*list.Element
	last list.List // of *parsed, the last one that was asked for first
	size int       // bytes of all in it
	work int       // what the comparison at hand has cost: bytes read, entries and trees looked at
}

// A parsed tree is one that was read.
type parsed struct {
	id    string
	size  int
	items []item
}

// tree returns a tree's entries; "" is an empty one.
func (r *Reader) tree(id string) ([]item, error) {
	r.work++
	if id == "" {
		return nil, nil
	}
	if e := r.kept[id]; e != nil {
		r.last.MoveToFront(e)
		return e.Value.(*parsed).items, nil
	}
	raw, err := r.Read(id)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxTree {
		return nil, tooLarge("the tree %s has %d bytes, at most %d are read", id, len(raw), maxTree)
	}
	r.work += len(raw)
	items, err := parse(raw, len(id)/2)
	if err != nil {
		return nil, err
	}
	r.keep(&parsed{id, len(raw), items})
	return items, nil
}

// keep lets go of the trees that nobody asked for longest.
func (r *Reader) keep(p *parsed) {
	if r.kept == nil {
		r.kept = map[string]*list.Element{}
	}
	r.kept[p.id] = r.last.PushFront(p)
	r.size += p.size
	for r.last.Len() > maxKept || r.size > maxSize {
		oldest := r.last.Remove(r.last.Back()).(*parsed)
		r.size -= oldest.size
		delete(r.kept, oldest.id)
	}
}

// Spent is what was read and looked at since the last comparison began, in bytes
// and entries.
func (r *Reader) Spent() int { return r.work }

// Find returns what stands at a path in a tree, the zero Entry if nothing does.
func (r *Reader) Find(tree, path string) (Entry, error) {
	e := Entry{Folder, tree}
	for name := range strings.SplitSeq(path, "/") {
		if e.Mode != Folder {
			return Entry{}, nil
		}
		items, err := r.tree(e.ID)
		if err != nil {
			return Entry{}, err
		}
		e = find(items, name).entry()
	}
	return e, nil
}
