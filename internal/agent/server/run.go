package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/agent/daemon"
	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/version"
)

// run is the agent that holds keys, until nobody needs it any more. Where
// there is one already, it gives way; without a word to whoever started it only
// to have one.
func (env Env) run(ctx context.Context, args []string) int {
	flags := flag.NewFlagSet(agent.Program+" run", flag.ContinueOnError)
	flags.SetOutput(env.Stderr)
	path := flags.String("socket", "", "where to listen; in the session's folder if not said")
	wait := flags.Bool("wait", false, "wait for the first certificate, however long")
	detached := flags.Bool("detached", false, "let go of standard error when all is well; for whoever starts it")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(env.Stderr, "%s run: there is nothing to do with %q\n", agent.Program, flags.Arg(0))
		return 2
	}
	err := env.hold(ctx, *path, *wait, *detached)
	if err != nil && !(*detached && errors.Is(err, daemon.ErrTaken)) {
		fmt.Fprintf(env.Stderr, "%s: %v\n", agent.Program, err)
		return 1
	}
	return 0
}

// hold holds keys.
func (env Env) hold(ctx context.Context, path string, wait, detached bool) error {
	path, err := socket.Path(env.Environ, path)
	if err != nil {
		return err
	}
	if err := daemon.Harden(); err != nil {
		return err
	}
	place, err := daemon.Open(path)
	if err != nil {
		return err
	}
	if detached {
		if err := daemon.Detach(); err != nil {
			return errors.Join(err, place.Close())
		}
	}
	return daemon.Serve(ctx, daemon.World{
		Now: env.Now, Every: every, Rand: env.Rand, Confirm: env.confirm, Build: version.String(), PID: os.Getpid(),
		Wait: wait, Limits: daemon.DefaultLimits(),
	}, place)
}

// every gives ticks by the machine's clock.
func every(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(d)
	return t.C, t.Stop
}

// errNobody says that there is no way to ask, and how to make one.
var errNobody = errors.New("there is neither a terminal nor a program to ask with: set SSH_ASKPASS where the agent is started, or run `paraph agent run` in a terminal")

// confirm asks at the terminal that the agent runs in, else with the program
// of SSH_ASKPASS.
func (env Env) confirm(ctx context.Context, q daemon.Question) (bool, error) {
	if tty, err := env.terminal(); err == nil {
		defer tty.Close()
		if inFront(tty) {
			return askTerminal(ctx, tty, q)
		}
	}
	program := socket.Getenv(env.Environ, "SSH_ASKPASS")
	if !filepath.IsAbs(program) {
		return false, errNobody
	}
	return askProgram(ctx, program, env.Environ, q)
}

// maxReply bounds what somebody types.
const maxReply = 100

// askTerminal asks at a terminal, which it closes when ctx ends. What was
// typed before the question is no answer to it.
func askTerminal(ctx context.Context, tty io.ReadWriteCloser, q daemon.Question) (bool, error) {
	flush(tty)
	if _, err := fmt.Fprintf(tty, "\n%s [y/N] ", q); err != nil {
		return false, err
	}
	replied := make(chan bool, 1)
	go func() { replied <- readYes(tty) }()
	select {
	case yes := <-replied:
		return yes, nil
	case <-ctx.Done():
		fmt.Fprintln(tty, "\nIt is not needed any more.")
		return false, ctx.Err()
	}
}

// readYes reads a line, and reports whether it is yes.
func readYes(r io.Reader) bool {
	var line []byte
	b := make([]byte, 1)
	for len(line) < maxReply {
		if _, err := r.Read(b); err != nil {
			return false
		}
		if b[0] == '\n' {
			return string(line) == "y" || string(line) == "yes"
		}
		line = append(line, b[0])
	}
	return false
}
