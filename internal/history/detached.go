package history

import (
	"context"
	"errors"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A Detached policy judges what git hands over: bytes and a signature, of which
// nobody says where they stand.
type Detached struct {
	ctx    context.Context
	repo   *gitcmd.Repo
	policy *policy.Policy
	batch  *gitcmd.Batch // nil until something is read from the repository
}

// LoadDetached reads the policy that a spec names.
func LoadDetached(ctx context.Context, repo *gitcmd.Repo, s PolicySpec, read ReadFile) (*Detached, error) {
	d := &Detached{ctx: ctx, repo: repo}
	var err error
	if s.Rev == "" {
		d.policy, err = LoadPolicy(ctx, repo, s, read)
		return d, err
	}
	trees, err := d.trees()
	if err == nil {
		d.policy, err = trees.policyOf(s)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close ends what reads from the repository.
func (d *Detached) Close() error {
	if d.batch == nil {
		return nil
	}
	return d.batch.Close()
}

func (d *Detached) trees() (*treeReader, error) {
	if d.batch == nil {
		d.batch = d.repo.Batch(d.ctx)
	}
	return newTreeReader(d.ctx, d.repo, d.batch), nil
}

// Judge records what the policy says of the signer of a payload, as far as it
// can without knowing a ref. An error says that it could not be asked.
func (d *Detached) Judge(signed []byte, r *verify.Result) error {
	if r.Verdict != verdict.Valid {
		return nil
	}
	p, err := payload.Parse(signed)
	if err != nil {
		return err
	}
	e := &examined{kind: string(p.Kind), result: r, payload: p, tree: p.Tree}
	if p.Kind == payload.PushCertificate {
		return d.judgePush(e)
	}
	j := &judge{ctx: d.ctx, repo: d.repo}
	var pos position
	for _, id := range p.Parents {
		pos.parents = append(pos.parents, parent{id: id})
	}
	if p.Kind == payload.Commit {
		j.lazyTrees = d.trees
	}
	o, err := j.judged(e, []place{{policy: d.policy}}, pos)
	if err != nil {
		return err
	}
	*r = *o.Result
	return nil
}

// judgePush asks whether the signer may push every ref that a push certificate
// names.
func (d *Detached) judgePush(e *examined) error {
	const anyWidth = 0
	refs, err := pushedRefs(e.payload.Message, anyWidth)
	if err != nil {
		return err
	}
	for _, u := range refs {
		decided := d.policy.MayPush(e.object(), u.Ref)
		if decided.Verdict != verdict.Trusted {
			e.result.Judge(decided.Err, "")
			return nil
		}
	}
	e.result.Judge(nil, "may push each of these refs")
	return nil
}
