// Package oidc is where identity tokens come from, and what paraph reads in
// them. Whether a token is genuine is the CA's to decide: paraph looks at its
// claims only to fail early with clear words, and to hold the certificate
// against them.
//
// Specification: OpenID Connect Core 1.0, section 2; RFC 7519.
package oidc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	body   []byte // its claims, JSON
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
	// What a job's token says of who may see its repository: GitHub's and
	// GitLab's names for it.
	Repository word `json:"repository_visibility"`
	Project    word `json:"project_visibility"`
	Federated  struct {
		ConnectorID string `json:"connector_id"`
	} `json:"federated_claims"`
}

// boolish is a boolean that some issuers write as a string.
type boolish bool

func (b *boolish) UnmarshalJSON(data []byte) error {
	*b = string(data) == "true" || string(data) == `"true"`
	return nil
}

// word is a claim that is text, "" if it is anything else.
type word string

func (w *word) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*w = word(s)
	}
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
	t := &Token{raw: raw, body: body}
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

// CheckAudience sees to it that the token is for want: whoever gets another
// one's token could use it there.
func (t *Token) CheckAudience(want string) error {
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

// Issuer is who issued the token.
func (t *Token) Issuer() string { return t.claims.Issuer }

// Connector is where the issuer had the user log in, "" if it was there.
func (t *Token) Connector() string { return t.claims.Federated.ConnectorID }

// Expiry is when it ends.
func (t *Token) Expiry() time.Time { return unix(t.claims.Expiry) }

// Email is the e-mail address that the token vouches for, "" if it has none.
func (t *Token) Email() string { return t.claims.Email }

// Private returns the claim by which the token is that of a job in a repository
// that not everybody may see, as "name: value"; "" if there is none.
func (t *Token) Private() string {
	hidden := func(w word) bool { return w == "private" || w == "internal" }
	switch c := t.claims; {
	case hidden(c.Repository):
		return "repository_visibility: " + string(c.Repository)
	case hidden(c.Project):
		return "project_visibility: " + string(c.Project)
	}
	return ""
}

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

// ephemeral are the claims that differ between two tokens for the same: times,
// names of the token itself, and what binds it to one request.
var ephemeral = []string{"iat", "nbf", "exp", "jti", "auth_time", "nonce", "at_hash", "c_hash"}

// SameClaims reports whether two tokens claim the same, whenever they were
// issued.
func (t *Token) SameClaims(other *Token) bool {
	a, b := t.lasting(), other.lasting()
	return a != nil && maps.EqualFunc(a, b, func(x, y json.RawMessage) bool { return bytes.Equal(compact(x), compact(y)) })
}

// lasting are the claims but the ephemeral ones.
func (t *Token) lasting() map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if json.Unmarshal(t.body, &all) != nil {
		return nil
	}
	for _, name := range ephemeral {
		delete(all, name)
	}
	return all
}

// compact is JSON without blanks.
func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}
