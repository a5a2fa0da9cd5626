package main

import (
	"time"

	"github.com/paraph/paraph/hack/vectors/scribe"
	"github.com/paraph/paraph/internal/testpki"
)

// limit is the time that endings speak of. What is made by hours ends and
// begins there.
var limit = testpki.DefaultTime.Add(24 * time.Hour)

// rfc3339 is a time in a policy.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// bobs is a policy where bob works on main, with further lines for him and
// further sections.
func bobs(lines []string, sections ...string) string {
	return policy(append([]string{signer(alice), signer(bob, lines...), rulesFor("alice", "bob")}, sections...)...)
}

// revoked takes bob away, from the limit on.
var revoked = section("revoked", "bob", "since = "+rfc3339(limit))

// aroundLimit has bob sign on both sides of the limit, by each kind of proof.
// A certificate lives ten minutes.
func aroundLimit(h *scribe.History) *scribe.History {
	const s, m = time.Second, time.Minute
	for _, b := range []struct {
		label      string
		proof      scribe.Proof
		at         time.Duration // of the certificate, from the limit
		log, stamp time.Duration // of the proofs, from the certificate
	}{
		{"L1", scribe.Logged, -5 * m, 5*m - s, 0},
		{"L2", scribe.Logged, -5 * m, 5 * m, 0},
		{"L3", scribe.Logged, -5 * m, 5*m + s, 0},
		{"T1", scribe.Stamped, -5 * m, 6 * m, 5*m - s},
		{"T2", scribe.Stamped, -5 * m, 0, 5 * m},
		{"T3", scribe.Stamped, -5 * m, 0, 5*m + s},
		{"B1", scribe.LoggedStamped, -5 * m, 5*m - s, 5*m - s},
		{"B2", scribe.LoggedStamped, -5 * m, 5*m - s, 5*m + s},
		{"B3", scribe.LoggedStamped, -5 * m, 5*m + s, 5*m - s},
		{"B4", scribe.LoggedStamped, -5 * m, 5*m + s, 5*m + s},
	} {
		h.Commit(b.label, bob.With(b.proof).Later(b.log, b.stamp), scribe.At(limit.Add(b.at)))
	}
	return h
}

// timeHistories are about when somebody signed.
var timeHistories = told{
	"revoked-by-each-time": func() *scribe.History {
		h := aroundLimit(begin(bobs(nil, revoked)))
		h.Commit("M1", alice)
		return end(h, "M1")
	},
	"not-after-by-each-time": func() *scribe.History {
		return end(aroundLimit(begin(bobs([]string{"notAfter = " + rfc3339(limit)}))), "B4")
	},
	"not-before-by-each-time": func() *scribe.History {
		return end(aroundLimit(begin(bobs([]string{"notBefore = " + rfc3339(limit)}))), "B4")
	},
	"revoked-reaches-back": func() *scribe.History {
		h := begin(bobs(nil))
		h.Commit("M1", bob)
		h.Commit("M2", bob, scribe.At(limit))
		h.Commit("M3", alice, scribe.Put(policyPath, bobs(nil, revoked)))
		h.Commit("M4", bob)
		return end(h, "M4")
	},
	"revoked-by-wrong-person": func() *scribe.History {
		h := begin(policy(signer(alice), signer(bob), signer(carol), rulesFor("alice", "bob", "carol")))
		h.Commit("M1", bob, scribe.At(limit))
		h.Commit("M2", carol, scribe.Put(policyPath, policy(signer(alice), signer(bob), signer(carol), rulesFor("alice", "bob", "carol"), revoked)))
		h.Commit("M3", bob)
		return end(h, "M3")
	},
	"not-after-reaches-back": func() *scribe.History {
		h := begin(bobs(nil))
		h.Commit("M1", bob)
		h.Commit("M2", bob, scribe.At(limit.Add(time.Second)))
		h.Commit("M3", alice, scribe.Put(policyPath, bobs([]string{"notAfter = " + rfc3339(limit)})))
		return end(h, "M3")
	},
	"not-before-does-not-reach-back": func() *scribe.History {
		h := begin(bobs(nil))
		h.Commit("M1", bob)
		h.Commit("M2", alice, scribe.Put(policyPath, bobs([]string{"notBefore = " + rfc3339(limit)})))
		h.Commit("M3", bob)
		h.Commit("M4", bob, scribe.At(limit))
		return end(h, "M4")
	},
	"permission-does-not-reach-back": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", dave)
		h.Commit("M2", alice, scribe.Put(policyPath, withDave))
		h.Commit("M3", dave)
		return end(h, "M3")
	},
	"revoked-and-star": func() *scribe.History {
		h := begin(policy(signer(alice), signer(bob), section("branch", "main", "allow = *"), protected, revoked))
		h.Commit("M1", bob)
		h.Commit("M2", bob, scribe.At(limit))
		return end(h, "M2")
	},
	"ssh-backdated": func() *scribe.History {
		h := begin(policy(signer(alice), section("signer", "dan", "ssh = "+dan.PublicKey(), "notAfter = "+rfc3339(limit)), rulesFor("alice", "dan")))
		h.Commit("M1", dan)
		h.Commit("M2", alice, scribe.At(limit.Add(time.Hour)))
		h.Commit("M3", dan, scribe.At(limit.Add(-time.Hour)))
		h.Commit("M4", dan, scribe.At(limit.Add(2*time.Hour)))
		return end(h, "M4")
	},
	"ssh-revoked": func() *scribe.History {
		h := begin(policy(signer(alice), section("signer", "dan", "ssh = "+dan.PublicKey()), rulesFor("alice", "dan"),
			section("revoked", "dan", "since = "+rfc3339(limit))))
		h.Commit("M1", dan)
		h.Commit("M2", dan, scribe.At(limit))
		h.Commit("M3", alice)
		h.Commit("M4", dan, scribe.At(limit.Add(-time.Hour)))
		return end(h, "M4")
	},
}
