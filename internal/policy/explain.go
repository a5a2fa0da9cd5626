package policy

import (
	"fmt"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// The rules of a decision's error, class Policy.
const (
	RuleSigner     = "signer"      // no signer of the policy has this name, or this key
	RuleIssuer     = "issuer"      // one has the name, by another issuer
	RuleInstance   = "instance"    // by another Sigstore
	RuleSMIMECA    = "smime-ca"    // by another CA
	RuleClaim      = "claim"       // the certificate does not claim it
	RuleEmail      = "email"       // somebody else's address is the committer's
	RuleNoTime     = "no-time"     // no time is proven, and the signer has bounds
	RuleNotBefore  = "not-before"  // signed before the signer begins
	RuleNotAfter   = "not-after"   // signed after the signer's end
	RuleRevoked    = "revoked"     // signed after the signer was revoked
	RuleAllow      = "allow"       // a section does not list the signer
	RuleContribute = "contribute"  // the same, of what a merge brings in
	RulePush       = "push"        // the same, of a push
	RuleRewind     = "rewind"      // the same, of moving a ref back
	RuleMergesOnly = "merges-only" // what a key for merges signed is more, or none
	RuleNeedsRef   = "needs-ref"   // only a ref could tell; beside valid
)

// mergesOnly is the key, where it is what decided.
const mergesOnly = "mergesOnly"

// merge decides where all depends on whether a commit is a merge and nothing
// else; best is what others than the merging signer may.
func (p *Policy) merge(o *Object, merging, best outcome) (outcome, *verdict.Error) {
	if merging.verdict == verdict.Refused {
		return merging, nil
	}
	clean := false
	if o.Kind == payload.Commit {
		if o.CleanMerge == nil {
			return best, verdict.Errorf(verdict.Infrastructure, RuleMergesOnly, "%s signs merges only, and whether this is one cannot be told here; `paraph verify` can", merging.signer.name)
		}
		var err error
		if clean, err = o.CleanMerge(); err != nil {
			return best, verdict.Errorf(verdict.Infrastructure, RuleMergesOnly, "whether this is a clean merge could not be found out: %w", err)
		}
	}
	switch {
	case clean:
		return merging, nil
	case best.signer != nil:
		return best, nil
	}
	return outcome{verdict: verdict.Refused, signer: merging.signer, key: mergesOnly}, nil
}

// ruleOf names what decided, and lineOf where it stands.
func ruleOf(o outcome) string {
	switch {
	case o.rule != nil:
		return o.rule.String() + " " + o.key
	case o.key != "":
		return title("signer", o.signer.name) + " " + o.key
	}
	return title("signer", o.signer.name)
}

func lineOf(o outcome) int {
	switch {
	case o.line != 0:
		return o.line
	case o.rule == nil:
		return o.signer.line
	}
	if l := o.rule.keyed(o.key); l != nil {
		return l.line
	}
	return o.rule.line
}

// keyed returns the list under a key.
func (r *rule) keyed(key string) *list {
	switch key {
	case "contribute":
		return r.contribute
	case "push":
		return r.push
	case "rewind":
		return r.rewind
	}
	return r.allow
}

// explain says what would have to change, nil if nothing has to.
func (q *question) explain(o *outcome) *verdict.Error {
	name := o.signer.name
	switch {
	case o.verdict == verdict.Trusted:
		return nil
	case o.verdict == verdict.Valid:
		return verdict.Errorf(verdict.Policy, RuleNeedsRef, "%s may sign this on some refs, and %s (line %d) does not list it; only a ref can tell: `paraph verify --ref REF`",
			name, o.rule, lineOf(*o))
	case o.key == mergesOnly && q.kind == payload.Commit:
		return verdict.Errorf(verdict.Policy, RuleMergesOnly, "%s (line %d) signs merges only, and this is not exactly what git makes of two parents; have a signer without mergesOnly commit it",
			title("signer", name), o.signer.line)
	case o.key == mergesOnly:
		return verdict.Errorf(verdict.Policy, RuleMergesOnly, "%s (line %d) signs merges only, and this is a %s; have a signer without mergesOnly sign it",
			title("signer", name), o.signer.line, q.kind)
	}
	rule := map[role]string{brings: RuleContribute, pushes: RulePush, rewinds: RuleRewind}[q.as]
	if rule == "" {
		rule = RuleAllow
	}
	where := fmt.Sprintf("%s is not in %s of %s (line %d)", name, o.key, o.rule, lineOf(*o))
	if o.rule.keyed(o.key) == nil {
		where = fmt.Sprintf("%s (line %d) has no %s", o.rule, o.rule.line, o.key)
	}
	return verdict.Errorf(verdict.Policy, rule, "%s: add `%s = %s` there%s", where, rule, name, q.others(o))
}

// others says who could do it instead.
func (q *question) others(o *outcome) string {
	l := o.rule.keyed(o.key)
	if l == nil || len(l.names) == 0 {
		return ""
	}
	const most = 3
	names := l.names
	more := ""
	if len(names) > most {
		names, more = names[:most], " or another of them"
	}
	who := strings.Join(names, " or ") + more
	switch {
	case q.as == pushes:
		return ", or have " + who + " push"
	case q.as == rewinds:
		return ", or have " + who + " push it with a push certificate"
	case q.kind == payload.Tag:
		return ", or have " + who + " make the tag"
	case q.as != brings && o.rule.contribute.lists(o.signer.name) != 0:
		return ", or have " + who + " merge it"
	}
	return ", or have " + who + " commit it anew"
}

// stranger refuses an object that no signer matches: none has its name, or
// those that have it are not the ones.
func (p *Policy) stranger(o *Object, candidates []*signer) Decision {
	var nearest *signer
	var why miss
	var claimed string
	for _, g := range candidates {
		if m, c := p.match(g, o); m > why {
			nearest, why, claimed = g, m, c
		}
	}
	if nearest == nil {
		return Decision{Verdict: verdict.Refused, Err: p.unknown(o)}
	}
	rule, line, message := p.missed(nearest, why, claimed, o)
	err := verdict.Errorf(verdict.Policy, rule, "%s", message)
	return Decision{verdict.Refused, nearest.name, title("signer", nearest.name), line, err}
}

// unknown says who signed, and how the policy would come to know them.
func (p *Policy) unknown(o *Object) *verdict.Error {
	by := o.Signer
	if by == nil || o.Key != nil {
		return verdict.Errorf(verdict.Policy, RuleSigner, "no signer of the policy has the key that signed; add a signer with it, or have a signer merge it")
	}
	if by.Instance == verify.InstanceSMIME {
		return verdict.Errorf(verdict.Policy, RuleSigner, "%q is no signer of the policy; add one with `smime = %s` and `smimeCA = %s`, or have a signer merge it",
			by.Name, by.Name, by.Claims[verify.ClaimSMIMECA])
	}
	for _, g := range p.signers {
		for _, name := range g.identities {
			if name == by.Name {
				return p.otherIssuer(g, o)
			}
		}
		if g.matchesPattern(by.Name) {
			return p.otherIssuer(g, o)
		}
	}
	return verdict.Errorf(verdict.Policy, RuleSigner, "%q is no signer of the policy; add one with `identity = %s` and `issuer = %s`, or have a signer merge it",
		by.Name, by.Name, by.Issuer)
}

func (p *Policy) otherIssuer(g *signer, o *Object) *verdict.Error {
	return verdict.Errorf(verdict.Policy, RuleIssuer, "%q was certified by the issuer %q, and %s (line %d) asks for %q; sign in there, or add a signer with the other issuer",
		o.Signer.Name, o.Signer.Issuer, title("signer", g.name), g.line, g.issuer)
}

// missed says why the nearest signer does not match.
func (p *Policy) missed(g *signer, why miss, claimed string, o *Object) (rule string, line int, message string) {
	who, e := title("signer", g.name), p.endings[g.name]
	switch why {
	case missInstance:
		name := publicInstance
		if g.instance != nil {
			name = g.instance.name
		}
		return RuleInstance, g.line, fmt.Sprintf("%q was certified by the Sigstore %q, and %s (line %d) counts for %s only; sign with that one, or add a signer with the other `instance =`",
			o.Signer.Name, o.Signer.Instance, who, g.line, name)
	case missCA:
		return RuleSMIMECA, g.line, fmt.Sprintf("the certificate of %q comes from the CA %s, and %s (line %d) asks for another; add `smimeCA =` with this one there",
			o.Signer.Name, o.Signer.Claims[verify.ClaimSMIMECA], who, g.line)
	case missClaim:
		return RuleClaim, g.line, fmt.Sprintf("the certificate says %s = %q, which is not what %s (line %d) asks for; sign where that holds, or add `claim = %s=%s` there",
			claimed, o.Signer.Claims[claimed], who, g.line, claimed, o.Signer.Claims[claimed])
	case missEmail:
		return RuleEmail, g.line, fmt.Sprintf("%s signed as the committer %q, which is not one of its addresses in %s (line %d); commit under its own, or add `email = %s` there",
			g.name, o.Committer.Email, who, g.line, o.Committer.Email)
	case missTime:
		return RuleNoTime, g.line, fmt.Sprintf("no time is proven, and %s (line %d) counts for a limited time only; sign with a timestamp", who, g.line)
	case missNotBefore:
		return RuleNotBefore, g.line, fmt.Sprintf("signed before %s, when %s (line %d) begins; have it signed anew, or move notBefore",
			g.notBefore.Format(time.RFC3339), who, g.line)
	case missNotAfter:
		return RuleNotAfter, e.notAfter.line, fmt.Sprintf("signed after %s, the notAfter of %s (line %d%s); have another signer sign it anew",
			e.notAfter.time.Format(time.RFC3339), who, e.notAfter.line, p.elsewhere(e.notAfter))
	}
	return RuleRevoked, e.since.line, fmt.Sprintf("%s is revoked since %s (line %d%s); have another signer sign it anew",
		g.name, e.since.time.Format(time.RFC3339), e.since.line, p.elsewhere(e.since))
}

// elsewhere names the policy of an ending, where it is not this one.
func (p *Policy) elsewhere(e end) string {
	if e.by == p.Source {
		return ""
	}
	return " of " + e.by.Name
}
