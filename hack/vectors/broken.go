package main

import "github.com/paraph/paraph/hack/vectors/scribe"

// brokenHistories lack something, or show something else than is there.
var brokenHistories = told{
	"missing-commit": func() *scribe.History {
		h := line()
		h.Drop(h.ID("M1"))
		return h
	},
	"missing-side": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob)
		h.Commit("S2", bob)
		h.Commit("M1", alice, scribe.On("anchor", "S2"))
		h.Drop(h.ID("S1"))
		return end(h, "M1")
	},
	"missing-tree": func() *scribe.History {
		h := line()
		h.Drop(h.Tree("M2"))
		return h
	},
	"missing-policy": func() *scribe.History {
		h := line()
		h.Pinned = ""
		h.Drop(h.AddBlob(usual))
		return h
	},
	"missing-tag-target": func() *scribe.History {
		h := line()
		h.Tag("v1", "M2", alice)
		h.Drop(h.ID("M2"))
		return h
	},
	"shallow-clone": func() *scribe.History {
		h := line()
		h.Pinned = ""
		h.Shallow("M2")
		return h
	},
	"shallow-side": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", mallory)
		h.Commit("S2", bob)
		h.Commit("M1", alice, scribe.On("anchor", "S2"))
		h.Shallow("S2")
		return end(h, "M1")
	},
	"partial-clone": func() *scribe.History {
		h := line()
		h.Config("core.repositoryFormatVersion", "1")
		h.Config("extensions.partialClone", "origin")
		h.Config("remote.origin.url", "/nonexistent/app.git")
		h.Config("remote.origin.promisor", "true")
		h.Config("remote.origin.partialCloneFilter", "tree:0")
		h.Drop(h.Tree("M2"))
		h.Drop(h.AddBlob("hello\n"))
		return h
	},
	"replaced-commit": func() *scribe.History {
		h := begin(usual)
		h.Commit("X1", alice)
		h.Commit("M1", mallory, scribe.On("anchor"))
		h.Commit("M2", alice)
		h.Replace("M1", "X1")
		return end(h, "M2")
	},
	"grafted-parents": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", mallory)
		h.Commit("M1", alice, scribe.On("anchor", "S1"))
		h.Commit("M2", alice)
		h.Graft("M1", "anchor")
		return end(h, "M2")
	},
	"one-object": line,
	"all-refs": func() *scribe.History {
		h := line()
		h.Commit("T1", bob)
		h.Branch("topic", "T1")
		h.Tag("v1", "M3", alice)
		return h
	},
}

// line is a short main, with nothing wrong in it.
func line() *scribe.History {
	h := begin(usual)
	h.Commit("M1", alice)
	h.Commit("M2", carol)
	h.Commit("M3", alice)
	return end(h, "M3")
}
