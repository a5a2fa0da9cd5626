package policy

import (
	"slices"
	"strings"
	"testing"
)

// What hardly is meant is said, at the line where it stands; `$` marks it.
func TestLint(t *testing.T) {
	allowed := "[branch \"**\"]\nallow = *\n"
	ci := func(pattern string) string {
		return allowed + "$[signer \"x\"]\nissuer = https://d\nidentityPattern = " + pattern + "\n"
	}
	for name, tt := range map[string]struct{ text, rule string }{
		"a workflow by name":             {allowed + "$[signer \"x\"]\nissuer = " + github + "\nidentity = " + run + "\n", WarnRepository},
		"a workflow by its branch's id":  {allowed + "$[signer \"x\"]\nissuer = " + github + "\nidentity = " + run + "\nclaim = runnerEnvironment=github-hosted\n", WarnRepository},
		"everybody at a host":            {ci("*@example.com"), WarnWide},
		"whoever begins so":              {ci("bot-*@example.com"), WarnWide},
		"a host that is open at its end": {ci("alice@example.*"), WarnWide},
		"a host that is open":            {ci("https://github.com*/a/b@c"), WarnWide},
		"an owner that is open":          {ci("https://github.com/acme*/app/x@refs/heads/main"), WarnWide},
		"every repository":               {ci("https://github.com/acme/*/x@refs/heads/main"), WarnWide},
		"every ref":                      {ci("https://github.com/acme/app/x@refs/heads/*"), WarnWide},
		"a ref that is not there":        {ci("https://github.com/acme/app/**"), WarnWide},
		"a regular expression":           {ci("(alice|bob)@example.com"), WarnLiteral},
		"a dot that is meant for any":    {ci(".*-bot@example.com"), WarnLiteral},
		"a pattern that is none":         {allowed + "$[signer \"x\"]\nissuer = https://d\nidentity = *@example.com\n", WarnLiteral},
		"letters of another script":      {allowed + "$[signer \"x\"]\nissuer = https://d\nidentity = \u0430lice@example.com\n", WarnForeign},
		"revoked before it begins":       {allowed + "[signer \"x\"]\nssh = " + ed25519Key + "\nnotBefore = 2026-02-01T00:00:00Z\n[revoked \"x\"]\n$since = 2026-01-01T00:00:00Z\n", WarnUnreachable},
		"an instance of nobody":          {allowed + "$[instance \"x\"]\nca = " + digest + "\n", WarnUnused},
		"a name beside everybody":        {"[signer \"x\"]\nssh = " + ed25519Key + "\n[branch \"main\"]\nallow = *\n$allow = x\n", WarnUnreachable},
		"a name that a wider section lacks": {"[signer \"x\"]\nssh = " + ed25519Key + "\n[signer \"y\"]\nsmime = y\nsmimeCA = " + digest +
			"\n[branch \"rel/1\"]\n$allow = x\n[branch \"rel/*\"]\nallow = y\n", WarnUnreachable},
		"the same of patterns": {"[signer \"x\"]\nssh = " + ed25519Key + "\n[signer \"y\"]\nsmime = y\nsmimeCA = " + digest +
			"\n[path \"a/b/*\"]\n$allow = x\n[path \"a/**\"]\nallow = y\n", WarnUnreachable},
		"who commits and is not merged": {"[signer \"x\"]\nssh = " + ed25519Key + "\n[signer \"y\"]\nsmime = y\nsmimeCA = " + digest +
			"\n[branch \"main\"]\n$allow = x\ncontribute = y\n", WarnContribute},
		"a forge's key for all":       {allowed + "[signer \"web\"]\nssh = " + ed25519Key + "\nmergesOnly = true\n$[signer \"squash\"]\nssh = " + ed25519Key + "\n", WarnForge},
		"a forge's address for all":   {allowed + "[signer \"web\"]\nsmime = a@b\nsmimeCA = " + digest + "\nmergesOnly = true\n$[signer \"squash\"]\nsmime = a@b\nsmimeCA = " + digest + "\n", WarnForge},
		"a forge's pattern for all":   {allowed + "[signer \"web\"]\nidentityPattern = a?@b\nissuer = https://d\nmergesOnly = true\n$[signer \"squash\"]\nidentityPattern = a?@b\nissuer = https://d\n", WarnForge},
		"a forge's name by a pattern": {allowed + "[signer \"web\"]\nidentity = ab@b\nissuer = https://d\nmergesOnly = true\n$[signer \"squash\"]\nidentityPattern = a?@b\nissuer = https://d\n", WarnForge},
		"a forge's name for all":      {allowed + "[signer \"web\"]\nidentity = a@b\nissuer = https://d\nmergesOnly = true\n$[signer \"squash\"]\nidentity = a@b\nissuer = https://d\n", WarnForge},
	} {
		t.Run(name, func(t *testing.T) {
			text := head + tt.text
			before, _, _ := strings.Cut(text, "$")
			got := must(t, strings.Replace(text, "$", "", 1)).Lint()
			if len(got) != 1 || got[0].Rule != tt.rule || got[0].Line != 1+strings.Count(before, "\n") || got[0].Message == "" {
				t.Errorf("%v, want %s after\n%s", got, tt.rule, before)
			}
		})
	}
}

// Signers whom no section names are told, once for each and not without end.
func TestLintUnlisted(t *testing.T) {
	var b strings.Builder
	b.WriteString("[policy]\nversion = 1\n[signer \"a\"]\nssh = " + ed25519Key + "\n[path \"**\"]\nallow = a\n")
	for n := range 2 * maxProblems {
		b.WriteString("[signer \"x" + strings.Repeat("x", n%90) + string(rune('a'+n/90)) + "\"]\nssh = " + ed25519Key + "\n")
	}
	got := must(t, b.String()).Lint()
	if len(got) != maxProblems+1 || got[0].Rule != WarnUnlisted || got[0].Line != 7 {
		t.Errorf("%d: %v", len(got), got[0])
	}
}

// The document's own example is what it means, but for what it leaves out.
func TestLintDocument(t *testing.T) {
	for _, p := range must(t, document).Lint() {
		t.Errorf("%v", p)
	}
	if w := must(t, three+"[branch \"a*\"]\nallow = alice\n[branch \"a*b\"]\nallow = bob\n").Lint(); slices.ContainsFunc(w, func(p Problem) bool { return p.Rule == WarnUnreachable }) {
		t.Errorf("two sections that meet somewhere: %v", w)
	}
}
