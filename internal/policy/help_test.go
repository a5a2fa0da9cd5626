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

// What an allowed_signers file says, line by line.
func TestImportAllowedSigners(t *testing.T) {
	const key = ed25519
	for name, tt := range map[string]struct{ text, want, note string }{
		"a key":               {"alice@example.com " + key + " a comment\n", "[signer \"alice\"] ssh = " + key, ""},
		"comments and blanks": {"# x\n\n  alice@example.com\t" + key + "\r\n", "[signer \"alice\"] ssh = " + key, ""},
		"two keys of one":     {"a@b " + key + "\na@b " + key + "\n", "[signer \"a\"] ssh = " + key + " ssh = " + key, ""},
		"two who differ":      {"a@b " + key + "\na@c " + key + "\n", "[signer \"a\"] ssh = " + key + " [signer \"a-2\"] ssh = " + key, ""},
		"two who differ in time": {
			"a@b " + key + "\na@b valid-before=\"20270101Z\" " + key + "\n",
			"[signer \"a\"] ssh = " + key + " [signer \"a-2\"] ssh = " + key + " notAfter = 2027-01-01T00:00:00Z", "",
		},
		"for git":               {"a@b namespaces=\"git\" " + key, "[signer \"a\"] ssh = " + key, ""},
		"for git too":           {"a@b namespaces=\"file,g*\" " + key, "[signer \"a\"] ssh = " + key, ""},
		"not for git":           {"a@b namespaces=\"file\" " + key, "", NoteNamespace},
		"for all but git":       {"a@b namespaces=\"*,!git\" " + key, "", NoteNamespace},
		"times":                 {"a@b valid-after=\"20260102Z\",VALID-BEFORE=\"202702031405Z\" " + key, "[signer \"a\"] ssh = " + key + " notBefore = 2026-01-02T00:00:00Z notAfter = 2027-02-03T14:05:00Z", ""},
		"seconds":               {"a@b valid-after=20260102030405Z " + key, "[signer \"a\"] ssh = " + key + " notBefore = 2026-01-02T03:04:05Z", ""},
		"a time of no zone":     {"a@b valid-after=20260102 " + key, "[signer \"a\"] ssh = " + key + " notBefore = 2026-01-02T00:00:00Z", NoteLocalTime},
		"no time":               {"a@b valid-after=2026 " + key, "", NoteLeftOut},
		"a day that is none":    {"a@b valid-after=20260230Z " + key, "", NoteLeftOut},
		"an end before":         {"a@b valid-after=20260102Z,valid-before=20260101Z " + key, "", NoteLeftOut},
		"an authority":          {"*@b cert-authority " + key, "", NoteLeftOut},
		"an unknown option":     {"a@b verify-required " + key, "", NoteLeftOut},
		"a pattern":             {"*@example.com,!bob@example.com " + key, "[signer \"signer\"] ssh = " + key, NotePattern},
		"principals in quotes":  {"\"a b@c,d\" " + key, "[signer \"a-b\"] ssh = " + key, ""},
		"no principal":          {", " + key, "", NoteLeftOut},
		"no key":                {"a@b", "", NoteLeftOut},
		"a key of another type": {"a@b ssh-rsa " + strings.Fields(key)[1], "", NoteLeftOut},
		"an old key":            {"a@b ssh-dss AAAAB3NzaC1kc3MAAAAA", "", NoteLeftOut},
		"a foreign name":        {"ä@b\"] " + key, "", NoteLeftOut},
	} {
		t.Run(name, func(t *testing.T) {
			got, notes, err := ImportAllowedSigners([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for line := range strings.Lines(string(got)) {
				if line = strings.TrimSpace(line); line[0] != ';' {
					lines = append(lines, line)
				}
			}
			if all := strings.Join(lines, " "); all != tt.want {
				t.Errorf("%s\nwant %s", all, tt.want)
			}
			if len(notes) > 1 || len(notes) == 1 != (tt.note != "") || tt.note != "" && (notes[0].Rule != tt.note || notes[0].Line != 1) {
				t.Errorf("%v, want %q", notes, tt.note)
			}
			must(t, head+string(got))
		})
	}
	for _, bad := range []string{"", "# nothing\n", "\xff", strings.Repeat("a", MaxSize+1), strings.Repeat("\n", 3)} {
		if got, _, err := ImportAllowedSigners([]byte(bad)); err == nil {
			t.Errorf("%.20q became %q", bad, got)
		}
	}
}

// What becomes of an allowed_signers file is always a policy's part.
func FuzzImport(f *testing.F) {
	f.Add([]byte("a@b,*c namespaces=\"git\",valid-after=20260101 " + ed25519 + "\n"))
	f.Add([]byte("\"a b\" " + ed25519))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, _, err := ImportAllowedSigners(data); err == nil {
			must(t, head+string(got))
		}
	})
}

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
		"ssh = " + ed25519:                  "identity = dan\nissuer = https://d",
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
