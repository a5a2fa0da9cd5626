package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/push"
)

// hookCommand is paraph hook.
func (env Env) hookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "hook", Short: "Have repositories judge what is pushed",
		Long: `Have repositories judge what is pushed.

On a server, pre-receive refuses a push that breaks the policy; update does so
for servers that have nothing else; post-receive writes down what became of each
push. On a developer's machine, pre-push says the same before anything is sent.
docs/hooks.md says more, docs/servers.md how each server is set up.`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(env.hookRunCommand(), env.hookInstallCommand(), env.hookUninstallCommand())
	return cmd
}

// hookFlags are the flags that stand for a key of the configuration.
var hookFlags = map[string]string{
	"trusted-root": "trustedRoot",
	"policy":       "hook.policy",
	"policy-ref":   "hook.policyRef",
	"mode":         "hook.mode",
}

// hooks are what git calls, and what it says to each.
var hooks = map[string]func(*hook, []string) error{
	"pre-receive":  (*hook).preReceive,
	"update":       (*hook).update,
	"pre-push":     (*hook).prePush,
	"post-receive": (*hook).postReceive,
}

func (env Env) hookRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run NAME [ARGUMENT]...", Short: "Be a hook, as git calls it",
		Long: `Be a hook, as git calls it: pre-receive, update, pre-push or post-receive.

Settings come from flags and from git's configuration, on a server never from
variables PARAPH_* nor from git -c, which whoever pushes may have set. A hook that
cannot judge refuses.`,
		RunE: func(cmd *cobra.Command, args []string) error { return env.hook(cmd, args) },
	}
	f := cmd.Flags()
	f.String("policy", "", "judge by the policy in `FILE` for as long as the repository has none")
	f.String("policy-ref", "", "the policy of the branch `REF` counts (default: what HEAD names)")
	f.String("mode", "", "`MODE`: enforce or audit (default: what the policy says)")
	f.Bool("require-push-certificate", false, "refuse pushes that nobody signed")
	f.String("trusted-root", "", "`FILE`, a trusted_root.json, instead of the configured one")
	f.String("log", "", "post-receive: append to `FILE` (default: paraph-audit.ndjson in the repository)")
	f.Int("jobs", 0, "verify `N` objects at once (default: one for each core)")
	f.Bool("no-cache", false, "do not use cached verdicts, and keep none")
	return cmd
}

// A hook is one call of git's.
type hook struct {
	env  Env
	ctx  context.Context
	cmd  *cobra.Command
	repo *gitcmd.Repo
	opts push.Options
}

// maxHook bounds how long a push is judged. Whoever pushes waits for it, and the
// objects of the push lie around meanwhile.
const maxHook = 15 * time.Minute

var errSlow = errors.New("it takes more than 15 minutes: push it in parts, its oldest commits first")

// hook runs paraph hook run.
func (env Env) hook(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("which hook? pre-receive, update, pre-push or post-receive")
	}
	run, ok := hooks[args[0]]
	if !ok {
		return usagef("paraph is no %q hook; it is pre-receive, update, pre-push and post-receive", args[0])
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), maxHook, errSlow)
	defer cancel()
	return run(&hook{env: env, ctx: ctx, cmd: cmd, repo: gitcmd.New("", env.Environ)}, args[1:])
}

// settings reads what a hook goes by. On a server only that counts which whoever
// pushes cannot say.
func (h *hook) settings(server bool) error {
	if h.getenv("GIT_NAMESPACE") != "" {
		return unjudgedf("repositories with namespaces (GIT_NAMESPACE) are not judged: their refs are elsewhere than git says")
	}
	flags, err := hookSettings(h.cmd.Flags())
	if err != nil {
		return err
	}
	jobs, err := jobsFlag(h.cmd.Flags())
	if err != nil {
		return err
	}
	env, repo := h.env, h.repo
	if server {
		env.Environ = config.ServerEnviron(env.Environ)
		repo = gitcmd.New("", env.Environ)
	}
	src, err := env.source(h.ctx, repo, flags)
	if err != nil {
		return err
	}
	cfg, err := config.ForHooks(src)
	if err != nil {
		return err
	}
	t, err := h.env.trust(&cfg.Verification)
	if err != nil {
		return err
	}
	h.opts = push.Options{
		Verdicts: h.env.cache(&cfg.Verification).Under(t), Clock: time.Now(),
		PolicyRef: cfg.PolicyRef, RequireCertificate: cfg.RequireCertificate,
	}
	h.opts.Jobs = jobs
	if cfg.Mode != "" {
		mode := policy.Enforce
		if cfg.Mode == "audit" {
			mode = policy.Audit
		}
		h.opts.Mode = &mode
	}
	if cfg.StandIn.Set() {
		h.opts.StandIn = func() (*policy.Policy, error) {
			spec := history.PolicySpec{Path: cfg.StandIn.Value}
			if cfg.StandIn.Level != config.FromFlag {
				var err error
				if spec, err = policySpec(cfg.StandIn); err != nil {
					return nil, err
				}
			}
			return history.LoadPolicy(h.ctx, h.repo, spec, history.ReadFile(h.env.ReadFile))
		}
	}
	return nil
}

// hookSettings reads the flags that stand for settings.
func hookSettings(f *pflag.FlagSet) (map[string]string, error) {
	settings := map[string]string{}
	for flag, key := range hookFlags {
		if f.Changed(flag) {
			value, _ := f.GetString(flag)
			if value == "" {
				return nil, usagef("--%s: the value is empty", flag)
			}
			settings[key] = value
		}
	}
	if f.Changed("require-push-certificate") {
		settings["hook.requirePushCertificate"] = f.Lookup("require-push-certificate").Value.String()
	}
	if off, _ := f.GetBool("no-cache"); off {
		settings["cache"] = "false"
	}
	return settings, nil
}

// preReceive judges a push with all its refs (githooks(5), pre-receive).
func (h *hook) preReceive(args []string) error {
	if len(args) > 0 {
		return usagef("pre-receive has no arguments; git tells it the refs on standard input")
	}
	updates, err := push.ReadUpdates(h.env.Stdin)
	if err != nil {
		return refusal(err)
	}
	return h.judge(updates, false)
}

// update judges one ref of a push, as if there were no other (githooks(5), update).
func (h *hook) update(args []string) error {
	if len(args) != 3 {
		return usagef("update has three arguments: REF OLD NEW")
	}
	u, err := push.NewUpdate(args[0], args[1], args[2])
	if err != nil {
		return refusal(err)
	}
	return h.judge([]push.Update{u}, true)
}

// judge judges a push on a server.
func (h *hook) judge(updates []push.Update, part bool) error {
	if err := h.settings(true); err != nil {
		return refusal(err)
	}
	h.opts.Certificate, h.opts.Part = push.CertificateOf(h.getenv), part
	return h.outcome(push.Judge(h.ctx, h.repo, updates, h.opts))
}

// outcome tells what came of a push, and gives the exit status.
func (h *hook) outcome(out *push.Outcome, err error) error {
	if err != nil {
		return refusal(h.slow(err))
	}
	if err := out.Tell(h.env.Stderr); err != nil {
		return refusal(fmt.Errorf("telling what is wrong: %w", err))
	}
	if !out.Passes() {
		return &exitError{exitVerdict, nil}
	}
	return nil
}

// slow is an error, or that it took too long, whatever git says that was ended then.
func (h *hook) slow(err error) error {
	if cause := context.Cause(h.ctx); err != nil && cause != nil {
		return fmt.Errorf("%w: %w", push.ErrUnjudged, cause)
	}
	return err
}

// refusal is the error of a hook that could not judge: git wants any status but 0.
func refusal(err error) error {
	var exit *exitError
	if errors.As(err, &exit) {
		return err
	}
	return &exitError{exitVerdict, fmt.Errorf("this push is refused: %w", err)}
}

func unjudgedf(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{push.ErrUnjudged}, args...)...)
}

// getenv is a variable of the environment, "" for one that is not set.
func (h *hook) getenv(name string) string {
	for _, e := range slices.Backward(h.env.Environ) {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}
