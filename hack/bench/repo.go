package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/testpki"
)

const (
	alice  = "alice@example.com"
	issuer = "https://accounts.example.com"
)

// A repo holds a line of signed commits, each with a certificate of its own.
type repo struct{ dir string }

func newRepo(dir string, version, commits int) (*repo, error) {
	r, pki, err := emptyRepo(dir)
	if err != nil {
		return nil, err
	}
	return r, r.fill(&signer{pki: pki, version: version, every: 1}, commits)
}

// emptyRepo is a repository without commits that trusts alice.
func emptyRepo(dir string) (*repo, *testpki.PKI, error) {
	r := &repo{dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	pki := testpki.New()
	root := filepath.Join(dir, "trusted_root.json")
	if err := os.WriteFile(root, pki.TrustedRoot(), 0o600); err != nil {
		return nil, nil, err
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"config", "paraph.trustedRoot", root},
		{"config", "paraph.certificateIdentity", alice},
		{"config", "paraph.certificateOIDCIssuer", issuer},
	} {
		if out, err := r.git(args...).CombinedOutput(); err != nil {
			return nil, nil, fmt.Errorf("git %s: %w\n%s", args[0], err, out)
		}
	}
	return r, pki, nil
}

// git is a git command in the repository, without the user's configuration.
func (r *repo) git(args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	return cmd
}

// fill writes the commits with one git process: their ids are known here.
func (r *repo) fill(s *signer, commits int) error {
	tree, err := r.git("mktree").Output()
	if err != nil {
		return fmt.Errorf("git mktree: %w", err)
	}
	var files strings.Builder
	parent := ""
	for i := range commits {
		raw, err := s.commit(string(tree), parent, i)
		if err != nil {
			return err
		}
		if parent, err = git.Hash(git.SHA1, git.Commit, raw); err != nil {
			return err
		}
		name := filepath.Join(r.dir, fmt.Sprintf("commit-%d", i))
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			return err
		}
		fmt.Fprintln(&files, name)
	}
	write := r.git("hash-object", "-t", "commit", "-w", "--stdin-paths")
	write.Stdin = strings.NewReader(files.String())
	out, err := write.Output()
	if err != nil {
		return fmt.Errorf("git hash-object: %w", err)
	}
	ids := strings.Fields(string(out))
	if out, err := r.git("update-ref", "refs/heads/main", ids[len(ids)-1]).CombinedOutput(); err != nil {
		return fmt.Errorf("git update-ref: %w\n%s", err, out)
	}
	return nil
}

// A signer signs commits, so many with one certificate.
type signer struct {
	pki     *testpki.PKI
	version int // of Rekor
	every   int
	by      *testpki.OldSigner
}

// commit is the commit of this number, on a parent unless that is "". It is
// signed as paraph does it, with a log in memory: an entry of Rekor v1, or one
// of v2 with a timestamp.
func (s *signer) commit(tree, parent string, number int) ([]byte, error) {
	if parent != "" {
		parent = "parent " + parent + "\n"
	}
	if number%s.every == 0 {
		s.by = s.pki.OldSigner(testpki.Identity{Email: alice, Issuer: issuer})
	}
	at := s.pki.Clock.Now().Unix()
	payload := fmt.Sprintf("tree %s%sauthor A <%s> %d +0000\ncommitter A <%s> %d +0000\n\ncommit %d\n", tree, parent, alice, at, alice, at, number)
	return git.Join(git.SHA1, git.Commit, []byte(payload), s.by.SignWithProof([]byte(payload), s.version))
}

// showSignatures times one git log --show-signature with the given program,
// which may use its cache or not.
func (r *repo) showSignatures(program string, cache bool) (time.Duration, error) {
	cmd := r.git("-c", "gpg.x509.program="+program, "log", "--show-signature", "--format=%H")
	cmd.Env = append(cmd.Env, fmt.Sprintf("PARAPH_CACHE=%t", cache))
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	start := time.Now()
	err := cmd.Run()
	return time.Since(start), err
}

// checkGood makes sure that what was timed was a verification.
func (r *repo) checkGood(program string) error {
	out, err := r.git("-c", "gpg.x509.program="+program, "log", "--format=%G?").Output()
	if err != nil {
		return fmt.Errorf("git log: %w", err)
	}
	if other := bytes.Trim(out, "G\n"); len(other) > 0 || len(out) == 0 {
		return fmt.Errorf("not all commits are good: %.20q", other)
	}
	return nil
}
