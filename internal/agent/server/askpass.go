package server

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/paraph/paraph/internal/agent/daemon"
)

// askProgram asks as ssh-agent does (ssh-agent(1), SSH_ASKPASS_PROMPT): the
// program shows its only argument, and ends with status 0 for yes. There is
// no shell. It is killed when ctx ends.
func askProgram(ctx context.Context, program string, environ []string, q daemon.Question) (bool, error) {
	cmd := exec.CommandContext(ctx, program, q.String())
	cmd.Env, cmd.Dir, cmd.WaitDelay = append(environ[:len(environ):len(environ)], "SSH_ASKPASS_PROMPT=confirm"), "/", time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &exit) && exit.Exited():
		return false, nil
	case err != nil:
		return false, fmt.Errorf("SSH_ASKPASS: %w", err)
	}
	return true, nil
}
