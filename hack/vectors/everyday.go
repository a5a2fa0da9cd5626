package main

import "github.com/paraph/paraph/hack/vectors/scribe"

// three is a policy of three signers.
var three = policy(signer(alice), signer(bob), forge,
	section("branch", "main", append(allow("alice", "bob", "web"), "contribute = *")...), section("tag", "v*", allow("alice")...), protected)

// everydayHistories are about work that must pass, and an audit.
var everydayHistories = told{
	"everyday-updated-branch": func() *scribe.History {
		h := begin(three)
		h.Commit("S1", bob)
		h.Commit("M1", alice, scribe.On("anchor"), scribe.Put("src/a", "two\n"))
		h.Commit("S2", bob, scribe.On("S1", "M1"))
		h.Commit("S3", bob)
		h.Commit("M2", web, scribe.On("M1", "S3"))
		h.Commit("S4", web, scribe.On("S3", "M2"))
		h.Commit("S5", bob)
		h.Commit("M3", web, scribe.On("M2", "S5"))
		return end(h, "M3")
	},
	"everyday-policy-while-branched": func() *scribe.History {
		h := begin(three)
		h.Commit("S1", bob)
		h.Commit("M1", alice, scribe.On("anchor"), scribe.Put(policyPath, three+"; newer\n"))
		h.Commit("S2", bob, scribe.On("S1", "M1"))
		h.Commit("M2", web, scribe.On("M1", "S2"))
		return end(h, "M2")
	},
	"everyday-rebase-and-squash": func() *scribe.History {
		h := begin(three)
		h.Commit("S1", bob)
		h.Commit("S2", bob)
		h.Commit("M1", alice, scribe.On("anchor"))
		// bob rebases and amends; main is moved forward to his commits.
		h.Commit("M2", bob, scribe.On("M1"), scribe.Put("work/S1", "S1\n"))
		h.Commit("M3", bob, scribe.Put("work/S2", "S2, amended\n"))
		// alice takes a commit of bob's over, and squashes her own.
		h.Commit("M4", alice, scribe.Author("bob <bob@example.com>"))
		h.Commit("M5", alice, scribe.Put("src/a", "two\n"), scribe.Put("src/b", "new\n"))
		return end(h, "M5")
	},
	"everyday-forward": func() *scribe.History {
		h := begin(three)
		h.Commit("S1", alice)
		h.Commit("M1", bob, scribe.On("anchor"))
		h.Commit("M2", bob, scribe.On("M1", "S1"))
		h.Commit("M3", bob)
		return end(h, "M3")
	},
	"follow-tags": func() *scribe.History {
		h := begin(three)
		h.Commit("M1", bob)
		h.Tag("v1", "M1", alice)
		return end(h, "M1")
	},
	"pull-request":             pullRequest,
	"pull-request-by-stranger": pullRequest,
	"pull-request-on-mainline": pullRequest,
	"pull-request-of-policy": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice)
		h.Commit("S1", bob, scribe.On("anchor"), scribe.Put(policyPath, withMallory))
		h.Commit("S2", mallory)
		h.Branch("topic", "S2")
		return end(h, "M1")
	},
	"audit": func() *scribe.History {
		h := begin(audited(usual))
		h.Commit("M1", mallory)
		h.Commit("M2", scribe.Unsigned)
		h.Commit("M3", carol, scribe.Put(policyPath, audited(withMallory)))
		h.Commit("M4", mallory)
		return end(h, "M4")
	},
	"audit-begins-later": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Put(policyPath, audited(usual)))
		h.Commit("M2", mallory)
		return end(h, "M2")
	},
	"audit-ends-later": func() *scribe.History {
		h := begin(audited(usual))
		h.Commit("M1", alice, scribe.Put(policyPath, usual))
		h.Commit("M2", mallory)
		return end(h, "M2")
	},
}

// audited is a policy whose refusals are said and pass.
func audited(text string) string {
	const head = "[policy]\n\tversion = 1\n"
	return head + "\tmode = audit\n" + text[len(head):]
}

// pullRequest is bob's, whose branch was updated from main.
func pullRequest() *scribe.History {
	h := begin(usual)
	h.Commit("S1", bob)
	h.Commit("M1", alice, scribe.On("anchor"))
	h.Commit("S2", bob, scribe.On("S1", "M1"))
	h.Commit("S3", bob)
	h.Commit("S4", mallory)
	h.Branch("topic", "S4")
	return end(h, "M1")
}
