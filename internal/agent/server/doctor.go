package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/ambient"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/store"
	"github.com/paraph/paraph/internal/version"
)

// A diagnosis is what one look at the machine goes by.
type diagnosis struct {
	Env
	cfg    *config.Signing
	online bool
	used   string // the source that a token comes from, set by tokens
}

// examinations are what paraph doctor has this program look at, in the order
// in which it is shown.
func (d *diagnosis) examinations() []func(context.Context) []agent.Check {
	return []func(context.Context) []agent.Check{d.tokens, d.login, d.holder, d.logins, d.services}
}

// doctor looks at what is wrong here, for a client of the same build. Unless
// the request wants it online nothing is asked of anybody.
func (env Env) doctor(ctx context.Context, client string) int {
	reply := agent.DoctorReply{Version: version.String()}
	checks, err := env.examine(ctx, client)
	if reply.Checks = checks; err != nil {
		reply.Error = err.Error()
	}
	return env.answer(reply, err != nil)
}

func (env Env) examine(ctx context.Context, client string) ([]agent.Check, error) {
	if err := checkClient(client); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(env.Stdin, agent.MaxDoctor))
	var r agent.DoctorRequest
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, env.Limits.Whole)
	defer cancel()
	entries, err := config.ReadGit(ctx, gitcmd.New("", env.Environ))
	if err != nil {
		return nil, err
	}
	d := &diagnosis{Env: env, online: r.Online}
	if d.cfg, err = config.ForSigning(config.Source{Env: env.Environ, Git: entries}); err != nil {
		// What is wrong with them paraph says itself.
		return []agent.Check{{Name: "signing", Status: agent.Skip, Detail: "the settings cannot be used"}}, nil
	}
	var out []agent.Check
	for _, look := range d.examinations() {
		out = append(out, look(ctx)...)
	}
	return out, nil
}

// tokens are the sources of identity tokens in their order, and whose turn it
// is. The first that is there decides.
func (d *diagnosis) tokens(ctx context.Context) []agent.Check {
	s := d.tokenSource(d.cfg)
	s.Platform = nil
	out := []agent.Check{{Name: "token env", Status: agent.Skip, Detail: "neither PARAPH_ID_TOKEN nor SIGSTORE_ID_TOKEN is set"}}
	if s.Value != "" {
		out[0] = d.held(ctx, s, "env", s.EnvName)
	}
	file := agent.Check{Name: "token file", Status: agent.Skip, Detail: "paraph.tokenFile is not set"}
	if s.File != "" {
		file = d.held(ctx, s, "file", s.File+", by "+s.FileSource)
	}
	out = append(out, file)
	e := ambient.Env{Environ: d.Environ, Files: d.Files, Audience: s.Audience}
	for _, p := range e.Places() {
		c := agent.Check{Name: "token " + p.Name, Status: agent.Skip, Detail: "not here: " + p.Seen}
		switch {
		case p.Here && p.Missing != "":
			c.Status, c.Detail, c.Next = agent.Fail, p.Missing, p.Needs
		case p.Here:
			c.Status, c.Detail = agent.OK, "here: "+p.Seen+"; it is asked with each signature"
		}
		out = append(out, c)
	}
	return d.turn(out)
}

// held checks a token that is here already.
func (d *diagnosis) held(ctx context.Context, s oidc.Source, kind, where string) agent.Check {
	c := agent.Check{Name: "token " + kind, Status: agent.OK, Detail: where}
	s.Kind = kind
	t, err := s.Get(ctx, d.Now())
	if err == nil {
		c.Detail += ", for " + t.ProofSubject()
		err = checkPublic(d.cfg, t)
	}
	if err != nil {
		c.Status, c.Detail = agent.Fail, err.Error()
	}
	return c
}

// turn adds which source is used. What is not has no say, whatever is wrong
// with it.
func (d *diagnosis) turn(out []agent.Check) []agent.Check {
	kind := d.cfg.TokenSource
	for i := range out {
		mine := kind == login.Auto && d.used == "" && out[i].Status != agent.Skip || out[i].Name == "token "+kind
		switch {
		case mine:
			d.used = out[i].Name
			if out[i].Status == agent.Skip {
				out[i].Status, out[i].Next = agent.Fail, "paraph.tokenSource is "+kind+": set it to auto, or see to it that it is there"
			}
		case out[i].Status == agent.Fail:
			out[i].Status, out[i].Next = agent.Skip, ""
		}
	}
	c := agent.Check{Name: "token", Status: agent.OK, Detail: d.used + " is used"}
	if d.used == "" {
		c.Detail = "none is here: somebody logs in"
	}
	return append(out, c)
}

// login says how somebody would log in here, if a login is what it takes.
func (d *diagnosis) login(context.Context) []agent.Check {
	c := agent.Check{Name: "login", Status: agent.OK}
	tty, err := d.terminal()
	switch {
	case err != nil && d.used == "":
		c.Status, c.Detail, c.Next = agent.Fail, "there is no token, and no terminal to log in at", "set PARAPH_ID_TOKEN or paraph.tokenFile, or run git at a terminal"
		return []agent.Check{c}
	case err != nil:
		c.Status, c.Detail = agent.Skip, "there is no terminal to log in at"
		return []agent.Check{c}
	}
	defer tty.Close()
	program, why := d.System.Describe(d.cfg.Browser.Value)
	switch way := d.cfg.TokenSource; {
	case way == login.Device || way == login.Paste:
		c.Detail = "by " + way + ", as paraph.tokenSource says"
	case program != "":
		c.Detail = "in a browser (" + program + ")"
	case way == login.Browser:
		c.Status, c.Detail, c.Next = agent.Warn, "paraph.tokenSource is browser, and none is opened: "+why, "set paraph.browser, or paraph.tokenSource = device"
	default:
		c.Detail = "by device code, or paste where the issuer has none; no browser is opened: " + why
	}
	if isPublic(d.cfg) && !d.cfg.PublicIdentity {
		c.Detail += "; the first one asks whether the identity may be public"
	}
	return []agent.Check{c}
}

// services are those that a signature would use.
func (d *diagnosis) services(ctx context.Context) []agent.Check {
	c := agent.Check{Name: "services", Status: agent.Fail}
	e := endpoints{fulcio: d.cfg.Fulcio.Value, rekor: d.cfg.Rekor.Value, rekorVersion: d.cfg.RekorVersion, tsa: d.cfg.Timestamp.Value}
	_, sc, err := d.instanceAfter(d.cfg, func(s store.Store, i *store.Instance) error {
		if !d.online {
			return nil
		}
		return d.refresh(ctx, s, i)
	})
	if err == nil {
		err = e.fill(*sc, d.Now())
	}
	if err != nil {
		c.Detail = err.Error()
		if !d.online && d.byTUF() {
			c.Status, c.Next = agent.Warn, "paraph trust update; the next signature tries it, too"
		}
		return []agent.Check{c}
	}
	all := []asked{
		{"certificate authority", e.fulcio, "/api/v2/configuration"},
		{fmt.Sprintf("transparency log (Rekor v%d)", e.rekorVersion), e.rekor, fmt.Sprintf("/api/v%d/log", e.rekorVersion)},
	}
	if e.tsa != "" {
		all = append(all, asked{"timestamp authority", e.tsa, ""})
	}
	if issuer := d.issuer(sc.Issuers); issuer != "" {
		all = append(all, asked{"issuer", issuer, "/.well-known/openid-configuration"})
	}
	if d.online {
		return d.ask(ctx, httpclient.New(), all)
	}
	var out []agent.Check
	for _, s := range all {
		out = append(out, agent.Check{Name: "service", Status: agent.OK, Detail: s.String() + "; not asked (--online does)"})
	}
	return out
}

// byTUF reports whether the next update may bring what is missing.
func (d *diagnosis) byTUF() bool {
	if d.cfg.TrustedRoot.Set() {
		return false
	}
	i, err := store.New(d.Environ).Instance(d.cfg.Instances[0])
	return err == nil && !i.ByFile()
}

// issuer is where somebody would log in, "" if nothing says so.
func (d *diagnosis) issuer(issuers []trust.Service) string {
	if d.cfg.Issuer.Set() {
		return d.cfg.Issuer.Value
	}
	s, err := listed{"issuer", "paraph.issuer", issuers, nil, []int{1}}.choose(d.Now())
	if err != nil {
		return ""
	}
	return s.URL
}
