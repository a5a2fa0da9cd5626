package policy

import (
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
)

// A newer policy ends signers of older ones, and begins nobody.
func TestUnder(t *testing.T) {
	text := func(rest string) string { return three + rest }
	end := func(day string) string {
		return strings.Replace(three, "[signer \"bob\"]", "[signer \"bob\"]\nnotAfter = 2026-"+day+"T00:00:00Z", 1)
	}
	revoked := func(day string) string { return text("[revoked \"bob\"]\nsince = 2026-" + day + "T00:00:00Z\n") }
	for name, tt := range map[string]struct {
		chain []string // the oldest first
		o     Object
		want  string
	}{
		"nothing new":                  {[]string{three, three}, bob(), ""},
		"revoked later":                {[]string{three, revoked("05-01")}, bob(), RuleRevoked},
		"revoked after that":           {[]string{three, revoked("05-02")}, bob(), ""},
		"ended later":                  {[]string{three, end("04-30")}, bob(), RuleNotAfter},
		"ended after that":             {[]string{three, end("05-01")}, bob(), ""},
		"an end is not taken back":     {[]string{end("04-30"), end("05-02")}, bob(), RuleNotAfter},
		"nor dropped":                  {[]string{end("04-30"), three}, bob(), RuleNotAfter},
		"nor revoked later":            {[]string{revoked("04-30"), revoked("06-01")}, bob(), RuleRevoked},
		"by one of two":                {[]string{three, end("04-30"), revoked("06-01")}, bob(), RuleNotAfter},
		"through one without the name": {[]string{three, head + "[signer \"x\"]\nssh = " + ed25519Key + "\n", revoked("05-01")}, bob(), RuleRevoked},
		"others stay":                  {[]string{three, revoked("05-01")}, alice(), ""},
		"nobody is added":              {[]string{head + "[signer \"x\"]\nssh = " + ed25519Key + "\n", three}, alice(), RuleSigner},
	} {
		newest := must(t, tt.chain[len(tt.chain)-1])
		for i := len(tt.chain) - 2; i >= 0; i-- {
			newest = must(t, tt.chain[i]).Under(newest)
		}
		d, rule := newest.Decide(tt.o, Place{Ref: main}), ""
		if d.Err != nil {
			rule = d.Err.Rule
		}
		if rule != tt.want || (rule == "") != (d.Verdict == verdict.Trusted) {
			t.Errorf("%s: %s, %v, want %q", name, d.Verdict, d.Err, tt.want)
		}
	}
	old := must(t, three)
	newer, err := Parse([]byte(revoked("05-01")), Source{Name: "new"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := old.Under(newer).Decide(bob(), Place{Ref: main}); !strings.Contains(d.Err.Message, "of new") {
		t.Errorf("%v does not say which policy", d.Err)
	}
	if d := old.Decide(bob(), Place{Ref: main}); d.Verdict != verdict.Trusted {
		t.Error("Under changed the older policy")
	}
}

// Who may push where nobody is named, and who may move back: nobody.
func TestMayPush(t *testing.T) {
	p := must(t, three+`[branch "main"]
allow = *
push = alice
rewind = bob
[branch "*"]
allow = *
[tag "v*"]
allow = *
push = bob
`)
	pushed := func(o Object) Object { return with(o, func(o *Object) { o.Kind = payload.PushCertificate }) }
	for name, tt := range map[string]struct {
		may  func(Object, string) Decision
		o    Object
		ref  string
		want string
	}{
		"to main":                  {p.MayPush, alice(), main, ""},
		"to main, another":         {p.MayPush, bob(), main, RulePush},
		"to another branch":        {p.MayPush, bob(), "refs/heads/x", ""},
		"to no section":            {p.MayPush, bob(), "refs/heads/x/y", ""},
		"a tag":                    {p.MayPush, alice(), "refs/tags/v1", RulePush},
		"a tag, bob":               {p.MayPush, bob(), "refs/tags/v1", ""},
		"a stranger, somewhere":    {p.MayPush, by("x", "y"), "refs/heads/x/y", RuleSigner},
		"to every ref, alice":      {p.MayPush, alice(), "", RuleNeedsRef},
		"moving main":              {p.MayRewind, bob(), main, RuleRewind}, // the other section names nobody
		"moving another":           {p.MayRewind, bob(), "refs/heads/x", RuleRewind},
		"moving a tag":             {p.MayRewind, bob(), "refs/tags/v1", RuleRewind},
		"moving what no one names": {p.MayRewind, bob(), "refs/heads/x/y", RuleRewind},
		"moving it, a stranger":    {p.MayRewind, by("x", "y"), "refs/heads/x/y", RuleSigner},
		"moving no ref at all":     {p.MayRewind, alice(), "", RuleRewind},
	} {
		d, rule := tt.may(pushed(tt.o), tt.ref), ""
		if d.Err != nil {
			rule = d.Err.Rule
		}
		if rule != tt.want || (rule == "") != (d.Verdict == verdict.Trusted) {
			t.Errorf("%s: %s, %v, want %q", name, d.Verdict, d.Err, tt.want)
		}
	}
	if d := p.Decide(pushed(bob()), Place{Ref: main}); d.Err == nil || d.Err.Rule != RulePush {
		t.Errorf("a push certificate is judged as %+v", d)
	}
}

// What would have to change is said in words.
func TestWords(t *testing.T) {
	p := must(t, three+"[branch \"main\"]\nallow = alice\n[tag \"v*\"]\nallow = release\nallow = alice\n")
	open := must(t, three+"[branch \"main\"]\nallow = alice\ncontribute = *\n"+
		"[tag \"v\"]\nallow = *\npush = alice\npush = bobby\npush = carol\npush = release\nrewind = alice\n"+
		"[signer \"bobby\"]\nsmime = x\nsmimeCA = "+digest+"\n[signer \"carol\"]\nsmime = y\nsmimeCA = "+digest+"\n")
	for _, tt := range []struct {
		d    Decision
		want string
	}{
		{p.Decide(bob(), Place{Ref: main}), "bob is not in allow of [branch \"main\"] (line 15): add `allow = bob` there, or have alice commit it anew"},
		{open.Decide(bob(), Place{Ref: main}), "bob is not in allow of [branch \"main\"] (line 15): add `allow = bob` there, or have alice merge it"},
		{p.Decide(bob(), Place{Ref: main, Side: true}), "bob is not in allow of [branch \"main\"] (line 15): add `contribute = bob` there, or have alice commit it anew"},
		{p.Decide(tag(bob(), "v1"), Place{}), "bob is not in allow of [tag \"v*\"] (line 17): add `allow = bob` there, or have release or alice make the tag"},
		{open.MayPush(bob(), "refs/tags/v"), "bob is not in push of [tag \"v\"] (line 19): add `push = bob` there, or have alice or bobby or carol or another of them push"},
		{open.MayRewind(bob(), "refs/tags/v"), "bob is not in rewind of [tag \"v\"] (line 23): add `rewind = bob` there, or have alice push it with a push certificate"},
		{p.MayRewind(bob(), main), "[branch \"main\"] (line 14) has no rewind: add `rewind = bob` there"},
		{p.Decide(by("x@y", "z"), Place{Ref: main}), "\"x@y\" is no signer of the policy; add one with `identity = x@y` and `issuer = z`, or have a signer merge it"},
	} {
		if tt.d.Err == nil || tt.d.Err.Message != tt.want {
			t.Errorf("%v\nwant %s", tt.d.Err, tt.want)
		}
	}
}

// A pusher that is named by a key claims nobody's address, and one who signs
// merges only signs no push.
func TestPusher(t *testing.T) {
	p := must(t, strings.Replace(three, "[signer \"bob\"]", "email = alice@example.com\n[signer \"bob\"]\nmergesOnly = true", 1)+"[branch \"main\"]\nallow = *\nrewind = *\n")
	pusher := func(o Object, email string) Object {
		return with(o, func(o *Object) { o.Kind, o.Committer = payload.PushCertificate, payload.Ident{Email: email} })
	}
	for name, tt := range map[string]struct {
		o    Object
		want string
	}{
		"as herself":                           {pusher(alice(), "alice@example.com"), ""},
		"as a key":                             {pusher(alice(), ""), ""},
		"as another":                           {pusher(alice(), "carol@example.com"), RuleEmail},
		"for merges only":                      {pusher(bob(), "bob@example.com"), RuleMergesOnly},
		"a commit's committer without address": {with(alice(), func(o *Object) { o.Committer.Email = "" }), RuleEmail},
	} {
		for _, may := range []func(Object, string) Decision{p.MayPush, p.MayRewind} {
			d, rule := may(tt.o, main), ""
			if d.Err != nil {
				rule = d.Err.Rule
			}
			if rule != tt.want || (rule == "") != (d.Verdict == verdict.Trusted) {
				t.Errorf("%s: %s, %v, want %q", name, d.Verdict, d.Err, tt.want)
			}
		}
	}
}
