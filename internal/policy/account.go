package policy

import (
	"fmt"
	"slices"
)

// An Account tells how a [Decision] came about.
type Account struct {
	Signers  []SignerAccount  // who could have signed; those that match first
	Sections []SectionAccount // that speak of the place, in the order in which they count
}

// A SignerAccount says whether a signer of the policy made the signature.
type SignerAccount struct {
	Name    string
	Line    int
	Matches bool
	Why     string // it does not match
}

// A SectionAccount is what one section says.
type SectionAccount struct {
	Section string
	Line    int
	Only    bool     // it counts on its own refs only, and no ref is known
	Paths   []string // that it matches, for a path section
	Says    []string // for each signer that matches, else whom it lists
}

// maxAccount bounds the paths and names that an account repeats.
const maxAccount = 10

// Explain tells how Decide comes to what it says of a commit or tag.
func (p *Policy) Explain(o Object, at Place) Account {
	var a Account
	q := p.question(&o, &at)
	var matching []*signer
	for _, g := range p.index.candidates(&o, nil) {
		why, claimed := p.match(g, &o)
		if why == matches {
			matching = append(matching, g)
			a.Signers = append(a.Signers, SignerAccount{Name: g.name, Line: g.line, Matches: true})
			continue
		}
		_, _, message := p.missed(g, why, claimed, &o)
		a.Signers = append(a.Signers, SignerAccount{Name: g.name, Line: g.line, Why: message})
	}
	slices.SortStableFunc(a.Signers, func(a, b SignerAccount) int {
		switch {
		case a.Matches == b.Matches:
			return 0
		case a.Matches:
			return -1
		}
		return 1
	})
	for _, r := range q.must {
		a.Sections = append(a.Sections, q.account(r, matching, at.Paths))
	}
	for _, r := range q.may {
		s := q.account(r, matching, nil)
		s.Only = true
		a.Sections = append(a.Sections, s)
	}
	return a
}

// account is what a section says of signers.
func (q *question) account(r *rule, matching []*signer, paths []string) SectionAccount {
	s := SectionAccount{Section: r.String(), Line: r.line}
	if r.word == "path" {
		for _, path := range paths {
			if r.pattern.match(path) && len(s.Paths) < maxAccount {
				s.Paths = append(s.Paths, path)
			}
		}
	}
	for _, g := range matching {
		line, key := r.listed(q.as, g.name)
		switch {
		case line == 0:
			s.Says = append(s.Says, fmt.Sprintf("%s does not list %s", key, g.name))
		case g.mergesOnly:
			s.Says = append(s.Says, fmt.Sprintf("%s lists %s (line %d), for merges that change nothing more", key, g.name, line))
		default:
			s.Says = append(s.Says, fmt.Sprintf("%s lists %s (line %d)", key, g.name, line))
		}
	}
	if len(matching) == 0 {
		s.Says = append(s.Says, r.whom(q.as))
	}
	return s
}

// whom says whom a section lists.
func (r *rule) whom(as role) string {
	_, key := r.listed(as, "")
	l := r.keyed(key)
	switch {
	case l == nil:
		return "it has no " + key
	case l.all != 0:
		return fmt.Sprintf("%s lists every signer (line %d)", key, l.all)
	}
	said := key + " lists "
	for i, name := range l.names {
		switch {
		case i == maxAccount:
			return said + fmt.Sprintf(" and %d more", len(l.names)-i)
		case i > 0:
			said += ", "
		}
		said += fmt.Sprintf("%s (line %d)", name, l.lines[name])
	}
	return said
}
