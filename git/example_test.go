package git_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/paraph/paraph/git"
)

// A signed commit, as `git cat-file commit HEAD` prints it.
const signedCommit = `tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
author Alice A <alice@example.com> 1700000000 +0200
committer Alice A <alice@example.com> 1700000000 +0200
gpgsig -----BEGIN SIGNED MESSAGE-----
 MIIB
 -----END SIGNED MESSAGE-----

First commit
`

func ExampleSplit() {
	o, err := git.Split(git.SHA1, git.Commit, []byte(signedCommit))
	if errors.Is(err, git.ErrUnsigned) {
		fmt.Println("nobody signed this")
		return
	}
	var broken *git.Error
	if errors.As(err, &broken) {
		fmt.Println("refused:", broken.Rule)
		return
	}
	fmt.Printf("%s\n\n%s\n%s", o.Armor, o.Signature, o.Payload)
	// Output:
	// x509
	//
	// -----BEGIN SIGNED MESSAGE-----
	// MIIB
	// -----END SIGNED MESSAGE-----
	//
	// tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
	// author Alice A <alice@example.com> 1700000000 +0200
	// committer Alice A <alice@example.com> 1700000000 +0200
	//
	// First commit
}

func ExampleHash() {
	id, err := git.Hash(git.SHA1, git.Commit, []byte(signedCommit))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id)
	// Output: 4d06a98988cc649a8195d1c187c17acc821f9d0c
}

// A service that receives a commit decides whether one of its people signed it.
func ExampleVerify() {
	signed, trustedRootJSON := receive()

	root, err := git.ParseTrustedRoot(trustedRootJSON, "public")
	if err != nil {
		fmt.Println(err)
		return
	}
	sig, err := git.Verify(git.SHA1, git.Commit, signed, git.VerifyOptions{
		Root:    root,
		Signers: []git.Identity{{Name: "alice@example.com", Issuer: "https://accounts.example.com"}},
	})
	var refused *git.VerificationError
	switch {
	case errors.Is(err, git.ErrUnsigned):
		fmt.Println("nobody signed this")
	case errors.As(err, &refused):
		fmt.Printf("%s: %q (%s)\n", refused.Verdict, refused.Message, refused.Rule)
	case err != nil:
		fmt.Println("not looked at:", err)
	default:
		fmt.Println(sig.Verdict(), sig.Identity().Name, sig.Time())
	}
	// Output: trusted alice@example.com 2026-05-04 12:00:00 +0000 UTC
}

// A key at hand signs; Sigstore's services, here in memory, certify and log it.
func ExampleSign() {
	unsigned := []byte(`tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904
author Alice A <alice@example.com> 1700000000 +0200
committer Alice A <alice@example.com> 1700000000 +0200

First commit
`)
	in := rekor1()
	signer := in.signer() // a *git.KeySigner

	signed, err := git.Sign(context.Background(), git.SHA1, git.Commit, unsigned, signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	o, err := git.Split(git.SHA1, git.Commit, signed)
	fmt.Println(o.Armor, string(o.Payload) == string(unsigned), err)
	// Output: x509 true <nil>
}

// receive returns what a service has: a signed commit, and a trusted root.
func receive() (signed, trustedRootJSON []byte) {
	in := rekor1()
	signed, err := git.Sign(context.Background(), git.SHA1, git.Commit, []byte(commit), in.signer())
	if err != nil {
		panic(err)
	}
	return signed, in.TrustedRoot()
}
