package gogit_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	gogit5 "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/git/gogit"
	"github.com/paraph/paraph/git/program"
)

// sameAsGit asserts that git hands the very bytes to its program that package
// git verified, and that it finds nothing wrong with the object.
func sameAsGit(t *testing.T, dir, verb string, sig *git.Signature) {
	t.Helper()
	keep := t.TempDir()
	realGit(t, dir, keep, verb, sig.ID())
	realGit(t, dir, keep, "fsck", "--strict")
	payload, err := os.ReadFile(filepath.Join(keep, "payload"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(payload, sig.Payload()) {
		t.Errorf("git's payload:\n%q\nours:\n%q", payload, sig.Payload())
	}
	signature, err := os.ReadFile(filepath.Join(keep, "signature"))
	if err != nil {
		t.Fatal(err)
	}
	raw := realGit(t, dir, keep, "cat-file", string(sig.Type()), sig.ID())
	o, err := git.Split(git.SHA1, sig.Type(), raw)
	if err != nil || !bytes.Equal(signature, o.Signature) {
		t.Errorf("git's signature:\n%s\nours: %v", signature, err)
	}
}

// go-git's CommitOptions.Signer makes commits that git and package git verify,
// whatever their message ends in.
func TestSignCommit(t *testing.T) {
	for name, message := range map[string]string{
		"message":          "First commit\n",
		"no final newline": "First commit",
		"blank lines":      "\n\nFirst commit\n\n\n",
		"armor in message": "-----BEGIN SIGNED MESSAGE-----\nx\n-----END SIGNED MESSAGE-----\n",
		"CRLF":             "First\r\ncommit\r\n",
		"empty":            "",
	} {
		t.Run(name, func(t *testing.T) {
			repo, dir := newRepository(t)
			hash := commitWith(t, repo, message, gogit.NewSigner(t.Context(), signer()))
			sig, err := gogit.Verify(repo.Storer, hash, byAlice())
			if err != nil {
				t.Fatal(err)
			}
			if sig.Verdict() != git.VerdictTrusted || !sig.By(aliceID) || sig.ID() != hash.String() {
				t.Errorf("%s by %v: %s", sig.Verdict(), sig.Identity(), sig.ID())
			}
			sameAsGit(t, dir, "verify-commit", sig)
		})
	}
}

func TestSignTag(t *testing.T) {
	repo, dir := newRepository(t)
	head := commitWith(t, repo, "First commit\n", nil)
	ref, err := repo.CreateTag("v1", head, &gogit5.CreateTagOptions{Tagger: alice, Message: "First release"})
	if err != nil {
		t.Fatal(err)
	}
	hash, err := gogit.SignTag(t.Context(), repo.Storer, ref.Hash(), signer())
	if err != nil {
		t.Fatal(err)
	}
	if now, err := repo.Tag("v1"); err != nil || now.Hash() != ref.Hash() {
		t.Errorf("the ref moved by itself to %v, %v", now, err)
	}
	if err := repo.Storer.SetReference(plumbing.NewHashReference(ref.Name(), hash)); err != nil {
		t.Fatal(err)
	}
	sig, err := gogit.Verify(repo.Storer, hash, byAlice())
	if err != nil {
		t.Fatal(err)
	}
	if sig.Type() != git.Tag || sig.ID() != hash.String() {
		t.Errorf("%s %s, want the tag %s", sig.Type(), sig.ID(), hash)
	}
	sameAsGit(t, dir, "verify-tag", sig)
}

// The program signs as git has it sign; without a signer, it is paraph in PATH.
func TestSignWithProgram(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(behave, "sign")
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "paraph")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	t.Setenv("PATH", bin)
	for name, s := range map[string]git.Signer{"given": program.Signer{Path: self}, "default": nil} {
		t.Run(name, func(t *testing.T) {
			repo, _ := newRepository(t)
			hash := commitWith(t, repo, "First commit\n", gogit.NewSigner(t.Context(), s))
			if _, err := gogit.Verify(repo.Storer, hash, byAlice()); err != nil {
				t.Errorf("the commit: %v", err)
			}
			ref, err := repo.CreateTag("v1", hash, &gogit5.CreateTagOptions{Tagger: alice, Message: "First release"})
			if err != nil {
				t.Fatal(err)
			}
			tag, err := gogit.SignTag(t.Context(), repo.Storer, ref.Hash(), s)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := gogit.Verify(repo.Storer, tag, byAlice()); err != nil {
				t.Errorf("the tag: %v", err)
			}
		})
	}
}

// Commits of git's that go-git does not encode as they were: another id, and
// bytes that nobody signed.
func TestVerifyWhatGoGitDoesNotEncode(t *testing.T) {
	const tree = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
	const author = "author Alice A <alice@example.com> 1700000000 "
	const committer = "committer Alice A <alice@example.com> 1700000000 "
	for name, raw := range map[string]string{
		"encoding that is the default":   tree + author + "+0200\n" + committer + "+0200\nencoding UTF-8\n\nx\n",
		"unknown header before encoding": tree + author + "+0200\n" + committer + "+0200\nHG:rename a:b\nencoding ISO-8859-1\n\nx\n",
		"minus zero zone":                tree + author + "-0000\n" + committer + "-0000\n\nx\n",
	} {
		t.Run(name, func(t *testing.T) {
			signed, err := git.Sign(t.Context(), git.SHA1, git.Commit, []byte(raw), signer())
			if err != nil {
				t.Fatal(err)
			}
			repo, dir := newRepository(t)
			put(t, repo.Storer, plumbing.TreeObject, nil)
			hash := put(t, repo.Storer, plumbing.CommitObject, signed)
			if bytes.Equal(encoded(t, repo.Storer, hash, (*object.Commit).Encode), signed) {
				t.Error("go-git encodes this as it was: the test shows nothing")
			}
			sig, err := gogit.Verify(repo.Storer, hash, byAlice())
			if err != nil {
				t.Fatal(err)
			}
			if string(sig.Payload()) != raw {
				t.Errorf("payload %q, want %q", sig.Payload(), raw)
			}
			sameAsGit(t, dir, "verify-commit", sig)
		})
	}
}

// encoded returns a commit as one of go-git's methods writes it.
func encoded(t *testing.T, st storer.EncodedObjectStorer, hash plumbing.Hash, encode func(*object.Commit, plumbing.EncodedObject) error) []byte {
	t.Helper()
	c, err := object.GetCommit(st, hash)
	if err != nil {
		t.Fatal(err)
	}
	o := &plumbing.MemoryObject{}
	if err := encode(c, o); err != nil {
		t.Fatal(err)
	}
	r, err := o.Reader()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The other way round: headers that go-git drops before it verifies are bytes
// that nobody signed, in a commit that is then another one.
func TestVerifySeesWhatGoGitDrops(t *testing.T) {
	signed, err := git.Sign(t.Context(), git.SHA1, git.Commit, []byte(unsigned), signer())
	if err != nil {
		t.Fatal(err)
	}
	for header, rule := range map[string]string{
		"gpgsig-sha256 anything\n": git.RuleForeignSignature,
		"gpgsig anything\n":        git.RuleDuplicateSignature,
	} {
		t.Run(rule, func(t *testing.T) {
			st := memory.NewStorage()
			spoiled := bytes.Replace(signed, []byte("\n\nFirst"), []byte("\n"+header+"\nFirst"), 1)
			hash := put(t, st, plumbing.CommitObject, spoiled)
			if string(encoded(t, st, hash, (*object.Commit).EncodeWithoutSignature)) != unsigned {
				t.Error("go-git keeps the header: the test shows nothing")
			}
			sig, err := gogit.Verify(st, hash, byAlice())
			wantVerdict(t, sig, err, git.VerdictMalformed, rule)
		})
	}
}
