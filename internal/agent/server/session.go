package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/version"
)

// maxSessionRequest bounds a SessionRequest, in bytes.
const maxSessionRequest = 64 << 10

// session answers who is logged in, and changes it.
func (env Env) session(ctx context.Context, client string) int {
	reply := new(agent.SessionReply)
	err := checkClient(client)
	if err == nil {
		err = env.doSession(ctx, reply)
	}
	if err != nil {
		reply.Error, reply.Usage, reply.Interrupted = err.Error(), isUsage(err), ctx.Err() != nil
	}
	reply.Version = version.String()
	return env.answer(reply, reply.Error != "")
}

func (env Env) doSession(ctx context.Context, reply *agent.SessionReply) error {
	data, err := io.ReadAll(io.LimitReader(env.Stdin, maxSessionRequest))
	if err != nil {
		return err
	}
	var r agent.SessionRequest
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("the request is in a form that is not paraph's: %w", err)
	}
	if r.Do == agent.Login {
		return env.logIn(ctx, reply)
	}
	cfg, err := env.settings(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, env.Limits.Whole)
	defer cancel()
	s := &sessions{Env: env, cfg: cfg, reply: reply}
	switch r.Do {
	case agent.WhoAmI:
		return s.who(ctx)
	case agent.AgentStatus:
		return s.status(ctx)
	case agent.Logout:
		return s.logOut(ctx)
	case agent.AgentStart:
		return s.start(ctx, r.Remote)
	case agent.AgentStop:
		return s.stop(ctx)
	}
	return fmt.Errorf("there is no request %q", r.Do)
}

// settings reads the settings for signing.
func (env Env) settings(ctx context.Context) (*config.Signing, error) {
	ctx, cancel := context.WithTimeout(ctx, env.Limits.Whole)
	defer cancel()
	entries, err := config.ReadGit(ctx, gitcmd.New("", env.Environ))
	if err != nil {
		return nil, err
	}
	return config.ForSigning(config.Source{Env: env.Environ, Git: entries})
}

// logIn gets a new certificate, for the agent to keep.
func (env Env) logIn(ctx context.Context, reply *agent.SessionReply) error {
	cfg, err := env.settings(ctx)
	if err != nil {
		return err
	}
	w, err := env.prepare(ctx, cfg)
	if err != nil {
		return err
	}
	if !w.cfg.Agent && !w.cfg.Keyring {
		return &config.Error{Message: "there is nowhere to keep a login: paraph.agent and paraph.keyring are false"}
	}
	k, err := w.connect(ctx)
	if err != nil {
		return err
	}
	defer k.Close()
	switch {
	case k.agent == nil && !w.cfg.Keyring:
		return errors.New("there is nowhere to keep a login: no agent can be used here, and paraph.keyring is false")
	case k.remote():
		return fmt.Errorf("the agent behind %s is another machine's: log in there", k.path)
	}
	token, err := w.given(ctx, w.cfg)
	if errors.Is(err, oidc.ErrNone) && w.interactive() {
		token, err = w.login(ctx)
	}
	if err != nil {
		return err
	}
	s := &sessions{Env: env, cfg: w.cfg, reply: reply, path: k.path, client: k.agent}
	if k.agent != nil {
		if _, err := w.certify(ctx, k, token); err != nil {
			return err
		}
		reply.Agent = describe(k.path, k.agent.Status())
		if err := s.list(ctx); err != nil {
			return err
		}
	}
	s.listKept(ctx)
	if len(reply.Sessions) == 0 {
		return errors.New("you logged in, and nothing keeps it: there is no agent, and the keyring took nothing")
	}
	return nil
}

func describe(path string, s socket.Status) *agent.Daemon {
	return &agent.Daemon{Socket: path, Build: s.Build, PID: s.PID, Remote: s.Remote, Entries: s.Entries, Until: s.Until, MemoryLocked: s.MemoryLocked}
}

// sessions are those who are logged in.
type sessions struct {
	Env
	cfg    *config.Signing
	reply  *agent.SessionReply
	path   string
	client *socket.Client
}

// dial connects to the agent that runs, whether signatures are to use it or
// not; nil is none.
func (s *sessions) dial(ctx context.Context) (err error) {
	if s.path, err = socket.Path(s.Environ, s.cfg.AgentSocket.Value); err == nil {
		s.client, err = socket.Dial(ctx, s.path)
	}
	switch {
	case errors.Is(err, socket.ErrNone), errors.Is(err, errors.ErrUnsupported):
		return nil
	case err != nil:
		return err
	}
	s.reply.Agent = describe(s.path, s.client.Status())
	return nil
}

func (s *sessions) close() {
	if s.client != nil {
		_ = s.client.Close()
	}
}

// who says who is logged in: a token that is given counts before what the
// agent holds.
func (s *sessions) who(ctx context.Context) error {
	token, err := s.given(ctx, s.cfg)
	switch {
	case err == nil:
		s.reply.Sessions = append(s.reply.Sessions, agent.LoggedIn{Identity: token.ProofSubject(), Issuer: token.Issuer(), Token: token.Expiry(), Given: true})
	case !errors.Is(err, oidc.ErrNone):
		return err
	}
	if s.cfg.Agent {
		if err := s.status(ctx); err != nil {
			return err
		}
	}
	s.listKept(ctx)
	return nil
}

// status tells of the agent and lists what it holds.
func (s *sessions) status(ctx context.Context) error {
	if err := s.dial(ctx); err != nil {
		return err
	}
	defer s.close()
	return s.list(ctx)
}

// list lists what the agent holds.
func (s *sessions) list(ctx context.Context) error {
	if s.client == nil {
		return nil
	}
	all, err := s.client.Entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		if s.Now().After(e.Certificate.NotAfter) {
			continue
		}
		in := agent.LoggedIn{Instance: e.Instance, Issuer: e.Issuer, Certificate: e.Certificate.NotAfter, Token: e.TokenUntil}
		if id, err := fulcio.ParseIdentity(e.Certificate); err == nil {
			in.Identity, in.Issuer = id.Name, id.Issuer
		}
		if in.Token.Before(s.Now()) {
			in.Token = time.Time{}
		}
		s.reply.Sessions = append(s.reply.Sessions, in)
	}
	return nil
}

// logOut has agent and keyring forget everybody, each whatever the other does.
func (s *sessions) logOut(ctx context.Context) error {
	if err := s.dial(ctx); err != nil {
		return errors.Join(err, s.forgetKept(ctx))
	}
	defer s.close()
	return errors.Join(s.forgetHeld(ctx), s.forgetKept(ctx))
}

func (s *sessions) forgetHeld(ctx context.Context) error {
	if s.client == nil {
		return nil
	}
	if s.client.Status().Remote {
		return fmt.Errorf("the agent behind %s is another machine's: log out there", s.path)
	}
	if err := s.list(ctx); err != nil {
		return err
	}
	_, err := s.client.Forget(ctx, "")
	return err
}

// start starts an agent, where none runs, and chooses who signs for other
// machines.
func (s *sessions) start(ctx context.Context, remote string) error {
	if !s.cfg.Agent {
		return &config.Error{Message: "paraph.agent is false: set it to true"}
	}
	path, err := socket.Path(s.Environ, s.cfg.AgentSocket.Value)
	if err != nil {
		return err
	}
	if s.client, err = socket.Dial(ctx, path); errors.Is(err, socket.ErrNone) {
		s.client, err = s.launch(ctx, path, true)
	}
	if err != nil {
		return err
	}
	defer s.close()
	if remote != "" {
		if err := s.offer(ctx, remote); err != nil {
			return err
		}
	}
	s.reply.Agent = describe(path, s.client.Status())
	return s.list(ctx)
}

// offer chooses who signs for other machines.
func (s *sessions) offer(ctx context.Context, identity string) error {
	all, err := s.client.Entries(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		if id, err := fulcio.ParseIdentity(e.Certificate); err == nil && id.Name == identity {
			return s.client.Offer(ctx, e.Key, s.cfg.AgentConfirm)
		}
	}
	return &config.Error{Message: fmt.Sprintf("the agent holds no certificate for %q: paraph login gets one", identity)}
}

func (s *sessions) stop(ctx context.Context) error {
	if err := s.dial(ctx); err != nil {
		return err
	}
	defer s.close()
	if s.client == nil {
		return nil
	}
	if s.client.Status().Remote {
		return fmt.Errorf("the agent behind %s is another machine's: stop it there", s.path)
	}
	return s.client.Stop(ctx)
}
