package main

import (
	"strings"
	"time"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// policyHistories are about policies that change.
var policyHistories = told{
	"policy-by-right-person": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Put(policyPath, withDave))
		h.Commit("M2", dave)
		return end(h, "M2")
	},
	"policy-by-wrong-person": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", carol, scribe.Put(policyPath, withMallory))
		h.Commit("M2", mallory)
		h.Commit("M3", alice)
		h.Commit("M4", mallory)
		return end(h, "M4")
	},
	"policy-by-oneself": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", mallory, scribe.Put(policyPath, withMallory))
		h.Commit("M2", mallory)
		return end(h, "M2")
	},
	"policy-adopted-later": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", carol, scribe.Put(policyPath, withDave))
		h.Commit("M2", dave)
		h.Commit("M3", alice, scribe.Put(policyPath, withDave+"; seen by alice\n"))
		h.Commit("M4", dave)
		return end(h, "M4")
	},
	"policy-and-use-in-one-merge": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", alice, scribe.Put(policyPath, withDave))
		h.Commit("S2", dave)
		h.Commit("M1", web, scribe.On("anchor", "S2"))
		h.Commit("M2", dave)
		return end(h, "M2")
	},
	"policy-by-forge-merge": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", bob, scribe.Put(policyPath, withMallory))
		h.Commit("M1", web, scribe.On("anchor", "S1"))
		h.Commit("M2", mallory)
		h.Commit("M3", alice)
		return end(h, "M3")
	},
	"policy-by-unsigned-side": func() *scribe.History {
		h := begin(usual)
		h.Commit("S1", scribe.Unsigned, scribe.Put(policyPath, withMallory))
		h.Commit("M1", web, scribe.On("anchor", "S1"))
		h.Commit("M2", mallory)
		return end(h, "M2")
	},
	"policy-expired-signature": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice.Later(11*time.Minute, 0), scribe.Put(policyPath, withMallory))
		h.Commit("M2", mallory)
		h.Commit("M3", alice)
		return end(h, "M3")
	},
	"policy-rolled-back": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Put(policyPath, withDave))
		h.Commit("M2", dave)
		h.Commit("M3", alice, scribe.Put(policyPath, usual))
		h.Commit("M4", dave)
		return end(h, "M4")
	},
	"policy-rolled-back-by-wrong-person": func() *scribe.History {
		h := begin(withDave)
		h.Commit("M1", alice, scribe.Put(policyPath, usual))
		h.Commit("M2", carol, scribe.Put(policyPath, withDave))
		h.Commit("M3", dave)
		h.Commit("M4", carol)
		return end(h, "M4")
	},
	"policy-broken-and-repaired": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Put(policyPath, usual+"[brnach \"main\"]\n\tallow = alice\n"))
		h.Commit("M2", carol)
		h.Commit("M3", mallory)
		h.Commit("M4", alice, scribe.Put(policyPath, withDave))
		h.Commit("M5", dave)
		return end(h, "M5")
	},
	"policy-removed": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Delete(policyPath))
		h.Commit("M2", carol)
		h.Commit("M3", mallory)
		h.Commit("M4", alice, scribe.Put(policyPath, withDave))
		h.Commit("M5", dave)
		return end(h, "M5")
	},
	"policy-as-link":      instead(scribe.Link(policyPath, withMallory)),
	"policy-as-submodule": instead(scribe.Submodule(policyPath, strings.Repeat("1", 40))),
	"policy-as-folder":    instead(scribe.Delete(policyPath), scribe.Put(policyPath+"/policy", withMallory)),
	"policy-unreadable": func() *scribe.History {
		h := begin(usual)
		for _, p := range []struct{ label, text string }{
			{"M1", withMallory + "; \x00\n"},
			{"M2", "\ufeff" + withMallory},
			{"M3", withMallory + signer(mallory)},
			{"M4", strings.Replace(withMallory, "version = 1", "version = 2", 1)},
			{"M5", withMallory + "; \xff\n"},
			{"M6", strings.ReplaceAll(withMallory, protected, "")},
			{"M7", withMallory + "[include]\n\tpath = other\n"},
			{"M8", strings.Replace(withMallory, "allow = mallory", "allow = nobody", 1)},
		} {
			h.Commit(p.label, alice, scribe.Put(policyPath, p.text))
		}
		h.Commit("M9", mallory)
		h.Commit("M10", carol)
		return end(h, "M10")
	},
	"policy-crlf": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Put(policyPath, strings.ReplaceAll(withDave, "\n", "\r\n")))
		h.Commit("M2", dave)
		h.Commit("M3", mallory)
		return end(h, "M3")
	},
	"policy-other-case": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", carol, scribe.Put(".Paraph/policy", withMallory))
		h.Commit("M2", carol, scribe.Put(".paraph/POLICY", withMallory))
		h.Commit("M3", mallory)
		return end(h, "M3")
	},
	"key-by-right-person": func() *scribe.History {
		h := begin(keyed)
		h.Commit("M1", alice, scribe.Put(keyPath, newWeb.PublicKey()))
		h.Commit("M2", newWeb)
		h.Commit("M3", web)
		return end(h, "M3")
	},
	"key-by-wrong-person": func() *scribe.History {
		h := begin(keyed)
		h.Commit("M1", carol, scribe.Put(keyPath, newWeb.PublicKey()))
		h.Commit("M2", newWeb)
		h.Commit("M3", alice)
		h.Commit("M4", newWeb)
		h.Commit("M5", web)
		return end(h, "M5")
	},
	"key-removed": func() *scribe.History {
		h := begin(keyed)
		h.Commit("M1", alice, scribe.Delete(keyPath))
		h.Commit("M2", web)
		h.Commit("M3", alice, scribe.Link(keyPath, "../../key"))
		h.Commit("M4", web)
		return end(h, "M4")
	},
	"anchor-on-second-parent": func() *scribe.History {
		h := begin(usual)
		h.Commit("X1", alice, scribe.On("start"))
		h.Commit("M1", alice, scribe.On("anchor"))
		h.Commit("M2", alice, scribe.On("X1", "M1"))
		h.Commit("M3", alice)
		return end(h, "M3")
	},
	"anchor-not-in-tip": func() *scribe.History {
		h := begin(usual)
		h.Commit("X1", alice, scribe.On("start"))
		h.Commit("X2", mallory)
		h.Commit("X3", alice)
		return end(h, "X3")
	},
	"anchor-without-policy": func() *scribe.History {
		h := scribe.New()
		h.Pinned = ""
		start(h)
		h.Commit("M1", alice)
		return end(h, "M1")
	},
	"anchor-with-link": func() *scribe.History {
		h := scribe.New()
		h.Pinned = ""
		start(h)
		h.Commit("anchor", alice, scribe.Link(policyPath, usual), scribe.Put(keyPath, web.PublicKey()))
		h.Commit("M1", alice)
		return end(h, "M1")
	},
	"anchor-with-huge-policy": func() *scribe.History {
		h := begin(usual + strings.Repeat("; nothing at all, again and again\n", 50<<20/34))
		h.Pinned = ""
		h.Commit("M1", alice)
		return end(h, "M1")
	},
	"policy-from-file": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Put(".paraph/x", "alice's\n"))
		h.Commit("M2", bob)
		h.File("mine.policy", policy(signer(bob), section("branch", "main", "allow = bob"), section("path", ".paraph/**", "allow = bob")))
		return end(h, "M2")
	},
	"policy-from-broken-file": func() *scribe.History {
		h := line()
		h.File("mine.policy", "\ufeff"+policy(signer(alice), rulesFor("alice")))
		return h
	},
	"policy-huge": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Put(policyPath, withMallory+strings.Repeat("; nothing at all, again and again\n", 50<<20/34)))
		h.Commit("M2", mallory)
		h.Commit("M3", carol)
		return end(h, "M3")
	},
}

// keyed is a policy with the key of somebody who works on main, newWeb the key
// that takes its place.
var (
	keyed = policy(signer(alice), signer(carol), section("signer", "web", "openpgp = "+keyPath), rulesFor("alice", "carol", "web"))

	newWeb = scribe.OpenPGP("newweb")
)

// instead tells of something in the policy's place, and of what comes after.
func instead(changes ...scribe.Option) func() *scribe.History {
	return func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, changes...)
		h.Commit("M2", carol)
		h.Commit("M3", mallory)
		h.Commit("M4", alice, scribe.Delete(policyPath), scribe.Put(policyPath, withDave))
		h.Commit("M5", dave)
		return end(h, "M5")
	}
}
