package push

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/verdict"
)

// Rules that say who is to be asked, or that the answer is to stay.
const (
	RuleNoPolicy     = "no-policy"     // nobody said who may push
	RulePolicyBroken = "policy-broken" // the push brings a policy that cannot be used
	RulePolicyChange = "policy-change" // it changes the policy, by somebody who may not
	RuleStale        = "stale"         // the ref is elsewhere than the push says
	RuleReplace      = "replace-ref"   // objects in the place of others
	RuleNotes        = "notes-ref"     // the proofs of others are taken away
	RuleTagName      = "tag-name"      // its tag has another name
	RuleTagMoved     = "tag-moved"     // a tag stays where it is
	RuleLightweight  = "tag-unsigned"  // a ref that has to lead to a signed tag does not
	RuleRewind       = "rewind"        // what others pushed is taken back
	RuleCertificate  = "push-certificate"
)

// findPolicy finds the policy that the push is judged by, and begins to judge.
func (j *judgment) findPolicy() error {
	ref := j.opts.PolicyRef
	if ref == "" {
		ref = j.before.Head
	}
	if ref == "" {
		return errors.New("HEAD names no branch: say whose policy counts with paraph.hook.policyRef")
	}
	var err error
	if j.policyRef, err = j.before.target(ref); err != nil {
		return err
	}
	if !strings.HasPrefix(j.policyRef, heads) {
		return fmt.Errorf("%s is no branch, and only a branch has a policy that counts: say which with paraph.hook.policyRef", j.policyRef)
	}
	j.tip = j.before.Tips[j.policyRef]
	j.out.PolicyRef, j.out.PolicyTip = j.policyRef, j.tip
	unusable := fmt.Errorf("%s is not there", j.policyRef)
	if j.tip != "" {
		if j.verify, err = history.New(j.ctx, j.repo, j.options(history.Options{Anchor: j.tip})); err == nil {
			j.grows = true
			j.use(j.verify.AnchorPolicy())
			return nil
		}
		if !history.IsUnusable(err) {
			return err
		}
		unusable = err
	}
	if j.opts.StandIn == nil {
		j.out.Absent = j.tip == "" || errors.Is(unusable, history.ErrPolicyAbsent)
		j.refuse(j.policyRef, RuleNoPolicy, "nobody said who may push: %v. An administrator begins with paraph.hook.policy, a file on the server that judges until %s has a policy", unusable, j.policyRef)
		return nil
	}
	p, err := j.opts.StandIn()
	if err != nil {
		return fmt.Errorf("paraph.hook.policy: %w", err)
	}
	if j.verify, err = history.New(j.ctx, j.repo, j.options(history.Options{Policy: p})); err != nil {
		return err
	}
	j.use(p)
	return nil
}

// use has a policy judge.
func (j *judgment) use(p *policy.Policy) {
	j.policy = p
	j.out.Policy, j.out.Mode = p.Source.Name, p.Mode
	if j.opts.Mode != nil {
		j.out.Mode = *j.opts.Mode
	}
}

// options completes the options of a verification.
func (j *judgment) options(o history.Options) history.Options {
	o.Verdicts, o.Jobs, o.Clock = j.opts.Verdicts, j.opts.Jobs, j.opts.Clock
	o.Tell = j.tell
	o.Unchecked = func(err error) { j.out.Counts.Uncheck(err.Error()) }
	return o
}

// policyAfter holds the policy that the push leaves behind against the one that
// is in force then. In audit mode all else passes that is only to be said; a
// policy that somebody wrote who may not does not, for the next push would be
// judged by it.
func (j *judgment) policyAfter(grown bool) error {
	i := slices.IndexFunc(j.updates, func(u Update) bool { return u.Ref == j.policyRef })
	if i < 0 {
		return nil
	}
	u := j.updates[i]
	same, err := j.samePolicy(u)
	if same || err != nil {
		return err
	}
	// What is wrong with another ref may be wrong with this one, too: an object is
	// told once.
	wrong := len(j.out.Refused) > 0 || len(j.out.Failed) > 0 || j.out.Counts.Incomplete()
	if wrong && j.out.Mode == policy.Audit || !wrong && !grown {
		j.out.Insisted = append(j.out.Insisted, Refusal{u.Ref, verdict.Errorf(verdict.Policy, RulePolicyChange,
			"it changes the policy that the next push is judged by, and not all of this push is as the policy wants it: audit mode does not let that pass")})
	}
	if wrong || u.New == "" {
		return nil
	}
	_, err = j.verify.PolicyAt(u.New)
	if err == nil || !j.grows && errors.Is(err, history.ErrPolicyAbsent) {
		return nil
	}
	if !history.IsUnusable(err) {
		return err
	}
	j.refuse(u.Ref, RulePolicyBroken, "the policy that this push leaves there cannot be used: %v", err)
	return nil
}

// samePolicy reports whether an update of policyRef leaves the policy as it is.
func (j *judgment) samePolicy(u Update) (bool, error) {
	if u.New != "" {
		kind, err := j.verify.KindOf(u.New)
		if kind != "commit" || err != nil {
			return false, err
		}
	}
	return j.verify.SamePolicy(j.tip, u.New)
}
