package main

import (
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/hack/vectors/scribe"
	"github.com/paraph/paraph/internal/testpki"
)

// signerHistories are about who signed.
var signerHistories = told{
	"kinds-keyless": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice)
		h.Commit("M2", alice.With(scribe.LoggedStamped))
		h.Commit("M3", alice.With(scribe.Stamped))
		return end(h, "M3")
	},
	"kinds-workflow": workflows,
	"kinds-ssh": func() *scribe.History {
		h := begin(policy(signer(alice), section("signer", "dan", "ssh = "+dan.PublicKey()),
			section("branch", "main", allow("alice", "dan")...), protected))
		h.Commit("M1", dan)
		h.Commit("M2", scribe.SSH("stranger"))
		h.Commit("M3", dan, scribe.Tampered())
		h.Commit("M4", dan, scribe.Put(".paraph/x", "dan's\n"))
		return end(h, "M4")
	},
	"kinds-openpgp": func() *scribe.History {
		h := begin(policy(signer(alice), section("signer", "web", "openpgp = "+keyPath),
			section("branch", "main", allow("alice", "web")...), protected))
		h.Commit("M1", web)
		h.Commit("M2", scribe.OpenPGP("stranger"))
		h.Commit("M3", web, scribe.Tampered())
		h.Commit("M4", web, scribe.Put(".paraph/x", "web's\n"))
		return end(h, "M4")
	},
	"kinds-smime": func() *scribe.History {
		ca := scribe.Digest(testpki.NewSMIME(scribe.MailCA, nil).Root.Raw)
		h := begin(policy(signer(alice), section("signer", "eve", "smime = eve@example.com", "smimeCA = "+ca),
			section("branch", "main", allow("alice", "eve")...), protected))
		h.Commit("M1", scribe.SMIME{Name: "eve", CA: scribe.MailCA})
		h.Commit("M2", scribe.SMIME{Name: "alice", CA: scribe.MailCA})
		h.Commit("M3", scribe.SMIME{Name: "eve", CA: scribe.OtherMailCA})
		h.Commit("M4", scribe.SMIME{Name: "eve", CA: scribe.StrangeCA})
		h.Commit("M5", alice.As(mail("eve@example.com")))
		return end(h, "M5")
	},
	"kinds-private": func() *scribe.History {
		h := acme("acme", func(h *scribe.History) string { return scribe.Digest(h.Acme().CARoot.Raw) })
		h.Commit("M1", build)
		claimed := build.As(alice.Identity)
		h.Commit("M2", claimed)
		h.Commit("M3", alice)
		return end(h, "M3")
	},
	"private-other-ca": func() *scribe.History {
		h := acme("acme", func(h *scribe.History) string { return scribe.Digest(h.Public.CARoot.Raw) })
		h.Commit("M1", build)
		return end(h, "M1")
	},
	"private-other-name": func() *scribe.History {
		h := acme("corp", func(h *scribe.History) string { return scribe.Digest(h.Acme().CARoot.Raw) })
		h.Commit("M1", build)
		return end(h, "M1")
	},
	"nobody-and-stranger": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", scribe.Unsigned)
		h.Commit("M2", mallory)
		h.Commit("M3", alice)
		return end(h, "M3")
	},
	"right-mail-other-issuer": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice.As(testpki.Identity{Email: alice.Address, Issuer: "https://accounts.example.com.attacker"}))
		h.Commit("M2", alice.As(testpki.Identity{Email: alice.Address, Issuer: "https://github.com/login/oauth"}))
		return end(h, "M2")
	},
	"identity-lookalikes": func() *scribe.History {
		h := begin(usual)
		for _, l := range []struct{ label, name string }{
			{"M1", "Alice@example.com"},
			{"M2", "alice@example.com.attacker"},
			{"M3", "x-alice@example.com"},
			{"M4", "alice@exampleXcom"},
			{"M5", "alice@example.com@attacker"},
		} {
			h.Commit(l.label, alice.As(mail(l.name)))
		}
		return end(h, "M5")
	},
	"identity-patterns": patterns,
	"committer-other": func() *scribe.History {
		h := begin(policy(signer(alice, "email = alice@example.com", "email = alice@home.example"), rulesFor("alice")))
		h.Commit("M1", alice, scribe.Committer("Bob <bob@example.com>"))
		h.Commit("M2", alice, scribe.Author("Bob <bob@example.com>"))
		h.Commit("M3", alice, scribe.Committer("Alice <alice@home.example>"))
		return end(h, "M3")
	},
	"not-holding": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", alice, scribe.Tampered())
		h.Commit("M2", alice.Later(11*time.Minute, 0))
		h.Commit("M3", alice.With(scribe.Nothing))
		stranger := alice
		stranger.Cert = []testpki.CertOption{testpki.FromOtherCA()}
		h.Commit("M4", stranger)
		cut := alice
		cut.Armor = func([]byte) []byte { return cms.Armor([]byte{0x30, 0}) }
		h.Commit("M5", cut)
		h.Commit("M6", alice)
		return end(h, "M6")
	},
	"junk-armor": func() *scribe.History {
		h := begin(usual)
		h.Commit("M1", scribe.Junk("-----BEGIN JUNK-----\n\nAAAA\n-----END JUNK-----\n"))
		h.Commit("M2", alice)
		return end(h, "M2")
	},
	"ref-without-section": func() *scribe.History {
		h := begin(policy(people, rulesFor("alice")))
		h.Commit("M1", bob)
		h.Commit("M2", mallory)
		h.Branch("topic", "M2")
		return end(h, "M2")
	},
	"sections-add-up": func() *scribe.History {
		h := begin(policy(people, section("branch", "ma*", allow("alice", "carol")...), rulesFor("alice", "bob")))
		h.Commit("M1", alice)
		h.Commit("M2", carol)
		h.Commit("M3", bob)
		return end(h, "M3")
	},
	"contribute-list": func() *scribe.History {
		h := begin(policy(people, section("branch", "main", "allow = alice", "contribute = bob"), protected))
		h.Commit("S1", bob)
		h.Commit("S2", carol)
		h.Commit("S3", alice)
		h.Commit("M1", alice, scribe.On("anchor", "S3"))
		h.Commit("M2", bob)
		return end(h, "M2")
	},
	"contribute-default": func() *scribe.History {
		h := begin(policy(people, section("branch", "main", allow("alice", "carol")...), protected))
		h.Commit("S1", bob)
		h.Commit("S2", carol)
		h.Commit("M1", alice, scribe.On("anchor", "S2"))
		return end(h, "M1")
	},
}

// rulesFor are a main for these, and .paraph for alice.
func rulesFor(names ...string) string {
	return section("branch", "main", allow(names...)...) + protected
}

// acme begins a history of the private instance, which is known here under a
// name; the policy knows it by its CA.
func acme(name string, ca func(*scribe.History) string) *scribe.History {
	h := scribe.New()
	h.Instances = name
	start(h)
	anchor(h, build, policy(
		section("instance", "acme", "ca = "+ca(h)), signer(alice), signer(build, "instance = acme"),
		section("branch", "main", allow("alice", "build")...), section("path", ".paraph/**", allow("build")...)))
	return h
}

// workflows are signed by workflows that GitHub ran, the first two by those
// that the policy means.
func workflows() *scribe.History {
	h := begin(policy(signer(alice), section("signer", "release",
		"identityPattern = https://github.com/acme/app/.github/workflows/*.yml@refs/heads/main",
		"issuer = "+actions, "claim = sourceRepositoryID=123456", "claim = sourceRepositoryID=123457", "claim = runnerEnvironment=github-hosted"),
		rulesFor("alice", "release")))
	for _, w := range []struct{ label, uri, repository, runner string }{
		{"M1", "acme/app/.github/workflows/release.yml@refs/heads/main", "123456", "github-hosted"},
		{"M2", "acme/app/.github/workflows/nightly.yml@refs/heads/main", "123457", "github-hosted"},
		{"M3", "mallory/app/.github/workflows/release.yml@refs/heads/main", "123456", "github-hosted"},
		{"M4", "acme/app/.github/workflows/release.yml@refs/heads/evil", "123456", "github-hosted"},
		{"M5", "acme/app/.github/workflows/release.yml@refs/heads/main/evil", "123456", "github-hosted"},
		{"M6", "acme/app/.github/workflows/sub/release.yml@refs/heads/main", "123456", "github-hosted"},
		{"M7", "acme/app/.github/workflows/release.yml@refs/heads/main", "666", "github-hosted"},
		{"M8", "acme/app/.github/workflows/release.yml@refs/heads/main", "123456", "self-hosted"},
		{"M9", "acme/app/.github/workflows/x@refs/heads/x.yml@refs/heads/main", "123456", "github-hosted"},
	} {
		h.Commit(w.label, scribe.Keyless{
			Name: "release", Address: "release@example.com",
			Identity: testpki.Identity{
				URI: "https://github.com/" + w.uri, Issuer: actions,
				Claims: map[int]string{11: w.runner, 15: w.repository},
			},
		})
	}
	return end(h, "M9")
}

// patterns are names against *@corp.example.
func patterns() *scribe.History {
	h := begin(policy(signer(alice), section("signer", "corp", "identityPattern = *@corp.example", "issuer = "+issuer),
		rulesFor("alice", "corp")))
	for _, l := range []struct{ label, name string }{
		{"M1", "eve@corp.example"},
		{"M2", "eve@corpXexample"},
		{"M3", "eve@corp.example.attacker"},
		{"M4", "eve@evil@corp.example"},
		{"M5", "evil/eve@corp.example"},
		{"M6", "eve@Corp.example"},
		{"M7", "eve@evil-corp.example"},
	} {
		h.Commit(l.label, someone("eve").As(mail(l.name)))
	}
	return end(h, "M7")
}
