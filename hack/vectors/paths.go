package main

import (
	"strings"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// pathHistories are about what a commit changes.
var pathHistories = told{
	"path-rename": func() *scribe.History {
		h := begin(guarded)
		h.Commit("M1", carol, scribe.Put("src/b", "one\n"))
		h.Commit("M2", carol, scribe.Move("src/b", "deploy/b"))
		h.Commit("M3", carol, scribe.Move("deploy/b", "src/c"))
		h.Commit("M4", carol, scribe.Move("src/c", "src/d"))
		h.Commit("M5", alice, scribe.Move("src/d", "deploy/d"))
		return end(h, "M5")
	},
	"path-link": func() *scribe.History {
		h := begin(guarded)
		h.Commit("M1", carol, scribe.Link("deploy/link", "../src"))
		h.Commit("M2", carol, scribe.Delete("deploy"), scribe.Link("deploy", "src"))
		h.Commit("M3", carol, scribe.Link("src/link", "../deploy"))
		return end(h, "M3")
	},
	"path-submodule": func() *scribe.History {
		h := begin(guarded)
		h.Commit("M1", carol, scribe.Submodule("deploy/module", strings.Repeat("1", 40)))
		h.Commit("M2", carol, scribe.Submodule("deploy/module", strings.Repeat("2", 40)))
		h.Commit("M3", carol, scribe.Put(".gitmodules", "[submodule \"deploy/module\"]\n\tignore = all\n"), scribe.Submodule("deploy/module", strings.Repeat("3", 40)))
		h.Commit("M4", carol, scribe.Submodule("src/module", strings.Repeat("1", 40)))
		return end(h, "M4")
	},
	"path-mode-and-case": func() *scribe.History {
		h := begin(guarded)
		h.Commit("M1", carol, scribe.Executable("deploy/x", "one\n"))
		h.Commit("M2", carol, scribe.Put("Deploy/x", "carol's\n"))
		h.Commit("M3", carol, scribe.Put("deploy2/x", "carol's\n"), scribe.Put("src/deploy/x", "carol's\n"))
		h.Commit("M4", carol, scribe.Put("deploy/deep/in/x", "carol's\n"))
		return end(h, "M4")
	},
	"path-patterns": func() *scribe.History {
		h := begin(policy(people, rulesFor("alice", "carol"), section("path", "src/*.c", allow("alice")...), section("path", "**/Makefile", allow("alice")...)))
		h.Commit("M1", carol, scribe.Put("src/a.c", "carol's\n"))
		h.Commit("M2", carol, scribe.Put("src/deep/a.c", "carol's\n"))
		h.Commit("M3", carol, scribe.Put("src/deep/Makefile", "carol's\n"))
		h.Commit("M4", carol, scribe.Put("src/a.c.txt", "carol's\n"))
		h.Commit("M5", alice, scribe.Put("src/a.c", "alice's\n"))
		return end(h, "M5")
	},
	"path-sections-add-up": func() *scribe.History {
		h := begin(policy(people, rulesFor("alice", "carol", "bob"),
			section("path", "deploy/**", allow("alice", "carol")...), section("path", "deploy/keys/**", allow("alice", "bob")...)))
		h.Commit("M1", carol, scribe.Put("deploy/keys/k", "carol's\n"))
		h.Commit("M2", bob, scribe.Put("deploy/keys/k", "bob's\n"))
		h.Commit("M3", alice, scribe.Put("deploy/keys/k", "alice's\n"))
		h.Commit("M4", carol, scribe.Put("deploy/x", "carol's\n"), scribe.Put("src/a", "carol's\n"))
		return end(h, "M4")
	},
	"tree-with-name-twice": func() *scribe.History {
		return misshapen(alice, func(h *scribe.History, paraph scribe.RawEntry) []scribe.RawEntry {
			return []scribe.RawEntry{paraph, file(h, "a", "one\n"), file(h, "a", "two\n")}
		})
	},
	"tree-out-of-order": func() *scribe.History {
		return misshapen(alice, func(h *scribe.History, paraph scribe.RawEntry) []scribe.RawEntry {
			return []scribe.RawEntry{paraph, file(h, "b", "one\n"), file(h, "a", "two\n")}
		})
	},
	"tree-with-name-twice-and-no-policy": func() *scribe.History {
		return misshapen(alice, func(h *scribe.History, _ scribe.RawEntry) []scribe.RawEntry {
			return []scribe.RawEntry{file(h, "a", "one\n"), file(h, "a", "two\n")}
		})
	},
	"tree-with-policy-twice": func() *scribe.History {
		return misshapen(carol, func(h *scribe.History, paraph scribe.RawEntry) []scribe.RawEntry {
			admits := paraph
			admits.ID = h.AddTree(file(h, "policy", withMallory))
			return []scribe.RawEntry{paraph, admits}
		})
	},
}

// misshapen has a commit by somebody whose tree has these entries, made with the one of
// the policy's folder.
func misshapen(by scribe.Signer, entries func(h *scribe.History, paraph scribe.RawEntry) []scribe.RawEntry) *scribe.History {
	h := begin(usual)
	h.Commit("M1", by, scribe.RawTree(h.AddTree(entries(h, h.Folder("anchor", ".paraph"))...)))
	return end(h, "M1")
}

// file is an entry of a tree.
func file(h *scribe.History, name, data string) scribe.RawEntry {
	return scribe.RawEntry{Mode: scribe.ModeFile, Name: name, ID: h.AddBlob(data)}
}
