package server

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/ambient"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/trust"
)

// given is the identity token that the settings, the environment or the
// platform give; [oidc.ErrNone] if they have somebody log in.
func (env Env) given(ctx context.Context, cfg *config.Signing) (*oidc.Token, error) {
	switch cfg.TokenSource {
	case login.Browser, login.Device, login.Paste:
		return nil, oidc.ErrNone
	}
	t, err := env.tokenSource(cfg).Get(ctx, env.Now())
	if err == nil {
		err = checkPublic(cfg, t)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// login has somebody log in, where there is a terminal to talk to them. git
// holds the streams.
func (w *work) login(ctx context.Context) (*oidc.Token, error) {
	tty, err := w.terminal()
	if err != nil && w.cfg.TokenSource == login.Auto {
		return nil, fmt.Errorf("%w; or run git at a terminal, to log in: here is none (%w)", oidc.ErrNone, err)
	}
	if err != nil {
		return nil, fmt.Errorf("paraph.tokenSource is %s, which takes a terminal, and here is none (%w): run git at one, or set it to auto and PARAPH_ID_TOKEN or paraph.tokenFile", w.cfg.TokenSource, err)
	}
	defer tty.Close()
	c, err := w.loginConfig(w.cfg, w.issuers)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, w.Limits.Login)
	defer cancel()
	if err := w.askPublic(ctx, w.cfg, tty); err != nil {
		return nil, err
	}
	l, err := login.Get(ctx, c, w.world(tty))
	if err != nil {
		w.refused = true
		return nil, err
	}
	w.remember(ctx, c, l)
	return l.Token, nil
}

// world is what surrounds a login at a terminal.
func (env Env) world(tty io.ReadWriter) login.World {
	return login.World{HTTP: httpclient.New(), Terminal: tty, System: env.System, Now: env.Now, Sleep: env.Sleep}
}

// loginConfig is where to log in, and how.
func (env Env) loginConfig(cfg *config.Signing, issuers []trust.Service) (c login.Config, err error) {
	c = login.Config{
		Issuer: cfg.Issuer.Value, ClientID: audience(cfg), ConnectorID: cfg.ConnectorID.Value,
		RedirectURL: cfg.RedirectURL.Value, Browser: cfg.Browser.Value, Way: cfg.TokenSource, Offline: cfg.Keyring,
	}
	if c.Issuer == "" {
		s, err := listed{"issuer", "paraph.issuer", issuers, nil, []int{1}}.choose(env.Now())
		if err != nil {
			return c, &config.Error{Message: err.Error()}
		}
		c.Issuer = s.URL
	}
	if c.RedirectURL != "" {
		if err := login.CheckRedirect(c.RedirectURL); err != nil {
			return c, &config.Error{Message: fmt.Sprintf("%s: %q is not %v", cfg.RedirectURL.Source, c.RedirectURL, err)}
		}
	}
	c.ClientSecret, err = secret(cfg.ClientSecretFile)
	return c, err
}

// maxSecret bounds a client's secret, in bytes.
const maxSecret = 4 << 10

// secret reads the client's secret, if it has one.
func secret(file config.Setting) (string, error) {
	if !file.Set() {
		return "", nil
	}
	data, err := bounded.ReadFile(file.Value, maxSecret)
	s := strings.TrimSpace(string(data))
	if err == nil && (len(data) > maxSecret || s == "") {
		err = fmt.Errorf("%s holds no secret of 1 to %d bytes", file.Value, maxSecret)
	}
	if err != nil {
		return "", &config.Error{Message: fmt.Sprintf("%s: %v", file.Source, err)}
	}
	return s, nil
}

// audience is whom the token is for.
func audience(cfg *config.Signing) string {
	if cfg.ClientID.Value == "" {
		return oidc.DefaultAudience
	}
	return cfg.ClientID.Value
}

// tokenSource is where the settings say that the identity token comes from.
func (env Env) tokenSource(cfg *config.Signing) oidc.Source {
	audience := audience(cfg)
	return oidc.Source{
		Kind: cfg.TokenSource, Audience: audience,
		Value: cfg.IDToken.Value, EnvName: cfg.IDToken.Source,
		File: cfg.TokenFile.Value, FileSource: cfg.TokenFile.Source,
		Platform: func(ctx context.Context, name string) (string, string, error) {
			ctx, cancel := context.WithTimeout(ctx, env.Limits.Token)
			defer cancel()
			e := ambient.Env{Environ: env.Environ, Files: env.Files, Client: httpclient.New(), Audience: audience, IAM: ambient.IAM}
			return e.Token(ctx, name)
		},
	}
}
