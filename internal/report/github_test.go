package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

func TestGitHub(t *testing.T) {
	refused := Object{
		ID: "0123456789abcdef", Type: "commit", PolicySource: "HEAD:.paraph/policy", PolicyBlob: "b", Rule: `[branch "main"] allow`, Line: 7,
		Result: &verify.Result{Verdict: verdict.Refused, Err: verdict.Errorf(verdict.Policy, "branch", "100%% of a, b: c")},
	}
	byFile := refused
	byFile.PolicySource, byFile.PolicyBlob, byFile.Line = "/etc/a:b", "", 1
	if got := written(t, "github", Options{}, byFile); !strings.HasPrefix(got, "::error title=commit 0123456789ab refused::") {
		t.Errorf("a file outside of the repository is annotated: %s", got)
	}
	valid := Object{Result: &verify.Result{Verdict: verdict.Valid}}
	good := Object{Result: &verify.Result{Verdict: verdict.Trusted}}
	want := `::error title=commit 0123456789ab refused,file=.paraph/policy,line=7::commit 0123456789abcdef refused%0A` +
		`Valid signature by a signer who is not allowed: 100%25 of a, b: c (branch)%0Apolicy: HEAD:.paraph/policy line 7: [branch "main"] allow
::warning title=paraph::1 object: Nobody said whom to trust. Name the signer (paraph.certificateIdentity and paraph.certificateOIDCIssuer), or write a policy (paraph policy init).
paraph verify: 3 objects: 1 trusted, 1 valid, 1 refused
`
	if got := written(t, "github", Options{}, good, refused, valid); got != want {
		t.Errorf("%s", got)
	}
}

// GitHub shows ten errors: what is beyond is counted inside of them.
func TestGitHubIsBounded(t *testing.T) {
	for n, shown := range map[int]int{0: 0, 1: 1, maxAnnotations: maxAnnotations, maxAnnotations + 1: maxAnnotations + 1, 500: maxAnnotations + 1} {
		var s Summary
		s.Uncheck("commit x is missing")
		out := closed(t, "github", Options{}, s, failures(n)...)
		if got := strings.Count(out, "\n::error ") + 1; got != shown+1 || got > 10 {
			t.Errorf("%d failures: %d errors", n, got)
		}
		if more := fmt.Sprintf("::error title=paraph::%d more did not pass;", n-maxAnnotations); strings.Contains(out, more) != (n > maxAnnotations) {
			t.Errorf("%d failures: %s", n, out)
		}
		if !strings.Contains(out, "::error title=paraph could not check everything::commit x is missing\n") {
			t.Errorf("%d failures: %s", n, out)
		}
	}
}

// Nothing that stands in an object begins a command or a property of its own.
func TestGitHubInjection(t *testing.T) {
	o := full()
	o.Type, o.ID = "commit,file=/etc/passwd::x", "%0A::error::x"
	o.Err = verdict.Errorf(verdict.Identity, "identity", "\n::set-output name=x::y\r\n::error::z%%0A")
	lines := slices.Collect(strings.Lines(written(t, "github", Options{}, o)))
	whole := regexp.MustCompile(`^::error title=[^:,\n]*,file=[^:,\n]*,line=12::[^\r\n]*\n$`)
	if len(lines) != 2 || !whole.MatchString(lines[0]) || strings.HasPrefix(lines[1], "::") {
		t.Errorf("%q", lines)
	}
}
