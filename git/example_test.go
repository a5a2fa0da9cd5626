package git_test

import (
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
