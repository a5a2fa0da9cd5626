package history

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// maxTags bounds how many tags may lead from one to the next.
const maxTags = 16

// object verifies what a revision was found to be, as what the ref leads to.
func (r *run) object(name string, found gitcmd.Revision, ref string) error {
	commit, err := r.chain(name, found.ID, ref, r.policyForTag)
	if errors.Is(err, errNoTarget) {
		return nil
	}
	if commit == nil || err != nil {
		return err
	}
	shown := ref
	if commit.id != found.ID {
		shown = "" // the tag is what the ref leads to
	}
	return r.commit(name, commit, ref, shown)
}

var (
	errManyTags  = fmt.Errorf("more than %d tags lead from one to the next", maxTags)
	errNotSigned = errors.New("is not what is signed, commits and tags")
)

// errNoTarget says that what a tag leads to is not in the repository.
var errNoTarget = errors.New("what the tag leads to is not here")

// chain judges the tags that lead to a commit, and returns that, verified but
// not judged: nil where the tags lead to something else. judge is the policy for
// tags that lead to a commit, or to none.
func (r *run) chain(name, id, ref string, judge func(*examined) (*policy.Policy, error)) (*examined, error) {
	var tags []*examined
	said := "" // what the last one says that it leads to
	for len(tags) <= maxTags {
		raw, err := r.batch.Read(id)
		if len(tags) > 0 && errors.Is(err, gitcmd.ErrMissing) {
			return nil, cmp.Or(r.tags(name, tags, ref, nil, judge), fmt.Errorf("%s: %w: %w", id, errNoTarget, gitcmd.ErrMissing))
		}
		if err != nil {
			return nil, err
		}
		if len(tags) > 0 {
			last := tags[len(tags)-1]
			if said != raw.Type {
				last.result.Reject(verdict.Errorf(verdict.Binding, "tag-target-type", "the tag says that it leads to a %s, and %s is a %s", said, raw.ID, raw.Type))
			}
		}
		switch raw.Type {
		case string(payload.Commit):
			e := r.examiner.examine(raw)
			return e, r.tags(name, tags, ref, e, judge)
		case string(payload.Tag):
			tags = append(tags, r.examiner.examine(raw))
			var found bool
			if id, said, found = target(raw.Raw); !found {
				return nil, cmp.Or(r.tags(name, tags, ref, nil, judge), r.exemptAlone(raw.ID, judge))
			}
		default:
			if len(tags) == 0 {
				return nil, fmt.Errorf("%s %w: it is a %s", name, errNotSigned, raw.Type)
			}
			return nil, r.tags(name, tags, ref, nil, judge)
		}
	}
	return nil, fmt.Errorf("%s: %w", name, errManyTags)
}

// exemptAlone tells of a tag that is exempt, though what it leads to is not, and
// cannot be told.
func (r *run) exemptAlone(id string, judge func(*examined) (*policy.Policy, error)) error {
	pol, err := judge(nil)
	if pol == nil || err != nil || !slices.Contains(pol.TrustTags, id) {
		return err // the tag itself is malformed
	}
	return r.unjudged(&unjudgedError{fmt.Errorf("%s: what this tag leads to cannot be told", id)})
}

// target is what a tag leads to, and says that to be, also one that breaks other
// rules: git takes both from the first two lines (tag.c).
func target(raw []byte) (id, kind string, found bool) {
	first, rest, _ := strings.Cut(string(raw[:min(len(raw), maxTarget)]), "\n")
	second, _, _ := strings.Cut(rest, "\n")
	id, ok := strings.CutPrefix(first, "object ")
	kind, isType := strings.CutPrefix(second, "type ")
	_, err := parseID(id)
	return id, kind, ok && isType && err == nil
}

// maxTarget is more than the first two lines of a tag have, in bytes.
const maxTarget = 256

// tags judges tags of which the first one was reached by a ref, and each other
// by the one before it. commit is what the last one leads to, nil if that is none.
func (r *run) tags(name string, tags []*examined, ref string, commit *examined, judge func(*examined) (*policy.Policy, error)) error {
	pol, err := judge(commit)
	if err != nil {
		return r.unjudged(err)
	}
	for i, e := range tags {
		if i > 0 {
			ref = ""
		}
		if err := r.tag(name, e, ref, pol); err != nil {
			return err
		}
	}
	return nil
}

// tag judges a tag object that a ref leads to, "" for none.
func (r *run) tag(name string, e *examined, ref string, pol *policy.Policy) error {
	checkTagName(e.result, e.payload, ref)
	if pol != nil {
		for _, id := range pol.TrustTags {
			if id == e.id {
				e.exempt()
			}
		}
	}
	at := []place{{policy: pol, ref: ref}}
	if e.result.Verdict == verdict.Exempt {
		at = nil
	}
	o, err := r.judged(e, at, position{})
	if err != nil {
		return r.unjudged(err)
	}
	o.Ref, o.Range = ref, name
	return r.tell(o)
}

// policyForTag is the policy that a tag is judged by: with an anchor the one in
// force at the commit that it leads to.
func (r *run) policyForTag(commit *examined) (*policy.Policy, error) {
	if r.anchor == nil {
		return r.opts.Policy, nil
	}
	if commit == nil {
		return r.anchor.policy, nil
	}
	after, err := readGraph(r.ctx, r.repo, gitcmd.History{Revisions: []string{commit.id, "^" + r.anchor.id}})
	if err != nil {
		return nil, err
	}
	w := r.newWalk(after)
	n, ok := w.number(commit.id)
	if !ok {
		return r.anchor.policy, nil
	}
	line, end, found := w.firstParents(n)
	if !found || end.hex(w.digits) != r.anchor.id {
		return r.anchor.policy, nil
	}
	m := &mainline{walk: w, line: line, ref: unsectioned, from: r.anchor.policy}
	err = m.evolve()
	return m.newest, err
}

// commit judges a commit by itself, as what a ref leads to, and shows it as what
// another one does.
func (r *run) commit(name string, e *examined, ref, shown string) error {
	t := tip{e.id, ref}
	if r.anchor == nil {
		return r.commitUnder(name, e, t, shown, r.opts.Policy, func(w *walk, excluded []string) ([]bool, error) {
			return w.exemptBy(r.opts.Policy, excluded)
		})
	}
	g, _, err := familyGraph(e)
	if err != nil {
		return err
	}
	return r.fromAnchor(name, g, []tip{t}, []string{e.id})
}

// familyGraph is the graph of one commit, and what leaves out its parents.
func familyGraph(e *examined) (g *graph, excluded []string, err error) {
	g = newGraph()
	g.digits = len(e.id)
	id, err := parseID(e.id)
	if err != nil {
		return nil, nil, err
	}
	var parents []oid
	for _, p := range e.parents {
		o, err := parseID(p)
		if err != nil {
			return nil, nil, err
		}
		parents = append(parents, o)
		excluded = append(excluded, "^"+p)
	}
	err = g.add(id, parents)
	g.close()
	return g, excluded, err
}

// commitUnder judges a commit by itself by one policy. isExempt says whether that
// exempts it, given what leaves out its parents.
func (r *run) commitUnder(name string, e *examined, t tip, shown string, pol *policy.Policy, isExempt func(*walk, []string) ([]bool, error)) error {
	g, excluded, err := familyGraph(e)
	if err != nil {
		return err
	}
	w, p := r.newWalk(g), newPlan(g)
	exempt, err := isExempt(w, excluded)
	if err != nil {
		return r.unjudged(&unjudgedError{fmt.Errorf("%s: whether trustUpTo exempts it cannot be told: %w", e.id, err)})
	}
	w.fixed(p, t, pol, exempt)
	if p.exempt(0) {
		e.exempt()
	}
	o, err := w.settle(p, 0, e)
	if err != nil {
		return r.unjudged(err)
	}
	o.Ref, o.Range = shown, name
	return r.tell(o)
}

// objects verifies objects by their ids, each by itself.
func (r *run) objects(name string, ids []string) error {
	return pipeline(r.ctx, r.repo, func(yield func(string) bool) {
		for _, id := range ids {
			if !yield(id) {
				return
			}
		}
	}, r.opts.jobs(), r.examiner.examine, func(e *examined) error {
		switch e.kind {
		case "":
			return r.unjudged(&unjudgedError{missing(e.id)})
		case string(payload.Commit):
			return r.commit(name, e, r.opts.Ref, r.opts.Ref)
		case string(payload.Tag):
			return r.object(name, gitcmd.Revision{ID: e.id}, r.opts.Ref)
		}
		return r.unjudged(&unjudgedError{fmt.Errorf("%s %w: it is a %s", e.id, errNotSigned, e.kind)})
	})
}

// all verifies what branches, tags and remotes reach, each as its ref.
func (r *run) all(name string) error {
	refs, err := r.repo.Refs(r.ctx)
	if err != nil {
		return err
	}
	var tips []tip
	for _, ref := range refs {
		id := ref.ID
		if ref.Type != string(payload.Commit) {
			commit, err := r.chain(name, ref.ID, ref.Name, r.policyForTag)
			switch {
			case errors.Is(err, errNotSigned):
				continue // there is nothing of the kind there
			case errors.Is(err, errNoTarget), errors.Is(err, errManyTags):
				err = r.unjudged(&unjudgedError{fmt.Errorf("%s: %w", ref.Name, err)})
			}
			if err != nil {
				return err
			}
			if commit == nil {
				continue
			}
			id = commit.id
		}
		tips = append(tips, tip{id, ref.Name})
	}
	if len(tips) == 0 {
		return nil
	}
	return r.walkFrom(name, tips, nil)
}

// checkTagName holds the name that was signed against the ref that led here.
func checkTagName(r *verify.Result, p *payload.Payload, ref string) {
	name, isTag := strings.CutPrefix(ref, "refs/tags/")
	if isTag && p != nil && name != p.TagName {
		r.Reject(verdict.Errorf(verdict.Binding, "tag-name", "%s leads to a tag that was made as %q", ref, p.TagName))
	}
}

// TagName is the name that a tag object says that it has, as git reads it (tag.c):
// "" for none.
func (v *Verification) TagName(id string) (string, error) {
	raw, err := v.run.batch.Read(id)
	if err != nil {
		return "", err
	}
	for n, line := range slices.Collect(strings.SplitSeq(string(raw.Raw[:min(len(raw.Raw), maxTagHead)]), "\n")) {
		if name, found := strings.CutPrefix(line, "tag "); n == 2 && found {
			return name, nil
		}
	}
	return "", nil
}

// maxTagHead is more than the first three lines of a tag have, in bytes.
const maxTagHead = 8 << 10

// KindOf is the type of an object: commit, tag, tree or blob.
func (v *Verification) KindOf(id string) (string, error) {
	raw, err := v.run.batch.Read(id)
	return raw.Type, err
}
