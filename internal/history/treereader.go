package history

import (
	"context"
	"errors"

	"github.com/paraph/paraph/internal/gitcmd"
)

type treeEntry struct {
	Mode uint32
	ID   string
}

const (
	modeFile      = 0o100644
	modeProgram   = 0o100755
	modeLink      = 0o120000
	modeSubmodule = 0o160000
)

type treeReader struct {
	repo  *gitcmd.Repo
	batch *gitcmd.Batch
}

func newTreeReader(repo *gitcmd.Repo, batch *gitcmd.Batch) *treeReader { return &treeReader{repo, batch} }

func (t *treeReader) commit(ctx context.Context, repo *gitcmd.Repo, rev string) (id, tree string, err error) {
	return "", "", errors.New("tmp")
}
func (t *treeReader) find(ctx context.Context, tree, path string) (treeEntry, error) {
	return treeEntry{}, errors.New("tmp")
}
func (t *treeReader) treeOf(commit string) (string, error) { return "", errors.New("tmp") }
func (t *treeReader) changed(ctx context.Context, e *examined, parents []parent, within func(string) bool) ([]string, error) {
	return nil, errors.New("tmp")
}
