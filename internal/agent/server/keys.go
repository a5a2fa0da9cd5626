package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/sign"
)

// Keys are where keys live: with the agent, or, without one, in this process.
type keys struct {
	env   Env
	path  string         // of the agent's socket
	agent *socket.Client // nil: there is none
}

// connect finds the agent, and starts one where there is none. Without one
// every signature gets a fresh key, and everything still works: so what keeps
// an agent from being used is said, and no error.
func (w *work) connect(ctx context.Context) (*keys, error) {
	k := &keys{env: w.Env}
	if !w.cfg.Agent {
		return k, nil
	}
	var err error
	if k.path, err = socket.Path(w.Environ, w.cfg.AgentSocket.Value); err == nil {
		k.agent, err = socket.Dial(ctx, k.path)
	}
	if errors.Is(err, socket.ErrNone) {
		k.agent, err = w.launch(ctx, k.path, false)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errors.ErrUnsupported):
		return k, nil
	case err != nil:
		w.tell(fmt.Sprintf("paraph: signing without an agent: %v", err))
	}
	return k, nil
}

// launch starts an agent and connects to it. One that is to wait stays until
// its first certificate has ended, however late that comes.
func (env Env) launch(ctx context.Context, path string, wait bool) (*socket.Client, error) {
	if env.Program == "" {
		return nil, errors.New("the path of this program is not known")
	}
	if err := socket.Start(ctx, env.Program, path, env.Environ, wait); err != nil {
		return nil, err
	}
	return socket.Dial(ctx, path)
}

func (k *keys) Close() {
	if k.agent != nil {
		_ = k.agent.Close()
	}
}

// remote reports an agent that only signs: it is another machine's.
func (k *keys) remote() bool { return k.agent != nil && k.agent.Status().Remote }

// acquire waits until nobody else does what the lease is for.
func (k *keys) acquire(ctx context.Context, lease string) (release func(error), err error) {
	if k.agent == nil || k.remote() {
		return func(error) {}, nil
	}
	defer time.AfterFunc(silentWait, func() { k.env.tell("paraph: waiting for another paraph, which logs in or gets a certificate") }).Stop()
	limited, cancel := context.WithTimeout(ctx, k.env.Limits.Login+k.env.Limits.Whole)
	defer cancel()
	release, err = k.agent.Acquire(limited, lease)
	var failed *socket.LeaseError
	switch {
	case errors.As(err, &failed):
		return nil, fmt.Errorf("another paraph had somebody log in for this one too: %w", err)
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return nil, errors.New("another paraph, which logs in or gets a certificate, does not end: is it stopped (Ctrl-Z)?")
	}
	return release, err
}

// newKey makes a key.
func (k *keys) newKey(ctx context.Context) (sign.Key, error) {
	if k.agent == nil {
		return sign.NewKey(k.env.Rand, k.env.Now)
	}
	key, err := k.agent.NewKey(ctx)
	if err != nil {
		return nil, err
	}
	return &newKey{key, heldKey{key.ID(), k.agent}}, nil
}

// store has the agent keep the key, its certificate and the token for the
// next one.
func (k *keys) store(ctx context.Context, instance string, c *sign.Credential, token *oidc.Token) error {
	key, ok := c.Key.(*newKey)
	if !ok {
		return nil
	}
	return k.agent.Store(ctx, key.Key, instance, token.Issuer(), c.Leaf, token.Secret())
}

// silentWait is how long another login is waited for without a word.
const silentWait = 2 * time.Second

// A newKey is one that the agent made and has no certificate for.
type newKey struct {
	*socket.Key
	heldKey
}

// A heldKey is one that the agent holds with its certificate.
type heldKey struct {
	id    string
	agent *socket.Client
}

func (k heldKey) Sign(ctx context.Context, leaf *x509.Certificate, payload []byte) (*cms.SignedData, error) {
	der, err := k.agent.Sign(ctx, k.id, payload)
	if err != nil {
		return nil, err
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, fmt.Errorf("the agent answered with a signature that is none: %w", err)
	}
	if !sd.Leaf.Equal(leaf) || len(sd.UnsignedAttributes) > 0 {
		return nil, errors.New("the agent answered with another signature than it was asked for")
	}
	if _, err := sd.Verify(payload); err != nil {
		return nil, fmt.Errorf("the agent's signature does not verify: %w", err)
	}
	return sd, nil
}
