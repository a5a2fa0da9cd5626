package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/keysig"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

func (env Env) policyCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check [FILE|REV:PATH]", Short: "Say what is wrong with a policy, and what it may not mean",
		Long: `Say what is wrong with a policy, and what it may not mean: by default that of the
work tree, ` + policy.Path + `, or HEAD's if there is none. Its key files are looked for
where its commit would have them.

Exit status: 0 nothing is wrong, 1 something is (with --strict, a warning too),
2 there is no such policy.`,
		Args: atMostOne("FILE or REV:PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			strict, _ := cmd.Flags().GetBool("strict")
			return env.checkPolicy(cmd.Context(), argument(args, ""), strict)
		},
	}
	cmd.Flags().Bool("strict", false, "end with 1 for warnings too")
	return cmd
}

// checkPolicy runs paraph policy check.
func (env Env) checkPolicy(ctx context.Context, name string, strict bool) error {
	repo := gitcmd.New("", env.Environ)
	spec := history.ParsePolicySpec(name)
	if name == "" {
		var err error
		if spec, err = ownPolicy(ctx, repo); err != nil {
			return err
		}
		name = shownSpec(spec)
	}
	p, err := env.policyOf(ctx, repo, spec)
	var wrong *policy.Error
	switch {
	case errors.As(err, &wrong):
	case errors.Is(err, fs.ErrNotExist):
		return usagef("%w", err)
	case errors.Is(err, history.ErrPolicy):
		wrong = &policy.Error{Problems: []policy.Problem{{Rule: ruleFile, Message: err.Error()}}}
	case err != nil:
		return err
	default:
		if wrong = keyProblems(p); wrong == nil {
			return env.lintPolicy(name, p, strict)
		}
	}
	if err := writeProblems(env.Stdout, name, "error", wrong.Problems); err != nil {
		return err
	}
	return &exitError{exitVerdict, nil}
}

// ruleFile is the rule that what is no readable file breaks.
const ruleFile = "file"

// keyProblems are the keys of a policy that can never sign, nil if there are none.
func keyProblems(p *policy.Policy) *policy.Error {
	var all []policy.Problem
	for _, k := range p.Keys() {
		if e := verdict.As(keysig.CanSign(k), verdict.Policy, ruleFile); e != nil {
			all = append(all, policy.Problem{Line: k.Line, Rule: e.Rule, Message: e.Message})
		}
	}
	if all == nil {
		return nil
	}
	return &policy.Error{Problems: all}
}

// lintPolicy says what a policy that is right may not mean.
func (env Env) lintPolicy(name string, p *policy.Policy, strict bool) error {
	warnings := p.Lint()
	if err := writeProblems(env.Stdout, name, "warning", warnings); err != nil {
		return err
	}
	switch {
	case strict && len(warnings) > 0:
		return &exitError{exitVerdict, nil}
	case len(warnings) == 0:
		_, err := fmt.Fprintf(env.Stdout, "%s: nothing is wrong\n", report.Escape(name))
		return err
	}
	return nil
}

// writeProblems writes problems, one a line, as compilers do.
func writeProblems(w io.Writer, name, sort string, problems []policy.Problem) error {
	for _, p := range problems {
		at := name
		if p.Line > 0 {
			at = fmt.Sprintf("%s:%d", name, p.Line)
		}
		if _, err := fmt.Fprintf(w, "%s: %s: %s (%s)\n", report.Escape(at), sort, report.Escape(p.Message), p.Rule); err != nil {
			return err
		}
	}
	return nil
}

// ownPolicy is where the repository has its policy: in the work tree, else at
// HEAD.
func ownPolicy(ctx context.Context, repo *gitcmd.Repo) (history.PolicySpec, error) {
	dir, err := top(ctx, repo)
	if err != nil {
		return history.PolicySpec{}, err
	}
	file := filepath.Join(dir, filepath.FromSlash(policy.Path))
	if dir != "" {
		if _, err := os.Lstat(file); err == nil {
			return history.PolicySpec{Path: file}, nil
		}
	}
	head := history.PolicySpec{Rev: "HEAD", Path: policy.Path}
	if _, err := repo.Output(ctx, "rev-parse", "--verify", "--quiet", "HEAD:"+policy.Path); err != nil {
		return head, noPolicy(fmt.Errorf("there is no %s in the work tree, and none at HEAD", policy.Path))
	}
	return head, nil
}

// shownSpec is a spec as a user of this folder would write it.
func shownSpec(s history.PolicySpec) string {
	if s.Rev != "" {
		return s.Rev + ":" + s.Path
	}
	if here, err := os.Getwd(); err == nil {
		if near, err := filepath.Rel(here, s.Path); err == nil {
			return near
		}
	}
	return s.Path
}
