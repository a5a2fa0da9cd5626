package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/ambient"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/trust"
)

// token is the identity token to sign with: one that is there, else one that
// somebody at a terminal logs in for.
func (env Env) token(ctx context.Context, cfg *config.Signing, issuers []trust.Service) (*oidc.Token, error) {
	switch cfg.TokenSource {
	case login.Browser, login.Device, login.Paste:
		return env.login(ctx, cfg, issuers)
	}
	t, err := env.tokenSource(cfg).Get(ctx, env.Now())
	if errors.Is(err, oidc.ErrNone) && cfg.TokenSource == login.Auto {
		return env.login(ctx, cfg, issuers)
	}
	return t, err
}

// login has somebody log in, where there is a terminal to talk to them. git
// holds the streams.
func (env Env) login(ctx context.Context, cfg *config.Signing, issuers []trust.Service) (*oidc.Token, error) {
	tty, err := env.terminal()
	if err != nil && cfg.TokenSource == login.Auto {
		return nil, fmt.Errorf("%w; or run git at a terminal, to log in: here is none (%w)", oidc.ErrNone, err)
	}
	if err != nil {
		return nil, fmt.Errorf("paraph.tokenSource is %s, which takes a terminal, and here is none (%w): run git at one, or set it to auto and PARAPH_ID_TOKEN or paraph.tokenFile", cfg.TokenSource, err)
	}
	defer tty.Close()
	c := login.Config{
		Issuer: cfg.Issuer.Value, ClientID: audience(cfg), ConnectorID: cfg.ConnectorID.Value,
		RedirectURL: cfg.RedirectURL.Value, Browser: cfg.Browser.Value, Way: cfg.TokenSource,
	}
	if c.Issuer == "" {
		s, err := listed{"issuer", "paraph.issuer", issuers, nil, []int{1}}.choose(env.Now())
		if err != nil {
			return nil, &config.Error{Message: err.Error()}
		}
		c.Issuer = s.URL
	}
	if c.RedirectURL != "" {
		if err := login.CheckRedirect(c.RedirectURL); err != nil {
			return nil, &config.Error{Message: fmt.Sprintf("%s: %q is not %v", cfg.RedirectURL.Source, c.RedirectURL, err)}
		}
	}
	if c.ClientSecret, err = secret(cfg.ClientSecretFile); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, env.Limits.Login)
	defer cancel()
	return login.Get(ctx, c, login.World{
		HTTP: httpclient.New(), Terminal: tty, System: env.System, Now: env.Now, Sleep: env.Sleep,
	})
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
