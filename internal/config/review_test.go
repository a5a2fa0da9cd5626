package config

import (
	"strings"
	"testing"
)

// What is wrong, or of no effect, is found wherever it stands, and only what
// stops something is fatal.
func TestReview(t *testing.T) {
	for name, tt := range map[string]struct {
		src   Source
		want  string // in detail or next
		fatal bool
	}{
		"a slip":              {Source{Git: git("paraph.trustdRoot", "/x")}, "did you mean paraph.trustedRoot?", false},
		"a slip, environment": {Source{Env: []string{"PARAPH_TRUSTD_ROOT=/x"}}, "did you mean PARAPH_TRUSTED_ROOT?", false},
		"a stranger":          {Source{Git: git("paraph.colour.ui", "x")}, "paraph.colour.ui in /etc/gitconfig is unknown, and has no effect", false},
		"a long stranger":     {Source{Git: git("paraph."+strings.Repeat("x", 10000), "x")}, "remove it", false},
		"to come":             {Source{Git: git("paraph.quiet", "true")}, "quiet is not in this version of paraph yet", true},
		"wrong, for hooks":    {Source{Git: git("paraph.hook.policy", "p")}, "\"p\" is not an absolute path", false},
		"a secret in a file":  {Source{Git: git("paraph.idToken", "s3cret")}, "paraph.idToken in /etc/gitconfig does not count", false},
		"not a path":          {Source{Git: git("paraph.trustedRoot", "x")}, `"x" is not an absolute path`, true},
		"two levels":          {Source{Env: []string{"PARAPH_FULCIO=https://a.example"}, Git: git("paraph.fulcio", "https://b.example")}, "paraph.fulcio in /etc/gitconfig does not count: PARAPH_FULCIO is set", false},
		"half a signer":       {Source{Git: git("paraph.certificateIdentity", "a@b")}, "set paraph.certificateOIDCIssuer too", true},
		"root and instance":   {Source{Git: git("paraph.trustedRoot", "/x", "paraph.instance", "mine")}, "paraph.instance in /etc/gitconfig does not count: paraph.trustedRoot in /etc/gitconfig stands in", false},
		"no file":             {Source{Git: git("paraph.tokenSource", "file")}, "set paraph.tokenFile", true},
		"another source":      {Source{Env: []string{"PARAPH_ID_TOKEN=s3cret"}, Git: git("paraph.tokenSource", "github")}, "PARAPH_ID_TOKEN does not count: paraph.tokenSource in /etc/gitconfig is github", false},
	} {
		got := Review(tt.src)
		if len(got) != 1 || !strings.Contains(got[0].Detail+"\n"+got[0].Next, tt.want) || got[0].Fatal != tt.fatal || strings.Contains(got[0].Detail, "s3cret") {
			t.Errorf("%s: %+v, want ...%s..., fatal %t", name, got, tt.want, tt.fatal)
		}
	}
	for _, src := range []Source{
		{},
		{Git: git("paraph.fulcio", "https://a.example", "paraph.fulcio", "https://a.example"), Env: []string{"PARAPH_FULCIO=https://a.example", "PARAPH_NOTHING="}},
		{Git: git("paraph.TRUSTEDROOT", "/x", "gitsign.anything", "x"), Env: []string{"GITSIGN_ANYTHING=x"}},
	} {
		if got := Review(src); len(got) != 0 {
			t.Errorf("%+v: %+v", src, got)
		}
	}
}

func TestSlips(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"trustdroot", "trustedroot", 1}, {"kitten", "sitting", 3}, {"ab", "ba", 2}} {
		if got := slips(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
