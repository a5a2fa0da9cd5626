package policy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a policy may say, and hardly means.
const (
	WarnRepository  = "repository"      // any repository's workflow of that name, in time
	WarnWide        = "wide-pattern"    // matches more than it looks
	WarnLiteral     = "literal"         // stands for itself, and looks like a pattern
	WarnForeign     = "foreign-letters" // which look like others
	WarnUnreachable = "unreachable"     // a rule that another one, or time, never lets count
	WarnUnlisted    = "unlisted"        // a signer whom no section names
	WarnUnused      = "unused"          // an instance of nobody
	WarnForge       = "forge"           // a key for merges, and for anything by another name
	WarnContribute  = "contribute"      // may commit, and may not be merged
)

// githubIssuer is the one whose names are those of repositories, which others
// may get after a renaming; only ids stay.
const githubIssuer = "https://token.actions.githubusercontent.com"

// Lint says what a policy that is right may hardly mean, in the order of its
// lines.
func (p *Policy) Lint() []Problem {
	var w problems
	for _, g := range p.signers {
		p.lintSigner(&w, g)
	}
	p.lintKeys(&w)
	p.lintLists(&w)
	for _, i := range p.instances {
		if !slices.ContainsFunc(p.signers, func(g *signer) bool { return g.instance == i }) {
			w.add(i.line, WarnUnused, "%s: no signer has `instance = %s`; nobody needs it", title("instance", i.name), i.name)
		}
	}
	slices.SortStableFunc(w[:min(len(w), maxProblems)], func(a, b Problem) int { return a.Line - b.Line })
	return w
}

// lintSigner looks at one signer alone.
func (p *Policy) lintSigner(w *problems, g *signer) {
	who := title("signer", g.name)
	if g.issuer == githubIssuer && !slices.ContainsFunc(g.claims, func(c claim) bool {
		return c.name == "sourceRepositoryID" || c.name == "sourceRepositoryOwnerID"
	}) {
		w.add(g.line, WarnRepository, "%s: a repository's name may be somebody else's one day; add `claim = sourceRepositoryID=` or `claim = sourceRepositoryOwnerID=` with its number", who)
	}
	for _, name := range g.identities {
		if strings.ContainsAny(name, "*?") {
			w.add(g.line, WarnLiteral, "%s: identity = %s matches itself alone; a pattern is `identityPattern =`", who, cut(name))
		}
	}
	for i := range g.patterns {
		lintPattern(w, g, g.patterns[i].text)
	}
	for _, text := range slices.Concat(g.identities, g.texts(), []string{g.issuer}, g.emails, g.smime) {
		if at := strings.IndexFunc(text, func(c rune) bool { return c >= 0x80 }); at >= 0 {
			w.add(g.line, WarnForeign, "%s: %+q has letters that may look like others; see that they are meant", who, cut(text))
		}
	}
	if e := p.endings[g.name]; !e.since.time.IsZero() && !g.notBefore.IsZero() && !e.since.time.After(g.notBefore) {
		w.add(e.since.line, WarnUnreachable, "%s is revoked since before it begins, at %s; it matches nothing", who, g.notBefore.Format(time.RFC3339))
	}
}

// texts are the signer's patterns as they are written.
func (g *signer) texts() (texts []string) {
	for i := range g.patterns {
		texts = append(texts, g.patterns[i].text)
	}
	return texts
}

// lintPattern says what a pattern for identities lets open. An identity is an
// address, or a URI: https://HOST/OWNER/REPOSITORY/...@REF for a workflow.
func lintPattern(w *problems, g *signer, text string) {
	wide := func(format string, args ...any) {
		w.add(g.line, WarnWide, "%s: identityPattern = %s: %s", title("signer", g.name), cut(text), fmt.Sprintf(format, args...))
	}
	wild := func(s string) bool { return strings.ContainsAny(s, "*?") }
	if strings.ContainsAny(text, "[]{}()|^$") || strings.HasPrefix(text, ".*") {
		w.add(g.line, WarnLiteral, "%s: identityPattern = %s looks like a regular expression, and all but `*`, `?` and `**` is itself", title("signer", g.name), cut(text))
	}
	before, after, _ := strings.Cut(text, "@")
	rest, uri := strings.CutPrefix(text, "https://")
	if !uri {
		switch {
		case strings.Trim(before, "*") == "" && before != "":
			wide("it is everybody who has an address at %s", cut(after))
		case strings.HasSuffix(before, "*"):
			wide("it is whoever gets an address at %s that begins so", cut(after))
		}
		if wild(after) {
			wide("the host of the address is open; write it out")
		}
		return
	}
	host, path, _ := strings.Cut(rest, "/")
	owner, path, _ := strings.Cut(path, "/")
	repository, _, _ := strings.Cut(path, "/")
	switch {
	case wild(host):
		wide("the host is open; write it out, up to its slash")
	case wild(owner):
		wide("the owner is open: anybody may take a name that matches")
	case wild(repository):
		wide("it is every repository of %s that matches", cut(owner))
	case wild(after):
		wide("it is every ref that matches: whoever may push a branch signs so")
	case !strings.Contains(text, "@") && wild(path):
		wide("the ref is open; end in @ and the ref")
	}
}

// lintKeys finds keys and names of signers for merges that another signer has
// too.
func (p *Policy) lintKeys(w *problems) {
	for _, g := range p.signers {
		if !g.mergesOnly {
			continue
		}
		for _, other := range p.signers {
			if !other.mergesOnly && g.shares(other) {
				w.add(other.line, WarnForge, "%s may sign anything with what %s (line %d) signs merges with: whoever can use the forge signs so",
					title("signer", other.name), title("signer", g.name), g.line)
			}
		}
	}
}

// shares reports whether two signers could be one by their key or their name.
func (g *signer) shares(other *signer) bool {
	for _, k := range g.keys {
		if slices.ContainsFunc(other.keys, func(o Key) bool { return bytes.Equal(k.SSH, o.SSH) && bytes.Equal(k.OpenPGP, o.OpenPGP) }) {
			return true
		}
	}
	if g.issuer != other.issuer || g.instance != other.instance {
		return false
	}
	for _, name := range g.identities {
		if slices.Contains(other.identities, name) || other.matchesPattern(name) {
			return true
		}
	}
	return slices.ContainsFunc(g.smime, func(s string) bool { return slices.Contains(other.smime, s) }) ||
		slices.ContainsFunc(g.texts(), func(s string) bool { return slices.Contains(other.texts(), s) })
}

// lintLists looks for names without effect.
func (p *Policy) lintLists(w *problems) {
	rules := slices.Concat(p.refs, p.paths)
	for _, g := range p.signers {
		if !slices.ContainsFunc(rules, func(r *rule) bool {
			return r.allow.lists(g.name) != 0 || r.contribute.lists(g.name) != 0
		}) {
			w.add(g.line, WarnUnlisted, "%s: no section lists %s; it signs only where none speaks", title("signer", g.name), g.name)
		}
	}
	for _, r := range rules {
		for _, name := range r.allow.names {
			if r.contribute != nil && r.contribute.lists(name) == 0 {
				w.add(r.allow.lines[name], WarnContribute, "%s: what %s commits may not be merged into it; add `contribute = %s` there", r, name, name)
			}
		}
		for _, key := range []string{"allow", "contribute", "push", "rewind"} {
			if l := r.keyed(key); l != nil {
				lintList(w, rules, r, key, l)
			}
		}
	}
}

// lintList looks at one list of a section.
func lintList(w *problems, rules []*rule, r *rule, key string, l *list) {
	if l.all != 0 && len(l.names) > 0 {
		w.add(l.lines[l.names[0]], WarnUnreachable, "%s: beside `%s = *` no other name counts", r, key)
	}
	for _, name := range l.names {
		if over := overrules(rules, r, key, name); over != nil {
			w.add(l.lines[name], WarnUnreachable, "%s: `%s = %s` never counts: %s (line %d) matches all of it, and does not list %s", r, key, name, over, over.line, name)
		}
	}
}

// overrules returns a section that matches wherever r does and does not list
// the signer for the same, nil if there is none.
func overrules(rules []*rule, r *rule, key, name string) *rule {
	as := map[string]role{"contribute": brings, "push": pushes, "rewind": rewinds}[key]
	for _, other := range rules {
		if other == r || other.word != r.word {
			continue
		}
		wider := r.pattern.literal() && other.pattern.match(r.name) || !r.pattern.literal() && other.pattern.covers(r.pattern.prefix)
		if line, _ := other.listed(as, name); wider && line == 0 {
			return other
		}
	}
	return nil
}
