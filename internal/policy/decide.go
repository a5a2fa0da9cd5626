package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
)

// A role is what somebody who signs does.
type role int

const (
	commits role = iota // on a ref's mainline, or makes a tag
	brings              // a commit that a merge brings in
	either              // one of these two
	pushes              // a push certificate
	rewinds             // one that deletes a ref, or moves it back
)

// listed returns the line of a section that lists a signer for a role, 0 if
// none does, and the key that it stands under, or would.
func (r *rule) listed(as role, name string) (line int, key string) {
	switch as {
	case brings:
		if r.contribute != nil {
			return r.contribute.lists(name), "contribute"
		}
	case either:
		if line := r.contribute.lists(name); line != 0 && r.allow.lists(name) == 0 {
			return line, "contribute"
		}
	case pushes:
		if r.push == nil {
			return r.line, "push"
		}
		return r.push.lists(name), "push"
	case rewinds:
		return r.rewind.lists(name), "rewind"
	}
	return r.allow.lists(name), "allow"
}

// A question is which sections have to list the signer, and for what.
type question struct {
	as   role
	must []*rule // each of them
	may  []*rule // those of which a ref would tell
	ref  string
	kind payload.Kind
}

// Decide judges an object whose signature holds. A push certificate is judged
// as by [Policy.MayPush].
func (p *Policy) Decide(o Object, at Place) Decision {
	if o.Kind == payload.PushCertificate {
		return p.MayPush(o, at.Ref)
	}
	q := p.question(&o, &at)
	return p.answer(&o, &q)
}

// question is what is asked about a commit or tag.
func (p *Policy) question(o *Object, at *Place) question {
	q := question{ref: at.Ref, kind: o.Kind}
	switch {
	case o.Kind == payload.Tag:
		inside, outside := o.TagName, ""
		if name, ok := strings.CutPrefix(at.Ref, tags); ok {
			outside = name
		}
		for _, r := range p.refs {
			if r.word == "tag" && (r.pattern.match(inside) || outside != "" && r.pattern.match(outside)) {
				q.must = append(q.must, r)
			}
		}
		return q
	case at.Ref == "":
		q.as = either
		for _, r := range p.refs {
			if r.word == "branch" {
				q.may = append(q.may, r)
			}
		}
	case at.Side:
		q.as = brings
	}
	if strings.HasPrefix(at.Ref, heads) {
		q.must = p.sections(at.Ref)
	}
	for _, r := range p.paths {
		if slices.ContainsFunc(at.Paths, r.pattern.match) {
			q.must = append(q.must, r)
		}
	}
	return q
}

// MayPush judges a push certificate whose signature holds: whether its signer
// may push to a ref. Without a ref it is as for a commit: trusted if every
// section would let it, valid if some would.
func (p *Policy) MayPush(o Object, ref string) Decision { return p.may(o, ref, pushes) }

// MayRewind judges a push certificate that deletes a ref, or moves it to where
// its old tip is not reached. Where no section speaks of the ref, nobody may.
func (p *Policy) MayRewind(o Object, ref string) Decision {
	d := p.may(o, ref, rewinds)
	if d.Verdict == verdict.Trusted && !p.Sectioned(ref) {
		d.Verdict = verdict.Refused
		d.Err = verdict.Errorf(verdict.Policy, RuleRewind, "no section speaks of %q, so nobody may move it back or delete it: add one with `rewind = %s`", ref, d.Signer)
	}
	return d
}

func (p *Policy) may(o Object, ref string, as role) Decision {
	q := question{as: as, ref: ref, kind: o.Kind, must: p.sections(ref)}
	if ref == "" {
		q.may = p.refs
	}
	return p.answer(&o, &q)
}

// Rewinds reports whether there may be somebody who may delete a ref, or move it
// back: a section speaks of it, and each that does has a rewind.
func (p *Policy) Rewinds(ref string) bool {
	sections := p.sections(ref)
	return len(sections) > 0 && !slices.ContainsFunc(sections, func(r *rule) bool { return r.rewind == nil })
}

// Sectioned reports whether a section speaks of a ref: all refs of which none
// does are judged alike.
func (p *Policy) Sectioned(ref string) bool { return len(p.sections(ref)) > 0 }

// SectionsOf names the sections that speak of a ref: those of two refs are equal
// where both are judged alike.
func (p *Policy) SectionsOf(ref string) string {
	var lines []string
	for _, r := range p.sections(ref) {
		lines = append(lines, strconv.Itoa(r.line))
	}
	return strings.Join(lines, " ")
}

const heads, tags = "refs/heads/", "refs/tags/"

// sections are those that match a ref's name.
func (p *Policy) sections(ref string) (match []*rule) {
	word := "branch"
	name, ok := strings.CutPrefix(ref, heads)
	if !ok {
		word = "tag"
		if name, ok = strings.CutPrefix(ref, tags); !ok {
			return nil
		}
	}
	for _, r := range p.refs {
		if r.word == word && r.pattern.match(name) {
			match = append(match, r)
		}
	}
	return match
}

// An outcome is what sections say of one signer.
type outcome struct {
	verdict verdict.Verdict
	signer  *signer
	rule    *rule // what decided, nil if no section did
	key     string
	line    int // 0 where the rule does not list the signer
}

// rank orders outcomes; the best counts.
func (o *outcome) rank() int {
	switch o.verdict {
	case verdict.Trusted:
		return 3
	case verdict.Valid:
		return 2
	case verdict.Refused:
		return 1
	}
	return 0
}

// ask holds one signer against all sections.
func (q *question) ask(g *signer) outcome {
	out := outcome{verdict: verdict.Trusted, signer: g}
	for _, r := range q.must {
		line, key := r.listed(q.as, g.name)
		if line == 0 {
			return outcome{verdict.Refused, g, r, key, 0}
		}
		if out.rule == nil {
			out.rule, out.key, out.line = r, key, line
		}
	}
	var denied *outcome
	listed := out.rule != nil
	for _, r := range q.may {
		line, key := r.listed(q.as, g.name)
		if line == 0 && denied == nil {
			denied = &outcome{verdict.Valid, g, r, key, 0}
		}
		if line != 0 && out.rule == nil {
			out.rule, out.key, out.line = r, key, line
		}
		listed = listed || line != 0
	}
	switch {
	case denied == nil:
		return out
	case !listed:
		denied.verdict = verdict.Refused
	}
	return *denied
}

// answer judges: whoever of the signers that match is allowed most, counts.
func (p *Policy) answer(o *Object, q *question) Decision {
	var buffer [8]*signer
	candidates := p.index.candidates(o, buffer[:0])
	var best, merging outcome
	for _, g := range candidates {
		if miss, _ := p.match(g, o); miss != matches {
			continue
		}
		best.keep(q.ask(g), !g.mergesOnly)
		merging.keep(q.ask(g), g.mergesOnly)
	}
	if merging.rank() > best.rank() {
		var err *verdict.Error
		if best, err = p.merge(o, merging, best); err != nil {
			return Decision{Signer: merging.signer.name, Rule: ruleOf(merging), Line: lineOf(merging), Err: err}
		}
	}
	if best.signer == nil {
		return p.stranger(o, candidates)
	}
	return Decision{best.verdict, best.signer.name, ruleOf(best), lineOf(best), q.explain(&best)}
}

func (o *outcome) keep(other outcome, counts bool) {
	if counts && other.rank() > o.rank() {
		*o = other
	}
}
