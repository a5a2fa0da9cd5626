package trees

import (
	"slices"
	"strings"
)

// Bounds on what is compared: a few small trees that hold each other over and
// over make more paths than there are atoms.
const (
	maxDepth   = 256      // folders in folders
	maxPath    = 4096     // bytes of a path
	maxChanged = 100_000  // paths of one commit
	maxNames   = 16 << 20 // bytes of them all
	maxWork    = 1 << 23  // of one commit, see Reader
	maxParents = 256      // of one merge
)

// A Commit is one whose changes are asked for.
type Commit struct {
	Tree    string
	Parents []string // their trees
	// Bases are, for each other parent than the first one, the trees of all merge
	// bases of that and the first one. It is asked only where that decides, and
	// once for each parent.
	Bases func(parent int) ([]string, error)
}

// Changed returns the paths that a commit changes, sorted: files, links and
// submodules that differ from the first parent's by mode or id. A commit
// without parents changes all that it has. within says which folders to look
// into, "" for the tree itself.
//
// In a merge a path does not count where its entry is another parent's and the
// first parent has what all merge bases of the two have: then it is what the
// other side changed and nobody else. Where there is no merge base, nobody can
// say so.
func (r *Reader) Changed(c Commit, within func(dir string) bool) ([]string, error) {
	first := ""
	if len(c.Parents) > 0 {
		first = c.Parents[0]
	}
	r.work = 0
	d := &comparison{Reader: r, within: within, most: maxWork}
	d.tell = func(path string, _, _ item) error { return d.keepPath(path) }
	if err := d.folder(first, c.Tree, "", 0); err != nil {
		return nil, err
	}
	if len(c.Parents) > 1 {
		if err := d.leaveOut(c); err != nil {
			return nil, err
		}
	}
	slices.Sort(d.paths)
	return d.paths, nil
}

// A comparison is of one commit with its parents.
type comparison struct {
	*Reader
	within func(dir string) bool
	most   int // of work
	tell   func(path string, was, is item) error

	paths []string
	names int // bytes of paths
}

// Differ tells each path at which two trees have not the same, in the order of
// trees: what was there and what is, the zero Entry for nothing. A tree "" is an
// empty one. Trees that both have at one place are not read, and in both together
// no more is than has so many bytes and entries.
func (r *Reader) Differ(was, is string, most int, tell func(path string, was, is Entry) error) error {
	r.work = 0
	d := &comparison{Reader: r, within: func(string) bool { return true }, most: most}
	d.tell = func(path string, was, is item) error { return tell(path, was.entry(), is.entry()) }
	return d.folder(was, is, "", 0)
}

// folder finds the paths below a folder that differ in two trees.
func (d *comparison) folder(a, b, dir string, depth int) error {
	if a == b || !d.within(dir) {
		return nil
	}
	if depth == maxDepth {
		return tooLarge("folders are more than %d deep", maxDepth)
	}
	was, err := d.tree(a)
	if err != nil {
		return err
	}
	is, err := d.tree(b)
	if err != nil {
		return err
	}
	d.work += len(was) + len(is)
	if err := d.bounded(); err != nil {
		return err
	}
	return pairs(was, is, func(was, is item) error {
		path, err := join(dir, max(was.name, is.name))
		switch {
		case err != nil:
			return err
		case was.mode == Folder || is.mode == Folder:
			return d.folder(was.folder(), is.folder(), path, depth+1)
		}
		return d.tell(path, was, is)
	})
}

// bounded says when a comparison is given up.
func (d *comparison) bounded() error {
	if d.work > d.most {
		return tooLarge("trees of more than %d bytes and entries would have to be compared", d.most)
	}
	return nil
}

func join(dir, name string) (string, error) {
	if len(dir)+1+len(name) > maxPath {
		return "", tooLarge("a path has more than %d bytes", maxPath)
	}
	if dir == "" {
		return strings.Clone(name), nil // which the whole tree is part of, else
	}
	return dir + "/" + name, nil
}

func (d *comparison) keepPath(path string) error {
	d.names += len(path)
	if len(d.paths) == maxChanged || d.names > maxNames {
		return tooLarge("more than %d paths, or %d bytes of them, change at once", maxChanged, maxNames)
	}
	d.paths = append(d.paths, path)
	return nil
}

// leaveOut takes out the paths that a merge has from another parent.
func (d *comparison) leaveOut(c Commit) error {
	if len(c.Parents) > maxParents {
		return tooLarge("a merge of %d parents, at most %d are compared", len(c.Parents), maxParents)
	}
	bases := make([][]string, len(c.Parents))
	asked := func(parent int) ([]string, error) {
		if bases[parent] == nil {
			found, err := c.Bases(parent)
			if err != nil {
				return nil, err
			}
			slices.Sort(found)
			bases[parent] = append([]string{}, slices.Compact(found)...)
		}
		return bases[parent], nil
	}
	kept := d.paths[:0]
	for _, path := range d.paths {
		merged, err := d.merged(c, path, asked)
		if err != nil {
			return err
		}
		if !merged {
			kept = append(kept, path)
		}
	}
	d.paths = kept
	return nil
}

// at is Find, as long as the comparison is not given up.
func (d *comparison) at(tree, path string) (Entry, error) {
	if err := d.bounded(); err != nil {
		return Entry{}, err
	}
	return d.Find(tree, path)
}

// merged reports whether a merge took a path over from another parent.
func (d *comparison) merged(c Commit, path string, bases func(int) ([]string, error)) (bool, error) {
	is, err := d.at(c.Tree, path)
	if err != nil {
		return false, err
	}
	for i, parent := range c.Parents[1:] {
		theirs, err := d.at(parent, path)
		if err != nil {
			return false, err
		}
		if theirs != is {
			continue
		}
		trees, err := bases(i + 1)
		if err != nil {
			return false, err
		}
		unchanged, err := d.same(c.Parents[0], trees, path)
		if unchanged || err != nil {
			return unchanged, err
		}
	}
	return false, nil
}

// same reports whether a tree has at a path what all of the others have, if
// there are any.
func (d *comparison) same(tree string, others []string, path string) (bool, error) {
	ours, err := d.at(tree, path)
	if err != nil {
		return false, err
	}
	for _, other := range others {
		was, err := d.at(other, path)
		if was != ours || err != nil {
			return false, err
		}
	}
	return len(others) > 0, nil
}

// pairs tells the entries that differ. A file and a folder are two things: where
// one takes the place of the other, both are told.
func pairs(a, b []item, tell func(was, is item) error) error {
	for len(a) > 0 || len(b) > 0 {
		var was, is item
		order := 0
		switch {
		case len(b) == 0:
			order = -1
		case len(a) == 0:
			order = +1
		default:
			order = a[0].compare(b[0])
		}
		if order <= 0 {
			was, a = a[0], a[1:]
		}
		if order >= 0 {
			is, b = b[0], b[1:]
		}
		if was == is {
			continue
		}
		if err := tell(was, is); err != nil {
			return err
		}
	}
	return nil
}
