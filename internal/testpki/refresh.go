package testpki

import "net/http"

const refreshGrant = "refresh_token"

// Logins are counts of what an issuer did, by its own account.
type Logins struct {
	Logins, Refreshes int
	Revoked           int // at a client's wish
	Reused            int // refresh tokens that came a second time
}

// Logins returns what the issuer did so far.
func (p *PKI) Logins() Logins {
	p.logins.mu.Lock()
	defer p.logins.mu.Unlock()
	return p.logins.counts
}

// renew takes a refresh token and makes the next one (RFC 9700, 4.14.2): each
// is good for one use, and whoever uses one again ends the login for all.
func (l *logins) renew(token string) (g *grant, refresh, failed string) {
	g = l.grants[token]
	if g == nil || g.revoked || g.refresh == "" {
		return nil, "", "invalid_grant"
	}
	if g.refresh != token {
		l.counts.Reused++
		g.revoked = true
		return nil, "", "invalid_grant"
	}
	l.counts.Refreshes++
	g.refresh = l.name("refresh", g)
	return g, g.refresh, ""
}

// revoke is the revocation endpoint (RFC 7009). A token that it does not know
// is no error: it is worth nothing already.
func (p *PKI) revoke(w http.ResponseWriter, r *http.Request) {
	p.logins.mu.Lock()
	defer p.logins.mu.Unlock()
	if !knows(r) {
		answerJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	if g := p.logins.grants[r.PostFormValue("token")]; g != nil && !g.revoked {
		g.revoked = true
		p.logins.counts.Revoked++
	}
	w.WriteHeader(http.StatusOK)
}
