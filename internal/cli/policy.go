package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
)

// policyCommand is paraph policy.
func (env Env) policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Say who may sign what",
		Long: `Say who may sign what.

A repository's policy is its file ` + policy.Path + `. It counts for whoever names it:
paraph policy pin does that for a repository, --policy for one command.
docs/policy.md says what stands in it and how it is judged.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("paraph policy has no command %q; paraph policy --help lists them", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(env.policyInitCommand(), env.policyCheckCommand(), env.policyExplainCommand(), env.policyPinCommand(), env.policyAdvanceCommand(), env.policyImportCommand())
	return cmd
}

// atMostOne is the rule of a command that takes one argument, or none.
func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usagef("%s takes one %s at most", cmd.CommandPath(), what)
		}
		return nil
	}
}

// exactlyOne is the rule of a command that takes one argument.
func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s takes one %s", cmd.CommandPath(), what)
		}
		return nil
	}
}

// argument is the argument, or what stands for it.
func argument(args []string, otherwise string) string {
	if len(args) > 0 {
		return args[0]
	}
	return otherwise
}

// noPolicy says that a repository has none, and how to get one.
func noPolicy(err error) error {
	return usagef("%w; paraph policy init proposes one", err)
}

// top is the top folder of the work tree, "" where there is none.
func top(ctx context.Context, repo *gitcmd.Repo) (string, error) {
	out, err := repo.Output(ctx, "rev-parse", "--is-inside-work-tree")
	if err != nil {
		return "", usagef("%w", err)
	}
	if strings.TrimSpace(string(out)) != "true" {
		return "", nil
	}
	out, err = repo.Output(ctx, "rev-parse", "--show-toplevel")
	return strings.TrimSuffix(string(out), "\n"), err
}

// policyOf reads the policy that a spec names. What is wrong with it is an
// error as it is, an object that cannot be had one of status 3.
func (env Env) policyOf(ctx context.Context, repo *gitcmd.Repo, spec history.PolicySpec) (*policy.Policy, error) {
	p, err := env.readPolicy(ctx, repo, spec)
	if err != nil && !isPolicy(err) {
		return nil, unchecked(ctx, err)
	}
	return p, err
}

func (env Env) readPolicy(ctx context.Context, repo *gitcmd.Repo, spec history.PolicySpec) (*policy.Policy, error) {
	if spec.Rev != "" {
		return history.LoadPolicy(ctx, repo, spec, history.ReadFile(env.ReadFile))
	}
	data, err := env.readBeside(spec.Path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", history.ErrPolicy, err)
	}
	return env.parseBeside(spec.Path, data)
}

// workTop is the folder in which a file is the policy of a work tree, "" for a
// file elsewhere.
func workTop(file string) string {
	abs, err := filepath.Abs(file)
	if dir := filepath.Dir(abs); err == nil && filepath.Base(dir) == filepath.Dir(policy.Path) {
		return filepath.Dir(dir)
	}
	return ""
}

// readBeside reads a policy from a file. That of a work tree is read as its
// commit would have it: nothing is reached by a link.
func (env Env) readBeside(file string) ([]byte, error) {
	if dir := workTop(file); dir != "" {
		if err := noLinks(dir, filepath.Dir(policy.Path)+"/"+filepath.Base(file)); err != nil {
			return nil, err
		}
	}
	return env.ReadFile(file, policy.MaxSize)
}

// parseBeside reads a policy that is in a file, or will be, with the keys that
// are beside it: in a work tree below the same top folder, without links.
func (env Env) parseBeside(file string, data []byte) (*policy.Policy, error) {
	from := policy.Source{Name: file}
	dir := workTop(file)
	if dir != "" {
		from.Blob = "0" // a policy with a blob is one of a repository; this one will have its own
	}
	return policy.Parse(data, from, func(path string) ([]byte, error) {
		if dir == "" {
			return env.ReadFile(path, policy.MaxKeyFile)
		}
		if err := noLinks(dir, path); err != nil {
			return nil, err
		}
		return env.ReadFile(filepath.Join(dir, filepath.FromSlash(path)), policy.MaxKeyFile)
	})
}

// noLinks refuses a path below top of which a part is a symbolic link: in a
// commit it would lead nowhere.
func noLinks(top, path string) error {
	at := top
	for part := range strings.SplitSeq(path, "/") {
		at = filepath.Join(at, part)
		info, err := os.Lstat(at)
		switch {
		case err != nil:
			return err
		case info.Mode()&os.ModeSymlink != 0:
			return fmt.Errorf("%s is a symbolic link; put the file itself there", at)
		}
	}
	return nil
}

// isPolicy reports an error that says what is wrong with a policy.
func isPolicy(err error) bool {
	var e *policy.Error
	return errors.As(err, &e) || errors.Is(err, history.ErrPolicy)
}
