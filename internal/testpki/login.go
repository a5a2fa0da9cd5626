package testpki

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
)

// A Login is how the issuer differs in a login. The zero Login is one in which
// alice says yes at once.
type Login struct {
	// Metadata goes over the issuer's, Claims over those of the ID token; nil
	// takes one away.
	Metadata, Claims map[string]any
	// Error is what the issuer sends back instead of a code.
	Error string
	// Polls are the errors that the first polls of a device get.
	Polls []string
	// Device goes over the answer to a device that asks for a code.
	Device map[string]any
	// Tokens goes over the answer of the token endpoint.
	Tokens map[string]any
}

// LogIn has the issuer do logins that way.
func LogIn(l Login) Fault { return Fault{login: &l} }

func loginOf(r *http.Request) Login {
	if l := faultOf(r).login; l != nil {
		return *l
	}
	return Login{}
}

// SecretClient may log people in as the client "sigstore" does, but must show
// ClientSecret.
const (
	SecretClient = "sigstore-secret"
	ClientSecret = "s e+cret"
)

const (
	oobRedirect = "urn:ietf:wg:oauth:2.0:oob"
	deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

	loginScope   = "openid email"
	offlineScope = loginScope + " offline_access"
)

// A grant is what a code stands for until it is used.
type grant struct {
	request url.Values // to the authorization endpoint
	polls   int
	refresh string // the refresh token that counts, "" for none
	revoked bool
}

// logins are the grants of one issuer, by code and by refresh token. Both are
// numbered.
type logins struct {
	mu     sync.Mutex
	n      int
	grants map[string]*grant
	counts Logins
}

func (l *logins) add(request url.Values) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.name("code", &grant{request: request})
}

// name makes a new code or token that stands for g.
func (l *logins) name(kind string, g *grant) string {
	l.n++
	name := fmt.Sprintf("%s-%d", kind, l.n)
	if l.grants == nil {
		l.grants = map[string]*grant{}
	}
	l.grants[name] = g
	return name
}

// authorize is the authorization endpoint (OpenID Connect Core 1.0, section
// 3.1.2), where alice is logged in already and always agrees.
func (p *PKI) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("response_type") != "code" || q.Get("state") == "" || q.Get("nonce") == "" ||
		q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" ||
		q.Get("scope") != loginScope && (q.Get("scope") != offlineScope || q.Get("prompt") != "consent") {
		http.Error(w, "not a request to log in", http.StatusBadRequest)
		return
	}
	if redirect.String() == oobRedirect {
		_, _ = fmt.Fprint(w, p.logins.add(q))
		return
	}
	back := url.Values{"state": {q.Get("state")}, "iss": {p.URLs().Issuer}}
	if e := loginOf(r).Error; e != "" {
		back.Set("error", e)
		back.Set("error_description", "<b>no</b>")
	} else {
		back.Set("code", p.logins.add(q))
	}
	redirect.RawQuery = back.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

// device is the device authorization endpoint (RFC 8628, 3.1).
func (p *PKI) device(w http.ResponseWriter, r *http.Request) {
	scope := r.PostFormValue("scope")
	if r.PostFormValue("client_id") != tokenAudience || scope != loginScope && scope != offlineScope {
		answerJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	base := p.URLs().Issuer
	answer := map[string]any{
		"device_code": p.logins.add(url.Values{"scope": {scope}}), "user_code": "WDJB-MJHT", "expires_in": 300,
		"verification_uri": base + "/device", "verification_uri_complete": base + "/device?user_code=WDJB-MJHT",
	}
	answerJSON(w, http.StatusOK, over(answer, loginOf(r).Device))
}

// token is the token endpoint (RFC 6749, 3.2).
func (p *PKI) token(w http.ResponseWriter, r *http.Request) {
	g, refresh, failed := p.redeem(r)
	if failed != "" {
		answerJSON(w, http.StatusBadRequest, map[string]string{"error": failed, "error_description": "says the issuer"})
		return
	}
	const access = "access-token"
	sum := sha256.Sum256([]byte(access))
	claims := map[string]any{"at_hash": rawURL(sum[:len(sum)/2])}
	if nonce := g.request.Get("nonce"); nonce != "" && r.PostFormValue("grant_type") != refreshGrant {
		claims["nonce"] = nonce
	}
	maps.Copy(claims, loginOf(r).Claims)
	answer := map[string]any{"token_type": "Bearer", "access_token": access, "id_token": p.IDToken(claims)}
	if refresh != "" {
		answer["refresh_token"] = refresh
	}
	answerJSON(w, http.StatusOK, over(answer, loginOf(r).Tokens))
}

// knows reports whether a request is by a client of the issuer.
func knows(r *http.Request) bool {
	id, secret, _ := r.BasicAuth()
	return r.PostFormValue("client_id") == tokenAudience || id == SecretClient && secret == url.QueryEscape(ClientSecret)
}

// redeem takes the code or the refresh token of a request, which then is no
// more, or says which error it gets. refresh is the new refresh token.
func (p *PKI) redeem(r *http.Request) (g *grant, refresh, failed string) {
	p.logins.mu.Lock()
	defer p.logins.mu.Unlock()
	if !knows(r) {
		return nil, "", "invalid_client"
	}
	if r.PostFormValue("grant_type") == refreshGrant {
		return p.logins.renew(r.PostFormValue("refresh_token"))
	}
	if g, failed = p.logins.first(r); g == nil {
		return nil, "", failed
	}
	p.logins.counts.Logins++
	if g.request.Get("scope") == offlineScope {
		g.refresh = p.logins.name("refresh", g)
	}
	return g, g.refresh, ""
}

// first takes the code of a login.
func (l *logins) first(r *http.Request) (g *grant, failed string) {
	kind, code := r.PostFormValue("grant_type"), r.PostFormValue("code")
	if kind == deviceGrant {
		code = r.PostFormValue("device_code")
	}
	g = l.grants[code]
	if g == nil || g.refresh != "" {
		return nil, "invalid_grant"
	}
	if polls := loginOf(r).Polls; kind == deviceGrant && g.polls < len(polls) {
		g.polls++
		return nil, polls[g.polls-1]
	}
	delete(l.grants, code)
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if kind != deviceGrant && (g.request.Get("code_challenge") != rawURL(challenge[:]) || g.request.Get("redirect_uri") != r.PostFormValue("redirect_uri")) {
		return nil, "invalid_grant"
	}
	return g, ""
}

// over puts changes over values; nil takes one away.
func over(values, changes map[string]any) map[string]any {
	maps.Copy(values, changes)
	maps.DeleteFunc(values, func(_ string, v any) bool { return v == nil })
	return values
}
