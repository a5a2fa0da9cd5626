package policy

import (
	"slices"
	"time"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verify"
)

// An index finds the signers that an object could be by, without asking all.
type index struct {
	exact    map[identity][]*signer
	patterns map[string][]*signer // by issuer
	smime    map[string][]*signer // by address
	keys     []*signer
}

type identity struct{ issuer, name string }

func newIndex(signers []*signer) index {
	x := index{make(map[identity][]*signer, len(signers)), map[string][]*signer{}, map[string][]*signer{}, nil}
	for _, g := range signers {
		for _, name := range g.identities {
			id := identity{g.issuer, name}
			x.exact[id] = append(x.exact[id], g)
		}
		if len(g.patterns) > 0 {
			x.patterns[g.issuer] = append(x.patterns[g.issuer], g)
		}
		for _, address := range g.smime {
			x.smime[address] = append(x.smime[address], g)
		}
		if len(g.keys) > 0 {
			x.keys = append(x.keys, g)
		}
	}
	return x
}

// Keys are those that the policy names: of SSH and OpenPGP.
func (p *Policy) Keys() (keys []Key) {
	for _, g := range p.index.keys {
		keys = append(keys, g.keys...)
	}
	return keys
}

// candidates are the signers whose name and issuer, or whose key, an object
// has, in the file's order.
func (x *index) candidates(o *Object, out []*signer) []*signer {
	switch by := o.Signer; {
	case (by == nil) == (o.Key == nil):
		return out // nobody, or two, of whom one may not be the signer
	case by == nil:
		for _, g := range x.keys {
			if slices.ContainsFunc(g.keys, o.Key.By) {
				out = append(out, g)
			}
		}
		return out
	case by.Instance == verify.InstanceSMIME:
		out = append(out, x.smime[by.Name]...)
	default:
		out = append(out, x.exact[identity{by.Issuer, by.Name}]...)
		for _, g := range x.patterns[by.Issuer] {
			if g.matchesPattern(by.Name) {
				out = append(out, g)
			}
		}
	}
	slices.SortFunc(out, func(a, b *signer) int { return a.n - b.n })
	return slices.Compact(out)
}

func (g *signer) matchesPattern(name string) bool {
	for i := range g.patterns {
		if g.patterns[i].match(name) {
			return true
		}
	}
	return false
}

// A miss is why a candidate does not match; the later, the closer it came.
type miss int

const (
	matches miss = iota
	missInstance
	missCA
	missClaim
	missEmail
	missTime // none is proven, and the signer has bounds
	missNotBefore
	missNotAfter
	missRevoked
)

// match holds a candidate against all else that a signer must be. It returns
// the claim that is missing, too.
func (p *Policy) match(g *signer, o *Object) (miss, string) {
	if by := o.Signer; by != nil {
		switch {
		case by.Instance == verify.InstanceSMIME:
			if !slices.Contains(g.smimeCAs, by.Claims[verify.ClaimSMIMECA]) {
				return missCA, ""
			}
		case g.instance == nil:
			if by.Instance != publicInstance {
				return missInstance, ""
			}
		case !slices.ContainsFunc(by.CAs, g.instance.has):
			return missInstance, ""
		}
		if name, ok := g.claimed(by.Claims); !ok {
			return missClaim, name
		}
	}
	// A pusher may be named by a key instead, as SSH's always is (gpg-interface.c:
	// get_ssh_key_id): that is nobody's address.
	nameless := o.Kind == payload.PushCertificate && o.Committer.Email == ""
	if len(g.emails) > 0 && !nameless && !slices.Contains(g.emails, o.Committer.Email) {
		return missEmail, ""
	}
	return g.inTime(p.endings[g.name], o.Times), ""
}

// claimed reports whether every claim that the signer must make is made. It
// returns the name of the first that is not.
func (g *signer) claimed(claims map[string]string) (string, bool) {
	for _, want := range g.claims {
		made, ok := claims[want.name]
		if !ok || !slices.Contains(g.claims, claim{want.name, made}) {
			return want.name, false
		}
	}
	return "", true
}

// inTime holds all times against the signer's bounds, ends included. Nothing
// proves that a signature without a time is inside of any bound.
func (g *signer) inTime(e ending, times []time.Time) miss {
	if g.notBefore.IsZero() && e.notAfter.time.IsZero() && e.since.time.IsZero() {
		return matches
	}
	worst := matches
	if len(times) == 0 {
		worst = missTime
	}
	for _, t := range times {
		switch {
		case t.IsZero():
			worst = max(worst, missTime)
		case !e.since.time.IsZero() && !t.Before(e.since.time):
			worst = max(worst, missRevoked)
		case !e.notAfter.time.IsZero() && t.After(e.notAfter.time):
			worst = max(worst, missNotAfter)
		case t.Before(g.notBefore):
			worst = max(worst, missNotBefore)
		}
	}
	return worst
}

// Under is the policy with the endings of a newer one: its revocations, and
// the ends of signers of the same name. Endings only ever add up.
func (p *Policy) Under(newer *Policy) *Policy {
	if newer == nil || newer == p || len(newer.endings) == 0 {
		return p
	}
	under := *p
	under.endings = make(endings, len(p.endings)+len(newer.endings))
	for name, e := range p.endings {
		under.endings[name] = e
	}
	for name, theirs := range newer.endings {
		ours := under.endings[name]
		under.endings[name] = ending{earlier(ours.notAfter, theirs.notAfter), earlier(ours.since, theirs.since)}
	}
	return &under
}

func earlier(a, b end) end {
	if a.time.IsZero() || !b.time.IsZero() && b.time.Before(a.time) {
		return b
	}
	return a
}
