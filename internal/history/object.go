// Package history verifies and judges signed objects of a repository, one or
// very many.
//
// The way of a history: git lists who is whose parent ([graph]), each commit
// gets the places where it is to be judged ([plan], and [mainline] where the
// policy develops with the history), git reads it, several are verified at once
// ([pipeline], [examiner]), and then each is judged in its places ([judge]), parents first.
package history

import (
	"context"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/report"
)

// Verify verifies what a revision names, without asking anybody whether its
// signers are allowed, see [Verification.Verify].
func Verify(ctx context.Context, repo *gitcmd.Repo, rev string, verdicts *cache.Verdicts) (out []report.Object, err error) {
	v, err := New(ctx, repo, Options{
		Verdicts: verdicts, Unchecked: func(e error) { err = e },
		Tell: func(o report.Object) error {
			out = append(out, o)
			return nil
		},
	})
	if err != nil {
		return nil, err
	}
	defer v.Close()
	target, failed := v.Find(rev)
	if failed == nil {
		failed = v.Verify(target)
	}
	if failed != nil {
		return nil, failed
	}
	return out, err
}

// Open takes an object as git read it apart, and holds its bytes against its id.
func Open(raw gitcmd.RawObject) (*git.Object, error) {
	format := git.SHA1
	if len(raw.ID) == 64 {
		format = git.SHA256
	}
	return git.Open(format, git.Type(raw.Type), raw.Raw, raw.ID)
}

// Note reads the proof note of an object, empty if there is none.
func Note(ctx context.Context, repo *gitcmd.Repo, ids ...string) ([]byte, error) {
	notes, err := repo.Notes(ctx, proof.Ref, proof.MaxNote, ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if len(notes[id]) > 0 {
			return notes[id], nil
		}
	}
	return nil, nil
}
