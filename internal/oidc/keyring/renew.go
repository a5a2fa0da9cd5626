package keyring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/login"
)

const (
	// refreshTime bounds a renewal. Whoever leaves ends one that has sent
	// nothing yet, and no other: then the token is used up and the next one not
	// kept.
	refreshTime = 30 * time.Second
	// leaveTime is how long whoever leaves stays for that. It is less than
	// paraph has patience with an agent that is to end.
	leaveTime = 2 * time.Second
)

// Token renews the session's login and returns its new identity token. An
// error with [login.ErrEnded] in its chain says that the session is no more,
// and takes a new login.
func (k *Keyring) Token(ctx context.Context, s Session, c login.Config, w login.World) (*oidc.Token, error) {
	if err := s.belongs(c); err != nil {
		return nil, err
	}
	unlock, err := k.lock(ctx)
	if err != nil {
		return nil, err
	}
	type renewal struct {
		token *oidc.Token
		err   error
	}
	done := make(chan renewal, 1)
	go func() {
		defer unlock()
		t, err := k.renew(ctx, s, c, w)
		done <- renewal{t, err}
	}()
	select {
	case r := <-done:
		return r.token, r.err
	case <-ctx.Done():
	}
	select {
	case <-done:
	case <-time.After(k.leaving):
	}
	return nil, fmt.Errorf("renewing the login: %w", ctx.Err())
}

// renew is Token, under the lock.
func (k *Keyring) renew(ctx context.Context, s Session, c login.Config, w login.World) (*oidc.Token, error) {
	since, kept, err := k.kept(ctx, s)
	if err == nil && k.tooOld(since) {
		err = fmt.Errorf("%w (it is older than %s)", login.ErrEnded, k.MaxAge)
	}
	var l *login.Login
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, refreshTime)
		l, err = login.Refresh(ctx, c, w, kept)
		cancel()
	}
	// What came of it is kept, whoever has left meanwhile.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*k.limit)
	defer cancel()
	if errors.Is(err, login.ErrEnded) {
		return nil, errors.Join(err, k.forget(ctx, s))
	}
	if err != nil {
		return nil, err
	}
	if l.Refresh == kept.Refresh {
		return l.Token, nil
	}
	s.Since = since
	value, err := encodeItem(s, l.Kept)
	if err == nil {
		err = k.set(ctx, s.item(), value)
	}
	if err != nil {
		// This token is good. The one that is kept is used up.
		k.tell("paraph: the keyring did not take the renewed login, so the next one is by hand: " + err.Error())
		_ = k.forget(ctx, s) // else the issuer says so at the next renewal
	}
	return l.Token, nil
}
