package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/sign"
	"github.com/paraph/paraph/internal/trust"
)

// A work is one signature in the making, or a login for many.
type work struct {
	Env
	cfg     *config.Signing
	signer  *sign.Signer
	issuers []trust.Service
	payload *payload.Payload // nil for a login
	another bool             // nobody of those whom the agent knows is to sign
}

// sign finds who signs, and has them sign. Where the key is gone on the way,
// with its agent or for another one, all begins anew, once.
func (w *work) sign(ctx context.Context, signed []byte) (*sign.Signature, error) {
	s, err := w.try(ctx, signed)
	if keyGone(err) && ctx.Err() == nil {
		return w.try(ctx, signed)
	}
	return s, err
}

func keyGone(err error) bool {
	var answered *socket.Error
	return errors.Is(err, socket.ErrLost) ||
		errors.As(err, &answered) && (answered.Code == socket.CodeUnknown || answered.Code == socket.CodeEnded || answered.Code == socket.CodeStopping)
}

func (w *work) try(ctx context.Context, signed []byte) (*sign.Signature, error) {
	keys, err := w.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer keys.Close()
	c, err := w.credential(ctx, keys)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Whole)
	defer cancel()
	return w.signer.Sign(ctx, c, signed)
}

// credential is one that the agent holds, else a new one.
func (w *work) credential(ctx context.Context, keys *keys) (*sign.Credential, error) {
	token, err := w.given(ctx, w.cfg)
	if err != nil && (!errors.Is(err, oidc.ErrNone) || !w.interactive()) {
		return nil, err
	}
	c, err := w.held(ctx, keys, token)
	if c != nil || err != nil {
		return c, err
	}
	release, err := keys.acquire(ctx, w.lease(token))
	if err != nil {
		return nil, err
	}
	var denied error // what those who wait are told, who would ask for the same
	defer func() { release(denied) }()
	// Whoever had the lease before may have done what this one waited to do.
	if c, err = w.held(ctx, keys, token); c != nil || err != nil {
		return c, err
	}
	if keys.remote() {
		return nil, fmt.Errorf("the agent behind %s is another machine's, and offers no certificate to sign with here: log in there, and choose one by paraph agent start --remote", keys.path)
	}
	if token == nil {
		if token, err = w.someone(ctx, keys); err != nil {
			if ctx.Err() == nil {
				denied = err
			}
			return nil, err
		}
	}
	return w.certify(ctx, keys, token)
}

// interactive reports whether somebody may be asked to log in.
func (w *work) interactive() bool {
	switch w.cfg.TokenSource {
	case login.Auto, login.Browser, login.Device, login.Paste:
		return true
	}
	return false
}

// someone is a token by whoever logged in before, else by whoever does now.
func (w *work) someone(ctx context.Context, keys *keys) (*oidc.Token, error) {
	if t, err := w.kept(ctx, keys); t != nil || err != nil {
		return t, err
	}
	if t, err := w.remembered(ctx); t != nil || err != nil {
		return t, err
	}
	return w.login(ctx)
}

// certify gets a certificate for a new key, and has the agent keep both.
func (w *work) certify(ctx context.Context, keys *keys, token *oidc.Token) (*sign.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Whole)
	defer cancel()
	key, err := keys.newKey(ctx)
	if err != nil {
		return nil, err
	}
	c, err := w.signer.Certify(ctx, key, token, w.payload)
	if err != nil {
		return nil, err
	}
	return c, keys.store(ctx, w.instance(), c, token)
}

// instance names the one that signs, as the agent's entries do.
func (w *work) instance() string { return w.signer.Root.Instance }

// lease names what one of several signatures at once does for all of them.
func (w *work) lease(token *oidc.Token) string {
	if token != nil {
		return fmt.Sprintf("certificate %q %q %q", w.instance(), token.Issuer(), token.ProofSubject())
	}
	return fmt.Sprintf("login %q %q %q", w.instance(), w.cfg.Issuer.Value, audience(w.cfg))
}
