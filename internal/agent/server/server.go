// Package server is the program paraph-agent: all that holds a key or talks
// to a service. paraph starts it for each request: it makes one signature and
// ends, or looks entries up in logs for as long as somebody asks. Keys that are
// to serve several signatures are with the daemon, which is the same program
// (paraph-agent run) and which it starts.
package server

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/oidc/keyring"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/sign"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/version"
)

// An Env is the outside world of one run.
type Env struct {
	Args           []string // without the program's name
	Program        string   // its own path, to start a daemon; "" starts none
	Environ        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Files          fs.FS // the root folder, where a platform's tokens are
	// Terminal opens the user's terminal. Without it there is none.
	Terminal func() (io.ReadWriteCloser, error)
	System   login.System // where a browser may be
	// Keyring is where logins are kept; nil is the system's.
	Keyring keyring.Store
	Rand    io.Reader
	Now     func() time.Time
	// Sleep waits, no longer than its context.
	Sleep  func(ctx context.Context, d time.Duration) error
	Limits Limits
}

// Run runs the program and returns its exit status. The answer to a request
// stands on standard output, errors too; standard error is for whoever calls
// the agent by hand.
func Run(ctx context.Context, env Env) (status int) {
	defer func() {
		if p := recover(); p != nil {
			status = env.reply(agent.Reply{Error: fmt.Sprintf("internal error in %s: %v", agent.Program, p)})
		}
	}()
	switch {
	case len(env.Args) == 1 && env.Args[0] == "version":
		fmt.Fprintf(env.Stdout, "%s %s\n", agent.Program, version.String())
		return 0
	case len(env.Args) > 0 && env.Args[0] == "run":
		return env.run(ctx, env.Args[1:])
	case len(env.Args) == 3 && env.Args[0] == "sign" && env.Args[1] == "--client-version":
		return env.serve(ctx, env.Args[2])
	case len(env.Args) == 5 && env.Args[0] == "lookup" && env.Args[1] == "--client-version" && env.Args[3] == "--jobs":
		return env.lookup(ctx, env.Args[2], env.Args[4])
	case len(env.Args) == 3 && env.Args[0] == "trust" && env.Args[1] == "--client-version":
		return env.trust(ctx, env.Args[2])
	case len(env.Args) == 3 && env.Args[0] == "session" && env.Args[1] == "--client-version":
		return env.session(ctx, env.Args[2])
	case len(env.Args) == 3 && env.Args[0] == "doctor" && env.Args[1] == "--client-version":
		return env.doctor(ctx, env.Args[2])
	}
	fmt.Fprintf(env.Stderr, "%s: it is started by paraph, there is nothing to call by hand but %s version\n", agent.Program, agent.Program)
	return 2
}

// serve makes one signature for a client of the same build.
func (env Env) serve(ctx context.Context, client string) int {
	if err := checkClient(client); err != nil {
		return env.reply(agent.Reply{Error: err.Error()})
	}
	trust.StartTable()
	git, signed, err := agent.ReadSigning(env.Stdin)
	if err != nil {
		return env.reply(agent.Reply{Error: err.Error()})
	}
	s, err := env.sign(ctx, git, signed)
	if err != nil {
		return env.reply(agent.Reply{Error: err.Error(), Usage: isUsage(err), Interrupted: ctx.Err() != nil})
	}
	return env.reply(agent.Reply{
		Armored:     string(s.Armored),
		Fingerprint: hex.EncodeToString(s.Result.Fingerprint[:]),
		Time:        s.Result.Time().Unix(),
	})
}

// checkClient holds paraph's version against the agent's own.
func checkClient(client string) error {
	if client != version.String() {
		return fmt.Errorf("paraph is version %s and %s is %s: install both from one build", client, agent.Program, version.String())
	}
	return nil
}

// sign makes the signature, by the settings that git answered paraph with. The
// time that somebody takes to log in counts for nothing else.
func (env Env) sign(ctx context.Context, git, signed []byte) (*sign.Signature, error) {
	p, err := sign.Parse(signed)
	if err != nil {
		return nil, err
	}
	entries, err := config.ParseGit(git)
	if err != nil {
		return nil, err
	}
	cfg, err := config.ForSigning(config.Source{Env: env.Environ, Git: entries})
	if err != nil {
		return nil, err
	}
	w, err := env.prepare(ctx, cfg)
	if err != nil {
		return nil, err
	}
	w.payload = p
	return w.sign(ctx, signed)
}

// prepare is what comes before the question who signs.
func (env Env) prepare(ctx context.Context, cfg *config.Signing) (*work, error) {
	ctx, cancel := context.WithTimeout(ctx, env.Limits.Whole)
	defer cancel()
	signer, issuers, err := env.newSigner(ctx, cfg)
	return &work{Env: env, cfg: cfg, signer: signer, issuers: issuers}, err
}

func isUsage(err error) bool {
	var e *config.Error
	return errors.As(err, &e)
}

// reply writes the answer; its status tells a signature from none.
func (env Env) reply(r agent.Reply) int {
	r.Version = version.String()
	return env.answer(r, r.Error != "")
}

// answer writes an answer, and gives the status for it.
func (env Env) answer(r any, failed bool) int {
	if err := json.NewEncoder(env.Stdout).Encode(r); err != nil {
		fmt.Fprintf(env.Stderr, "%s: %v\n", agent.Program, err)
		return 1
	}
	if failed {
		return 1
	}
	return 0
}
