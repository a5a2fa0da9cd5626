// Package push judges a push before it counts, as repository hooks do.
//
// The way of a push: [ReadUpdates] reads what git says that is to be moved,
// [Standing] where refs stand. [Judge] finds the policy that is in force there
// (policy.go), holds each update against what a ref may do (refs.go), has the
// push certificate say who may undo what others did (certificate.go), and gives
// what arrives to package history, which judges it as it judges every history. An
// [Outcome] is what came of it, and words.go tells the pusher.
//
// Specification: docs/policy.md, "Hooks"; githooks(5); git-receive-pack(1).
package push

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

// Options say what a push goes by.
type Options struct {
	Verdicts *cache.Verdicts
	Jobs     int       // 0: as many as there are cores
	Clock    time.Time // the earliest that keys without a certificate sign now
	// PolicyRef is the ref whose policy counts, "" for the one that HEAD names.
	PolicyRef string
	// StandIn reads the policy that judges for as long as that ref has none. It is
	// nil where nobody set one.
	StandIn func() (*policy.Policy, error)
	// Mode decides alone where it is set.
	Mode *policy.Mode
	// RequireCertificate asks for a push certificate for every push.
	RequireCertificate bool
	Certificate        *Certificate // nil if the push has none
	// Part says that the hook is told of one ref of the push only.
	Part bool
	// Made says that the push was made, as far as git let it.
	Made bool
	// Early says that the push is yet to be made: nobody has signed it.
	Early  bool
	Before *Before // nil: the refs as they stand now
}

// An Outcome is what came of a push. The zero value is one that may not pass.
type Outcome struct {
	judged bool
	Mode   policy.Mode
	Policy string // who was asked, "" if nobody could be
	// PolicyRef is the ref whose policy counts, PolicyTip where it stood.
	PolicyRef, PolicyTip string

	Refused []Refusal // of refs, whatever arrives there
	Failed  []report.Object
	Counts  report.Summary // of all objects
	// Insisted are refusals that count in audit mode too.
	Insisted []Refusal
	// Absent says that nobody was asked because there is no policy at all, not even one
	// that cannot be used.
	Absent bool
	// Notes are what is to be known of a push that passes.
	Notes []Refusal
}

// A Refusal says why a ref may not be what a push makes of it.
type Refusal struct {
	Ref string
	Err *verdict.Error // what is wrong, and what to do
}

// OK reports whether nothing is wrong with a push, whatever the mode.
func (o *Outcome) OK() bool {
	return o.judged && len(o.Refused) == 0 && len(o.Failed) == 0 && len(o.Insisted) == 0 && !o.Counts.Incomplete()
}

// Passes reports whether a push may go on: that nothing is wrong with it, or
// that it is only to be said what is.
func (o *Outcome) Passes() bool {
	return o.OK() || o.judged && o.Mode == policy.Audit && len(o.Insisted) == 0
}

// ErrUnjudged says that nobody could say whether a push may pass: it may not.
var ErrUnjudged = errors.New("the push cannot be judged")

// A judgment is one push that is judged.
type judgment struct {
	ctx     context.Context
	repo    *gitcmd.Repo
	opts    Options
	before  *Before
	pushed  []Update // as git says
	updates []Update // each under every name that it moves
	out     *Outcome

	policyRef string
	tip       string // where that stood, "" if it was not there
	policy    *policy.Policy
	grows     bool // the policy is that of policyRef
	verify    *history.Verification
	known     knower
	rewinds   []rewind
}

// Judge judges a push. The error says why it could not be judged: it is
// refused then, in any mode.
func Judge(ctx context.Context, repo *gitcmd.Repo, updates []Update, o Options) (*Outcome, error) {
	j := &judgment{ctx: ctx, repo: repo, opts: o, before: o.Before, pushed: updates, out: &Outcome{}}
	if err := j.begin(updates); err != nil {
		return j.out, fmt.Errorf("%w: %w", ErrUnjudged, err)
	}
	if j.policy == nil {
		j.out.judged = true // there is nobody whose mode would let it pass
		return j.out, nil
	}
	defer j.verify.Close()
	if err := j.judge(); err != nil {
		return j.out, fmt.Errorf("%w: %w", ErrUnjudged, err)
	}
	j.out.judged = true
	return j.out, nil
}

// begin finds out where refs stood and who is to be asked.
func (j *judgment) begin(updates []Update) error {
	if j.before == nil {
		var err error
		if j.before, err = Standing(j.ctx, j.repo); err != nil {
			return err
		}
	}
	if j.opts.Before == nil {
		if err := j.before.dangling(j.ctx, j.repo, updates); err != nil {
			return err
		}
	}
	moved := map[string]bool{}
	for _, u := range updates {
		names, err := j.before.names(u.Ref)
		if err != nil {
			return err
		}
		for _, name := range names {
			if moved[name] {
				return fmt.Errorf("%s and another name of it are both pushed: push one of them", name)
			}
			moved[name] = true
			j.updates = append(j.updates, Update{name, u.Old, u.New})
		}
	}
	return j.findPolicy()
}

// judge holds each update against what its ref may do, and judges what arrives.
func (j *judgment) judge() error {
	j.known = knower{before: j.before, policy: j.policy, known: map[string]*history.Known{}}
	var arrivals []history.Arrival
	for _, u := range j.updates {
		a, err := j.ref(u)
		if err != nil {
			return fmt.Errorf("%s: %w", u.Ref, err)
		}
		if a != nil {
			arrivals = append(arrivals, *a)
		}
	}
	if err := j.certify(); err != nil {
		return err
	}
	base := ""
	if !j.grows {
		base = j.tip
	}
	grown, err := j.verify.Pushed("push", base, arrivals)
	if err != nil {
		return err
	}
	return j.policyAfter(grown)
}

// tell takes a result of history's.
func (j *judgment) tell(o report.Object) error {
	j.out.Counts.Count(o.Verdict)
	if o.Verdict != verdict.Trusted && o.Verdict != verdict.Exempt {
		j.out.failed(o)
	}
	return nil
}

// maxFailed bounds how many objects that fail are kept.
const maxFailed = 1000

func (o *Outcome) failed(obj report.Object) {
	if len(o.Failed) < maxFailed {
		o.Failed = append(o.Failed, obj)
	}
}

// refuse says why a ref may not be what the push makes of it.
func (j *judgment) refuse(ref, rule, format string, args ...any) {
	j.out.Refused = append(j.out.Refused, Refusal{ref, verdict.Errorf(verdict.Policy, rule, format, args...)})
}
