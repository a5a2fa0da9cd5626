package policy

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"
)

// Diff says what a human must know before a newer policy is trusted, a line
// for each fact: sections that come and go, and what each gains and loses, in
// the words of a policy. Policies that decide alike have none; comments and
// order say nothing.
func Diff(old, newer *Policy) (said []string) {
	was, is := old.facts(), newer.facts()
	for _, s := range is.order {
		if was.of[s] == nil {
			said = append(said, s+" is new")
		}
		for _, f := range is.of[s] {
			if !slices.Contains(was.of[s], f) {
				said = append(said, s+" gains "+f)
			}
		}
		for _, f := range was.of[s] {
			if !slices.Contains(is.of[s], f) {
				said = append(said, s+" loses "+f)
			}
		}
	}
	for _, s := range was.order {
		if is.of[s] == nil {
			said = append(said, s+" is gone")
			for _, f := range was.of[s] {
				said = append(said, s+" loses "+f)
			}
		}
	}
	return said
}

// A factSheet is a policy as `key = value` by section.
type factSheet struct {
	order []string
	of    map[string][]string
}

func (f *factSheet) add(section, key, value string) {
	if f.of[section] == nil {
		f.order = append(f.order, section)
	}
	f.of[section] = append(f.of[section], key+" = "+value)
}

func (p *Policy) facts() *factSheet {
	f := &factSheet{of: map[string][]string{}}
	mode := "enforce"
	if p.Mode != Enforce {
		mode = "audit"
	}
	f.add("[policy]", "mode", mode)
	for _, i := range p.instances {
		for _, ca := range i.cas {
			f.add(title("instance", i.name), "ca", fmt.Sprintf("sha256:%x", ca))
		}
	}
	for _, g := range p.signers {
		g.facts(f)
		e := p.endings[g.name]
		f.time(title("signer", g.name), "notAfter", e.notAfter.time)
		f.time(title("revoked", g.name), "since", e.since.time)
	}
	for _, r := range slices.Concat(p.refs, p.paths) {
		for _, key := range []string{"allow", "contribute", "push", "rewind"} {
			if l := r.keyed(key); l != nil {
				f.list(r.String(), key, l)
			}
		}
	}
	for _, id := range p.TrustUpTo {
		f.add("[history]", "trustUpTo", id)
	}
	for _, id := range p.TrustTags {
		f.add("[history]", "trustTag", id)
	}
	return f
}

func (f *factSheet) list(section, key string, l *list) {
	if l.all != 0 {
		f.add(section, key, "*")
	}
	for _, name := range l.names {
		f.add(section, key, name)
	}
}

func (f *factSheet) time(section, key string, t time.Time) {
	if !t.IsZero() {
		f.add(section, key, t.Format(time.RFC3339))
	}
}

// facts are all of a signer but its end.
func (g *signer) facts(f *factSheet) {
	who := title("signer", g.name)
	all := func(key string, values ...string) {
		for _, v := range values {
			if v != "" {
				f.add(who, key, v)
			}
		}
	}
	all("identity", g.identities...)
	all("identityPattern", g.texts()...)
	all("issuer", g.issuer)
	if g.instance != nil {
		all("instance", g.instance.name)
	}
	for _, c := range g.claims {
		all("claim", c.name+"="+c.value)
	}
	for _, k := range g.keys {
		if k.SSH != nil {
			all("ssh", sshType(k.SSH)+" "+base64.StdEncoding.EncodeToString(k.SSH))
		} else {
			all("openpgp", fmt.Sprintf("a file with the SHA-256 %x", sha256.Sum256(k.OpenPGP)))
		}
	}
	all("smime", g.smime...)
	all("smimeCA", g.smimeCAs...)
	all("email", g.emails...)
	f.time(who, "notBefore", g.notBefore)
	if g.mergesOnly {
		all(mergesOnly, "true")
	}
}
