package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/keysig"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// An examined object is one whose signature was verified. Nobody has judged
// yet whether its signer is allowed.
type examined struct {
	id, kind string // kind is "" for one that is not in the repository
	result   *verify.Result
	payload  *payload.Payload // nil if it cannot be read
	tree     string           // of a commit
	key      *keySignature    // SSH or OpenPGP, nil for any other
}

// An examiner verifies signatures. It is safe for concurrent use.
type examiner struct {
	ctx      context.Context
	repo     *gitcmd.Repo
	verdicts *cache.Verdicts
	keys     keysig.Files
	notes    func() (map[string]bool, error) // the objects that have one
}

func newExaminer(ctx context.Context, repo *gitcmd.Repo, v *cache.Verdicts) *examiner {
	return &examiner{ctx: ctx, repo: repo, verdicts: v, notes: sync.OnceValues(func() (map[string]bool, error) {
		ids, err := repo.Noted(ctx, proof.Ref)
		noted := make(map[string]bool, len(ids))
		for _, id := range ids {
			noted[id] = true
		}
		return noted, err
	})}
}

// examine verifies one object.
func (x *examiner) examine(raw gitcmd.RawObject) *examined {
	e := &examined{id: raw.ID, kind: raw.Type}
	kind := payload.Kind(raw.Type)
	switch {
	case raw.Type == "":
		return e
	case raw.Raw == nil:
		e.result = verify.Failed(kind, verdict.Errorf(verdict.Syntax, "object-size", "it has more than %d bytes", int64(payload.MaxSize)))
		return e
	}
	e.tree = treeOf(raw.Raw)
	o, err := Open(raw)
	if errors.Is(err, git.ErrUnsigned) {
		e.payload, _ = payload.Parse(raw.Raw) // nobody vouches for it anyway
		e.result = &verify.Result{Kind: kind, Verdict: verdict.Unsigned}
		return e
	}
	if err != nil {
		e.result = verify.Failed(kind, err)
		return e
	}
	e.payload, _ = payload.Parse(o.Payload) // the result says what is wrong with it
	note := verify.Note{ObjectID: raw.ID, Read: func() ([]byte, error) { return x.note(raw.ID) }}
	e.result = x.verdicts.Verify(o.Payload, o.Signature, note)
	e.key = keySignatureOf(&x.keys, o.Signature, o.Payload)
	return e
}

// treeOf is the tree of a commit, also of one that breaks other rules: git
// takes it from the first line and from nowhere else (commit.c).
func treeOf(raw []byte) string {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	id, _ := bytes.CutPrefix(line, []byte("tree "))
	if _, err := parseID(string(id)); err != nil {
		return ""
	}
	return string(id)
}

// note is the object's note, empty if it has none.
func (x *examiner) note(id string) ([]byte, error) {
	noted, err := x.notes()
	if err != nil || !noted[id] {
		return nil, err
	}
	return Note(x.ctx, x.repo, id)
}

// object is what a policy is asked about.
func (e *examined) object() policy.Object {
	o := policy.Object{Kind: e.result.Kind, Signer: e.result.Signer, Times: e.result.Times()}
	if e.payload != nil {
		o.Committer, o.TagName = e.payload.Committer, e.payload.TagName
	}
	return o
}

// missing is an object that the repository does not have, though its history
// says so.
func missing(id string) error {
	return fmt.Errorf("%s: %w: a partial or broken clone", id, gitcmd.ErrMissing)
}
