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
	"bytes"
	"encoding/hex"
	"strings"

	"github.com/paraph/paraph/internal/verdict"
)

// A Mode is what an entry is, as git writes it, in octal.
type Mode uint32

// The modes that git knows (fsck.c).
const (
	Folder     Mode = 0o040000
	File       Mode = 0o100644
	Program    Mode = 0o100755
	GroupFile  Mode = 0o100664 // of very old repositories
	Link       Mode = 0o120000
	Submodule  Mode = 0o160000
	maxEntries      = 1 << 20
)

// An Entry is what stands under a name in a tree. The zero Entry is nothing.
type Entry struct {
	Mode Mode
	ID   string // 40 or 64 hexadecimal digits
}

// A named entry is one of a tree.
type named struct {
	name string
	Entry
}

// RuleTree is the rule that a malformed tree breaks. The class is Syntax.
const RuleTree = "tree"

func malformed(format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, RuleTree, "a tree is malformed: "+format, args...)
}

// parse reads a raw tree whose ids have so many bytes: entries of mode in
// octal, blank, name, NUL and the id's bytes, in git's order, each name once.
func parse(raw []byte, width int) ([]named, error) {
	var out []named
	for len(raw) > 0 {
		head, rest, found := bytes.Cut(raw, []byte{0})
		if !found || len(rest) < width {
			return nil, malformed("it ends within an entry")
		}
		mode, name, found := strings.Cut(string(head), " ")
		if !found {
			return nil, malformed("an entry has no mode")
		}
		m, err := parseMode(mode)
		if err != nil {
			return nil, err
		}
		if err := checkName(name); err != nil {
			return nil, err
		}
		e := named{name, Entry{m, hex.EncodeToString(rest[:width])}}
		if len(out) == maxEntries {
			return nil, malformed("it has more than %d entries", maxEntries)
		}
		if len(out) > 0 && !out[len(out)-1].before(e) {
			return nil, malformed("%q does not come after %q", e.name, out[len(out)-1].name)
		}
		out, raw = append(out, e), rest[width:]
	}
	return out, checkTwice(out)
}

func parseMode(s string) (m Mode, err error) {
	for _, known := range []struct {
		text string
		mode Mode
	}{{"40000", Folder}, {"100644", File}, {"100755", Program}, {"100664", GroupFile}, {"120000", Link}, {"160000", Submodule}} {
		if s == known.text {
			return known.mode, nil
		}
	}
	return 0, malformed("%q is no mode that git writes", s)
}

// checkName refuses what is no name of one thing in a folder.
func checkName(s string) error {
	if s == "" || s == "." || s == ".." || strings.EqualFold(s, ".git") || strings.Contains(s, "/") {
		return malformed("%q is no name", s)
	}
	return nil
}

// before is git's order: a folder's name counts as if a slash followed it
// (tree.c, base_name_compare).
func (e named) before(o named) bool { return e.sortName() < o.sortName() }

func (e named) sortName() string {
	if e.Mode == Folder {
		return e.name + "/"
	}
	return e.name
}

// checkTwice refuses a file and a folder of one name: git's order puts others
// between them.
func checkTwice(entries []named) error {
	files := map[string]bool{}
	for i, e := range entries {
		if e.Mode != Folder {
			continue
		}
		// Between "a" and "a/" stand names that begin with "a" and go on with
		// less than a slash.
		for j := i - 1; j >= 0 && strings.HasPrefix(entries[j].name, e.name); j-- {
			if entries[j].name == e.name {
				files[e.name] = true
			}
		}
	}
	for name := range files {
		return malformed("it has %q twice", name)
	}
	return nil
}
