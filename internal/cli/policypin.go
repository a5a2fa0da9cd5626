package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

func (env Env) policyPinCommand() *cobra.Command {
	return &cobra.Command{
		Use: "pin [REV]", Short: "Have the policy of one commit count in this repository",
		Long: `Have the policy of one commit count in this repository: paraph.policy is set to
COMMITID:` + policy.Path + `, by default HEAD's.

Before that it says who signed that commit, and whether the commit's own policy
lets them. Whoever names a commit vouches for it: see that it is the one you mean.
paraph policy advance moves to a newer one.`,
		Args: atMostOne("REV"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return env.pinPolicy(cmd.Context(), argument(args, "HEAD"))
		},
	}
}

// pinPolicy runs paraph policy pin.
func (env Env) pinPolicy(ctx context.Context, rev string) error {
	repo := gitcmd.New("", env.Environ)
	id, p, err := env.policyAt(ctx, repo, rev)
	if err != nil {
		return err
	}
	if warnings := p.Lint(); len(warnings) > 0 {
		fmt.Fprintf(env.Stderr, "paraph: %d warnings: paraph policy check %s:%s lists them\n", len(warnings), id, policy.Path)
	}
	o, err := env.oneCommit(ctx, repo, rev, id, p)
	if err != nil {
		return err
	}
	out, err := report.New("text", env.Stdout, env.textOptions())
	if err != nil {
		return err
	}
	o.Single = true
	if err := out.Object(*o); err != nil {
		return err
	}
	if o.Verdict != verdict.Trusted && o.Verdict != verdict.Exempt {
		fmt.Fprintln(env.Stderr, "paraph: nobody whom this policy trusts vouches for its commit: it counts because you name it")
	}
	return env.setPolicy(ctx, repo, pinned(id), "--local")
}

// pinned is the policy of a commit as a setting names it.
func pinned(id string) string { return id + ":" + policy.Path }

// policyAt reads the policy of the commit that a revision leads to. One that
// cannot be used is status 1: the next step is to mend it.
func (env Env) policyAt(ctx context.Context, repo *gitcmd.Repo, rev string) (id string, p *policy.Policy, err error) {
	found, err := repo.Resolve(ctx, rev+"^{commit}")
	if err != nil {
		return "", nil, unchecked(ctx, err)
	}
	p, err = env.policyOf(ctx, repo, history.PolicySpec{Rev: found.ID, Path: policy.Path})
	if isPolicy(err) {
		err = &exitError{exitVerdict, fmt.Errorf("%s: %w; mend it (paraph policy check), commit, and name that commit", rev, err)}
	}
	return found.ID, p, err
}

// oneCommit is what a policy says of a commit, as what the branch leads to that
// a revision names, if it names one.
func (env Env) oneCommit(ctx context.Context, repo *gitcmd.Repo, rev, id string, p *policy.Policy) (out *report.Object, err error) {
	// A setting that names another policy is not asked.
	cfg, err := env.verification(ctx, repo, map[string]string{"policy": pinned(id)})
	if err != nil {
		return nil, err
	}
	found, err := repo.Resolve(ctx, rev)
	if err != nil {
		return nil, unchecked(ctx, err)
	}
	o := history.Options{Policy: p}
	if strings.HasPrefix(found.Ref, "refs/heads/") {
		o.Ref = found.Ref
	}
	o.Tell = func(o report.Object) error {
		out = &o
		return nil
	}
	if err := env.verifyThese(ctx, repo, cfg, o, named(id)); err != nil {
		return nil, err
	}
	return out, nil
}

// verifyThese verifies what find finds. What could not be checked is an error.
func (env Env) verifyThese(ctx context.Context, repo *gitcmd.Repo, cfg *config.Verification, o history.Options, find finder) error {
	t, err := env.trust(cfg)
	if err != nil {
		return err
	}
	remembered := env.cache(cfg)
	defer remembered.Close()
	o.Verdicts = remembered.Under(t)
	var not error
	o.Unchecked = func(err error) { not = err }
	h, err := history.New(ctx, repo, o)
	if err != nil {
		return unchecked(ctx, err)
	}
	defer h.Close()
	targets, err := find(h)
	if err != nil {
		return unchecked(ctx, err)
	}
	for _, target := range targets {
		if err := h.Verify(target); err != nil {
			return unchecked(ctx, err)
		}
	}
	if not != nil {
		return &exitError{exitUnchecked, not}
	}
	return nil
}

// A finder finds what is to be verified.
type finder func(*history.Verification) ([]history.Target, error)

// named finds what a revision or a range names.
func named(name string) finder {
	return func(h *history.Verification) ([]history.Target, error) {
		t, err := h.Find(name)
		return []history.Target{t}, err
	}
}

// setPolicy sets paraph.policy for this repository, and says so. One that the
// rest of the configuration contradicts is not set.
func (env Env) setPolicy(ctx context.Context, repo *gitcmd.Repo, value, scope string) error {
	src, err := env.source(ctx, repo, nil)
	if err != nil {
		return err
	}
	src.Git = append(src.Git, config.Entry{Key: "paraph.policy", Value: value, Origin: "file:what is to be set"})
	cfg, err := config.ForVerification(src)
	if err != nil {
		return usagef("nothing is set, as it could not be used: %w", err)
	}
	if cfg.Policy.Value != value {
		fmt.Fprintln(env.Stderr, "paraph: the environment says who is trusted here, and counts before paraph.policy")
	}
	if _, err := repo.Output(ctx, "config", scope, "paraph.policy", value); err != nil {
		return fmt.Errorf("setting paraph.policy: %w", err)
	}
	_, err = fmt.Fprintf(env.Stdout, "paraph.policy = %s\n", report.Escape(value))
	return err
}
