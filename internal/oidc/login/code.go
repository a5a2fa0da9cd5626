package login

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
)

// scopes are what an identity token with an e-mail address takes, and
// offlineAccess what a refresh token takes.
const (
	scopes        = "openid email"
	offlineAccess = "offline_access"
)

// offline reports whether to ask for a refresh token: it is wanted, and the
// issuer does not say that it has none.
func (i *issuer) offline() bool {
	return i.config.Offline && (len(i.Scopes) == 0 || slices.Contains(i.Scopes, offlineAccess))
}

// scope is what to ask for.
func (i *issuer) scope() string {
	if i.offline() {
		return scopes + " " + offlineAccess
	}
	return scopes
}

// An attempt is one request for a code (OpenID Connect Core 1.0, 3.1.2.1), and
// what its answer must know.
type attempt struct {
	redirect, state, nonce, verifier string
	url                              string // to open in a browser
}

// newAttempt makes a request whose answer comes to redirect.
func (s *session) newAttempt(redirect string) (*attempt, error) {
	if err := s.issuer.supportsPKCE(); err != nil {
		return nil, err
	}
	a := &attempt{redirect: redirect, state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier()}
	request := oauth2.Config{
		ClientID: s.config.ClientID, RedirectURL: redirect, Scopes: strings.Fields(s.issuer.scope()),
		Endpoint: oauth2.Endpoint{AuthURL: s.issuer.Authorize},
	}
	options := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("nonce", a.nonce), oauth2.S256ChallengeOption(a.verifier)}
	if s.issuer.offline() { // OpenID Connect Core 1.0, section 11, demands it
		options = append(options, oauth2.SetAuthURLParam("prompt", "consent"))
	}
	if s.config.ConnectorID != "" {
		options = append(options, oauth2.SetAuthURLParam("connector_id", s.config.ConnectorID))
	}
	a.url = request.AuthCodeURL(a.state, options...)
	return a, nil
}

// supportsPKCE reports an issuer that would take a stolen code (RFC 9700,
// 2.1.1). Microsoft's supports PKCE and does not say so.
func (i *issuer) supportsPKCE() error {
	if slices.Contains(i.Challenges, "S256") || strings.HasPrefix(i.Name, "https://login.microsoftonline.com/") {
		return nil
	}
	next := "take an identity token from somewhere else (PARAPH_ID_TOKEN, paraph.tokenFile)"
	if i.Device != "" {
		next = "set paraph.tokenSource = device"
	}
	return fmt.Errorf("the issuer does not support PKCE with S256 (code_challenge_methods_supported): %s", next)
}

// redeem turns a code into a login with a verified token.
func (s *session) redeem(ctx context.Context, a *attempt, code string) (*Login, error) {
	t := new(tokens)
	err := s.issuer.post(ctx, s.issuer.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.redirect}, "code_verifier": {a.verifier},
	}, t)
	if err != nil {
		return nil, fmt.Errorf("redeeming the code: %w", err)
	}
	return s.issuer.verify(ctx, t, a.nonce)
}

// answer reads the issuer's answer to the attempt (RFC 6749, 4.1.2; RFC 9207,
// 2.4). One that does not belong is not to this attempt, whatever it says.
func (s *session) answer(a *attempt, q url.Values) (code string, belongs bool, err error) {
	for _, name := range []string{"state", "code", "error", "iss"} {
		if len(q[name]) > 1 { // RFC 6749, 3.1
			return "", false, nil
		}
	}
	code, failed := q.Get("code"), q.Get("error")
	iss, said := q["iss"]
	switch {
	case !same(q.Get("state"), a.state), (code == "") == (failed == ""):
		return "", false, nil
	case said && iss[0] != s.issuer.Name, !said && s.issuer.SaysIssuer:
		return "", true, fmt.Errorf("the answer is by another issuer than the one that was asked (iss)")
	case failed != "":
		return "", true, &refused{failed, q.Get("error_description")}
	}
	return code, true, nil
}

// same compares without telling by its time how much of it was right.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
