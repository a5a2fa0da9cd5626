package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// ErrEnded says that a login cannot be renewed any more: whoever kept it
// forgets it.
var ErrEnded = errors.New("the login has ended: log in again")

// answerTime is how long an issuer may take to answer a refresh token.
const answerTime = 20 * time.Second

// Refresh renews a login without anybody's doing (RFC 6749, section 6; OpenID
// Connect Core 1.0, section 12). The issuer may take the old refresh token for
// used as soon as it is asked, so all that could fail otherwise comes before,
// the end of ctx included: from then on it is of no account. Whoever calls keeps
// the new one at once.
func Refresh(ctx context.Context, c Config, w World, k Kept) (*Login, error) {
	l, err := refresh(ctx, c, w, k)
	if err != nil {
		return nil, fmt.Errorf("renewing the login: %w", err)
	}
	return l, nil
}

func refresh(ctx context.Context, c Config, w World, k Kept) (*Login, error) {
	if k.Refresh == "" {
		return nil, fmt.Errorf("%w (there is no refresh token)", ErrEnded)
	}
	i, err := discover(ctx, w, c)
	if err != nil {
		return nil, err
	}
	if _, err := i.keys(ctx); err != nil {
		return nil, fmt.Errorf("asking for the issuer's keys: %w", err)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
	defer cancel()
	t := new(tokens)
	err = i.post(ctx, i.Token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {k.Refresh}}, t)
	var no *refused
	switch {
	case errors.As(err, &no) && no.Code == "invalid_grant":
		return nil, fmt.Errorf("%w (%w)", ErrEnded, err)
	case err != nil:
		return nil, err
	}
	l, err := i.verify(ctx, t, "")
	switch {
	case errors.Is(err, errNoID):
		return nil, fmt.Errorf("%w (%w)", ErrEnded, err)
	case err != nil:
		return nil, err
	}
	if err := k.same(l.Kept); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrEnded, err)
	}
	// The first login's nonce is the one to hold the next token against, which
	// a renewed one need not repeat.
	l.Refresh, l.Nonce = cmp.Or(l.Refresh, k.Refresh), k.Nonce
	return l, nil
}

// same holds a renewed login against the first (OpenID Connect Core 1.0,
// 12.2).
func (k Kept) same(renewed Kept) error {
	differs := ""
	switch {
	case renewed.Issuer != k.Issuer:
		differs = "issuer"
	case renewed.Subject != k.Subject:
		differs = "subject"
	case renewed.Identity != k.Identity:
		differs = "e-mail address"
	case !slices.Equal(slices.Sorted(slices.Values(renewed.Audience)), slices.Sorted(slices.Values(k.Audience))):
		differs = "audience"
	case renewed.Nonce != "" && !same(renewed.Nonce, k.Nonce):
		differs = "nonce"
	default:
		return nil
	}
	return fmt.Errorf("the renewed token is not the first login's: its %s differs", differs)
}

// Revoke has the issuer end a login (RFC 7009), and reports whether it can.
func Revoke(ctx context.Context, c Config, w World, refresh string) (supported bool, err error) {
	i, err := discover(ctx, w, c)
	if err != nil {
		return false, fmt.Errorf("revoking the login: %w", err)
	}
	if i.Revoke == "" {
		return false, nil
	}
	err = i.post(ctx, i.Revoke, url.Values{"token": {refresh}, "token_type_hint": {"refresh_token"}}, nil)
	var no *refused
	if errors.As(err, &no) && no.Code == "unsupported_token_type" { // RFC 7009, 2.2.1
		return false, nil
	}
	if err != nil {
		return true, fmt.Errorf("revoking the login: %w", err)
	}
	return true, nil
}
