package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/terminal"
	"github.com/paraph/paraph/internal/verdict"
)

func (env Env) policyAdvanceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "advance [REV]", Short: "Move from the pinned policy to the one that it became",
		Long: `Move from the pinned policy to the one that it became: by default in the branch's
upstream, else at HEAD.

Everything from the pinned commit to the new one is verified first, each commit by
the policy in force before it, and all of it must be trusted. Then it shows what
the new policy changes, and asks. Else, and if it is interrupted, nothing changes.`,
		Args: atMostOne("REV"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := refFlag(cmd.Flags())
			if err != nil {
				return err
			}
			yes, _ := cmd.Flags().GetBool("yes")
			return env.advancePolicy(cmd.Context(), argument(args, ""), ref, yes)
		},
	}
	cmd.Flags().String("ref", "", "judge as what `REF` (refs/heads/main) leads to; by default REV's own branch")
	cmd.Flags().Bool("yes", false, "answer yes")
	return cmd
}

// advancePolicy runs paraph policy advance.
func (env Env) advancePolicy(ctx context.Context, rev, ref string, yes bool) error {
	repo := gitcmd.New("", env.Environ)
	if _, err := top(ctx, repo); err != nil {
		return err
	}
	from, err := env.pin(ctx, repo)
	if err != nil {
		return err
	}
	if rev == "" {
		rev = upstream(ctx, repo)
	}
	found, err := repo.Resolve(ctx, rev)
	if err != nil {
		return unchecked(ctx, err)
	}
	if ref == "" {
		ref = branchOf(found.Ref)
	}
	to, newer, err := env.policyAt(ctx, repo, rev)
	if err != nil {
		return err
	}
	if to == from {
		_, err := fmt.Fprintf(env.Stdout, "paraph.policy is at %s already\n", to)
		return err
	}
	if err := env.leads(ctx, repo, from, to, ref); err != nil {
		return err
	}
	older, err := env.policyOf(ctx, repo, history.PolicySpec{Rev: from, Path: policy.Path})
	if err != nil {
		return err
	}
	if err := env.showChange(ctx, repo, older, newer, from, to); err != nil {
		return err
	}
	if !yes {
		if err := env.confirm(ctx, "paraph: shall this policy count from now on?"); err != nil {
			return err
		}
	}
	return env.setPolicy(ctx, repo, pinned(to), "--local")
}

// pin is the commit that paraph.policy names.
func (env Env) pin(ctx context.Context, repo *gitcmd.Repo) (id string, err error) {
	src, err := env.source(ctx, repo, nil)
	if err != nil {
		return "", err
	}
	value := ""
	for _, e := range src.Git {
		if e.Key == "paraph.policy" {
			value = e.Value // the last one counts
		}
	}
	id, path, _ := strings.Cut(value, ":")
	switch {
	case value == "":
		return "", usagef("no policy is pinned here: paraph policy pin names the first one")
	case !config.IsPinned(value) || path != policy.Path:
		return "", usagef("paraph.policy is %q, and not COMMITID:%s: paraph policy pin names one that can advance", value, policy.Path)
	}
	return id, nil
}

// upstream is where newer commits of the branch come from, HEAD if that is
// not known.
func upstream(ctx context.Context, repo *gitcmd.Repo) string {
	const name = "@{upstream}"
	if _, err := repo.Resolve(ctx, name); err == nil {
		return name
	}
	return "HEAD"
}

// branchOf is the branch that a ref is, or follows, "" for none.
func branchOf(ref string) string {
	if rest, ok := strings.CutPrefix(ref, "refs/remotes/"); ok {
		_, branch, _ := strings.Cut(rest, "/")
		return "refs/heads/" + branch
	}
	if !strings.HasPrefix(ref, "refs/heads/") {
		return ""
	}
	return ref
}

// leads makes sure that everything from one commit to another is trusted, each
// by the policy in force before it.
func (env Env) leads(ctx context.Context, repo *gitcmd.Repo, from, to, ref string) error {
	var e *gitcmd.Error
	_, err := repo.Output(ctx, "merge-base", "--is-ancestor", from, to)
	if errors.As(err, &e) && e.ExitCode == 1 {
		return &exitError{exitVerdict, fmt.Errorf("%s does not contain the pinned commit %s: nothing leads from one to the other; look at it, and paraph policy pin names it", to, from)}
	} else if err != nil {
		return unchecked(ctx, err)
	}
	cfg, err := env.verification(ctx, repo, map[string]string{"policyAnchor": from})
	if err != nil {
		return err
	}
	bar := env.errProgress(0)
	defer bar.close()
	out, err := report.New("text", bar.above(env.Stdout), env.textOptions())
	if err != nil {
		return err
	}
	name := from + ".." + to
	sum, done, failed := report.Summary{Ranges: []string{name}}, 0, 0
	o := history.Options{Anchor: from, Ref: ref, Found: func(n int) { bar.total += n }, Tell: func(o report.Object) error {
		done++
		bar.show(done, func() string { return bar.rate(done) })
		sum.Count(o.Verdict)
		if o.Verdict != verdict.Trusted && o.Verdict != verdict.Exempt {
			failed++
		}
		return out.Object(o)
	}}
	if err := env.verifyThese(ctx, repo, cfg, o, named(name)); err != nil {
		return err
	}
	if err := out.Close(sum); err != nil {
		return err
	}
	if failed > 0 {
		return &exitError{exitVerdict, fmt.Errorf("the pin stays where it is: not all that leads to %s is trusted", to)}
	}
	return nil
}

// maxDiff bounds the lines of a difference that are shown.
const maxDiff = 2000

// showChange shows what a newer policy changes, in words and in its text, keys
// too.
func (env Env) showChange(ctx context.Context, repo *gitcmd.Repo, older, newer *policy.Policy, from, to string) error {
	said := policy.Diff(older, newer)
	if len(said) == 0 {
		said = []string{"the policy says the same as before"}
	}
	args := []string{"diff", "--no-ext-diff", "--no-textconv", "--no-color", "--text", from, to, "--", ":(top).paraph"}
	text, err := repo.Output(ctx, args...)
	if err != nil {
		return unchecked(ctx, err)
	}
	lines := append([]string{""}, said...)
	lines = append(lines, "")
	for line := range strings.Lines(string(text)) {
		if len(lines) > maxDiff {
			lines = append(lines, fmt.Sprintf("there is more: git diff %s %s -- .paraph", from, to))
			break
		}
		lines = append(lines, strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    "))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(env.Stdout, report.Escape(line)); err != nil {
			return err
		}
	}
	return nil
}

// confirm asks at the terminal. Anything but a yes is an error.
func (env Env) confirm(ctx context.Context, question string) error {
	out, err := env.Terminal()
	if err != nil {
		return usagef("there is no terminal to ask at; --yes answers")
	}
	defer out.Close()
	in, err := env.Answers()
	if err != nil {
		return usagef("there is no terminal to ask at; --yes answers")
	}
	defer in.Close()
	yes, err := terminal.Ask(ctx, struct {
		io.Reader
		io.Writer
	}{in, out}, question)
	if err == nil && !yes {
		err = &exitError{exitVerdict, errors.New("the pin stays where it is")}
	}
	return err
}
