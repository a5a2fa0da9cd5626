package policy

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/gitcmd"
)

// gitReads asks git what it reads: lines of key and value, in order.
func gitReads(t testing.TB, data []byte) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "policy")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", "config", "-f", file, "-z", "--list")
	cmd.Env = append(gitcmd.Environ(os.Environ()), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null")
	out, err := cmd.Output()
	return string(out), err
}

// weRead is the same by our own hand.
func weRead(data []byte) (string, problems) {
	var s scanner
	s.scan(data)
	var b strings.Builder
	for _, t := range s.sections {
		for _, e := range t.entries {
			b.WriteString(t.word + ".")
			if t.named {
				b.WriteString(t.name + ".")
			}
			b.WriteString(strings.ToLower(e.key) + "\n" + e.value + "\x00")
		}
	}
	return b.String(), s.problems
}

// What git reads is what we read, in every form that we accept.
func TestGitReadsAlike(t *testing.T) {
	for name, text := range map[string]string{
		"the document":        document,
		"CRLF":                strings.ReplaceAll(document, "\n", "\r\n"),
		"no end of line":      strings.TrimSuffix(document, "\n"),
		"case":                "[POLICY]\nVERSION = 1\n[Signer \"Alice\"]\nIdentityPattern = x\n",
		"blanks":              "\t [policy]\t;c\n\tversion\t=\t1\t; c\n   mode=audit\n[signer   \"a b\"]\nidentity=  a  b  \n",
		"quotes":              "[signer \"a\"]\nidentity = \"a # b ; c \" # d\nissuer = \" \"\n",
		"a comment at once":   "[policy] # a\n#[x]\n;y\nversion = 1 ;\n",
		"equal signs":         "[signer \"a\"]\nclaim = a=b=c\n",
		"dots in a name":      "[branch \"release/1.0.x\"]\nallow = *\n",
		"brackets in a name":  "[path \"a[]b\"]\nallow = [x]\n",
		"other letters":       "[path \"größe/日本\"]\nallow = é\n",
		"a sign in a key":     "[a]\nb-1 = c\n",
		"a comment in a name": "[path \"a#b;c\"]\nallow = *\n",
	} {
		t.Run(name, func(t *testing.T) {
			ours, problems := weRead([]byte(text))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			theirs, err := gitReads(t, []byte(text))
			if err != nil || ours != theirs {
				t.Errorf("git reads %q, %v; we read %q", theirs, err, ours)
			}
		})
	}
}

// What git itself writes, we read.
func TestGitWritesIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy")
	for _, kv := range [][2]string{
		{"policy.version", "1"},
		{"signer.alice.identity", "a;b #c@example.com "},
		{"signer.alice.issuer", "https://example.com"},
		{"path..paraph/**.allow", "alice"},
	} {
		if out, err := exec.Command("git", "config", "-f", file, "--add", kv[0], kv[1]).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if p := must(t, string(data)); p.signers[0].identities[0] != "a;b #c@example.com " {
		t.Errorf("%q", p.signers[0].identities)
	}
}

// Any bytes: no panic, problems that are bounded and sorted, and where we
// accept, git reads the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte("[A\"\"]\nA0=00"))
	f.Add([]byte(document))
	f.Add([]byte(head))
	f.Add([]byte("[a]\r\nb = \"c\" ;d\n[a \"x\"] #\nb=c\\\n"))
	f.Add([]byte("[a.b]\nc\n[d] e = f\n=\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data, inRepository, keyFile)
		if err != nil {
			var e *Error
			if p != nil || !errors.As(err, &e) || len(e.Problems) == 0 || len(e.Problems) > maxProblems+1 {
				t.Fatalf("%v, %v", p, err)
			}
			for _, one := range e.Problems {
				if one.Rule == "" || one.Message == "" || one.Line < 0 || one.Line > 1+bytes.Count(data, []byte("\n")) {
					t.Fatalf("%+v", one)
				}
			}
		}
		ours, problems := weRead(data)
		if len(problems) > 0 {
			if err == nil {
				t.Fatal("accepted what cannot be read:", problems)
			}
			return
		}
		if theirs, err := gitReads(t, data); err != nil || ours != theirs {
			t.Fatalf("git reads %q, %v; we read %q", theirs, err, ours)
		}
	})
}
