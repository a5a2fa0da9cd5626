package history

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/smime"
	"github.com/paraph/paraph/internal/verdict"
)

// Options say what a verification of many objects goes by.
type Options struct {
	// Verdicts are what a signature is held against, and what is remembered of it.
	Verdicts *cache.Verdicts
	// Of these at most one is set: a policy for all objects, a revision from
	// which on the repository's own policy counts, or the one signer.
	Policy *policy.Policy
	Anchor string
	Signer *policy.Signer

	Ref      string // full name, instead of the one that a revision has
	Incoming bool   // ranges are judged as what a merge into Ref brings in
	Jobs     int    // 0: as many as there are cores
	// Clock is the earliest that a signature by a key without certificate is
	// taken to be made, zero for no such bound.
	Clock time.Time
	// Tell is told each result, in order. What it returns ends the verification.
	Tell func(report.Object) error
	// Unchecked is told of what could not be checked.
	Unchecked func(error)
	// Asked, if there is one, is told what policies were asked about an object,
	// before Tell is told of that.
	Asked func(Asked)
	// Found is told how many objects there will be, as they are found.
	Found func(n int)
}

func (o *Options) jobs() int {
	if o.Jobs > 0 {
		return o.Jobs
	}
	return runtime.GOMAXPROCS(0)
}

// ErrSettings says that the verification cannot be done as it is set up.
var ErrSettings = errors.New("the settings cannot be used")

// A Verification verifies and judges the objects of a repository.
type Verification struct{ run run }

type run struct {
	ctx      context.Context
	repo     *gitcmd.Repo
	opts     Options
	examiner *examiner
	batch    *gitcmd.Batch
	*treeReader
	judge
	anchor *anchor // nil without one
}

// An anchor is a commit that somebody vouches for, with its policy.
type anchor struct {
	id     string
	policy *policy.Policy
}

// New begins a verification, which Close ends.
func New(ctx context.Context, repo *gitcmd.Repo, o Options) (*Verification, error) {
	batch := repo.Batch(ctx)
	v := &Verification{run{ctx: ctx, repo: repo, opts: o, batch: batch, examiner: newExaminer(ctx, repo, o.Verdicts)}}
	r := &v.run
	r.treeReader = newTreeReader(ctx, repo, batch)
	r.judge = judge{ctx: ctx, repo: repo, trees: r.treeReader, clock: o.Clock, asked: o.Asked}
	if o.Anchor != "" {
		if err := r.findAnchor(); err != nil {
			return nil, errors.Join(err, batch.Close())
		}
	}
	return v, nil
}

// Close ends the verification.
func (v *Verification) Close() error { return v.run.batch.Close() }

// Mode is that of the policy that counts for the exit status: the anchor's,
// else the fixed one's.
func (v *Verification) Mode() policy.Mode {
	switch r := &v.run; {
	case r.anchor != nil:
		return r.anchor.policy.Mode
	case r.opts.Policy != nil:
		return r.opts.Policy.Mode
	}
	return policy.Enforce
}

func (r *run) findAnchor() error {
	id, err := r.commitID(r.opts.Anchor)
	if err != nil {
		return fmt.Errorf("--policy-anchor: %w", err)
	}
	p, err := r.treeReader.policyOf(PolicySpec{id, policy.Path})
	if err != nil {
		return fmt.Errorf("--policy-anchor: %s: %w", r.opts.Anchor, err)
	}
	r.anchor = &anchor{id, p}
	return nil
}

// tell tells a result, and whether the one signer made it.
func (r *run) tell(o report.Object) error {
	if e := o.Err; e != nil && e.Class == verdict.Infrastructure {
		if e.Rule == smime.RuleRoots {
			return fmt.Errorf("%w: %w", ErrSettings, e) // no other one of its kind would fare better
		}
		return r.unjudged(&unjudgedError{fmt.Errorf("%s: %w", o.ID, e)})
	}
	if r.opts.Signer != nil {
		r.opts.Signer.Judge(o.Result)
		if o.Verdict == verdict.Trusted || o.Verdict == verdict.Refused {
			o.PolicySource = r.opts.Signer.Source
		}
	}
	return r.opts.Tell(o)
}

// unjudged passes an error about one object on, and returns any other.
func (r *run) unjudged(err error) error {
	var u *unjudgedError
	if !errors.As(err, &u) {
		return err
	}
	r.opts.Unchecked(u)
	return nil
}
