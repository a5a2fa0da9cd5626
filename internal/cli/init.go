package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/report"
)

// initCommand is paraph init: it makes git call this program.
func (env Env) initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "init", Short: "Make git sign and verify with paraph",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			global, _ := cmd.Flags().GetBool("global")
			spec, _ := cmd.Flags().GetString("policy")
			if cmd.Flags().Changed("policy") && spec == "" {
				return usagef("--policy: the value is empty")
			}
			return env.init(cmd, global, spec)
		},
	}
	cmd.Flags().Bool("global", false, "for all of your repositories")
	cmd.Flags().String("policy", "", "judge by the policy at `SPEC` from now on: FILE or REV:PATH")
	return cmd
}

// init sets what git needs to know, and says what it set.
func (env Env) init(cmd *cobra.Command, global bool, spec string) error {
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
	value := ""
	if spec != "" {
		if value, err = env.fixedPolicy(cmd.Context(), repo, history.ParsePolicySpec(spec), global); err != nil {
			return err
		}
	}
	for _, kv := range [][2]string{{"gpg.format", "x509"}, {"gpg.x509.program", self}, {"commit.gpgSign", "true"}} {
		if _, err := repo.Output(cmd.Context(), "config", scope, kv[0], kv[1]); err != nil {
			return fmt.Errorf("setting %s: %w", kv[0], err)
		}
		fmt.Fprintf(env.Stdout, "%s = %s\n", kv[0], kv[1])
	}
	if value != "" {
		return env.setPolicy(cmd.Context(), repo, value, scope)
	}
	return nil
}

// fixedPolicy is a policy as a setting may name it: an absolute path, or a path
// in one commit for ever. It can be used, or that is an error.
func (env Env) fixedPolicy(ctx context.Context, repo *gitcmd.Repo, spec history.PolicySpec, global bool) (value string, err error) {
	if spec.Rev == "" {
		value, err = filepath.Abs(spec.Path)
	} else if global {
		return "", usagef("--policy: %s:%s is in one repository; for all of them name a file, or leave --global", spec.Rev, spec.Path)
	} else {
		var found gitcmd.Revision
		found, err = repo.Resolve(ctx, spec.Rev+"^{commit}")
		value = found.ID + ":" + spec.Path
	}
	if err != nil {
		return "", unchecked(ctx, err)
	}
	p, err := env.policy(ctx, repo, config.Setting{Value: value, Level: config.FromGit, Source: "--policy"})
	if err == nil && len(p.Lint()) > 0 {
		fmt.Fprintf(env.Stderr, "paraph: there are warnings: paraph policy check %s lists them\n", report.Escape(value))
	}
	return value, err
}
