package main

import (
	"github.com/paraph/paraph/hack/vectors/scribe"
	"github.com/paraph/paraph/internal/testpki"
)

// Issuers of identities.
const (
	issuer  = "https://accounts.example.com"
	actions = "https://token.actions.githubusercontent.com"
	private = "https://login.acme.internal"
)

// Who appears. alice keeps the policy; carol works on main; bob contributes;
// web is a forge's key; mallory is in nobody's policy.
var (
	alice   = someone("alice")
	bob     = someone("bob")
	carol   = someone("carol")
	mallory = someone("mallory")
	web     = scribe.OpenPGP("web")
	dan     = scribe.SSH("dan")
	build   = scribe.Keyless{
		Name: "build", Address: "build@acme.internal", Acme: true,
		Identity: testpki.Identity{Email: "build@acme.internal", Issuer: private},
	}
)

func someone(name string) scribe.Keyless { return scribe.Someone(name, issuer) }

func mail(address string) testpki.Identity {
	return testpki.Identity{Email: address, Issuer: issuer}
}

// Files.
const (
	policyPath = ".paraph/policy"
	keyPath    = ".paraph/keys/web.asc"
)

// Texts of policies.
var (
	policy  = scribe.Policy
	signer  = scribe.SignerSection
	section = scribe.Section
	allow   = scribe.Allow
)

// Sections of the usual policy: main is for alice, carol and the forge's
// merges, anybody of the file contributes, and alice keeps .paraph and v*.
var (
	people    = signer(alice) + signer(carol) + signer(bob)
	forge     = section("signer", "web", "openpgp = "+keyPath, "mergesOnly = true")
	protected = section("path", ".paraph/**", allow("alice")...)
	rules     = section("branch", "main", append(allow("alice", "carol", "web"), "contribute = *")...) +
		section("tag", "v*", allow("alice")...) + protected
	usual = policy(people, forge, rules)
	// withMallory and withDave each admit one more to main.
	withMallory = admitting(mallory)
	dave        = someone("dave")
	withDave    = admitting(dave)
)

// admitting is the usual policy with one more who works on main.
func admitting(k scribe.Keyless) string {
	main := section("branch", "main", append(allow("alice", "carol", "web", k.Name), "contribute = *")...)
	return policy(people, signer(k), forge, main, section("tag", "v*", allow("alice")...), protected)
}

// withoutBob is the usual policy without bob.
func withoutBob() string {
	return policy(signer(alice), signer(carol), forge, rules)
}

// begin makes a history with an unsigned start, and an anchor by alice that
// brings the policy.
func begin(text string) *scribe.History {
	h := scribe.New()
	start(h)
	anchor(h, alice, text)
	return h
}

func start(h *scribe.History) {
	h.Commit("start", scribe.Unsigned, scribe.Put("README", "hello\n"), scribe.Put("deploy/x", "one\n"), scribe.Put("src/a", "one\n"))
}

func anchor(h *scribe.History, by scribe.Signer, text string) {
	h.Commit("anchor", by, scribe.Put(policyPath, text), scribe.Put(keyPath, web.PublicKey()))
}

// end puts main on the last of the labels, whatever they are for.
func end(h *scribe.History, label string) *scribe.History {
	h.Branch("main", label)
	return h
}
