package cms_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryRuleHasAVector reads the rules out of the source: each has at
// least one vector that breaks it and nothing else.
func TestEveryRuleHasAVector(t *testing.T) {
	// These break their rule in a way that no table can say.
	tested := []string{
		"not-parsed",    // TestZeroValue
		"content-given", // TestEncapsulated
	}
	for _, v := range slices.Concat(parseVectors(), encapsulatedVectors) {
		tested = append(tested, v.rule)
	}
	for _, v := range verifyVectors {
		tested = append(tested, v.rule)
	}
	for _, v := range armorVectors {
		tested = append(tested, v.rule)
	}
	rules := sourceRules(t)
	if len(rules) < 50 {
		t.Fatalf("found %d rules in the source, expected more", len(rules))
	}
	for _, r := range rules {
		if !slices.Contains(tested, r) {
			t.Errorf("rule %s has no vector", r)
		}
	}
	for _, r := range tested {
		if !slices.Contains(rules, r) {
			t.Errorf("vectors break rule %s, which is not in the source", r)
		}
	}
}

// sourceRules finds the first string literal of each call of syntaxf and
// errorf.
func sourceRules(t *testing.T) []string {
	t.Helper()
	names, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, e := range names {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.Ident); !ok || f.Name != "syntaxf" && f.Name != "errorf" {
				return true
			}
			for _, arg := range call.Args {
				if lit, ok := arg.(*ast.BasicLit); ok {
					rule, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					rules = append(rules, rule)
					break
				}
			}
			return true
		})
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

// TestImports holds the border of the package: the standard library without
// files, processes, network and the terminal, and cryptobyte.
func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(pkg.Imports) == 0 {
		t.Fatal("no imports found")
	}
	refused := []string{"os", "os/exec", "net", "net/http", "syscall", "unsafe", "log", "log/slog", "C"}
	for _, path := range pkg.Imports {
		first, _, _ := strings.Cut(path, "/")
		switch {
		case slices.Contains(refused, path):
			t.Errorf("%s is imported: cms does no input or output", path)
		case strings.Contains(first, ".") && !strings.HasPrefix(path, "golang.org/x/crypto/cryptobyte"):
			t.Errorf("%s is imported: cms needs the standard library and cryptobyte", path)
		}
	}
}

// TestNoClock looks for calls that read the clock.
func TestNoClock(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pkg.GoFiles {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"time.Now", "time.Since", "time.Until"} {
			if strings.Contains(string(src), call) {
				t.Errorf("%s calls %s", name, call)
			}
		}
	}
}
