//go:build unix

package cli

import (
	"context"
	"syscall"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
)

// runAgent becomes the agent: same process, terminal and signals.
func (env Env) runAgent(ctx context.Context) error {
	src, err := env.source(ctx, gitcmd.New("", env.Environ), nil)
	if err != nil {
		return err
	}
	cfg, err := config.ForSigning(src)
	if err != nil {
		return err
	}
	path, err := findAgent()
	if err != nil {
		return err
	}
	args := []string{agent.Program, "run", "--wait"}
	if cfg.AgentSocket.Set() {
		args = append(args, "--socket", cfg.AgentSocket.Value)
	}
	return syscall.Exec(path, args, env.Environ)
}
