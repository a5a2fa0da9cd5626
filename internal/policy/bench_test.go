package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/verdict"
)

// large is a policy of as many signers as are asked for, a quarter of them by
// pattern, with ten sections of branches and ten of paths.
func large(signers int) string {
	var b strings.Builder
	b.WriteString(head)
	for n := range signers {
		fmt.Fprintf(&b, "[signer \"s%d\"]\n", n)
		if n%4 == 0 {
			fmt.Fprintf(&b, "identityPattern = https://github.com/acme/app%d/.github/workflows/*.yml@refs/heads/main\nissuer = %s\n", n, github)
		} else {
			fmt.Fprintf(&b, "identity = s%d@example.com\nissuer = %s\n", n, google)
		}
	}
	for n := range 10 {
		fmt.Fprintf(&b, "[branch \"release/%d.*\"]\nallow = s%d\n[path \"src/%d/**\"]\nallow = *\n", n, n, n)
	}
	b.WriteString("[branch \"main\"]\n")
	for n := range signers {
		fmt.Fprintf(&b, "allow = s%d\n", n)
	}
	return b.String()
}

func BenchmarkDecide(b *testing.B) {
	p := must(b, large(100))
	place := Place{Ref: main, Paths: []string{"README.md", "src/3/a.go", "src/5/b/c.go", "doc/x"}}
	for name, o := range map[string]Object{
		"identity": by("s99@example.com", google),
		"pattern":  by("https://github.com/acme/app96/.github/workflows/a.yml@refs/heads/main", github),
		"stranger": by("nobody@example.com", google),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := p.Decide(o, place); (d.Verdict == verdict.Trusted) == (name == "stranger") {
					b.Fatal(d)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(large(100))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(text, inRepository, keyFile); err != nil {
			b.Fatal(err)
		}
	}
}
