package policy

import (
	"fmt"
	"regexp"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A Signer is the one signer who is trusted where a policy would be too much:
// certificateIdentity with certificateOIDCIssuer. Name and issuer are matched
// each in full; the empty Signer matches nobody.
type Signer struct {
	name, issuer matcher
	// Source says where the signer was named, for people.
	Source string
}

// A matcher is an exact text or a regular expression for the whole text.
type matcher struct {
	exact string
	re    *regexp.Regexp
}

// NewSigner makes a Signer of exact texts, or of regular expressions where
// these are given instead.
func NewSigner(name, nameRegexp, issuer, issuerRegexp, source string) (*Signer, error) {
	s := &Signer{Source: source}
	var err error
	if s.name, err = newMatcher(name, nameRegexp); err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	if s.issuer, err = newMatcher(issuer, issuerRegexp); err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	return s, nil
}

func newMatcher(exact, expr string) (matcher, error) {
	if (exact == "") == (expr == "") {
		return matcher{}, fmt.Errorf("give an exact text or a regular expression, and not both")
	}
	if exact != "" {
		return matcher{exact: exact}, nil
	}
	// By itself first: "a)|(b" must not become an expression by our anchors.
	if _, err := regexp.Compile(expr); err != nil {
		return matcher{}, err
	}
	re, err := regexp.Compile(`\A(?:` + expr + `)\z`)
	return matcher{re: re}, err
}

func (m matcher) matches(s string) bool {
	if m.re != nil {
		return m.re.MatchString(s)
	}
	return m.exact != "" && m.exact == s
}

// Judge gives a signature that holds its verdict: trusted if this Signer made
// it, else refused. Other results stay as they are.
func (s *Signer) Judge(r *verify.Result) {
	if r.Verdict != verdict.Valid || r.Signer == nil {
		return
	}
	switch {
	case r.Signer.Instance == verify.InstanceSMIME:
		r.Judge(verdict.Errorf(verdict.Identity, "smime", "signed by %q with an S/MIME certificate, and %s asks for a name that an OpenID Connect issuer vouches for", r.Signer.Name, s.Source), "")
	case !s.name.matches(r.Signer.Name):
		r.Judge(verdict.Errorf(verdict.Identity, "identity", "signed by %q, which is not the identity that %s asks for", r.Signer.Name, s.Source), "")
	case !s.issuer.matches(r.Signer.Issuer):
		r.Judge(verdict.Errorf(verdict.Identity, "issuer", "certified by the issuer %q, which is not the one that %s asks for", r.Signer.Issuer, s.Source), "")
	default:
		r.Judge(nil, s.Source)
	}
}
