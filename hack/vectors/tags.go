package main

import "github.com/paraph/paraph/hack/vectors/scribe"

// tagHistories are about tags.
var tagHistories = told{
	"tags": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice)
		h.Commit("M2", bob)
		h.Tag("v1", "M1", alice)
		h.Tag("v2", "M1", bob)
		h.Tag("v3", "M2", alice)
		h.Tag("v4", "M1", mallory)
		h.Tag("rc1", "M1", bob)
		h.Tag("vx/rc1", "M1", bob)
		h.Tag("v5", "M1", scribe.Unsigned)
		return end(h, "M2")
	},
	"tag-of-protected-path": func() *scribe.History {
		h := begin(guarded)
		h.Commit("M1", bob, scribe.Put("deploy/x", "bob's\n"))
		h.Tag("v1", "M1", alice)
		return end(h, "M1")
	},
	"tags-of-tags": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice)
		h.Tag("v1", "M1", alice)
		h.Tag("v2", "tag v1", alice)
		h.Tag("v3", "M1", bob)
		h.Tag("v4", "tag v3", alice)
		h.Tag("v5", "M1", scribe.Unsigned)
		h.Tag("v6", "tag v5", alice)
		return end(h, "M1")
	},
	"tag-under-other-name": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice)
		h.Tag("v1", "M1", alice)
		h.Tag("rc1", "M1", bob)
		h.TagRef("v9", "tag v1")
		h.TagRef("v8", "tag rc1")
		return end(h, "M1")
	},
	"tag-and-branch-of-one-name": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice)
		h.Commit("X1", bob, scribe.On("anchor"))
		h.Tag("main", "X1", bob)
		h.Tag("v1", "M1", alice)
		h.Commit("B1", bob, scribe.On("M1"))
		h.Branch("v1", "B1")
		return end(h, "M1")
	},
	"trust-up-to":   func() *scribe.History { return adopted(true) },
	"trust-tag":     trustTag,
	"adopted-as-is": func() *scribe.History { return adopted(false) },
	"trust-up-to-added-later": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", scribe.Unsigned)
		h.Commit("M2", alice, scribe.Put(policyPath, usual+section("history", "", "trustUpTo = "+h.ID("M1"))))
		h.Commit("M3", carol)
		return end(h, "M3")
	},
	"trust-up-to-elsewhere": func() *scribe.History {
		h := scribe.New()
		start(h)
		h.Commit("O1", scribe.Unsigned)
		h.Commit("X1", scribe.Unsigned, scribe.On("start"))
		anchor2(h, "O1")
		h.Commit("M1", alice, scribe.On("anchor", "X1"))
		return end(h, "M1")
	},
}

// anchor2 is an anchor on the first of some commits, up to which it trusts.
func anchor2(h *scribe.History, upTo string) {
	h.Commit("anchor", alice, scribe.On(upTo), scribe.Put(keyPath, web.PublicKey()),
		scribe.Put(policyPath, usual+section("history", "", "trustUpTo = "+h.ID(upTo))))
}

// adopted is a repository with an unsigned past, whose policy exempts it, or
// leaves that to whoever names the anchor.
func adopted(upTo bool) *scribe.History {
	h := scribe.New()
	start(h)
	h.Commit("O1", alice, scribe.Tampered())
	h.Commit("O2", mallory, scribe.On("start"))
	h.Commit("O3", scribe.Unsigned, scribe.On("O1", "O2"))
	if upTo {
		anchor2(h, "O3")
	} else {
		anchor(h, alice, usual)
	}
	h.Commit("M1", carol)
	h.Commit("M2", scribe.Unsigned)
	return end(h, "M2")
}

// trustTag is a repository with old tags, of which the policy exempts one.
func trustTag() *scribe.History {
	h := scribe.New()
	start(h)
	h.Commit("O1", scribe.Unsigned)
	h.Tag("v0.1", "O1", scribe.Unsigned)
	h.Tag("v0.2", "O1", scribe.Unsigned)
	h.Commit("anchor", alice, scribe.Put(keyPath, web.PublicKey()),
		scribe.Put(policyPath, usual+section("history", "", "trustUpTo = "+h.ID("O1"), "trustTag = "+h.ID("tag v0.1"))))
	return end(h, "anchor")
}
