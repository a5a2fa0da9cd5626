package policy

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// Attacks 37 and 39: what a pattern matches, and what only looks like it.
func TestIdentityPattern(t *testing.T) {
	const workflow = "https://github.com/acme/app/.github/workflows/*.yml@refs/heads/main"
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"*@example.com", "alice@example.com", true},
		{"*@example.com", "@example.com", true},
		{"*@example.com", "alice@evil-example.com", false},
		{"*@example.com", "alice@example.com.attacker", false},
		{"*@example.com", "alice@x@example.com", false},
		{"*@example.com", "a/b@example.com", false},
		{"**@example.com", "a/b@example.com", true},
		{"**@example.com", "a@b@example.com", false},
		{"*@example.com", "alice@Example.com", false},
		{"*@example.com", "alice@example.com\n", false},
		{"*@example.com", "alice\n@example.com", false},
		{"*@example.com", "alice\u200b@example.com", false},
		{"*@example.com", "al\xffice@example.com", false},
		{"*@example.com", "alicé@example.com", true},
		{"*@ex?mple.com", "alice@exämple.com", true},
		{"a.ice@example.com", "alice@example.com", false},
		{"a*@[a-z].com", "alice@b.com", false},
		{"a*@[a-z].com", "alice@[a-z].com", true},
		{"?@example.com", "a@example.com", true},
		{"?@example.com", "@example.com", false},
		{"?@example.com", "ab@example.com", false},
		{workflow, "https://github.com/acme/app/.github/workflows/a.yml@refs/heads/main", true},
		{workflow, "https://github.com/acme/app/.github/workflows/a/b.yml@refs/heads/main", false},
		{workflow, "https://github.com/acme/app/.github/workflows/a.yml@refs/heads/x.yml@refs/heads/main", false},
		{workflow, "https://github.com/acme/app/.github/workflows/a.yml@refs/heads/main2", false},
		{workflow, "https://github.com/acme/app2/.github/workflows/a.yml@refs/heads/main", false},
		{"https://github.com/acme/**@refs/heads/main", "https://github.com/acme/a/b/c.yml@refs/heads/main", true},
		{"https://github.com/acme/**@refs/heads/main", "https://github.com/acme/a.yml@refs/heads/x@refs/heads/main", false},
	} {
		p := identityPattern(tt.pattern)
		if got := p.match(tt.text); got != tt.want {
			t.Errorf("%s matches %q: %v", tt.pattern, tt.text, got)
		}
	}
}

func TestNamePattern(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"main", "main", true},
		{"main", "main2", false},
		{"main", "Main", false},
		{"v*", "v1", true},
		{"v*", "v", true},
		{"v*", "v1@rc", true},
		{"v*", "v1/x", false},
		{"v**", "v1/x", true},
		{"a/*/c", "a/b/c", true},
		{"a/*/c", "a//c", true},
		{"a/*/c", "a/b/b/c", false},
		{"a/**/c", "a/b/b/c", true},
		{"a/**/c", "a/c", false},
		{"**/c", "a/b/c", true},
		{"*a*b*c", "xaxbxc", true},
		{"*a*b*c", "xaxcxb", false},
		{"aa", "a", false},
		{"a*a", "a", false},
		{"a?**", "a", false},
		{"x/**", "x/\xff\x00\n", true},
		{".paraph/**", ".paraph/policy", true},
		{".paraph/**", ".paraph", false},
		{".paraph/**", "a.paraph/policy", false},
	} {
		p := namePattern(tt.pattern)
		if got := p.match(tt.text); got != tt.want {
			t.Errorf("%s matches %q: %v", tt.pattern, tt.text, got)
		}
	}
}

// Patterns match as regular expressions that are made of them do.
func FuzzPattern(f *testing.F) {
	f.Add("a*b?/**c", "axb1/x/yc", false)
	f.Add("*@*.com", "a@b.com", true)
	f.Add("**a**/*?", "aaa/aa", false)
	f.Fuzz(func(t *testing.T, text, s string, identity bool) {
		if checkPattern(text) != "" || invisible(text) >= 0 || invisible(s) >= 0 || strings.Contains(text+s, "\t") {
			return
		}
		some, all := `[^/]`, `.`
		if identity {
			some, all = `[^/@]`, `[^@]`
		}
		expr := strings.NewReplacer(`\*\*`, all+`*`, `\*`, some+`*`, `\?`, some).Replace(regexp.QuoteMeta(text))
		p := newPattern(text, identity)
		if want := regexp.MustCompile(`\A(?:` + expr + `)\z`).MatchString(s); p.match(s) != want {
			t.Errorf("%s matches %q: %v", text, s, !want)
		}
	})
}

// A pattern cannot be made slow.
func TestPatternTakesItsTime(t *testing.T) {
	p := namePattern(strings.Repeat("*a", maxPattern/2-1) + "**")
	start := time.Now()
	if p.match(strings.Repeat("a", 4096) + "/") {
		t.Log("it matches")
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("one match took %v", took)
	}
}

// A folder is looked into wherever a section could match something in it.
func TestWithin(t *testing.T) {
	for _, tt := range []struct {
		path, dir string
		want      bool
	}{
		{"a/b/c", "a", true},
		{"a/b/c", "a/b", true},
		{"a/b/c", "a/b/c", false},
		{"a/b/c", "b", false},
		{"a/b/c", "ab", false},
		{"a/b*", "a", true},
		{"a/b*", "a/b", false},
		{"a/**", "a/b/c", true},
		{"a/**", "b", false},
		{"*/c", "a", true},
		{"*/c", "a/b", false},
		{"**/c", "a/b/c", true},
		{"*.go", "a", false},
		{"a?/x", "ab", true},
		{"a?/x", "abc", false},
		{"a*b/c/x", "a1b", true},
		{"a*b/c/x", "a1b/c", true},
		{"a*b/c/x", "a1b/d", false},
		{"a*b/c/x", "a1b/c/x", false},
		{"ö*/x", "öö", true},
		{"**", "a", true},
		{"**", "", true},
		{"a", "", true},
	} {
		p := Policy{paths: []*rule{{word: "path", pattern: namePattern(tt.path)}}}
		if got := p.Within(tt.dir); got != tt.want {
			t.Errorf("%s within %q: %v", tt.path, tt.dir, got)
		}
	}
	if new(Policy).Within("") {
		t.Error("a policy without path sections looks into the tree")
	}
}

// What protects all of a folder, and what does not quite.
func TestCovers(t *testing.T) {
	for path, want := range map[string]bool{
		".paraph/**": true, "**": true, ".par**": true, "*/**": true, ".paraph**": true, "?paraph/**": true,
		".paraph/*": false, ".paraph/p**": false, "*": false, ".paraph": false, ".paraph/policy": false, "**/policy": false, "a/**": false, ".paraph/**/**": false,
	} {
		p := namePattern(path)
		if p.covers(".paraph/") != want {
			t.Errorf("%s covers the policy: %v", path, !want)
		}
	}
}
