package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/keyring"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/xdg"
)

// keyring is the keyring of the system.
func (env Env) keyring(cfg *config.Signing) *keyring.Keyring {
	o := keyring.Options{Store: env.Keyring, State: xdg.State(env.Environ), MaxAge: cfg.KeyringMaxAge, Now: env.Now}
	if o.Store == nil {
		o.Store = keyring.System(env.Environ)
	}
	if tty, err := env.terminal(); err == nil {
		_ = tty.Close()
		o.Say = env.tell
	}
	return keyring.New(o)
}

// A silence is a terminal at which nobody is: a renewal asks nothing.
type silence struct{}

func (silence) Write(p []byte) (int, error) { return len(p), nil }
func (silence) Read([]byte) (int, error)    { return 0, errors.New("nobody is asked") }

// remembered is a token by a login that the keyring keeps, nil if it keeps
// none of whoever is to sign this.
func (w *work) remembered(ctx context.Context) (*oidc.Token, error) {
	if !w.cfg.Keyring || w.another {
		return nil, nil
	}
	c, err := w.loginConfig(w.cfg, w.issuers)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Whole)
	defer cancel()
	k := w.keyring(w.cfg)
	all, err := k.Sessions(ctx, w.instance(), c.Issuer, c.ClientID)
	if err != nil {
		w.tell(fmt.Sprintf("paraph: the keyring is not used: %v", err))
		return nil, nil
	}
	s := w.recognize(slices.DeleteFunc(all, func(s keyring.Session) bool {
		return c.ConnectorID != "" && s.Connector != "" && s.Connector != c.ConnectorID // somebody who came another way
	}))
	if s == nil {
		return nil, nil
	}
	token, err := k.Token(ctx, *s, c, w.world(silence{}))
	if errors.Is(err, login.ErrEnded) || errors.Is(err, keyring.ErrNone) {
		w.tell(fmt.Sprintf("paraph: %v", err))
		return nil, nil
	}
	return token, err
}

// recognize is the session of whoever is to sign this: the committer, else
// the only one.
func (w *work) recognize(all []keyring.Session) *keyring.Session {
	for _, s := range all {
		if w.chosen != nil && s.Identity == w.chosen.name || w.chosen == nil && w.payload != nil && s.Identity == w.payload.Committer.Email {
			return &s
		}
	}
	if w.chosen != nil {
		return nil
	}
	if len(all) != 1 || w.payload != nil && w.cfg.MatchCommitter {
		return nil
	}
	if w.payload != nil {
		w.tell(fmt.Sprintf("paraph: signing as %s; the committer is %s", all[0].Identity, w.payload.Committer.Email))
	}
	return &all[0]
}

// remember has the keyring keep a login. Where it does not, the agent keeps
// the certificate all the same.
func (w *work) remember(ctx context.Context, c login.Config, l *login.Login) {
	if !w.cfg.Keyring || l.Refresh == "" {
		return
	}
	s := keyring.Session{Instance: w.instance(), Issuer: c.Issuer, Client: c.ClientID}
	if err := w.keyring(w.cfg).Keep(ctx, s, l); err != nil {
		w.tell(fmt.Sprintf("paraph: the login is not kept in the keyring: %v", err))
	}
}

// listKept adds what the keyring keeps to those who are logged in.
func (s *sessions) listKept(ctx context.Context) {
	if !s.cfg.Keyring {
		return
	}
	all, err := s.keyring(s.cfg).All(ctx)
	if err != nil {
		s.note("the keyring is not used: %v", err)
		return
	}
	for _, kept := range all {
		s.addKept(kept, kept.Since.Add(s.keyring(s.cfg).MaxAge))
	}
}

// addKept adds it to the certificate that it renews, if there is one.
func (s *sessions) addKept(kept keyring.Session, until time.Time) {
	for i, in := range s.reply.Sessions {
		if !in.Given && in.Keyring.IsZero() && in.Identity == kept.Identity && in.Instance == kept.Instance {
			s.reply.Sessions[i].Keyring = until
			return
		}
	}
	s.reply.Sessions = append(s.reply.Sessions, agent.LoggedIn{
		Identity: kept.Identity, Issuer: kept.Issuer, Instance: kept.Instance, Keyring: until,
	})
}

// forgetKept has the keyring forget all logins, and their issuers end them.
func (s *sessions) forgetKept(ctx context.Context) error {
	k := s.keyring(s.cfg)
	all, err := k.All(ctx)
	if errors.Is(err, keyring.ErrNone) {
		if s.cfg.Keyring {
			s.note("%v: if it keeps a login, it still does", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	var failed []string
	for _, kept := range all {
		c := login.Config{Issuer: kept.Issuer, ClientID: kept.Client}
		if kept.Client == audience(s.cfg) && kept.Issuer == s.cfg.Issuer.Value { // the secret is between these two
			if c.ClientSecret, err = secret(s.cfg.ClientSecretFile); err != nil {
				s.note("%v", err)
			}
		}
		ctx, cancel := context.WithTimeout(ctx, s.Limits.Token)
		revoked, err := k.Logout(ctx, kept, c, s.world(silence{}))
		cancel()
		switch {
		case errors.Is(err, keyring.ErrNone):
			failed = append(failed, err.Error())
		case err != nil:
			s.note("the keyring has forgotten %s, and %s was not told: %v", kept.Identity, kept.Issuer, err)
		case !revoked:
			s.note("the keyring has forgotten %s; %s cannot end a login", kept.Identity, kept.Issuer)
		}
		s.addKept(kept, kept.Since.Add(k.MaxAge))
	}
	if len(failed) > 0 {
		return errors.New(strings.Join(failed, "; "))
	}
	return nil
}

func (s *sessions) note(format string, args ...any) {
	s.reply.Notes = append(s.reply.Notes, fmt.Sprintf(format, args...))
}
