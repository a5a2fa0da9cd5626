package pushes

import (
	"strings"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// tell makes all that is ever pushed, one history for all situations. M are
// main as the server has it, the second of a pair is on the first.
func tell() *scribe.History {
	h := scribe.New()
	h.Commit("start", scribe.Unsigned, scribe.Put("README", "hello\n"), scribe.Put("src/a", "one\n"))
	h.Commit("anchor", alice, scribe.Put(policyPath, usual))
	h.Commit("M1", alice)
	h.Commit("M2", carol)
	for _, part := range []func(*scribe.History){commits, merges, policies, pasts, tags, notes, everyday} {
		part(h)
	}
	return h
}

// commits are on main's tip, by good people and by others.
func commits(h *scribe.History) {
	h.Commit("G1", carol, scribe.On("M2"))
	h.Commit("G2", alice)
	h.Commit("U1", scribe.Unsigned, scribe.On("M2"))
	h.Commit("UG", carol)
	h.Commit("X1", mallory, scribe.On("M2"))
	h.Commit("T1", carol, scribe.On("M2"), scribe.Tampered())
	h.Commit("J1", scribe.Junk("-----BEGIN SIGNED MESSAGE-----\n\x1b[31mevil\n-----END SIGNED MESSAGE-----\n"), scribe.On("M2"))
	h.Commit("E1", scribe.Someone("mallory\x1b[2J\x1b]0;evil\a", issuer), scribe.On("M2"))
	h.Commit("B1", bob, scribe.On("M2"))
	h.Commit("B2", bob)
	h.Commit("old1", carol.With(scribe.Nothing), scribe.On("M2"))
	h.Commit("old2", carol.With(scribe.Nothing))
	h.Commit("root", alice, scribe.On(), scribe.Put(policyPath, usual))
	h.Commit("orphan", bob, scribe.On(), scribe.Put("page", "hello\n"))
	h.Commit("orphanU", scribe.Unsigned, scribe.On(), scribe.Put("page", "hello\n"))
	h.Commit("N1", bob, scribe.On("start"))
	now := h.Now()
	h.Commit("K1", dan, scribe.On("M2"), scribe.At(dansTime))
	h.Commit("K2", erin, scribe.On("M2"), scribe.At(now))
}

// merges bring what is good, and what is not.
func merges(h *scribe.History) {
	h.Commit("MB", carol, scribe.On("M2", "B2"))
	h.Commit("MU", carol, scribe.On("M2", "U1"))
	h.Commit("MX", carol, scribe.On("M2", "X1"))
	h.Commit("MO", carol, scribe.On("M2", "B1", "U1"))
	h.Commit("MG", carol, scribe.On("M2", "B1", "K2"))
	h.Commit("MR", carol, scribe.On("M2", "orphan"))
	h.Commit("F1", bob, scribe.On("M1"))
	h.Commit("MA", carol, scribe.On("F1", "M2"))
}

// policies change main's policy.
func policies(h *scribe.History) {
	policy := func(text string) scribe.Option { return scribe.Put(policyPath, text) }
	h.Commit("P1", alice, scribe.On("M2"), policy(withDave))
	h.Commit("D1", dave)
	h.Commit("PC", carol, scribe.On("M2"), policy(withDave))
	h.Commit("PX", mallory, scribe.On("M2"), policy(admitting(mallory)))
	h.Commit("PB", alice, scribe.On("M2"), policy(usual+"[branch]\n"))
	h.Commit("PBG", alice)
	h.Commit("PR", alice, scribe.On("M2"), scribe.Delete(policyPath))
	h.Commit("PL", alice, scribe.On("M2"), scribe.Put(".paraph/other", usual), scribe.Link(policyPath, "other"))
	h.Commit("PS", alice, scribe.On("M2"), scribe.Submodule(policyPath, h.ID("M1")))
	h.Commit("PK", alice, scribe.On("M2"), scribe.Move(policyPath, ".paraph/Policy"))
	h.Commit("S1", carol, scribe.On("M2"), scribe.Put(".Paraph/policy", withDave))
	h.Commit("PA", alice, scribe.On("M2"), policy(audit))
	h.Commit("AU", scribe.Unsigned)
	h.Commit("AC", carol, scribe.On("PA"), policy(withDave))
	h.Commit("R1", alice, scribe.On("M2"), policy(revoking))
	h.Commit("RB", bob)
	h.Commit("RM", carol, scribe.On("R1", "RB"))
	h.Commit("PT", carol, scribe.On("P1", "M2"), policy(usual))
}

// pasts are histories with another past: one whose policy was weaker once, and
// one that knew none.
func pasts(h *scribe.History) {
	h.Commit("W0", alice, scribe.On("start"), scribe.Put(policyPath, admitting(mallory)))
	h.Commit("W1", alice, scribe.Put(policyPath, usual))
	h.Commit("W2", carol)
	h.Commit("WX", mallory, scribe.On("W0"))
	h.Commit("wild1", scribe.Unsigned, scribe.On("start"))
	h.Commit("wild2", scribe.Unsigned)
	h.Commit("adopt", alice, scribe.Put(policyPath, scribe.Policy(staff, mainline, guarded, scribe.Section("history", "", "trustUpTo = "+h.ID("wild2")))))
	h.Commit("adopted", carol)
	h.Commit("wildX", scribe.Unsigned, scribe.On("wild2"))
}

// tags are objects without refs.
func tags(h *scribe.History) {
	h.TagObject("v1", "v1", "M2", alice)
	h.TagObject("v1 again", "v1", "M1", alice)
	h.TagObject("v2 by bob", "v2", "M2", bob)
	h.TagObject("v3 unsigned", "v3", "M2", scribe.Unsigned)
	h.TagObject("v4 of U1", "v4", "U1", alice)
	h.TagObject("v5 of G1", "v5", "G1", alice)
	h.TagObject("v6 of tag", "v6", "v1", alice)
	h.TagObject("v7 of tags", "v7", "v6 of tag", alice)
	h.TagObject("rc1", "rc1", "M2", bob)
	h.TagObject("rc2 unsigned", "rc2", "M2", scribe.Unsigned)
	h.TagObject("rc3 by mallory", "rc3", "M2", mallory)
}

// notes prove old commits, or do not.
func notes(h *scribe.History) {
	one, two := h.ID("old1"), h.ID("old2")
	proof1, proof2 := carol.NoteLine(h, "old1"), carol.NoteLine(h, "old2")
	h.Commit("n1", scribe.Unsigned, scribe.On(), scribe.Put(one, proof1))
	h.Commit("n2", scribe.Unsigned, scribe.Put(two, proof2))
	h.Commit("dropped", scribe.Unsigned, scribe.Delete(one))
	h.Commit("emptied", scribe.Unsigned, scribe.On("n2"), scribe.Put(one, ""))
	h.Commit("junk", scribe.Unsigned, scribe.On("n1"), scribe.Put(two, "{}\n"))
	h.Commit("more", scribe.Unsigned, scribe.On("n1"), scribe.Put(one, proof1+"{}\n"))
	h.Commit("swapped", scribe.Unsigned, scribe.On("n1"), scribe.Put(two, proof1))
	h.Commit("file", scribe.Unsigned, scribe.On("n1"), scribe.Put("README", "hello\n"))
	h.Commit("aside", scribe.Unsigned, scribe.On(), scribe.Put(two[:2]+"/"+two[2:], proof2))
	h.Commit("joined", scribe.Unsigned, scribe.On("n1", "aside"))
	h.Commit("remark", scribe.Unsigned, scribe.On(), scribe.Put(one, strings.Repeat("a remark\n", 3)))
}

// everyday are what people do all day, as their tools leave it.
func everyday(h *scribe.History) {
	h.Commit("feature1", bob, scribe.On("M1"))
	h.Commit("feature2", bob)
	h.Commit("feature updated", bob, scribe.On("feature2", "M2"))
	h.Commit("feature more", bob)
	h.Commit("feature merged", carol, scribe.On("M2", "feature more"))
	h.Commit("rebased1", bob, scribe.On("M2"), scribe.Put("work/feature1", "feature1\n"))
	h.Commit("rebased2", bob, scribe.Put("work/feature2", "feature2\n"))
	h.Commit("pulled", carol, scribe.On("G2"), scribe.Author("bob <bob@example.com>"), scribe.Put("work/pulled", "pulled\n"))
	h.Commit("squashed", carol, scribe.On("M2"), scribe.Author("bob <bob@example.com>"), h.Exactly("feature2"), scribe.Put(policyPath, usual))
	h.Commit("reverted", carol, scribe.On("M2"), scribe.Delete("work/M2"))
	h.Commit("picked", alice, scribe.On("M2"), scribe.Author("bob <bob@example.com>"), scribe.Put("work/B1", "B1\n"))
	h.TagObject("v1.1", "v1.1", "G1", alice)
	h.Commit("EV", mallory, scribe.On("start"), scribe.Put(policyPath, admitting(mallory)))
	h.Commit("EVR", mallory, scribe.On(), scribe.Put(policyPath, admitting(mallory)))
	h.Commit("EVM", mallory, scribe.On("EVR", "M2"), scribe.Put(policyPath, admitting(mallory)))
	h.TagObject("v0 unsigned", "v0", "M1", scribe.Unsigned)
	h.Commit("TT", alice, scribe.On("M2"), scribe.Put(policyPath, scribe.Policy(staff, mainline, guarded, scribe.Section("history", "", "trustTag = "+h.ID("v0 unsigned")))))
	h.Commit("LP", alice, scribe.On("M2"), scribe.Put(policyPath, scribe.Policy(staff, mainline, guarded, scribe.Section("path", "lib/**", "allow = alice", "contribute = *"))))
	h.Commit("LB", bob, scribe.On("LP"), scribe.Put("lib/x", "x\n"))
	h.Commit("LM", bob, scribe.On("LP", "LB"))
}
