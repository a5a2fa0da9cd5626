package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

const (
	google = "https://accounts.google.com"
	github = "https://token.actions.githubusercontent.com"
	run    = "https://github.com/acme/app/.github/workflows/release.yml@refs/heads/main"
	main   = "refs/heads/main"
)

// at is a time of the year 2026, by day and month.
func at(day, month int) time.Time {
	return time.Date(2026, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// by is a commit that somebody with a certificate of the public instance
// signed, on the 1st of May.
func by(name, issuer string) Object {
	return Object{
		Kind: payload.Commit, Committer: payload.Ident{Email: name}, Times: []time.Time{at(1, 5)},
		Signer: &verify.Signer{Identity: fulcio.Identity{Name: name, Issuer: issuer, Claims: map[string]string{}}, Instance: "public"},
	}
}

func alice() Object { return by("alice@example.com", google) }
func bob() Object   { return by("bob@example.com", google) }

func release() Object {
	o := by(run, github)
	o.Signer.Claims["sourceRepositoryID"] = "123456"
	return o
}

// with returns o as change leaves it.
func with(o Object, change func(*Object)) Object {
	change(&o)
	return o
}

func tag(o Object, name string) Object {
	return with(o, func(o *Object) { o.Kind, o.TagName = payload.Tag, name })
}

func onDay(o Object, times ...time.Time) Object { return with(o, func(o *Object) { o.Times = times }) }

// signedWith is a signature by a key.
type signedWith []byte

func (s signedWith) By(k Key) bool { return bytes.Equal(s, k.SSH) || bytes.Equal(s, k.OpenPGP) }

func byKey(key []byte) Object {
	return Object{Kind: payload.Commit, Times: []time.Time{at(1, 5)}, Key: signedWith(key)}
}

func web(clean bool, err error) Object {
	return with(byKey([]byte("a key of .paraph/keys/web.asc")), func(o *Object) {
		o.CleanMerge = func() (bool, error) { return clean, err }
	})
}

func sshKey(t testing.TB) []byte {
	key, err := base64.StdEncoding.DecodeString(strings.Fields(ed25519Key)[1])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func smime(ca string) Object {
	o := by("eve@example.com", "CN=Example")
	o.Signer.Instance, o.Signer.Claims[verify.ClaimSMIMECA] = verify.InstanceSMIME, ca
	return o
}

// Who signed, under docs/policy.md's own example.
func TestDecideDocument(t *testing.T) {
	p := must(t, document)
	acme := by("build@acme.internal", "https://login.acme.internal")
	acme.Signer.Instance, acme.Signer.CAs = "anything", [][sha256.Size]byte{{1}, p.instances[0].cas[0]}
	lost := verdict.Errorf(verdict.Infrastructure, "missing-object", "gone")
	for name, tt := range map[string]struct {
		o    Object
		at   Place
		want verdict.Verdict
		who  string
		rule string // of the error, or what trusts
		line int
	}{
		"alice on main":                {alice(), Place{Ref: main}, "trusted", "alice", `[branch "main"] allow`, 34},
		"alice brings in":              {alice(), Place{Ref: main, Side: true}, "trusted", "alice", `[branch "main"] contribute`, 36},
		"alice elsewhere":              {alice(), Place{Ref: "refs/heads/x"}, "trusted", "alice", `[signer "alice"]`, 7},
		"alice on a remote branch":     {alice(), Place{Ref: "refs/remotes/origin/main"}, "trusted", "alice", `[signer "alice"]`, 7},
		"alice changes the policy":     {alice(), Place{Ref: "refs/heads/x", Paths: []string{"a", Path}}, "trusted", "alice", `[path ".paraph/**"] allow`, 42},
		"alice by another issuer":      {by("alice@example.com", github), Place{Ref: main}, "refused", "", RuleIssuer, 0},
		"alice by another Sigstore":    {with(alice(), func(o *Object) { o.Signer.Instance = "acme" }), Place{Ref: main}, "refused", "alice", RuleInstance, 7},
		"alice for somebody":           {with(alice(), func(o *Object) { o.Committer.Email = "carol@example.com" }), Place{Ref: main}, "refused", "alice", RuleEmail, 7},
		"alice in another case":        {by("Alice@example.com", google), Place{Ref: main}, "refused", "", RuleSigner, 0},
		"alice at her end":             {onDay(alice(), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)), Place{Ref: main}, "trusted", "alice", `[branch "main"] allow`, 34},
		"alice after her end":          {onDay(alice(), time.Date(2027, 1, 1, 0, 0, 1, 0, time.UTC)), Place{Ref: main}, "refused", "alice", RuleNotAfter, 11},
		"alice after it by one time":   {onDay(alice(), at(1, 5), time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)), Place{Ref: main}, "refused", "alice", RuleNotAfter, 11},
		"alice at no time":             {onDay(alice()), Place{Ref: main}, "refused", "alice", RuleNoTime, 7},
		"alice at the zero time":       {onDay(alice(), time.Time{}), Place{Ref: main}, "refused", "alice", RuleNoTime, 7},
		"carol":                        {by("carol@example.com", google), Place{Ref: main}, "refused", "", RuleSigner, 0},
		"nobody":                       {Object{Kind: payload.Commit}, Place{Ref: main}, "refused", "", RuleSigner, 0},
		"two at once":                  {with(alice(), func(o *Object) { o.Key = signedWith(sshKey(t)) }), Place{Ref: main}, "refused", "", RuleSigner, 0},
		"a run on main":                {release(), Place{Ref: main}, "refused", "release", RuleAllow, 34},
		"a run brought in":             {release(), Place{Ref: main, Side: true}, "trusted", "release", `[branch "main"] contribute`, 36},
		"a run changes the policy":     {release(), Place{Ref: main, Side: true, Paths: []string{Path}}, "refused", "release", RuleContribute, 42},
		"a run of a fork":              {with(release(), func(o *Object) { o.Signer.Claims["sourceRepositoryID"] = "7" }), Place{Ref: "refs/heads/x"}, "refused", "release", RuleClaim, 12},
		"a run without the claim":      {by(run, github), Place{Ref: "refs/heads/x"}, "refused", "release", RuleClaim, 12},
		"a run of a branch named so":   {with(release(), func(o *Object) { o.Signer.Name = strings.Replace(run, "main", "x.yml@refs/heads/main", 1) }), Place{Ref: "refs/heads/x"}, "refused", "", RuleSigner, 0},
		"a tag by a run":               {tag(release(), "v1"), Place{Ref: "refs/tags/v1"}, "trusted", "release", `[tag "v*"] allow`, 40},
		"a tag by a run, no ref":       {tag(release(), "v1"), Place{}, "trusted", "release", `[tag "v*"] allow`, 40},
		"a tag by alice":               {tag(alice(), "v1"), Place{Ref: "refs/tags/v1"}, "refused", "alice", RuleAllow, 40},
		"a tag by alice, no ref":       {tag(alice(), "v1"), Place{}, "refused", "alice", RuleAllow, 40},
		"a tag whose ref is protected": {tag(alice(), "x"), Place{Ref: "refs/tags/v1"}, "refused", "alice", RuleAllow, 40},
		"a tag within one":             {tag(alice(), "v1"), Place{Ref: "refs/tags/x"}, "refused", "alice", RuleAllow, 40},
		"a tag of no section":          {tag(alice(), "v1/a"), Place{Ref: "refs/tags/v1/a"}, "trusted", "alice", `[signer "alice"]`, 7},
		"a commit below a tag":         {alice(), Place{Ref: "refs/tags/v1"}, "trusted", "alice", `[signer "alice"]`, 7},
		"a policy below a tag":         {release(), Place{Ref: "refs/tags/v1", Paths: []string{Path}}, "refused", "release", RuleAllow, 42},
		"a private Sigstore":           {acme, Place{Ref: "refs/heads/x"}, "trusted", "build", `[signer "build"]`, 16},
		"another by its name":          {with(by("build@acme.internal", "https://login.acme.internal"), func(o *Object) { o.Signer.Instance = "acme"; o.Signer.CAs = [][32]byte{{1}} }), Place{Ref: "refs/heads/x"}, "refused", "build", RuleInstance, 16},
		"the public one for a private": {by("build@acme.internal", "https://login.acme.internal"), Place{Ref: "refs/heads/x"}, "refused", "build", RuleInstance, 16},
		"an ssh key":                   {byKey(sshKey(t)), Place{Ref: main, Side: true}, "trusted", "dan", `[branch "main"] contribute`, 36},
		"another key":                  {byKey([]byte("x")), Place{Ref: main, Side: true}, "refused", "", RuleSigner, 0},
		"S/MIME":                       {smime(digest), Place{Ref: "refs/heads/x"}, "trusted", "eve", `[signer "eve"]`, 25},
		"S/MIME by another CA":         {smime("sha256:00"), Place{Ref: "refs/heads/x"}, "refused", "eve", RuleSMIMECA, 25},
		"S/MIME by somebody":           {with(smime(digest), func(o *Object) { o.Signer.Name = "alice@example.com" }), Place{Ref: main}, "refused", "", RuleSigner, 0},
		"eve by Sigstore":              {by("eve@example.com", "CN=Example"), Place{Ref: main}, "refused", "", RuleSigner, 0},
		"bob before he is revoked":     {onDay(bob(), at(30, 9)), Place{Ref: "refs/heads/x"}, "trusted", "bob", `[signer "bob"]`, 28},
		"bob as he is revoked":         {onDay(bob(), at(1, 10)), Place{Ref: "refs/heads/x"}, "refused", "bob", RuleRevoked, 32},
		"bob, one time late":           {onDay(bob(), at(1, 9), at(2, 10)), Place{Ref: main, Side: true}, "refused", "bob", RuleRevoked, 32},
		"bob at no time":               {onDay(bob()), Place{Ref: main, Side: true}, "refused", "bob", RuleNoTime, 28},
		"a forge's merge":              {web(true, nil), Place{Ref: main}, "trusted", "web", `[branch "main"] allow`, 35},
		"a forge's squash":             {web(false, nil), Place{Ref: main}, "refused", "web", RuleMergesOnly, 20},
		"a forge's tag":                {tag(web(true, nil), "x"), Place{Ref: "refs/tags/x"}, "refused", "web", RuleMergesOnly, 20},
		"a merge nobody can redo":      {web(false, lost), Place{Ref: main}, "", "web", RuleMergesOnly, 35},
		"a merge nobody can ask":       {with(web(true, nil), func(o *Object) { o.CleanMerge = nil }), Place{Ref: main}, "", "web", RuleMergesOnly, 35},
		"a forge changes the policy":   {web(true, lost), Place{Ref: main, Paths: []string{Path}}, "refused", "web", RuleAllow, 42},
		"no ref, alice":                {alice(), Place{}, "trusted", "alice", `[branch "main"] allow`, 34},
		"no ref, a run":                {release(), Place{}, "trusted", "release", `[branch "main"] contribute`, 36},
		"no ref, a run, the policy":    {release(), Place{Paths: []string{Path}}, "refused", "release", RuleAllow, 42},
		"no ref, a stranger":           {by("carol@example.com", google), Place{}, "refused", "", RuleSigner, 0},
		"no ref, revoked":              {onDay(bob(), at(2, 10)), Place{}, "refused", "bob", RuleRevoked, 32},
	} {
		t.Run(name, func(t *testing.T) {
			d := p.Decide(tt.o, tt.at)
			if d.Verdict != tt.want || d.Signer != tt.who || d.Line != tt.line {
				t.Errorf("%+v, %v; want %s of %s, line %d", d, d.Err, tt.want, tt.who, tt.line)
			}
			switch {
			case tt.want == verdict.Trusted:
				if d.Err != nil || d.Rule != tt.rule {
					t.Errorf("rule %q, %v, want %q", d.Rule, d.Err, tt.rule)
				}
			case d.Err == nil || d.Err.Rule != tt.rule || d.Err.Class.Verdict() != tt.want:
				t.Errorf("%+v, want %s", d.Err, tt.rule)
			}
		})
	}
}

const three = head + `[signer "alice"]
identity = alice@example.com
issuer = ` + google + `
[signer "bob"]
identity = bob@example.com
issuer = ` + google + `
[signer "release"]
identity = ` + run + `
issuer = ` + github + `
`

// Without a ref only that is said which is so on every ref.
func TestWithoutRef(t *testing.T) {
	for name, tt := range map[string]struct {
		sections string
		o        Object
		paths    []string
		want     verdict.Verdict
	}{
		"no sections":                    {"", alice(), nil, verdict.Trusted},
		"in every section":               {"[branch \"a\"]\nallow = alice\n[branch \"b\"]\nallow = *\n", alice(), nil, verdict.Trusted},
		"in one to allow, in one to add": {"[branch \"a\"]\nallow = alice\n[branch \"b\"]\nallow = bob\ncontribute = alice\n", alice(), nil, verdict.Trusted},
		"in one of two":                  {"[branch \"a\"]\nallow = alice\n[branch \"b\"]\nallow = bob\n", alice(), nil, verdict.Valid},
		"in none":                        {"[branch \"a\"]\nallow = bob\n[branch \"b\"]\nallow = release\n", alice(), nil, verdict.Refused},
		"in none, in that of the path":   {"[branch \"a\"]\nallow = bob\n[path \"x\"]\nallow = alice\n", alice(), []string{"x"}, verdict.Valid},
		"not in that of the path":        {"[branch \"a\"]\nallow = alice\n[path \"x\"]\nallow = bob\n", alice(), []string{"x"}, verdict.Refused},
		"to add to the path":             {"[branch \"a\"]\nallow = alice\n[path \"x\"]\nallow = bob\ncontribute = *\n", alice(), []string{"x"}, verdict.Trusted},
		"of another path":                {"[branch \"a\"]\nallow = alice\n[path \"x\"]\nallow = bob\n", alice(), []string{"y"}, verdict.Trusted},
		"a tag's sections do not count":  {"[branch \"a\"]\nallow = alice\n[tag \"b\"]\nallow = bob\n", alice(), nil, verdict.Trusted},
		"a tag in one of its two":        {"[tag \"v*\"]\nallow = alice\n[tag \"v1\"]\nallow = bob\n", tag(alice(), "v1"), nil, verdict.Refused},
		"a tag, and a branch's sections": {"[branch \"v1\"]\nallow = bob\n", tag(alice(), "v1"), nil, verdict.Trusted},
	} {
		d := must(t, three+tt.sections).Decide(tt.o, Place{Paths: tt.paths})
		if d.Verdict != tt.want {
			t.Errorf("%s: %s, %v, want %s", name, d.Verdict, d.Err, tt.want)
		}
		if d.Verdict == verdict.Valid && (d.Err == nil || d.Err.Rule != RuleNeedsRef) {
			t.Errorf("%s: %v does not say that a ref is needed", name, d.Err)
		}
	}
}

// Every section that matches counts, of the branch and of every path.
func TestEverySectionCounts(t *testing.T) {
	p := must(t, three+`[branch "rel/*"]
allow = alice
allow = bob
[branch "rel/1"]
allow = bob
contribute = alice
[path "src/**"]
allow = bob
[path "src/*.go"]
allow = *
`)
	for name, tt := range map[string]struct {
		o    Object
		at   Place
		want verdict.Verdict
	}{
		"one section":                {alice(), Place{Ref: "refs/heads/rel/2"}, verdict.Trusted},
		"one of two":                 {alice(), Place{Ref: "refs/heads/rel/1"}, verdict.Refused},
		"both":                       {bob(), Place{Ref: "refs/heads/rel/1"}, verdict.Trusted},
		"a side of both":             {alice(), Place{Ref: "refs/heads/rel/1", Side: true}, verdict.Trusted},
		"a side of none":             {release(), Place{Ref: "refs/heads/rel/1", Side: true}, verdict.Refused},
		"a star ends at the slash":   {release(), Place{Ref: "refs/heads/rel/1/x"}, verdict.Trusted},
		"a name is matched in full":  {release(), Place{Ref: "refs/heads/x/rel/1"}, verdict.Trusted},
		"a tag of the branch's name": {tag(release(), "rel/1"), Place{Ref: "refs/tags/rel/1"}, verdict.Trusted},
		"a path that two match":      {alice(), Place{Ref: "refs/heads/x", Paths: []string{"src/a.go"}}, verdict.Refused},
		"a second path":              {alice(), Place{Ref: "refs/heads/x", Paths: []string{"a", "src/a/b"}}, verdict.Refused},
		"a path that none matches":   {alice(), Place{Ref: "refs/heads/x", Paths: []string{"srcs", "a/src/b"}}, verdict.Trusted},
		"the path's, not the ref's":  {bob(), Place{Ref: "refs/heads/rel/1", Paths: []string{"src/a.go"}}, verdict.Trusted},
	} {
		if d := p.Decide(tt.o, tt.at); d.Verdict != tt.want {
			t.Errorf("%s: %s, %v, want %s", name, d.Verdict, d.Err, tt.want)
		}
	}
}

// Of several signers that match, the one who is allowed counts; a merge is
// looked at only where it decides, and once.
func TestSeveralMatch(t *testing.T) {
	key := "\nssh = " + ed25519Key + "\n"
	text := head + "[signer \"web\"]" + key + "mergesOnly = true\n[signer \"squash\"]" + key + "[signer \"web2\"]" + key + "mergesOnly = true\n"
	for name, tt := range map[string]struct {
		sections string
		clean    bool
		want     verdict.Verdict
		who      string
		asked    int
	}{
		"both may":                         {"", true, verdict.Trusted, "squash", 0},
		"only the other":                   {"[branch \"main\"]\nallow = squash\n", true, verdict.Trusted, "squash", 0},
		"only by a merge":                  {"[branch \"main\"]\nallow = web2\nallow = web\n", true, verdict.Trusted, "web", 1},
		"only by a merge, and it is none":  {"[branch \"main\"]\nallow = web\n", false, verdict.Refused, "squash", 1},
		"neither":                          {"[signer \"x\"]\nsmime = x\nsmimeCA = " + digest + "\n[branch \"main\"]\nallow = x\n", true, verdict.Refused, "web", 0},
		"the second of those for merges":   {"[branch \"main\"]\nallow = web2\n", true, verdict.Trusted, "web2", 1},
		"one section each is not in both":  {"[branch \"main\"]\nallow = web\n[branch \"m*\"]\nallow = squash\n", true, verdict.Refused, "web", 0},
		"one section each, and one is all": {"[branch \"main\"]\nallow = web\n[branch \"m*\"]\nallow = *\n", true, verdict.Trusted, "web", 1},
	} {
		asked := 0
		o := with(byKey(sshKey(t)), func(o *Object) {
			o.CleanMerge = func() (bool, error) { asked++; return tt.clean, nil }
		})
		d := must(t, text+tt.sections).Decide(o, Place{Ref: main})
		if d.Verdict != tt.want || asked != tt.asked || d.Signer != tt.who && tt.want == verdict.Trusted {
			t.Errorf("%s: %+v, %v, asked %d times; want %s of %s, %d times", name, d, d.Err, asked, tt.want, tt.who, tt.asked)
		}
	}
}

// A signer by name and one by pattern both match; the first that may counts.
func TestNameAndPattern(t *testing.T) {
	p := must(t, head+`[signer "staff"]
identityPattern = *@example.com
issuer = `+google+`
[signer "alice"]
identity = alice@example.com
identityPattern = alice@*.com
issuer = `+google+`
[branch "main"]
allow = alice
[branch "x"]
allow = *
`)
	for ref, want := range map[string]string{main: "alice", "refs/heads/x": "staff", "refs/heads/y": "staff"} {
		if d := p.Decide(alice(), Place{Ref: ref}); d.Verdict != verdict.Trusted || d.Signer != want {
			t.Errorf("%s: %+v, want %s", ref, d, want)
		}
	}
	for _, o := range []Object{bob(), alice()} {
		o.Signer.Issuer = github
		if d := p.Decide(o, Place{Ref: main}); d.Err == nil || d.Err.Rule != RuleIssuer {
			t.Errorf("%+v", d)
		}
	}
}

// Several claims of one name are a choice, claims of several names are all
// needed; the same for addresses, identities and patterns.
func TestChoices(t *testing.T) {
	p := must(t, head+`[signer "ci"]
issuer = `+github+`
identity = exact
identityPattern = https://github.com/acme/*
identityPattern = https://github.com/other/*
claim = runnerEnvironment=github-hosted
claim = sourceRepositoryID=1
claim = sourceRepositoryID=2
email = a@b.c
email = d@e.f
notBefore = 2026-04-01T00:00:00+02:00
`)
	ok := map[string]string{"runnerEnvironment": "github-hosted", "sourceRepositoryID": "2"}
	for name, tt := range map[string]struct {
		name, email string
		claims      map[string]string
		time        time.Time
		want        string
	}{
		"exact":            {"exact", "a@b.c", ok, at(1, 5), ""},
		"the first":        {"https://github.com/acme/x", "a@b.c", ok, at(1, 5), ""},
		"the second":       {"https://github.com/other/x", "d@e.f", ok, at(1, 5), ""},
		"neither":          {"https://github.com/third/x", "d@e.f", ok, at(1, 5), RuleSigner},
		"deeper":           {"https://github.com/acme/x/y", "d@e.f", ok, at(1, 5), RuleSigner},
		"another address":  {"exact", "A@b.c", ok, at(1, 5), RuleEmail},
		"one claim":        {"exact", "a@b.c", map[string]string{"sourceRepositoryID": "1"}, at(1, 5), RuleClaim},
		"another value":    {"exact", "a@b.c", map[string]string{"runnerEnvironment": "github-hosted", "sourceRepositoryID": "3"}, at(1, 5), RuleClaim},
		"no claims":        {"exact", "a@b.c", nil, at(1, 5), RuleClaim},
		"at the beginning": {"exact", "a@b.c", ok, time.Date(2026, 3, 31, 22, 0, 0, 0, time.UTC), ""},
		"before it":        {"exact", "a@b.c", ok, time.Date(2026, 3, 31, 21, 59, 59, 0, time.UTC), RuleNotBefore},
	} {
		o := onDay(by(tt.name, github), tt.time)
		o.Signer.Claims, o.Committer.Email = tt.claims, tt.email
		d, rule := p.Decide(o, Place{Ref: main}), ""
		if d.Err != nil {
			rule = d.Err.Rule
		}
		if rule != tt.want || (rule == "") != (d.Verdict == verdict.Trusted) {
			t.Errorf("%s: %s, %v, want %q", name, d.Verdict, d.Err, tt.want)
		}
	}
}

// The zero values judge nobody.
func TestZeroValues(t *testing.T) {
	if d := new(Policy).Decide(alice(), Place{Ref: main}); d.Verdict != verdict.Refused {
		t.Errorf("%+v", d)
	}
	if d := must(t, document).Decide(Object{}, Place{}); d.Verdict != verdict.Refused {
		t.Errorf("%+v", d)
	}
	var e *verdict.Error
	if d := must(t, document).Decide(web(true, errors.New("x")), Place{Ref: main}); !errors.As(d.Err, &e) || e.Class != verdict.Infrastructure || d.Verdict != "" {
		t.Errorf("%+v", d)
	}
}
