package scribe

import (
	"bytes"
	"crypto/sha1" // the object format of git
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Modes of entries in a tree.
const (
	ModeFile       = "100644"
	ModeExecutable = "100755"
	ModeLink       = "120000"
	ModeSubmodule  = "160000"
	modeTree       = "40000"
)

// An Entry is a file, a link with its target, or a submodule with its commit.
type Entry struct{ Mode, Data string }

// Files are a tree by full paths.
type Files map[string]Entry

func (f Files) remove(path string) {
	maps.DeleteFunc(f, func(p string, _ Entry) bool { return p == path || strings.HasPrefix(p, path+"/") })
}

// An object of git.
type object struct{ kind, data string }

// add stores an object and returns its id.
func (h *History) add(kind, data string) string {
	o := object{kind, data}
	if id := h.known[o]; id != "" {
		return id
	}
	sum := sha1.New()
	_, err := fmt.Fprintf(sum, "%s %d\x00%s", kind, len(data), data)
	if err != nil {
		h.fail(err)
	}
	id := hex.EncodeToString(sum.Sum(nil))
	h.objects[id], h.known[o] = o, id
	return id
}

// A RawEntry is an entry of a tree as it stands there.
type RawEntry struct{ Mode, Name, ID string }

// AddTree stores a tree with these entries in this order, right or not.
func (h *History) AddTree(entries ...RawEntry) string {
	var b bytes.Buffer
	for _, e := range entries {
		id, err := hex.DecodeString(e.ID)
		if err != nil {
			h.fail(fmt.Errorf("%s: %w", e.Name, err))
		}
		fmt.Fprintf(&b, "%s %s\x00%s", e.Mode, e.Name, id)
	}
	return h.add("tree", b.String())
}

// Folder is the entry of a folder in a commit's tree.
func (h *History) Folder(label, name string) RawEntry {
	inside := Files{}
	for path, e := range h.commits[label].files {
		if rest, ok := strings.CutPrefix(path, name+"/"); ok {
			inside[rest] = e
		}
	}
	return RawEntry{modeTree, name, h.write(inside)}
}

// AddBlob stores the contents of a file.
func (h *History) AddBlob(data string) string { return h.add("blob", data) }

// write stores files as trees and returns the id of the first.
func (h *History) write(files Files) string {
	var entries []RawEntry
	folders := map[string]Files{}
	for path, e := range files {
		name, rest, deep := strings.Cut(path, "/")
		switch {
		case deep && folders[name] == nil:
			folders[name] = Files{rest: e}
		case deep:
			folders[name][rest] = e
		case e.Mode == ModeSubmodule:
			entries = append(entries, RawEntry{e.Mode, name, e.Data})
		default:
			entries = append(entries, RawEntry{e.Mode, name, h.AddBlob(e.Data)})
		}
	}
	for name, inside := range folders {
		entries = append(entries, RawEntry{modeTree, name, h.write(inside)})
	}
	// Git sorts a folder as if its name ended in a slash (base_name_compare).
	key := func(e RawEntry) string {
		if e.Mode == modeTree {
			return e.Name + "/"
		}
		return e.Name
	}
	slices.SortFunc(entries, func(a, b RawEntry) int { return strings.Compare(key(a), key(b)) })
	return h.AddTree(entries...)
}

// merged are the files of the first parent, with all that the others changed
// since they parted from it.
func (h *History) merged(parents []string) Files {
	out := Files{}
	for i, label := range parents {
		c := h.commits[label]
		if c == nil {
			h.fail(fmt.Errorf("%q is no commit of the history", label))
			continue
		}
		if i == 0 {
			maps.Copy(out, c.files)
			continue
		}
		base := h.base(parents[0], label)
		for path, e := range c.files {
			if base[path] != e {
				out[path] = e
			}
		}
		for path := range base {
			if _, kept := c.files[path]; !kept {
				delete(out, path)
			}
		}
	}
	return out
}

// base are the files of the newest commit that two have in common, none where
// they have none.
func (h *History) base(a, b string) Files {
	above := h.above(a)
	var newest *commit
	for label := range h.above(b) {
		c := h.commits[label]
		if above[label] && (newest == nil || c.at.After(newest.at)) {
			newest = c
		}
	}
	if newest == nil {
		return nil
	}
	return newest.files
}

// above are a commit and its ancestors.
func (h *History) above(label string) map[string]bool {
	seen, todo := map[string]bool{}, []string{label}
	for len(todo) > 0 {
		l := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[l] && h.commits[l] != nil {
			seen[l] = true
			todo = append(todo, h.commits[l].parents...)
		}
	}
	return seen
}
