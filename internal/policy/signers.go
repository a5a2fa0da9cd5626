package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/fulcio"
)

// maxName bounds the name of a signer.
const maxName = 100

// signer reads one [signer "name"].
func (r *reader) signer(s *section) {
	r.check(s, true)
	g := &signer{name: s.name, line: s.line, n: len(r.p.signers)}
	if s.name != "" && !isName(s.name) {
		r.add(s.line, ProblemName, "%s: the name of a signer is made of at most %d letters, digits and . _ - + @", s, maxName)
	}
	if was := r.folded[strings.ToLower(s.name)]; was != nil && was.name != s.name {
		r.add(s.line, ProblemName, "%s differs only in case from [signer %q] in line %d; nobody could tell them apart", s, cut(was.name), was.line)
	} else if was == nil {
		r.folded[strings.ToLower(s.name)] = g
	}
	r.p.signers = append(r.p.signers, g)
	for _, e := range s.entries {
		if !r.certified(g, e) && !r.keyed(g, e) {
			r.limits(g, e)
		}
	}
	r.whole(s, g)
}

// isName reports whether s can be the name of a signer: one that nobody takes
// for another, for a pattern or for several.
func isName(s string) bool {
	const beyond = "._-+@"
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '0' || c > '9') && (i == 0 || strings.IndexByte(beyond, c) < 0) {
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// certified reads what a certificate by Fulcio has to say.
func (r *reader) certified(g *signer, e entry) bool {
	switch e.key {
	case "identity":
		g.identities = append(g.identities, e.value)
	case "identityPattern":
		if wrong := checkIdentity(e.value); wrong != "" {
			r.add(e.line, ProblemPattern, "%s: %q: %s", e.key, cut(e.value), wrong)
			return true
		}
		g.patterns = append(g.patterns, identityPattern(e.value))
	case "issuer":
		g.issuer = e.value
	case "claim":
		name, value, ok := strings.Cut(e.value, "=")
		if !ok || value == "" || !fulcio.IsClaim(name) {
			r.wrong(e, "NAME=VALUE with the name of one of Fulcio's extensions, such as sourceRepositoryID=123456")
			return true
		}
		g.claims = append(g.claims, claim{name, value})
	case "instance":
		for _, i := range r.p.instances {
			if i.name == e.value {
				g.instance = i
			}
		}
		if g.instance == nil && e.value != publicInstance {
			r.add(e.line, ProblemNobody, "%s: there is no [instance %q]; add it with the `ca =` of that Sigstore", e.key, cut(e.value))
		}
	default:
		return false
	}
	return true
}

// checkIdentity says what is wrong with an identityPattern. What is left
// without wildcards, separators and the scheme has to name somebody.
func checkIdentity(text string) string {
	if wrong := checkPattern(text); wrong != "" {
		return wrong
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://")
	if strings.Trim(rest, "*?@/.:-") == "" {
		return "it could match everything; say more of whom it is to match"
	}
	return ""
}

// keyed reads the keys of signatures that are not Sigstore's.
func (r *reader) keyed(g *signer, e entry) bool {
	switch e.key {
	case "ssh":
		key, wrong := parseSSH(e.value)
		if wrong != "" {
			r.add(e.line, ProblemValue, "%s: this is not %s", e.key, wrong)
		}
		g.keys = append(g.keys, Key{SSH: key, Line: e.line})
	case "openpgp":
		g.keys = append(g.keys, Key{OpenPGP: r.file(e), Line: e.line})
	case "smime":
		g.smime = append(g.smime, e.value)
	case "smimeCA":
		d, ok := parseDigest(e.value)
		if !ok {
			r.wrong(e, "sha256: and 64 hexadecimal digits, the digest of the root's certificate")
		}
		g.smimeCAs = append(g.smimeCAs, fmt.Sprintf("sha256:%x", d))
	default:
		return false
	}
	return true
}

// limits reads when and for what a signer counts.
func (r *reader) limits(g *signer, e entry) {
	switch e.key {
	case "email":
		g.emails = append(g.emails, e.value)
	case "notBefore":
		g.notBefore = r.time(e)
	case "notAfter":
		was := r.p.endings[g.name]
		was.notAfter = end{r.time(e), r.p.Source, e.line}
		r.p.endings[g.name] = was
	case "mergesOnly":
		g.mergesOnly = e.value == "true"
		if e.value != "true" && e.value != "false" {
			r.wrong(e, "true or false")
		}
	}
}

// whole holds a signer together: it is of exactly one kind, and all that kind
// needs is there.
func (r *reader) whole(s *section, g *signer) {
	has := func(key string) bool {
		for _, e := range s.entries {
			if e.key == key {
				return true
			}
		}
		return false
	}
	hasAny := func(keys ...string) (found bool) {
		for _, k := range keys {
			found = found || has(k)
		}
		return found
	}
	kinds := 0
	for _, is := range []bool{
		hasAny("identity", "identityPattern", "issuer", "claim", "instance"),
		has("ssh"), has("openpgp"), hasAny("smime", "smimeCA"),
	} {
		if is {
			kinds++
		}
	}
	missing := func(what string) { r.add(s.line, ProblemMissing, "%s needs %s", s, what) }
	switch {
	case s.damaged:
	case kinds > 1:
		r.add(s.line, ProblemValue, "%s is of several kinds; write a signer for each of identity, ssh, openpgp and smime", s)
	case kinds == 0:
		missing("who it is: `identity =` with `issuer =`, or `ssh =`, `openpgp =`, or `smime =` with `smimeCA =`")
	case has("issuer") && !hasAny("identity", "identityPattern"):
		missing("`identity =` beside the issuer")
	case hasAny("identity", "identityPattern", "claim", "instance") && !has("issuer"):
		missing("`issuer =`: the same name from another issuer is somebody else")
	case has("smime") != has("smimeCA"):
		missing("both `smime =` and `smimeCA =`")
	}
	if last := r.p.endings[g.name].notAfter.time; !g.notBefore.IsZero() && !last.IsZero() && last.Before(g.notBefore) {
		r.add(s.line, ProblemValue, "%s ends at %s, before it begins", s, last.Format(time.RFC3339))
	}
}
