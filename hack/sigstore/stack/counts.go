package stack

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// Counts are what issuer and CA did, by their own account.
type Counts struct {
	Logins       int64 `json:"logins"`    // by code and by device
	Refreshes    int64 `json:"refreshes"` // of logins, without anybody's doing
	Revoked      int64 `json:"revoked"`   // requests to end a login
	Certificates int64 `json:"certificates"`
}

type counters struct {
	logins, refreshes, revoked, certificates atomic.Int64

	mu sync.Mutex
	of map[string]Counts // for somebody, logins and certificates only
}

// login counts a login by somebody.
func (c *counters) login(name string) {
	c.logins.Add(1)
	c.count(name, func(of *Counts) { of.Logins++ })
}

// certificate counts a certificate for somebody.
func (c *counters) certificate(name string) {
	c.certificates.Add(1)
	c.count(name, func(of *Counts) { of.Certificates++ })
}

func (c *counters) count(name string, add func(*Counts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = make(map[string]Counts)
	}
	of := c.of[name]
	add(&of)
	c.of[name] = of
}

// CountsOf returns how often somebody, by e-mail address, logged in and was
// certified so far.
func (s *Stack) CountsOf(name string) Counts {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	return s.counters.of[name]
}

// Counts returns what issuer and CA did so far.
func (s *Stack) Counts() Counts {
	c := &s.counters
	return Counts{c.logins.Load(), c.refreshes.Load(), c.revoked.Load(), c.certificates.Load()}
}

const countsPath = "/counts"

func (s *Stack) answerCounts(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.Counts())
}

// CreateAccessToken is what the library calls for a login without a refresh
// token.
func (s *issuerStorage) CreateAccessToken(ctx context.Context, r op.TokenRequest) (string, time.Time, error) {
	id, end, err := s.Storage.CreateAccessToken(ctx, r)
	if err == nil {
		s.counters.login(r.GetSubject())
	}
	return id, end, err
}

// CreateAccessAndRefreshTokens is what the library calls for a login with a
// refresh token, and for each refresh, which takes the current token. Its
// storage would forget whose a device's login is.
func (s *issuerStorage) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (id, next string, end time.Time, err error) {
	if d, ok := r.(*op.DeviceAuthorizationState); ok {
		r = &storage.AuthRequest{ApplicationID: d.ClientID, UserID: d.Subject, Scopes: d.Scopes}
	}
	id, next, end, err = s.Storage.CreateAccessAndRefreshTokens(ctx, r, current)
	switch {
	case err != nil:
	case current == "":
		s.counters.login(r.GetSubject())
	default:
		s.counters.refreshes.Add(1)
	}
	return id, next, end, err
}

func (s *issuerStorage) RevokeToken(ctx context.Context, token, user, client string) *oidc.Error {
	err := s.Storage.RevokeToken(ctx, token, user, client)
	if err == nil {
		s.counters.revoked.Add(1)
	}
	return err
}
