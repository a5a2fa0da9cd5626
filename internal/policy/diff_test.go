package policy

import (
	"strings"
	"testing"
)

// Every line of a policy that says something is a fact of which a change is
// told, in both directions.
func TestDiff(t *testing.T) {
	p := must(t, document)
	if d := Diff(p, must(t, "; other words\n"+document)); len(d) != 0 {
		t.Errorf("a comment changes %q", d)
	}
	for old, changed := range map[string]string{
		"mode = enforce":                    "mode = audit",
		"ca = " + digest:                    "ca = " + strings.Replace(digest, "9f", "00", 1),
		"    identity = alice":              "    identity = carol",
		"workflows/*.yml":                   "workflows/**.yml",
		"issuer = " + google:                "issuer = https://example.com",
		"claim = sourceRepositoryID=123456": "claim = sourceRepositoryID=123457",
		"instance = acme":                   "instance = public",
		"email = alice@":                    "email = carol@",
		"notAfter = 2027-01-01T00:00:00Z":   "notBefore = 2027-01-01T00:00:00Z",
		"mergesOnly = true":                 "mergesOnly = false",
		"openpgp = .paraph/keys/web.asc":    "openpgp = .paraph/web.asc",
		"ssh = " + ed25519Key:               "identity = dan\nissuer = https://d",
		"smime = eve":                       "smime = Eve",
		"smimeCA = " + digest:               "smimeCA = " + strings.Replace(digest, "9f", "00", 1),
		"since = 2026-10-01":                "since = 2026-11-01",
		"allow = web":                       "allow = dan",
		"contribute = *":                    "contribute = dan",
		"push = alice":                      "push = dan",
		"rewind = alice":                    "rewind = dan",
		"[tag \"v*\"]":                      "[tag \"v**\"]",
		"[path \".paraph/**\"]":             "[path \"**\"]",
		"trustUpTo = 01":                    "trustUpTo = 11",
		"trustTag = 01":                     "trustTag = 11",
		"[revoked \"bob\"]":                 "[revoked \"dan\"]",
	} {
		other := must(t, strings.Replace(document, old, changed, 1))
		there, back := Diff(p, other), Diff(other, p)
		if len(there) == 0 || len(back) == 0 {
			t.Errorf("%s: %q, and back %q", changed, there, back)
		}
	}
}

// A difference in words.
func TestDiffWords(t *testing.T) {
	old := must(t, three+"[branch \"main\"]\nallow = alice\n")
	newer := must(t, strings.Replace(three, "\"bob\"", "\"mallory\"", 1)+"[revoked \"alice\"]\nsince = 2026-01-01T00:00:00Z\n[branch \"main\"]\nallow = *\n")
	want := `[revoked "alice"] is new
[revoked "alice"] gains since = 2026-01-01T00:00:00Z
[signer "mallory"] is new
[signer "mallory"] gains identity = bob@example.com
[signer "mallory"] gains issuer = https://accounts.google.com
[branch "main"] gains allow = *
[branch "main"] loses allow = alice
[signer "bob"] is gone
[signer "bob"] loses identity = bob@example.com
[signer "bob"] loses issuer = https://accounts.google.com`
	if got := strings.Join(Diff(old, newer), "\n"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
