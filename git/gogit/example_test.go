package gogit_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	gogit5 "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/git/gogit"
)

// go-git makes a commit, and a signer signs it: nil would run paraph.
func ExampleNewSigner() {
	repo, remove := exampleRepository()
	defer remove()

	worktree, err := repo.Worktree()
	if err != nil {
		fmt.Println(err)
		return
	}
	hash, err := worktree.Commit("First commit\n", &gogit5.CommitOptions{
		AllowEmptyCommits: true,
		Author:            alice,
		Signer:            gogit.NewSigner(context.Background(), signer()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sig, err := gogit.Verify(repo.Storer, hash, byAlice())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sig.Verdict(), sig.Identity().Name)
	// Output: trusted alice@example.com
}

// A tag is made unsigned, signed, and put in the place of the unsigned one.
func ExampleSignTag() {
	ctx := context.Background()
	repo, remove := exampleRepository()
	defer remove()

	worktree, err := repo.Worktree()
	if err != nil {
		fmt.Println(err)
		return
	}
	head, err := worktree.Commit("First commit\n", &gogit5.CommitOptions{AllowEmptyCommits: true, Author: alice})
	if err != nil {
		fmt.Println(err)
		return
	}
	ref, err := repo.CreateTag("v1", head, &gogit5.CreateTagOptions{Tagger: alice, Message: "First release"})
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := gogit.SignTag(ctx, repo.Storer, ref.Hash(), signer())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := repo.Storer.SetReference(plumbing.NewHashReference(ref.Name(), signed)); err != nil {
		fmt.Println(err)
		return
	}
	sig, err := gogit.Verify(repo.Storer, signed, byAlice())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sig.Verdict(), sig.Type())
	// Output: trusted tag
}

// A commit that nobody signed is an error that says so.
func ExampleVerify() {
	repo, remove := exampleRepository()
	defer remove()

	worktree, err := repo.Worktree()
	if err != nil {
		fmt.Println(err)
		return
	}
	hash, err := worktree.Commit("First commit\n", &gogit5.CommitOptions{AllowEmptyCommits: true, Author: alice})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = gogit.Verify(repo.Storer, hash, byAlice())
	var refused *git.VerificationError
	if errors.As(err, &refused) {
		fmt.Println(refused.Verdict)
	}
	fmt.Println(errors.Is(err, git.ErrUnsigned))
	// Output:
	// unsigned
	// true
}

// exampleRepository makes a repository in a temporary folder.
func exampleRepository() (repo *gogit5.Repository, remove func()) {
	dir, err := os.MkdirTemp("", "gogit")
	if err != nil {
		panic(err)
	}
	repo, err = gogit5.PlainInit(dir, false)
	if err != nil {
		panic(err)
	}
	return repo, func() { _ = os.RemoveAll(dir) }
}
