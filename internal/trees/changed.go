package trees

import (
	"container/list"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
)

// Bounds on what is compared.
const (
	maxDepth   = 256     // folders in folders
	maxChanged = 100_000 // paths of one commit
	maxKept    = 1024    // parsed trees
)

// A Reader reads trees, and keeps those that it read last. It is for one
// goroutine.
type Reader struct {
	// Read returns a raw tree object by its id.
	Read func(id string) ([]byte, error)

	kept map[string]*list.Element
	last list.List // of *parsed, the last one that was asked for first
}

// A parsed tree finds its entries by name, too.
type parsed struct {
	id      string
	entries []named
	byName  map[string]Entry // made when there is more than one to be found
	asked   bool
}

// find returns the entry of a name, the zero Entry for none.
func (p *parsed) find(name string) Entry {
	if p.byName == nil && p.asked {
		p.byName = make(map[string]Entry, len(p.entries))
		for _, e := range p.entries {
			p.byName[e.name] = e.Entry
		}
	}
	p.asked = true
	if p.byName != nil {
		return p.byName[name]
	}
	for _, e := range p.entries {
		if e.name == name {
			return e.Entry
		}
	}
	return Entry{}
}

// tree is a parsed tree; "" is an empty one.
func (r *Reader) tree(id string) (*parsed, error) {
	if id == "" {
		return new(parsed), nil
	}
	if e := r.kept[id]; e != nil {
		r.last.MoveToFront(e)
		return e.Value.(*parsed), nil
	}
	raw, err := r.Read(id)
	if err != nil {
		return nil, err
	}
	entries, err := parse(raw, len(id)/2)
	if err != nil {
		return nil, err
	}
	if r.kept == nil {
		r.kept = map[string]*list.Element{}
	}
	p := &parsed{id: id, entries: entries}
	r.kept[id] = r.last.PushFront(p)
	if r.last.Len() > maxKept {
		oldest := r.last.Back()
		r.last.Remove(oldest)
		delete(r.kept, oldest.Value.(*parsed).id)
	}
	return p, nil
}

// Find returns what stands at a path in a tree, the zero Entry if nothing does.
func (r *Reader) Find(tree, path string) (Entry, error) {
	e := Entry{Folder, tree}
	for name := range strings.SplitSeq(path, "/") {
		if e.Mode != Folder {
			return Entry{}, nil
		}
		p, err := r.tree(e.ID)
		if err != nil {
			return Entry{}, err
		}
		e = p.find(name)
	}
	return e, nil
}

// A Commit is one whose changes are asked for.
type Commit struct {
	Tree    string
	Parents []string // their trees
	// Bases are, for each other parent than the first one, the trees of all merge
	// bases of that and the first one. It is asked only where that decides.
	Bases func(parent int) ([]string, error)
}

// Changed returns the paths that a commit changes, sorted: files, links and
// submodules that differ from the first parent's by mode or id. A commit
// without parents changes all that it has. within says which folders to look
// into, "" for the tree itself.
//
// In a merge a path does not count where its entry is another parent's and the
// first parent has what all merge bases of the two have: then it is what the
// other side changed and nobody else.
func (r *Reader) Changed(c Commit, within func(dir string) bool) ([]string, error) {
	first := ""
	if len(c.Parents) > 0 {
		first = c.Parents[0]
	}
	var out []string
	err := r.compare(first, c.Tree, "", 0, within, func(path string) error {
		if len(out) == maxChanged {
			return verdict.Errorf(verdict.Infrastructure, "changed-paths", "more than %d paths change at once", maxChanged)
		}
		out = append(out, path)
		return nil
	})
	slices.Sort(out)
	if err != nil || len(c.Parents) < 2 {
		return out, err
	}
	kept := out[:0]
	for _, path := range out {
		merged, err := r.merged(c, path)
		if err != nil {
			return nil, err
		}
		if !merged {
			kept = append(kept, path)
		}
	}
	return kept, nil
}

// merged reports whether a merge took a path over from another parent.
func (r *Reader) merged(c Commit, path string) (bool, error) {
	mine, err := r.Find(c.Tree, path)
	if err != nil {
		return false, err
	}
	ours, err := r.Find(c.Parents[0], path)
	if err != nil {
		return false, err
	}
	for i, parent := range c.Parents[1:] {
		theirs, err := r.Find(parent, path)
		if err != nil {
			return false, err
		}
		if theirs != mine {
			continue
		}
		bases, err := c.Bases(i + 1)
		if err != nil {
			return false, err
		}
		same := len(bases) > 0
		for _, base := range bases {
			was, err := r.Find(base, path)
			if err != nil {
				return false, err
			}
			same = same && was == ours
		}
		if same {
			return true, nil
		}
	}
	return false, nil
}

// compare tells the paths below a folder that differ.
func (r *Reader) compare(a, b, dir string, depth int, within func(string) bool, tell func(string) error) error {
	if a == b || !within(dir) {
		return nil
	}
	if depth == maxDepth {
		return verdict.Errorf(verdict.Infrastructure, "tree-depth", "trees are more than %d deep", maxDepth)
	}
	old, err := r.tree(a)
	if err != nil {
		return err
	}
	now, err := r.tree(b)
	if err != nil {
		return err
	}
	return pairs(old.entries, now.entries, func(name string, was, is Entry) error {
		path := name
		if dir != "" {
			path = dir + "/" + name
		}
		if was.Mode != Folder && is.Mode != Folder {
			return tell(path)
		}
		return r.compare(was.folder(), is.folder(), path, depth+1, within, tell)
	})
}

// folder is the id of the tree that an entry is, "" for anything else.
func (e Entry) folder() string {
	if e.Mode == Folder {
		return e.ID
	}
	return ""
}

// pairs tells the entries that differ. A file and a folder are two things: where
// one takes the place of the other, both are told.
func pairs(a, b []named, tell func(name string, was, is Entry) error) error {
	for len(a) > 0 || len(b) > 0 {
		var err error
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].before(b[0]):
			err = tell(a[0].name, a[0].Entry, Entry{})
			a = a[1:]
		case len(a) == 0 || b[0].before(a[0]):
			err = tell(b[0].name, Entry{}, b[0].Entry)
			b = b[1:]
		default:
			if a[0].Entry != b[0].Entry {
				err = tell(a[0].name, a[0].Entry, b[0].Entry)
			}
			a, b = a[1:], b[1:]
		}
		if err != nil {
			return err
		}
	}
	return nil
}
