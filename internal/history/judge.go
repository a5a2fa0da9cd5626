package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A judge says what policies say of examined objects. It is asked about
// parents before children.
type judge struct {
	ctx       context.Context
	repo      *gitcmd.Repo
	trees     *treeReader
	lazyTrees func() (*treeReader, error) // where trees is nil
	clock     time.Time                   // for keys without a certificate; zero for none
	asked     func(Asked)                 // nil: nobody wants to know
}

// errUnjudged is why an object could not be judged, whoever signed it.
type unjudgedError struct{ err error }

func (e *unjudgedError) Error() string { return e.err.Error() }
func (e *unjudgedError) Unwrap() error { return e.err }

// A position is a commit's among those that were judged.
type position struct {
	parents []parent
	latest  time.Time // of all proven times of its ancestors
}

// A parent is what is known of one before it is read.
type parent struct {
	id   string
	tree string // "" if it was not read yet
}

// judged is what became of an object in the places where it stands: of several
// the worst.
func (j *judge) judged(e *examined, at []place, pos position) (report.Object, error) {
	out := report.Object{ID: e.id, Type: e.kind, Result: e.result}
	if len(at) > 0 {
		out.Ref = at[0].ref
	}
	c := &candidate{judge: j, e: e, pos: pos}
	worst := -1
	for _, p := range at {
		d, err := c.decide(p)
		if err != nil {
			return out, err
		}
		if rank := slices.Index(mildest, d.verdict); rank > worst {
			worst, out.Ref = rank, p.ref
			out.Result = d.result
			out.PolicySource, out.PolicyBlob = "", ""
			if p.policy != nil {
				out.PolicySource, out.PolicyBlob = p.policy.Source.Name, p.policy.Source.Blob
			}
			out.SignerName, out.Rule, out.Line = d.Signer, d.Rule, d.Line
		}
	}
	if e.key != nil && e.key.err == nil {
		e.key.name(&out)
	}
	return out, nil
}

// mildest orders what can come of one signature in several places.
var mildest = []verdict.Verdict{verdict.Exempt, verdict.Trusted, verdict.Valid, verdict.Refused}

// A decision is what came of an object in one place.
type decision struct {
	policy.Decision
	verdict verdict.Verdict
	result  *verify.Result
}

// An Asked is what a policy was asked about an object in one place.
type Asked struct {
	ID     string
	Policy *policy.Policy
	Object policy.Object
	Place  policy.Place
}

// A candidate is an object that is judged in several places: what is costly to
// know of it is found once.
type candidate struct {
	*judge
	e   *examined
	pos position

	paths    []string
	pathsFor *policy.Policy // nil: not known
	merge    *cleanMerge
}

type cleanMerge struct {
	is  bool
	err error
}

// decide judges an object in one place.
func (c *candidate) decide(p place) (decision, error) {
	r := c.e.result
	if p.refused != nil {
		out := *r
		if out.Verdict == verdict.Valid {
			out.Checks = slices.Clone(r.Checks)
			out.Judge(p.refused, "")
		}
		return decision{Decision: policy.Decision{Err: p.refused}, verdict: verdict.Refused, result: &out}, nil
	}
	if p.policy == nil {
		return decision{verdict: r.Verdict, result: r}, nil
	}
	o := c.e.object()
	if key := c.e.key; key != nil && (r.Err == nil || r.Err.Rule != verify.RuleOtherSignature) {
		return decision{verdict: verdict.Refused, result: r}, nil // what it is about is broken, whoever signed
	} else if key != nil && key.err != nil {
		return decision{verdict: verdict.Refused, result: verify.Failed(r.Kind, key.err)}, nil
	} else if key != nil {
		t := c.assumedTime()
		o.Key, o.Times = key.At(t), []time.Time{t}
	} else if r.Verdict != verdict.Valid {
		return decision{verdict: verdict.Refused, result: r}, nil
	}
	o.CleanMerge = c.cleanMerge
	at := policy.Place{Ref: p.ref, Side: p.side}
	if c.e.kind == string(payload.Commit) {
		var err error
		if at.Paths, err = c.changed(p.policy); err != nil {
			return c.broken(err)
		}
	}
	d := p.policy.Decide(o, at)
	if c.asked != nil {
		c.asked(Asked{c.e.id, p.policy, o, at})
	}
	if d.Err != nil && d.Err.Class == verdict.Infrastructure {
		return decision{}, &unjudgedError{fmt.Errorf("%s: %w", c.e.id, d.Err)}
	}
	if c.e.key != nil && d.Signer == "" {
		if r := c.strangeKey(p.policy); r != nil {
			return decision{verdict: verdict.Refused, result: r}, nil
		}
	}
	return decision{Decision: d, verdict: d.Verdict, result: c.apply(d)}, nil
}

// strangeKey is the result for a signature of which nobody can say that it holds:
// false where it contradicts a key that the policy names, else by a key that is
// not known. It is nil for one that holds; an SSH signature brings its key.
func (c *candidate) strangeKey(p *policy.Policy) *verify.Result {
	if c.e.key.sort == "SSH" {
		return nil
	}
	key := c.e.key.At(c.assumedTime())
	for _, known := range p.Keys() {
		err := key.Check(known)
		if err == nil {
			return nil
		}
		var e *verdict.Error
		if errors.As(err, &e) && e.Class != verdict.Material {
			return verify.Failed(c.e.result.Kind, e)
		}
	}
	return verify.Failed(c.e.result.Kind, verdict.Errorf(verdict.Material, "key-unknown", "signed by the key %s, which %s does not name", c.e.key, p.Source.Name))
}

// apply is the result with what a policy says of it.
func (c *candidate) apply(d policy.Decision) *verify.Result {
	r := *c.e.result
	if c.e.key != nil {
		r = *verify.ByKey(c.e.result.Kind, c.e.key.String())
	}
	r.Checks = slices.Clone(r.Checks)
	switch d.Verdict {
	case verdict.Trusted:
		r.Judge(nil, fmt.Sprintf("%s, by %s", d.Signer, d.Rule))
	case verdict.Valid:
		r.Undecided(d.Err)
	default:
		r.Judge(d.Err, "")
	}
	return &r
}

// broken is the decision on a commit whose trees cannot be read.
func (c *candidate) broken(err error) (decision, error) {
	var e *verdict.Error
	if !errors.As(err, &e) || e.Class == verdict.Infrastructure {
		return decision{}, &unjudgedError{fmt.Errorf("%s: what it changes cannot be told: %w", c.e.id, err)}
	}
	r := *c.e.result
	r.Checks = slices.Clone(r.Checks)
	r.Reject(e)
	return decision{verdict: verdict.Refused, result: &r}, nil
}

// assumedTime is the time of a signature that proves none: the latest of what
// the committer says, what ancestors prove, and the clock.
func (c *candidate) assumedTime() time.Time {
	t := c.pos.latest
	if c.e.payload != nil && c.e.payload.Committer.Time.After(t) {
		t = c.e.payload.Committer.Time
	}
	if c.clock.After(t) {
		t = c.clock
	}
	return t
}

// changed are the paths that a commit changes, as far as the policy asks.
func (c *candidate) changed(p *policy.Policy) ([]string, error) {
	if c.pathsFor == p {
		return c.paths, nil
	}
	if c.trees == nil {
		var err error
		if c.trees, err = c.lazyTrees(); err != nil {
			return nil, err
		}
	}
	paths, err := c.trees.changed(c.e, c.pos.parents, p.Within)
	if err != nil {
		return nil, err
	}
	c.paths, c.pathsFor = paths, p
	return paths, nil
}

// cleanMerge reports whether a commit is what git makes of its parents.
func (c *candidate) cleanMerge() (bool, error) {
	if c.merge == nil {
		c.merge = new(cleanMerge)
		if p := c.e.payload; p != nil && len(p.Parents) == 2 {
			tree, clean, err := c.repo.CleanMerge(c.ctx, p.Parents[0], p.Parents[1])
			*c.merge = cleanMerge{clean && tree == p.Tree, err}
		}
	}
	return c.merge.is, c.merge.err
}
