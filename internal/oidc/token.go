// Package oidc is where identity tokens come from, and what paraph reads in
// them. Whether a token is genuine is the CA's to decide: paraph looks at its
// claims only to fail early with clear words, and to hold the certificate
// against them.
//
// Specification: OpenID Connect Core 1.0, section 2; RFC 7519.
package oidc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxToken bounds an identity token, in bytes.
const maxToken = 64 << 10

// maxUnix is the last second of the year 9999: no time of a token lies later.
const maxUnix = 253402300799

// A Token is an identity token. It is a secret: it never appears in an error,
// a log or any other output.
type Token struct {
	raw    string
	claims claims
}

type claims struct {
	Issuer         string   `json:"iss"`
	Subject        string   `json:"sub"`
	Audience       audience `json:"aud"`
	Email          string   `json:"email"`
	EmailVerified  boolish  `json:"email_verified"`
	Expiry         float64  `json:"exp"`
	NotBefore      float64  `json:"nbf"`
	JobWorkflowRef string   `json:"job_workflow_ref"`
	Federated      struct {
		ConnectorID string `json:"connector_id"`
	} `json:"federated_claims"`
}

// boolish is a boolean that some issuers write as a string.
type boolish bool

func (b *boolish) UnmarshalJSON(data []byte) error {
	*b = string(data) == "true" || string(data) == `"true"`
	return nil
}

// audience is one name or several (RFC 7519, 4.1.3).
type audience []string

func (a *audience) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// ErrToken is in the chain of every error about a token's form or content.
var ErrToken = errors.New("identity token")

// Parse reads a token in compact form (RFC 7515, 7.1) at time now.
func Parse(raw string, now time.Time) (*Token, error) {
	raw = strings.TrimSpace(raw)
	if len(raw) > maxToken {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are read", ErrToken, len(raw), maxToken)
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || parts[0] == "" || parts[2] == "" {
		return nil, fmt.Errorf("%w: it is not a JWT (three parts joined by dots)", ErrToken)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("%w: it is not a JWT: its claims are not base64url", ErrToken)
	}
	t := &Token{raw: raw}
	if err := json.Unmarshal(body, &t.claims); err != nil {
		return nil, fmt.Errorf("%w: it is not a JWT: its claims are not a JSON object", ErrToken)
	}
	if err := t.check(now); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Token) check(now time.Time) error {
	c := t.claims
	switch {
	case c.Issuer == "":
		return fmt.Errorf("%w: it names no issuer", ErrToken)
	case c.Expiry <= 0 || c.Expiry > maxUnix:
		return fmt.Errorf("%w: it has no expiry", ErrToken)
	case !now.Before(unix(c.Expiry)):
		return fmt.Errorf("%w: it expired at %s, and it is %s now: get a new one", ErrToken, stamp(unix(c.Expiry)), stamp(now))
	case c.NotBefore != 0 && now.Add(time.Minute).Before(unix(c.NotBefore)):
		return fmt.Errorf("%w: it is valid from %s on, and it is %s now: is the clock right?", ErrToken, stamp(unix(c.NotBefore)), stamp(now))
	case c.Email != "" && !bool(c.EmailVerified):
		return fmt.Errorf("%w: its issuer has not verified the e-mail address (email_verified)", ErrToken)
	case c.Email == "" && c.Subject == "":
		return fmt.Errorf("%w: it names neither e-mail nor subject", ErrToken)
	}
	return nil
}

// checkAudience sees to it that the token is for want: whoever gets another
// one's token could use it there.
func (t *Token) checkAudience(want string) error {
	if want != "" && slices.Contains(t.claims.Audience, want) {
		return nil
	}
	return fmt.Errorf("%w: it is for the audience %.100q, not for %q: ask its issuer for one with that audience, or set paraph.clientID", ErrToken, strings.Join(t.claims.Audience, ", "), want)
}

func unix(seconds float64) time.Time { return time.Unix(int64(seconds), 0) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Secret returns the token itself, for the CA and for nobody else.
func (t *Token) Secret() string { return t.raw }

// ProofSubject is what a proof of possession is a signature over: the e-mail
// address if the token has one, else the subject.
func (t *Token) ProofSubject() string {
	if t.claims.Email != "" {
		return t.claims.Email
	}
	return t.claims.Subject
}

// Email is the e-mail address that the token vouches for, "" if it has none.
func (t *Token) Email() string { return t.claims.Email }

// Matches holds the identity of a certificate against the token that it was
// issued for, as far as the token decides it: the issuer is the token's, or
// the one that the token's issuer federates; the name is the token's e-mail,
// or ends in its workflow.
func (t *Token) Matches(name, issuer string) error {
	c := t.claims
	if issuer != c.Issuer && (c.Federated.ConnectorID == "" || issuer != c.Federated.ConnectorID) {
		return fmt.Errorf("the certificate is for the issuer %q, the token is by %q", issuer, c.Issuer)
	}
	switch {
	case c.Email != "" && name != c.Email:
		return fmt.Errorf("the certificate is for %q, the token is for %q", name, c.Email)
	case c.Email == "" && c.JobWorkflowRef != "" && !strings.HasSuffix(name, "/"+c.JobWorkflowRef):
		return fmt.Errorf("the certificate is for %q, the token is for the workflow %q", name, c.JobWorkflowRef)
	}
	return nil
}
