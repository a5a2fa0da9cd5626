package ci

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// names are what a pattern finds in a text, sorted, each once.
func names(text, pattern string) []string {
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found[m[1]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// inputs are those of action.yml.
func inputs(t *testing.T) []string {
	t.Helper()
	_, block, _ := strings.Cut(read(t, ".github/actions/verify/action.yml"), "\ninputs:\n")
	block, _, found := strings.Cut(block, "\nruns:\n")
	list := names(block, `(?m)^  ([a-z-]+):$`)
	if !found || len(list) < 5 {
		t.Fatalf("the action has inputs %q", list)
	}
	return list
}

// Each input reaches the script under its own name, and nothing but inputs is
// put where a shell could read it.
func TestActionPassesItsInputs(t *testing.T) {
	action, script := read(t, ".github/actions/verify/action.yml"), read(t, ".github/actions/verify/verify.sh")
	for _, input := range inputs(t) {
		name := "VERIFY_" + strings.ToUpper(strings.ReplaceAll(input, "-", "_"))
		if !strings.Contains(action, "\n        "+name+": ${{ inputs."+input+" }}\n") || !strings.Contains(script, "${"+name+":-") {
			t.Errorf("%s does not reach the script", input)
		}
	}
	if n := strings.Count(action, "${{"); n != len(inputs(t)) {
		t.Errorf("%d expressions for %d inputs", n, len(inputs(t)))
	}
	for line := range strings.Lines(action) {
		if strings.Contains(line, "run:") && strings.Contains(line, "${{") {
			t.Errorf("a shell reads %q", line)
		}
	}
}

// What the documentation has people write exists, and all that exists is told.
func TestDocumentedInputs(t *testing.T) {
	doc := read(t, "docs/ci.md")
	if got, want := names(doc, "(?m)^\\| `([a-z-]+)` \\|"), inputs(t); !slices.Equal(got, want) {
		t.Errorf("documented are %q, there are %q", got, want)
	}
	steps := 0
	for _, text := range []string{doc, read(t, "README.md")} {
		parts := strings.Split(text, "/.github/actions/verify@")
		for _, after := range parts[1:] {
			steps++
			_, rest, _ := strings.Cut(after, "\n")
			with := regexp.MustCompile(`^ *with:\n((?: +[a-z-]+: .*\n)+)`).FindStringSubmatch(rest)
			if with == nil {
				continue
			}
			for _, name := range names(with[1], `(?m)^ +([a-z-]+):`) {
				if !slices.Contains(inputs(t), name) {
					t.Errorf("a workflow uses the input %s, which there is not", name)
				}
			}
		}
	}
	if steps < 3 {
		t.Errorf("%d workflows use the action", steps)
	}
}

// The template's variables are those of its script, and the documentation's.
func TestTemplateVariables(t *testing.T) {
	job, script, _ := strings.Cut(read(t, ".gitlab/paraph.gitlab-ci.yml"), "\n  script:\n")
	const pattern = `\b(VERIFY_[A-Z_]+)`
	want := names(job, `(?m)^    (VERIFY_[A-Z_]+):`)
	for where, text := range map[string]string{"script": script, "docs/ci.md": read(t, "docs/ci.md")} {
		if got := names(text, pattern); !slices.Equal(got, want) {
			t.Errorf("%s: %q, the job has %q", where, got, want)
		}
	}
}
