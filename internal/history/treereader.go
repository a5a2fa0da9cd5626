package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/pjbgf/sha1cd"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/trees"
	"github.com/paraph/paraph/internal/verdict"
)

// A treeReader reads what a commit has, as far as a policy asks, from a git that
// is asked one object at a time.
type treeReader struct {
	ctx    context.Context
	repo   *gitcmd.Repo
	batch  *gitcmd.Batch
	reader *trees.Reader
}

func newTreeReader(ctx context.Context, repo *gitcmd.Repo, batch *gitcmd.Batch) *treeReader {
	t := &treeReader{ctx: ctx, repo: repo, batch: batch}
	t.reader = &trees.Reader{Read: func(id string) ([]byte, error) { return t.read(id, "tree") }}
	return t
}

// read returns the bytes of an object, which have its id.
func (t *treeReader) read(id, kind string) ([]byte, error) {
	o, err := t.batch.Read(id)
	switch {
	case err != nil:
		return nil, err
	case o.Type != kind:
		return nil, verdict.Errorf(verdict.Syntax, "object-kind", "%s is a %s where a %s belongs", id, o.Type, kind)
	case o.Raw == nil:
		return nil, verdict.Errorf(verdict.Infrastructure, "object-size", "the %s %s is too large to be read", kind, id)
	}
	return o.Raw, checkID(o)
}

// checkID holds the bytes of an object against its id.
func checkID(o gitcmd.RawObject) error {
	head := append(strconv.AppendInt([]byte(o.Type+" "), int64(len(o.Raw)), 10), 0)
	var sum []byte
	if len(o.ID) == hex.EncodedLen(sha256.Size) {
		h := sha256.New()
		_, _ = h.Write(head) // a hash never fails to write
		_, _ = h.Write(o.Raw)
		sum = h.Sum(nil)
	} else {
		h := sha1cd.New().(sha1cd.CollisionResistantHash)
		_, _ = h.Write(head)
		_, _ = h.Write(o.Raw)
		var collides bool
		if sum, collides = h.CollisionResistantSum(nil); collides {
			return verdict.Errorf(verdict.Binding, "sha1-collision", "the %s %s was made to have the SHA-1 of another one", o.Type, o.ID)
		}
	}
	if hex.EncodeToString(sum) != o.ID {
		return verdict.Errorf(verdict.Binding, "object-id", "the %s %s has other bytes than its id says", o.Type, o.ID)
	}
	return nil
}

// find returns what stands at a path in a tree.
func (t *treeReader) find(tree, path string) (trees.Entry, error) { return t.reader.Find(tree, path) }

// treeOf is the tree of a commit.
func (t *treeReader) treeOf(commit string) (string, error) {
	raw, err := t.read(commit, "commit")
	if err != nil {
		return "", err
	}
	if tree, _ := family(raw); tree != "" {
		return tree, nil
	}
	return "", verdict.Errorf(verdict.Syntax, "no-tree", "the commit %s has no tree", commit)
}

// commit finds the commit that a revision leads to, and its tree.
func (t *treeReader) commit(rev string) (id, tree string, err error) {
	if id, err = t.repo.Commit(t.ctx, rev); err != nil {
		return "", "", err
	}
	tree, err = t.treeOf(id)
	return id, tree, err
}

// changed are the paths that a commit changes.
func (t *treeReader) changed(e *examined, parents []parent, within func(string) bool) ([]string, error) {
	if e.tree == "" {
		return nil, verdict.Errorf(verdict.Syntax, "no-tree", "the commit has no tree")
	}
	c := trees.Commit{Tree: e.tree}
	for _, p := range parents {
		if p.tree == "" {
			var err error
			if p.tree, err = t.treeOf(p.id); err != nil {
				return nil, fmt.Errorf("its parent: %w", err)
			}
		}
		c.Parents = append(c.Parents, p.tree)
	}
	c.Bases = func(n int) ([]string, error) {
		bases, err := t.repo.MergeBases(t.ctx, parents[0].id, parents[n].id)
		if err != nil {
			return nil, err
		}
		var out []string
		for _, id := range bases {
			tree, err := t.treeOf(id)
			if err != nil {
				return nil, err
			}
			out = append(out, tree)
		}
		return out, nil
	}
	return t.reader.Changed(c, within)
}
