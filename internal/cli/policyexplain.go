package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

func (env Env) policyExplainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "explain REV", Short: "Say what a policy says of a commit or tag, and why",
		Long: `Say what a policy says of a commit or tag, and why: who signed, which signers of
the policy that could be, each section that speaks of it, and what would have to
change. An annotated tag is explained together with the commit that it leads to.

The policy is that of the flags, else of the configuration, else HEAD's own,
which nobody vouches for.

The exit status is that of paraph verify.`,
		Args: exactlyOne("REV"),
		RunE: func(cmd *cobra.Command, args []string) error { return env.explainPolicy(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.String("policy", "", "judge by the policy at `SPEC`: FILE or REV:PATH")
	f.String("policy-anchor", "", "judge by the repository's own policy, as it developed from `REV` on")
	f.String("ref", "", "judge as what `REF` (refs/heads/main) leads to")
	f.String("trusted-root", "", "`FILE`, a trusted_root.json, instead of the configured one")
	return cmd
}

// explainPolicy runs paraph policy explain.
func (env Env) explainPolicy(cmd *cobra.Command, rev string) error {
	ctx, f := cmd.Context(), cmd.Flags()
	if strings.Contains(rev, "..") {
		return usagef("paraph policy explain explains one REV; paraph verify %s judges a range", rev)
	}
	settings, err := readFlags(f)
	if err != nil {
		return err
	}
	repo := gitcmd.New("", env.Environ)
	cfg, err := env.verification(ctx, repo, settings)
	if err != nil {
		return err
	}
	o := history.Options{Anchor: cfg.Anchor.Value}
	if o.Ref, err = refFlag(f); err != nil {
		return err
	}
	if o.Policy, err = env.explained(ctx, repo, cfg); err != nil {
		return err
	}
	out, err := report.New("text", env.Stdout, env.textOptions())
	if err != nil {
		return err
	}
	e := &explanation{w: env.Stdout, brief: out}
	o.Asked, o.Tell = e.ask, e.tell
	if err := env.verifyThese(ctx, repo, cfg, o, named(rev)); err != nil {
		return err
	}
	if e.failed {
		return &exitError{exitVerdict, nil}
	}
	return nil
}

// explained is the policy to explain by, nil where an anchor says which.
func (env Env) explained(ctx context.Context, repo *gitcmd.Repo, cfg *config.Verification) (*policy.Policy, error) {
	switch source := policySource(cfg); {
	case source != "":
		return nil, usagef("%s says who is trusted here, and no policy does: paraph show explains that; --policy names one", source)
	case cfg.Anchor.Set():
		return nil, nil
	case cfg.Policy.Set():
		return env.policy(ctx, repo, cfg.Policy)
	}
	_, p, err := env.policyAt(ctx, repo, "HEAD")
	if err == nil {
		fmt.Fprintf(env.Stderr, "paraph: no policy counts here (paraph policy pin): this is what HEAD:%s would say\n", policy.Path)
	}
	return p, err
}

// An explanation explains objects, one after the other.
type explanation struct {
	w      io.Writer
	brief  report.Writer   // for what paraph verify says
	asked  []history.Asked // about one object
	failed bool
}

// ask keeps what was asked about the object that is judged now.
func (e *explanation) ask(a history.Asked) {
	if len(e.asked) > 0 && e.asked[0].ID != a.ID {
		e.asked = nil
	}
	e.asked = append(e.asked, a)
}

// tell explains an object.
func (e *explanation) tell(o report.Object) error {
	e.failed = e.failed || o.Verdict != verdict.Trusted && o.Verdict != verdict.Exempt
	var b strings.Builder
	for _, a := range e.asked {
		if a.ID == o.ID {
			writeAccount(&b, a)
		}
	}
	o.Single = true
	if err := e.brief.Object(o); err != nil {
		return err
	}
	_, err := io.WriteString(e.w, b.String())
	return err
}

// writeAccount writes what one policy was asked, and what it has to say.
func writeAccount(b *strings.Builder, a history.Asked) {
	line := func(format string, args ...any) {
		fmt.Fprintf(b, "  %s\n", report.Escape(fmt.Sprintf(format, args...)))
	}
	account := a.Policy.Explain(a.Object, a.Place)
	line("by %s", a.Policy.Name)
	if a.Place.Side {
		line("a merge brings it in: contribute counts, where a section has it")
	}
	for _, s := range account.Signers {
		if s.Matches {
			line("  line %-4d [signer %q] signed it", s.Line, s.Name)
		} else {
			line("  line %-4d [signer %q] did not: %s", s.Line, s.Name, s.Why)
		}
	}
	if len(account.Signers) == 0 {
		line("  no signer of it has the name, or the key, that signed")
	}
	for _, s := range account.Sections {
		why := ""
		switch {
		case s.Only:
			why = " (on its refs)"
		case len(s.Paths) > 0:
			why = " (changed: " + strings.Join(s.Paths, ", ") + ")"
		}
		line("  line %-4d %s%s: %s", s.Line, s.Section, why, strings.Join(s.Says, "; "))
	}
	if len(account.Sections) == 0 {
		line("  no section speaks of it: any signer may sign it")
	}
}
