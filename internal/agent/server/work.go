package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/httpclient"
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
	chosen  *chosen          // who is to sign, once that is settled
	token   *oidc.Token      // of a login that was made for this
	refused bool             // by whoever was to log in
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
	asked := token == nil
	if asked {
		if token, err = w.someone(ctx, keys); err != nil {
			if w.refused && ctx.Err() == nil {
				denied = err
			}
			return nil, err
		}
	}
	c, err = w.certify(ctx, keys, token)
	if network := (*httpclient.Error)(nil); asked && errors.As(err, &network) && ctx.Err() == nil {
		denied = err // or each of them would have somebody log in for nothing
	}
	return c, err
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
	if w.token != nil && w.Now().Before(w.token.Expiry()) {
		return w.token, nil // and the agent went away with what came of it
	}
	if t, err := w.kept(ctx, keys); t != nil || err != nil {
		return t, err
	}
	if t, err := w.remembered(ctx); t != nil || err != nil {
		return t, err
	}
	t, err := w.login(ctx)
	w.token = t
	return t, err
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

// instance names the one that signs, as the agent's entries and the keyring's
// do. A trusted root by file stands in for the public instance and is not it:
// nothing that is kept for the one is for the other.
func (w *work) instance() string {
	if w.cfg.TrustedRoot.Set() {
		return fmt.Sprintf("file:%x", w.signer.Root.Digest)
	}
	return w.signer.Root.Instance
}

// lease names what one of several signatures at once does for all of them: the
// hash of whatever tells two apart.
func (w *work) lease(token *oidc.Token) string {
	who := ""
	switch {
	case token != nil:
		who = fmt.Sprintf("certificate %q %q", token.Issuer(), token.ProofSubject())
	case w.cfg.MatchCommitter && w.payload != nil:
		who = fmt.Sprintf("committer %q", w.payload.Committer.Email)
	}
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%q %q %q %s", w.instance(), w.cfg.Issuer.Value, audience(w.cfg), who)))
}
