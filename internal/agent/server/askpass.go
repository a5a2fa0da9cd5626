package server

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/agent/daemon"
	"github.com/paraph/paraph/internal/bounded"
)

// maxSaid bounds, in bytes, what is read of a program that asks.
const maxSaid = 64

// askProgram asks as ssh-agent does (ssh-agent(1), SSH_ASKPASS_PROMPT): the
// program shows its only argument, and ends with status 0 for yes. One that
// says something else than yes did not understand what it was asked: many know
// passwords only, and have status 0 for each. There is no shell. It is killed
// when ctx ends.
func askProgram(ctx context.Context, program string, environ []string, q daemon.Question) (bool, error) {
	cmd := exec.CommandContext(ctx, program, q.String())
	cmd.Env, cmd.Dir, cmd.WaitDelay = append(environ[:len(environ):len(environ)], "SSH_ASKPASS_PROMPT=confirm"), "/", time.Second
	said := bounded.Writer{Max: maxSaid}
	cmd.Stdout = &said
	err := cmd.Run()
	defer clear(said.Bytes())
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &exit) && exit.Exited():
		return false, nil
	case err != nil:
		return false, fmt.Errorf("SSH_ASKPASS: %w", err)
	}
	if word := strings.TrimSpace(string(said.Bytes())); said.Cut() || word != "" && !strings.EqualFold(word, "yes") {
		return false, errors.New("the program of SSH_ASKPASS asks for passwords, not for a yes (SSH_ASKPASS_PROMPT=confirm): set another one where the agent is started")
	}
	return true, nil
}
