package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

// told is an account in lines.
func told(a Account) string {
	var lines []string
	for _, g := range a.Signers {
		lines = append(lines, fmt.Sprintf("%s %t %s", g.Name, g.Matches, g.Why))
	}
	for _, s := range a.Sections {
		lines = append(lines, fmt.Sprintf("%s %t %q %q", s.Section, s.Only, s.Paths, s.Says))
	}
	return strings.Join(lines, "\n")
}

// What is told is what decides.
func TestExplain(t *testing.T) {
	p := must(t, three+`[branch "main"]
allow = alice
contribute = *
[branch "next"]
allow = *
[path "docs/**"]
allow = bob
`)
	for name, tt := range map[string]struct {
		o       Object
		at      Place
		verdict verdict.Verdict
		want    []string
	}{
		"listed":     {alice(), Place{Ref: main}, verdict.Trusted, []string{"alice true", `[branch "main"] false [] ["allow lists alice`}},
		"not listed": {bob(), Place{Ref: main}, verdict.Refused, []string{"bob true", `[branch "main"] false [] ["allow does not list bob"]`}},
		"a side":     {bob(), Place{Ref: main, Side: true}, verdict.Trusted, []string{`["contribute lists bob`}},
		"a path": {
			alice(),
			Place{Ref: main, Paths: []string{"docs/a", "b"}},
			verdict.Refused,
			[]string{`[path "docs/**"] false ["docs/a"] ["allow does not list alice"]`},
		},
		"no ref":  {alice(), Place{}, verdict.Trusted, []string{`[branch "main"] true`, `[branch "next"] true [] ["allow lists alice`}},
		"nobody":  {with(alice(), func(o *Object) { o.Signer.Name = "eve@example.com" }), Place{Ref: main}, verdict.Refused, []string{`["allow lists alice (line`}},
		"not she": {with(alice(), func(o *Object) { o.Signer.Instance = "other" }), Place{Ref: main}, verdict.Refused, []string{`alice false "alice@example.com" was certified by the Sigstore "other"`}},
	} {
		if d := p.Decide(tt.o, tt.at); d.Verdict != tt.verdict {
			t.Errorf("%s: %s, want %s", name, d.Verdict, tt.verdict)
		}
		got := told(p.Explain(tt.o, tt.at))
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", name, want, got)
			}
		}
	}
}
