package pushes

import (
	"time"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

const issuer = "https://accounts.example.com"

// Who appears. alice keeps the policy; carol works on main; bob contributes;
// dan's SSH key has ended, erin's has not; mallory is in nobody's policy.
var (
	alice   = scribe.Someone("alice", issuer)
	bob     = scribe.Someone("bob", issuer)
	carol   = scribe.Someone("carol", issuer)
	dave    = scribe.Someone("dave", issuer)
	mallory = scribe.Someone("mallory", issuer)
	dan     = scribe.SSH("dan")
	erin    = scribe.SSH("erin")
)

// people can sign push certificates, by name.
var people = map[string]scribe.Signer{"alice": alice, "bob": bob, "carol": carol, "mallory": mallory, "dan": dan, "erin": erin}

// dansTime is when dan's commits say that they were made, a year before he ended.
var dansTime = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

const policyPath = ".paraph/policy"

// Sections of the usual policy: main is for alice and carol, and anybody of
// the file contributes; stable, v* and .paraph are for alice alone. Nobody may
// rewind stable.
var (
	staff = scribe.SignerSection(alice) + scribe.SignerSection(carol) + scribe.SignerSection(bob) +
		scribe.Section("signer", "dan", "ssh = "+dan.PublicKey(), "notAfter = 2021-01-01T00:00:00Z") +
		scribe.Section("signer", "erin", "ssh = "+erin.PublicKey())
	mainline = scribe.Section("branch", "main", append(scribe.Allow("alice", "carol"), "contribute = *", "push = alice", "rewind = alice")...)
	guarded  = scribe.Section("branch", "stable", "allow = alice") +
		scribe.Section("tag", "v*", "allow = alice", "rewind = alice") +
		scribe.Section("path", ".paraph/**", "allow = alice")
	usual    = scribe.Policy(staff, mainline, guarded)
	withDave = admitting(dave)
	audit    = "[policy]\n\tversion = 1\n\tmode = audit\n" + staff + mainline + guarded
	revoking = scribe.Policy(staff, scribe.Section("revoked", "bob", "since = 2026-01-01T00:00:00Z"), mainline, guarded)
)

// admitting is the usual policy with one more who works on main.
func admitting(k scribe.Keyless) string {
	return scribe.Policy(staff, scribe.SignerSection(k),
		scribe.Section("branch", "main", append(scribe.Allow("alice", "carol", k.Name), "contribute = *", "rewind = alice")...), guarded)
}

// policyFiles are policies beside the repositories, by name.
func policyFiles(h *scribe.History) map[string]string {
	past := scribe.Section("history", "", "trustUpTo = "+h.ID("start"))
	return map[string]string{
		"usual":   scribe.Policy(staff, mainline, guarded, past),
		"mallory": admitting(mallory) + past,
		"broken":  usual + "[branch]\n",
		"pastM2":  scribe.Policy(staff, mainline, guarded, scribe.Section("history", "", "trustUpTo = "+h.ID("wild2"))),
	}
}
