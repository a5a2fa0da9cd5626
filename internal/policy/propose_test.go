package policy

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A proposal is a policy, and trusts who was seen as they were seen.
func TestPropose(t *testing.T) {
	private := by("build@acme.internal", "https://login.acme.internal").Signer
	private.Instance, private.CAs = "acme", [][sha256.Size]byte{{1}, {2}}
	text := Propose([]Seen{
		{Signer: alice().Signer, Commits: 12, Tags: 1, Last: at(3, 5)},
		{Signer: by("alice@other.example", google).Signer, Commits: 1},
		{Signer: release().Signer, Tags: 3},
		{Signer: private, Commits: 2},
		{Signer: smime(digest).Signer, Commits: 3},
		{SSH: sshKey(t), Commits: 4},
		{OpenPGP: ".paraph/keys/web.asc", Commits: 5},
	}, "main", "release/1")
	p, err := Parse(text, inRepository, keyFile)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, tt := range map[string]struct {
		o    Object
		at   Place
		want verdict.Verdict
		who  string
	}{
		"alice":                    {alice(), Place{Ref: main, Paths: []string{Path}}, verdict.Trusted, "alice"},
		"another alice":            {by("alice@other.example", google), Place{Ref: "refs/heads/release/1"}, verdict.Trusted, "alice-2"},
		"another alice's policy":   {by("alice@other.example", google), Place{Ref: main, Paths: []string{Path}}, verdict.Refused, "alice-2"},
		"a run's tag":              {tag(release(), "v1"), Place{Ref: "refs/tags/v1"}, verdict.Trusted, "app-release"},
		"a run's commit":           {release(), Place{Ref: main}, verdict.Refused, "app-release"},
		"a fork's tag":             {tag(by(run, github), "v1"), Place{Ref: "refs/tags/v1"}, verdict.Refused, "app-release"},
		"a private Sigstore":       {Object{Kind: payload.Commit, Signer: private}, Place{Ref: main}, verdict.Trusted, "build"},
		"S/MIME":                   {smime(digest), Place{Ref: main}, verdict.Trusted, "eve"},
		"an ssh key":               {byKey(sshKey(t)), Place{Ref: main}, verdict.Trusted, "ssh"},
		"an OpenPGP key":           {web(false, nil), Place{Ref: main}, verdict.Trusted, "web"},
		"a tag by who made none":   {tag(byKey(sshKey(t)), "v1"), Place{Ref: "refs/tags/v1"}, verdict.Refused, "ssh"},
		"somebody who was not met": {by("carol@example.com", google), Place{Ref: main}, verdict.Refused, ""},
	} {
		if d := p.Decide(tt.o, tt.at); d.Verdict != tt.want || d.Signer != tt.who {
			t.Errorf("%s: %+v, %v, want %s of %s", name, d, d.Err, tt.want, tt.who)
		}
	}
	for _, want := range []string{"; 12 commits, 1 tags, last on 2026-05-03\n", "[instance \"acme\"]\n\tca = sha256:02", "claim = sourceRepositoryID=123456"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// Whatever a history holds, its proposal is a policy, of bounded length, that
// says no more than it shows.
func TestProposeHostile(t *testing.T) {
	hostile := func(name, issuer, instance string) Seen {
		s := by(name, issuer).Signer
		s.Instance, s.CAs = instance, [][sha256.Size]byte{{byte(len(instance))}}
		s.Claims["sourceRepositoryID"] = "1\n[signer \"x\"]"
		s.Claims[verify.ClaimSMIMECA] = "sha256:\n"
		return Seen{Signer: s, Commits: 1}
	}
	seen := []Seen{
		{},
		{SSH: []byte("junk")},
		{OpenPGP: "a\nb"},
		{Signer: &verify.Signer{Instance: "no CA"}},
		hostile("a\"\n[branch \"main\"]\nallow = *", google, "public"),
		hostile("a;b#c", "https://x/#y", "public"),
		hostile("\"", "\\", "public"),
		hostile("*@example.com", "*", "public"),
		hostile("a@b", "c", "in\"st\nance"),
		hostile("a@b", "c", "smime"),
		hostile("\u202e", "d", "PUBLIC"),
		hostile(strings.Repeat("ä", 500), "d", "x"),
		hostile("d@e", "f", "acme"),
	}
	p, err := Parse(Propose(seen, "*", "a b", "\n", "refs/heads/x"), inRepository, keyFile)
	if err != nil {
		t.Fatalf("%v\n%s", err, Propose(seen))
	}
	if len(p.signers) != 5 || len(p.refs) != 0 {
		t.Errorf("%d signers, %d sections in\n%s", len(p.signers), len(p.refs), Propose(seen))
	}
	if _, err := Parse(Propose(nil), inRepository, nil); err != nil {
		t.Error(err)
	}
	many := make([]Seen, 10*maxProposed)
	for i := range many {
		many[i] = Seen{Signer: alice().Signer, Commits: i}
	}
	if p, err := Parse(Propose(many), inRepository, nil); err != nil || len(p.signers) != maxProposed {
		t.Errorf("%v", err)
	}
}
