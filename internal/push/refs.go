package push

import (
	"errors"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/verdict"
)

// A rewind takes back what others pushed: a ref is deleted, or moved to where its
// old tip is not reached.
type rewind struct{ ref, what string }

// ref holds an update against what its ref may do, and returns what arrives
// there, nil for nothing that is to be judged.
func (j *judgment) ref(u Update) (*history.Arrival, error) {
	switch {
	case j.before.Tips[u.Ref] != u.Old:
		j.refuse(u.Ref, RuleStale, "somebody else moved %s meanwhile: fetch, and push again", u.Ref)
		return nil, nil
	case u.Ref == proof.Ref:
		return nil, j.notes(u)
	case strings.HasPrefix(u.Ref, "refs/replace/"):
		j.refuse(u.Ref, RuleReplace, "%s would show another object in the place of one: paraph and its readers would not see the same", u.Ref)
		return nil, nil
	case strings.HasPrefix(u.Ref, proof.Ref+"/"), u.Ref == "refs/notes":
		j.refuse(u.Ref, RuleNotes, "it would stand in the place of %s, where proofs of signatures are", proof.Ref)
		return nil, nil
	case strings.HasPrefix(u.Ref, "refs/notes/"):
		return nil, nil
	case strings.HasPrefix(u.Ref, tags) && j.policy.Sectioned(u.Ref):
		return j.tag(u)
	}
	guarded := j.policy.Sectioned(u.Ref) || u.Ref == j.policyRef
	if u.New == "" {
		if guarded {
			j.rewinds = append(j.rewinds, rewind{u.Ref, "deletes it"})
		}
		return nil, nil
	}
	a := &history.Arrival{Ref: u.Ref, New: u.New, Tip: guarded, Grows: j.grows && u.Ref == j.policyRef}
	if u.Old == "" {
		a.Beside = j.known.newRef(u.Ref)
		return a, nil
	}
	var err error
	if a.Old, err = j.commitOf(u.Old); err != nil {
		return nil, err
	}
	if a.Old == "" { // something else than a commit stood there, which has no history
		a.Beside = j.known.newRef(u.Ref)
	}
	if !guarded {
		return a, nil
	}
	grown, err := j.repo.IsAncestor(j.ctx, u.Old, u.New)
	if err == nil && !grown {
		j.rewinds = append(j.rewinds, rewind{u.Ref, "moves it to where " + u.Old + " is not reached"})
	}
	return a, err
}

// commitOf is the commit that an object is, or that a tag leads to, "" for none.
func (j *judgment) commitOf(id string) (string, error) {
	kind, err := j.verify.KindOf(id)
	if kind == "commit" || err != nil {
		return id, err
	}
	commit, err := j.repo.Commit(j.ctx, id)
	if errors.Is(err, gitcmd.ErrRevision) {
		return "", nil
	}
	return commit, err
}

// tag holds a tag of which a section speaks against what such a ref may do.
func (j *judgment) tag(u Update) (*history.Arrival, error) {
	switch {
	case u.New == "":
		j.rewinds = append(j.rewinds, rewind{u.Ref, "deletes it"})
		return nil, nil
	case u.Old != "":
		j.refuse(u.Ref, RuleTagMoved, "a tag that a section of the policy speaks of stays where it is: make another one")
		return nil, nil
	}
	kind, err := j.verify.KindOf(u.New)
	if err == nil && kind != "tag" {
		j.refuse(u.Ref, RuleLightweight, "a section of the policy speaks of %s, and it leads to no signed tag but to a %s: git tag -s makes one", u.Ref, kind)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	name, err := j.verify.TagName(u.New)
	if err == nil && tags+name != u.Ref {
		// One that the policy exempts is exempt under its own name.
		j.refuse(u.Ref, RuleTagName, "it leads to a tag that was made as %q", name)
		return nil, nil
	}
	return &history.Arrival{Ref: u.Ref, New: u.New, Beside: j.known.newRef(u.Ref), Tip: true}, err
}

// notes holds the proofs of old signatures against what may become of them: they
// only ever grow.
func (j *judgment) notes(u Update) error {
	if u.New == "" {
		j.refuse(u.Ref, RuleNotes, "it has proofs of signatures, and is not deleted")
		return nil
	}
	if u.Old != "" {
		grown, err := j.repo.IsAncestor(j.ctx, u.Old, u.New)
		if err != nil {
			return err
		}
		if !grown {
			j.refuse(u.Ref, RuleNotes, "it has proofs of signatures, and is not moved to where %s is not reached: git fetch, then git notes --ref=sigstore merge", u.Old)
			return nil
		}
	}
	err := j.verify.NotesPush(u.Old, u.New)
	var refused *verdict.Error
	if errors.As(err, &refused) && refused.Class != verdict.Infrastructure {
		j.out.Refused = append(j.out.Refused, Refusal{u.Ref, refused})
		return nil
	}
	return err
}
