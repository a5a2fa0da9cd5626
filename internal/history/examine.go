package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
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
	tree     string           // of a commit, as git reads it
	parents  []string
	key      *keySignature // SSH or OpenPGP, nil for any other
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
	e.tree, e.parents = family(raw.Raw)
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

// family is the tree of a commit and its parents, also of one that breaks other
// rules: git takes them from the first lines and from nowhere else (commit.c).
func family(raw []byte) (tree string, parents []string) {
	for line := range bytes.Lines(raw) {
		word, id, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if _, err := parseID(id); err != nil {
			return tree, parents
		}
		switch {
		case word == "tree" && tree == "":
			tree = id
		case word == "parent" && tree != "":
			parents = append(parents, id)
		default:
			return tree, parents
		}
	}
	return tree, parents
}

// exempted is an object of which nobody asks whether it is signed. That its
// bytes are those of its id is asked of it all the same.
func exempted(raw gitcmd.RawObject) *examined {
	e := &examined{id: raw.ID, kind: raw.Type, result: &verify.Result{Kind: payload.Kind(raw.Type), Verdict: verdict.Exempt}}
	e.tree, e.parents = family(raw.Raw)
	if err := checkID(raw); err != nil {
		e.result = verify.Failed(e.result.Kind, err)
	}
	return e
}

// exempt takes the verdict from an object, unless it is another one than its id
// says.
func (e *examined) exempt() {
	if err := e.result.Err; err != nil && (err.Rule == git.RuleObjectID || err.Rule == git.RuleCollision) {
		return
	}
	e.result = &verify.Result{Kind: e.result.Kind, Verdict: verdict.Exempt}
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
