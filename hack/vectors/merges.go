package main

import "github.com/paraph/paraph/hack/vectors/scribe"

// guarded is the usual policy with a path for alice alone.
var guarded = policy(people, forge, rules, section("path", "deploy/**", allow("alice")...))

// mergeHistories are about merges and what they bring.
var mergeHistories = told{
	"merge-takes-back-policy": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob)
		h.Commit("M1", alice, scribe.On("anchor"), scribe.Put(policyPath, withoutBob()))
		h.Commit("M2", carol, scribe.On("M1", "S1"), scribe.Put(policyPath, usual))
		h.Commit("S2", bob)
		h.Commit("M3", carol, scribe.On("M2", "S2"))
		return end(h, "M3")
	},
	"merge-takes-back-path": func() *scribe.History {
		h := begin(guarded)
		h.Commit("S1", carol)
		h.Commit("M1", alice, scribe.On("anchor"), scribe.Put("deploy/x", "two\n"))
		h.Commit("M2", carol, scribe.On("M1", "S1"), scribe.Put("deploy/x", "one\n"))
		h.Commit("M3", carol)
		return end(h, "M3")
	},
	"merge-brings-policy": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", alice, scribe.Put(policyPath, withDave))
		h.Commit("M1", carol, scribe.On("anchor"))
		h.Commit("M2", web, scribe.On("M1", "S1"))
		h.Commit("M3", dave)
		return end(h, "M3")
	},
	"merge-with-own-path": func() *scribe.History {
		h := begin(guarded)
		h.Commit("S1", bob)
		h.Commit("M1", carol, scribe.On("anchor", "S1"), scribe.Put("deploy/x", "carol's\n"))
		h.Commit("M2", carol)
		return end(h, "M2")
	},
	"side-changes-path": func() *scribe.History {
		h := begin(guarded)
		h.Commit("S1", bob, scribe.Put("deploy/x", "bob's\n"))
		h.Commit("M1", alice, scribe.On("anchor", "S1"))
		return end(h, "M1")
	},
	"side-brings-path-by-owner": func() *scribe.History {
		h := begin(guarded)
		h.Commit("S1", alice, scribe.Put("deploy/x", "alice's\n"))
		h.Commit("S2", bob)
		h.Commit("M1", carol, scribe.On("anchor"))
		h.Commit("M2", carol, scribe.On("M1", "S2"))
		return end(h, "M2")
	},
	"forge-merge": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob)
		h.Commit("S2", bob)
		h.Commit("M1", carol, scribe.On("anchor"))
		h.Commit("M2", web, scribe.On("M1", "S2"))
		return end(h, "M2")
	},
	"forge-merge-own-tree": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob)
		h.Commit("M1", web, scribe.On("anchor", "S1"), scribe.Put("src/a", "the forge's\n"))
		h.Commit("M2", carol)
		return end(h, "M2")
	},
	"forge-squash": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", web)
		h.Commit("M2", carol)
		return end(h, "M2")
	},
	"forge-squash-allowed": func() *scribe.History {
		h := begin(policy(people, forge, section("signer", "squash", "openpgp = "+keyPath),
			section("branch", "main", append(allow("alice", "web", "squash"), "contribute = *")...), protected))
		h.Commit("S1", bob)
		h.Commit("M1", web, scribe.On("anchor"))
		h.Commit("M2", web, scribe.On("M1", "S1"), scribe.Put("src/a", "the forge's\n"))
		h.Commit("M3", web, scribe.Put(".paraph/x", "the forge's\n"))
		return end(h, "M3")
	},
	"forge-conflict": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob, scribe.Put("src/a", "bob's\n"))
		h.Commit("M1", carol, scribe.On("anchor"), scribe.Put("src/a", "carol's\n"))
		h.Commit("M2", web, scribe.On("M1", "S1"), scribe.Put("src/a", "both\n"))
		return end(h, "M2")
	},
	"forge-octopus": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob)
		h.Commit("S2", bob, scribe.On("anchor"))
		h.Commit("M1", web, scribe.On("anchor", "S1", "S2"))
		return end(h, "M1")
	},
	"octopus": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob)
		h.Commit("S2", mallory, scribe.On("anchor"))
		h.Commit("S3", scribe.Unsigned, scribe.On("anchor"))
		h.Commit("M1", alice, scribe.On("anchor", "S1", "S2", "S3"))
		return end(h, "M1")
	},
	"octopus-takes-back-path": func() *scribe.History {
		h := begin(guarded)
		h.Commit("S1", bob)
		h.Commit("S2", carol, scribe.On("anchor"))
		h.Commit("M1", alice, scribe.On("anchor"), scribe.Put("deploy/x", "two\n"))
		h.Commit("M2", carol, scribe.On("M1", "S1", "S2"), scribe.Put("deploy/x", "one\n"))
		return end(h, "M2")
	},
	"merge-of-unsigned-side": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", scribe.Unsigned)
		h.Commit("S2", bob)
		h.Commit("M1", alice, scribe.On("anchor", "S2"))
		return end(h, "M1")
	},
	"merge-of-side-merge": func() *scribe.History {
		h := begin(usual)
		h.Commit("D1", mallory)
		h.Commit("S1", bob, scribe.On("anchor"))
		h.Commit("S2", bob, scribe.On("S1", "D1"))
		h.Commit("M1", alice, scribe.On("anchor", "S2"))
		return end(h, "M1")
	},
	"removed-signer-on-old-branch": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob)
		h.Commit("M1", alice, scribe.On("anchor"), scribe.Put(policyPath, withoutBob()))
		h.Commit("M2", web, scribe.On("M1", "S1"))
		return end(h, "M2")
	},
	"added-signer-on-old-branch": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", dave)
		h.Commit("M1", alice, scribe.On("anchor"), scribe.Put(policyPath, withDave))
		h.Commit("M2", web, scribe.On("M1", "S1"))
		return end(h, "M2")
	},
	"orphan-brought-in": func() *scribe.History {
		h := begin(usual)
		h.Commit("R1", bob, scribe.On(), scribe.Put("import/a", "bob's\n"))
		h.Commit("R2", scribe.Unsigned)
		h.Commit("M1", alice, scribe.On("anchor", "R2"))
		h.Commit("R3", bob, scribe.On(), scribe.Put(".paraph/x", "bob's\n"))
		h.Commit("M2", alice, scribe.On("M1", "R3"))
		return end(h, "M2")
	},
	"orphan-brings-policy": func() *scribe.History {
		h := begin(usual)
		h.Commit("R1", carol, scribe.On(), scribe.Put(policyPath, withMallory))
		h.Commit("M1", carol, scribe.On("anchor", "R1"), scribe.Put(policyPath, withMallory))
		h.Commit("M2", mallory)
		h.Commit("M3", carol)
		return end(h, "M3")
	},
	"orphan-branch": func() *scribe.History {
		h := begin(usual)
		h.Commit("R1", carol, scribe.On(), scribe.Put("import/a", "carol's\n"))
		h.Commit("R2", bob)
		h.Commit("R3", mallory)
		return end(h, "R3")
	},
}
