package gogit_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	gogit5 "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/testpki"
)

// With these in the environment the test binary is a program that git, or a
// Signer, runs: one that signs, or one that keeps what it is to verify in a
// folder and likes it.
const (
	behave = "PARAPH_TEST_PROGRAM"
	folder = "PARAPH_TEST_FOLDER"
)

func TestMain(m *testing.M) {
	switch os.Getenv(behave) {
	case "sign":
		os.Exit(pretendSign())
	case "verify":
		os.Exit(pretendVerify())
	}
	os.Exit(m.Run())
}

// pretendSign is paraph --status-fd=2 -bsau KEY.
func pretendSign() int {
	payload, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 3
	}
	armored, err := signer().Sign(context.Background(), payload)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Stdout.Write(armored)
	fmt.Fprint(os.Stderr, "[GNUPG:] SIG_CREATED D 19 8 00 1777896000 00\n")
	return 0
}

// pretendVerify is paraph --status-fd=1 --verify FILE -.
func pretendVerify() int {
	payload, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 3
	}
	signature, err := os.ReadFile(os.Args[len(os.Args)-2])
	if err != nil {
		return 3
	}
	dir := os.Getenv(folder)
	if os.WriteFile(filepath.Join(dir, "payload"), payload, 0o600) != nil || os.WriteFile(filepath.Join(dir, "signature"), signature, 0o600) != nil {
		return 3
	}
	fmt.Print("[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 00 alice\n[GNUPG:] TRUST_FULLY 0 shell\n")
	return 0
}

var aliceID = git.Identity{Name: "alice@example.com", Issuer: "https://accounts.example.com"}

// signer returns a signer with a certificate for Alice, by an instance in memory.
func signer() *git.KeySigner {
	p, key := testpki.New(), testpki.Key("alice")
	leaf, err := x509.ParseCertificate(p.Certificate(key.Public(), testpki.Identity{Email: aliceID.Name, Issuer: aliceID.Issuer}))
	if err != nil {
		panic(err)
	}
	return &git.KeySigner{Key: key, Certificate: leaf, Now: p.Clock.Now, Prove: func(_ context.Context, artifact, signature []byte) (git.Proof, error) {
		return git.Proof{LogEntry: p.LogV1(sha256.Sum256(artifact), signature, leaf.Raw).Bytes()}, nil
	}}
}

// byAlice returns options that accept what signer signs.
func byAlice() git.VerifyOptions {
	root, err := git.ParseTrustedRoot(testpki.New().TrustedRoot(), "test")
	if err != nil {
		panic(err)
	}
	return git.VerifyOptions{Root: root, Signers: []git.Identity{aliceID}}
}

var alice = &object.Signature{Name: "Alice A", Email: aliceID.Name, When: time.Unix(1700000000, 0).UTC()}

// newRepository makes a repository on disk, with a worktree.
func newRepository(t *testing.T) (*gogit5.Repository, string) {
	t.Helper()
	dir := t.TempDir()
	repo, err := gogit5.PlainInit(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	return repo, dir
}

// commitWith has go-git commit an empty tree.
func commitWith(t *testing.T, repo *gogit5.Repository, message string, s gogit5.Signer) plumbing.Hash {
	t.Helper()
	w, err := repo.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := w.Commit(message, &gogit5.CommitOptions{AllowEmptyCommits: true, Author: alice, Signer: s})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// put stores raw bytes as they are.
func put(t *testing.T, st storer.EncodedObjectStorer, typ plumbing.ObjectType, raw []byte) plumbing.Hash {
	t.Helper()
	o := &plumbing.MemoryObject{}
	o.SetType(typ)
	if _, err := o.Write(raw); err != nil {
		t.Fatal(err)
	}
	hash, err := st.SetEncodedObject(o)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// realGit runs git in dir. Its x509 program is this test binary, which keeps
// in the folder keep what it gets.
func realGit(t *testing.T, dir, keep string, args ...string) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("git", append([]string{"-c", "gpg.x509.program=" + self}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", behave+"=verify", folder+"="+keep)
	out, err := cmd.Output()
	if err != nil {
		stderr := ""
		if exit, ok := err.(*exec.ExitError); ok {
			stderr = string(exit.Stderr)
		}
		t.Fatalf("git %v: %v\n%s", args, err, stderr)
	}
	return out
}
