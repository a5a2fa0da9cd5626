//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// flips is how many bits of a good commit are flipped, one at a time and
// spread over all of its bytes.
const flips = 200

// A gitRepo is a repository for tests that ask git many questions.
type gitRepo struct {
	t   *testing.T
	dir string
	env []string
}

func newGitRepo(t *testing.T) *gitRepo {
	home := t.TempDir()
	g := &gitRepo{t: t, dir: filepath.Join(home, "repo"), env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C", "GORACE=" + noRaceSleep,
		"GIT_AUTHOR_DATE=2026-05-04T12:00:00Z", "GIT_COMMITTER_DATE=2026-05-04T12:00:00Z",
		"PARAPH_TRUSTED_ROOT=" + filepath.Join(home, "root.json"),
		"PARAPH_CERTIFICATE_IDENTITY=" + forgeEmail, "PARAPH_CERTIFICATE_OIDC_ISSUER=" + forgeIssuer,
	}}
	for name, data := range map[string][]byte{".gitconfig": []byte(gitConfig), "root.json": forgeInstance().TrustedRoot()} {
		if err := os.WriteFile(filepath.Join(home, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := g.run(nil, "init", "--quiet", g.dir); err != nil {
		t.Fatal(err)
	}
	return g
}

// run runs git and returns both of its streams.
func (g *gitRepo) run(stdin []byte, args ...string) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	cmd := exec.Command("git", args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = g.env, bytes.NewReader(stdin), &out, &errs
	if _, statErr := os.Stat(g.dir); statErr == nil {
		cmd.Dir = g.dir
	}
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// must runs git, which must succeed, and returns its output without the line's end.
func (g *gitRepo) must(stdin []byte, args ...string) string {
	g.t.Helper()
	out, errs, err := g.run(stdin, args...)
	if err != nil {
		g.t.Fatalf("git %q: %v\n%s", args, err, errs)
	}
	return strings.TrimSuffix(out, "\n")
}

// One flipped bit of a good commit makes git show B or E. The exceptions are
// git's own, and asserted to be: it says N, or stops with status 128, and has
// not called paraph at all.
func TestFlippedCommit(t *testing.T) {
	for _, kind := range []string{"v1", "v2"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			g := newGitRepo(t)
			g.env = append(g.env, "FORGE="+kind)
			g.must(nil, "-c", "gpg.x509.program=forge", "commit", "--quiet", "--allow-empty", "-S", "-m", "good")
			if grade := g.must(nil, "log", "-1", "--format=%G?"); grade != "G" {
				t.Fatalf("the commit has %%G? %s before anything is flipped", grade)
			}
			good := []byte(g.must(nil, "cat-file", "commit", "HEAD") + "\n")
			seen := map[string]int{}
			for i := range flips / 2 {
				at := i * len(good) / (flips / 2)
				raw := bytes.Clone(good)
				raw[at] ^= 1 << (i % 8)
				seen[g.judge(raw, at)]++
			}
			t.Logf("%d bytes: %v", len(good), seen)
			if seen["B"] == 0 || seen["E"] == 0 {
				t.Error("the flips do not reach payload and signature")
			}
		})
	}
}

// judge stores a flipped commit and returns what git shows for it. git traces
// every program that it runs.
func (g *gitRepo) judge(raw []byte, at int) string {
	g.t.Helper()
	id := g.must(raw, "hash-object", "-t", "commit", "-w", "--stdin", "--literally")
	traced := *g
	traced.env = append(g.env[:len(g.env):len(g.env)], "GIT_TRACE=1")
	out, errs, err := traced.run(nil, "log", "-1", "--format=%G?", id)
	grade, called := strings.TrimSuffix(out, "\n"), strings.Contains(errs, "run_command: paraph ")
	switch {
	case called && err == nil && (grade == "B" || grade == "E"):
		return grade
	case !called && err == nil && grade == "N":
		return "N, git's own"
	case !called && err != nil && grade == "":
		return "git stops"
	}
	g.t.Errorf("byte %d flipped: %%G? %q, paraph called: %t, %v\n%s", at, grade, called, err, errs)
	return "wrong"
}
