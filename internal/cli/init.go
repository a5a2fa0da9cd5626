package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/gitcmd"
)

// initCommand is paraph init: it makes git call this program.
func (env Env) initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "init", Short: "Make git sign and verify with paraph",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("policy") {
				return usagef("--policy is not in this version yet")
			}
			global, _ := cmd.Flags().GetBool("global")
			return env.init(cmd, global)
		},
	}
	cmd.Flags().Bool("global", false, "for all of your repositories")
	cmd.Flags().String("policy", "", "not in this version yet")
	return cmd
}

// init sets what git needs to know, and says what it set.
func (env Env) init(cmd *cobra.Command, global bool) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	scope := "--local"
	if global {
		scope = "--global"
	}
	repo := gitcmd.New("", env.Environ)
	if _, err := repo.Output(cmd.Context(), "rev-parse", "--git-dir"); err != nil && !global {
		return usagef("%w; paraph init --global sets it up for all of your repositories", err)
	}
	for _, kv := range [][2]string{{"gpg.format", "x509"}, {"gpg.x509.program", self}, {"commit.gpgSign", "true"}} {
		if _, err := repo.Output(cmd.Context(), "config", scope, kv[0], kv[1]); err != nil {
			return fmt.Errorf("setting %s: %w", kv[0], err)
		}
		fmt.Fprintf(env.Stdout, "%s = %s\n", kv[0], kv[1])
	}
	return nil
}
