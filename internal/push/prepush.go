package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/proof"
)

// A PrePush is a push that is about to be made, as who makes it knows it.
type PrePush struct {
	Remote  string // its name, or its URL if it has none
	Updates []Update
	Before  *Before // the remote's refs, by the remote's names
}

// Errors of a push that is about to be made.
var (
	// ErrNoPush says that nobody told what is to be pushed.
	ErrNoPush = errors.New("nobody says what is to be pushed")
	// ErrFetch says that what the remote has is not here.
	ErrFetch = errors.New("the remote has what is not here, and what is new to it cannot be told")
)

// ReadPrePush reads what a pre-push hook is told: by git in two arguments and on
// standard input, or by the framework pre-commit, which passes neither on, in
// the environment.
func ReadPrePush(ctx context.Context, repo *gitcmd.Repo, args []string, stdin io.Reader, getenv func(string) string) (*PrePush, error) {
	var p PrePush
	var err error
	switch {
	case len(args) == 2:
		p.Remote = args[0]
		if p.Updates, err = readPushed(stdin); err != nil {
			return nil, err
		}
		p.Before, err = remoteBefore(ctx, repo, p.Remote)
	case len(args) > 0:
		return nil, fmt.Errorf("%w: git gives a pre-push hook two arguments, NAME and URL", ErrNoPush)
	case getenv("PRE_COMMIT") == "":
		return nil, fmt.Errorf("%w: git push calls this with NAME and URL of a remote, pre-commit with PRE_COMMIT_TO_REF and others", ErrNoPush)
	default:
		p.Remote = getenv("PRE_COMMIT_REMOTE_NAME")
		if p.Before, err = remoteBefore(ctx, repo, p.Remote); err != nil {
			return nil, err
		}
		p.Updates, err = preCommit(getenv, p.Before.Tips, func(rev string) (string, error) {
			found, err := repo.Resolve(ctx, rev)
			return found.ID, err
		})
	}
	if err != nil {
		return nil, err
	}
	return &p, p.meet(ctx, repo)
}

// readPushed reads what git tells a pre-push hook, "<local ref> <local id> <remote
// ref> <remote id>\n" for each ref (githooks(5), pre-push). The local ref is what
// somebody wrote, "HEAD@{1 hour ago}" too; for a deletion it is "(delete)". Where
// all is up to date there is no line at all.
func readPushed(r io.Reader) ([]Update, error) {
	return readLines(r, func(line string) (Update, error) {
		f := strings.Split(line, " ")
		n := len(f)
		if n < 4 {
			return Update{}, fmt.Errorf("%w: that is not LOCALREF ID REMOTEREF ID", ErrUpdates)
		}
		return NewUpdate(f[n-2], f[n-1], f[n-3])
	})
}

// meet holds what is known of a remote against the push. Where the push goes, git
// has just asked the remote; elsewhere the last fetch counts.
func (p *PrePush) meet(ctx context.Context, repo *gitcmd.Repo) error {
	refs := map[string]string{} // by the id that has to be here
	var ids []string
	for _, u := range p.Updates {
		delete(p.Before.Tips, u.Ref)
		if u.Old == "" {
			continue
		}
		p.Before.Tips[u.Ref] = u.Old
		judged := u.New != "" && (u.Ref == proof.Ref || !strings.HasPrefix(u.Ref, "refs/notes/"))
		if judged && refs[u.Old] == "" {
			refs[u.Old] = u.Ref
			ids = append(ids, u.Old)
		}
	}
	return repo.Stream(ctx, ids, func(o gitcmd.RawObject) error {
		if o.Type == "" {
			return fmt.Errorf("%w: %s is at %s there; git fetch, and push again", ErrFetch, refs[o.ID], o.ID)
		}
		return nil
	})
}
