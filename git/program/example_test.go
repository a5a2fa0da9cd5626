package program_test

import (
	"context"
	"fmt"
	"os"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/git/program"
)

// The program paraph, found in PATH, signs a commit that was made by other
// means than git.
func Example() {
	unsigned, err := os.ReadFile("commit")
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, err := git.Sign(context.Background(), git.SHA1, git.Commit, unsigned, program.Signer{})
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := git.Hash(git.SHA1, git.Commit, signed)
	fmt.Println(id, err)
}
