// Package trees reads raw git tree objects, and tells which paths a commit
// changes.
//
// It is pure: whoever calls it reads the objects. Nothing is taken for what git
// would make of it: no renames, no attributes, no submodules. A tree that two
// readers could take for two things is malformed.
//
// Specification: git's tree-walk.c, fsck.c (fsck_tree) and tree-diff.c; which
// paths a merge changes is in docs/policy.md.
package trees

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
)

// A Mode is what an entry is, as git writes it, in octal.
type Mode uint32

// The modes that git knows (fsck.c).
const (
	Folder    Mode = 0o040000
	File      Mode = 0o100644
	Program   Mode = 0o100755
	GroupFile Mode = 0o100664 // of very old repositories
	Link      Mode = 0o120000
	Submodule Mode = 0o160000
)

// An Entry is what stands under a name in a tree. The zero Entry is nothing.
type Entry struct {
	Mode Mode
	ID   string // 40 or 64 hexadecimal digits
}

// An item is an entry of a tree, whose bytes its strings are part of. The zero
// item is nothing.
type item struct {
	mode Mode
	name string
	id   string // not in hexadecimal
}

func (i item) entry() Entry { return Entry{i.mode, hex.EncodeToString([]byte(i.id))} }

// folder is the id of the tree that an item is, "" for anything else.
func (i item) folder() string {
	if i.mode != Folder {
		return ""
	}
	return i.entry().ID
}

// RuleTree is the rule that a malformed tree breaks. The class is Syntax.
const RuleTree = "tree"

func malformed(format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, RuleTree, "a tree is malformed: "+format, args...)
}

// start is as much of a text as a message repeats.
func start(s string) string {
	const longest = 80
	return s[:min(len(s), longest)]
}

// parse reads a raw tree whose ids have so many bytes: entries of mode in
// octal, blank, name, NUL and the id's bytes, in git's order, each name once.
func parse(raw []byte, width int) ([]item, error) {
	const usual = 12 // bytes of mode and name beside the id
	out := make([]item, 0, len(raw)/(width+usual)+1)
	var files []string // of which each is a prefix of the next one and of what comes
	for rest := string(raw); rest != ""; {
		var i item
		var err error
		if i, rest, err = parseItem(rest, width); err != nil {
			return nil, err
		}
		if len(out) > 0 && out[len(out)-1].compare(i) >= 0 {
			return nil, malformed("%q does not come after %q", start(i.name), start(out[len(out)-1].name))
		}
		// A file and a folder of one name need not be neighbours, but all that
		// stands between them begins with that name (fsck.c, verify_ordered).
		for len(files) > 0 && !strings.HasPrefix(i.name, files[len(files)-1]) {
			files = files[:len(files)-1]
		}
		if len(files) > 0 && files[len(files)-1] == i.name {
			return nil, malformed("it has %q twice", start(i.name))
		}
		if i.mode != Folder {
			files = append(files, i.name)
		}
		out = append(out, i)
	}
	return out, nil
}

// parseItem reads the first entry of a tree.
func parseItem(raw string, width int) (i item, rest string, err error) {
	head, rest, found := strings.Cut(raw, "\x00")
	if !found || len(rest) < width {
		return i, "", malformed("it ends within an entry")
	}
	mode, name, found := strings.Cut(head, " ")
	if !found {
		return i, "", malformed("an entry has no mode")
	}
	if i.mode, err = parseMode(mode); err != nil {
		return i, "", err
	}
	if name == "" || name == "." || name == ".." || strings.EqualFold(name, ".git") || strings.Contains(name, "/") {
		return i, "", malformed("%q is no name of one thing in a folder", start(name))
	}
	i.name, i.id = name, rest[:width]
	return i, rest[width:], nil
}

func parseMode(s string) (Mode, error) {
	switch s {
	case "40000":
		return Folder, nil
	case "100644":
		return File, nil
	case "100755":
		return Program, nil
	case "100664":
		return GroupFile, nil
	case "120000":
		return Link, nil
	case "160000":
		return Submodule, nil
	}
	return 0, malformed("%q is no mode that git writes", start(s))
}

// compare is git's order: a folder's name counts as if a slash followed it
// (tree.c, base_name_compare).
func (i item) compare(o item) int {
	n := min(len(i.name), len(o.name))
	if c := strings.Compare(i.name[:n], o.name[:n]); c != 0 {
		return c
	}
	return cmp.Compare(i.after(n), o.after(n))
}

// after is the byte after the first n of a name: after a folder's last one a
// slash, after another's NUL, which stands in no name.
func (i item) after(n int) byte {
	switch {
	case n < len(i.name):
		return i.name[n]
	case i.mode == Folder:
		return '/'
	}
	return 0
}

// find returns what has a name in a tree, the zero item for nothing.
func find(items []item, name string) item {
	for _, mode := range []Mode{File, Folder} {
		if n, found := slices.BinarySearchFunc(items, item{mode: mode, name: name}, item.compare); found {
			return items[n]
		}
	}
	return item{}
}
