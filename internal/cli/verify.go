package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

// settingFlags are the flags that stand for a key of the configuration.
var settingFlags = map[string]string{
	"trusted-root":                   "trustedRoot",
	"policy":                         "policy",
	"policy-anchor":                  "policyAnchor",
	"certificate-identity":           "certificateIdentity",
	"certificate-identity-regexp":    "certificateIdentityRegexp",
	"certificate-oidc-issuer":        "certificateOIDCIssuer",
	"certificate-oidc-issuer-regexp": "certificateOIDCIssuerRegexp",
	"max-root-age":                   config.MaxRootAge,
}

// maxJobs bounds what --jobs asks for.
const maxJobs = 256

// verifyCommand is paraph verify.
func (env Env) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [REV|A..B]...",
		Short: "Verify signed commits and tags, one or a whole history",
		Long: `Verify signed commits and tags, by default HEAD.

REV is that one object; an annotated tag is verified together with the commit
that it leads to. A..B is all commits that B has and A has not. --all is what
branches, tags and remotes reach. docs/verify.md says more, docs/policy.md who
may sign what.

Exit status: 0 all trusted or exempt, else the first that applies of 2 usage or
configuration, 1 another verdict, 3 could not be checked, 130 interrupted.`,
		RunE: func(cmd *cobra.Command, args []string) error { return env.verify(cmd, args) },
	}
	f := cmd.Flags()
	f.Bool("all", false, "verify what branches, tags and remotes reach")
	f.Bool("stdin", false, "read more revisions and ranges from standard input, one a line")
	f.String("policy", "", "judge everything by the policy at `SPEC`: FILE or REV:PATH")
	f.String("policy-anchor", "", "judge by the repository's own policy, as it developed from `REV` on")
	f.String("ref", "", "judge as what `REF` (refs/heads/main) leads to")
	f.Bool("incoming", false, "judge ranges as what a merge into --ref would bring in")
	f.Int("jobs", 0, "verify `N` objects at once (default: one for each core)")
	f.String("trusted-root", "", "`FILE`, a trusted_root.json, instead of the configured one")
	f.String("certificate-identity", "", "trust the signer of this `NAME` (the whole subject alternative name)")
	f.String("certificate-identity-regexp", "", "trust signers whose whole name matches `REGEXP`")
	f.String("certificate-oidc-issuer", "", "trust the signer as certified for this `ISSUER`")
	f.String("certificate-oidc-issuer-regexp", "", "the same, the whole issuer matches `REGEXP`")
	f.String("max-root-age", "", "say unknown of what only a trusted root says that is older than `DURATION` (720h, 30d)")
	f.Bool("any-signer", false, "exit 0 for a valid signature by anybody")
	f.Bool("offline", false, "never use the network (verification never does)")
	f.Bool("no-cache", false, "do not use cached verdicts, and keep none")
	f.String("format", "text", "`FORMAT`: text, json, ndjson, sarif or github")
	return cmd
}

// verify runs paraph verify.
func (env Env) verify(cmd *cobra.Command, args []string) error {
	format, _ := cmd.Flags().GetString("format")
	if _, err := report.New(format, io.Discard, report.Options{}); err != nil {
		return usagef("--format: %w", err)
	}
	args, err := env.arguments(cmd.Flags(), args)
	if err != nil {
		return err
	}
	bar := env.errProgress(0)
	out, err := report.New(format, bar.above(env.Stdout), env.textOptions())
	if err != nil {
		return err
	}
	return env.verifyAll(cmd, args, bar, out)
}

// verifyAll verifies what is named, as the flags say, and writes what comes of it.
func (env Env) verifyAll(cmd *cobra.Command, args []string, bar *progress, out report.Writer) error {
	ctx, f := cmd.Context(), cmd.Flags()
	settings, err := readFlags(f)
	if err != nil {
		return err
	}
	repo := gitcmd.New("", env.Environ)
	cfg, err := env.verification(ctx, repo, settings)
	if err != nil {
		return err
	}
	v := &verification{env: env, ctx: ctx, repo: repo, cfg: cfg, args: args, bar: bar, out: out}
	v.anySigner, _ = f.GetBool("any-signer")
	v.stdin, _ = f.GetBool("stdin")
	o, err := v.options(f)
	defer func() { v.remembered.Close() }()
	if err != nil {
		return err
	}
	all, _ := f.GetBool("all")
	if all && o.Ref != "" {
		return usagef("--ref: with --all each ref is judged as what it is; name what is to be judged as %s", o.Ref)
	}
	return v.run(o, all)
}

// A verification is one run of paraph verify.
type verification struct {
	env        Env
	ctx        context.Context
	repo       *gitcmd.Repo
	cfg        *config.Verification
	args       []string
	anySigner  bool
	out        report.Writer
	remembered *cache.Cache
	bar        *progress
	sum        report.Summary
	told       int // objects
	stdin      bool
}

// readFlags reads the flags that stand for settings.
func readFlags(f *pflag.FlagSet) (map[string]string, error) {
	settings := map[string]string{}
	for flag, key := range settingFlags {
		if f.Lookup(flag) != nil && f.Changed(flag) {
			value, _ := f.GetString(flag)
			if value == "" {
				return nil, usagef("--%s: the value is empty", flag)
			}
			settings[key] = value
		}
	}
	if off, _ := f.GetBool("no-cache"); off {
		settings["cache"] = "false"
	}
	return settings, nil
}

// options says what the verification goes by.
func (v *verification) options(f *pflag.FlagSet) (history.Options, error) {
	o := history.Options{Anchor: v.cfg.Anchor.Value}
	var err error
	if o.Ref, err = refFlag(f); err != nil {
		return o, err
	}
	o.Incoming, _ = f.GetBool("incoming")
	if o.Jobs, err = jobsFlag(f); err != nil {
		return o, err
	}
	switch {
	case o.Incoming && o.Ref == "":
		return o, usagef("--incoming: what is it to be merged into? Name that with --ref")
	case o.Incoming && v.cfg.Anchor.Set():
		return o, usagef("--incoming is judged by one policy, that of the branch it is for: --policy BASE:%s in the place of %s", policy.Path, v.cfg.Anchor.Source)
	}
	if o.Signer, err = signerOf(v.cfg); err != nil {
		return o, err
	}
	if o.Policy, err = v.env.policy(v.ctx, v.repo, v.cfg.Policy); err != nil {
		return o, err
	}
	t, err := v.env.trust(v.cfg)
	if err != nil {
		return o, err
	}
	v.remembered = v.env.cache(v.cfg)
	o.Verdicts = v.remembered.Under(t)
	return o, nil
}

// jobsFlag is how many objects --jobs says to verify at once, 0 where it is not given.
func jobsFlag(f *pflag.FlagSet) (int, error) {
	jobs, _ := f.GetInt("jobs")
	if f.Changed("jobs") && (jobs < 1 || jobs > maxJobs) {
		return 0, usagef("--jobs: %d is not between 1 and %d", jobs, maxJobs)
	}
	return jobs, nil
}

// refFlag is the ref that --ref names, "" for none.
func refFlag(f *pflag.FlagSet) (string, error) {
	ref, _ := f.GetString("ref")
	if f.Changed("ref") && !isFullRef(ref) {
		return "", usagef("--ref: %q is not the full name of a ref, such as refs/heads/main", ref)
	}
	return ref, nil
}

func isFullRef(s string) bool {
	return strings.HasPrefix(s, "refs/") && !strings.HasSuffix(s, "/") && !strings.ContainsAny(s, " ~^:?*[\\\x7f") && s == report.Escape(s)
}

// maxInput bounds what --stdin reads, in bytes.
const maxInput = 64 << 20

// arguments are the revisions and ranges to verify.
func (env Env) arguments(f *pflag.FlagSet, args []string) ([]string, error) {
	if stdin, _ := f.GetBool("stdin"); stdin {
		lines := bufio.NewScanner(io.LimitReader(env.Stdin, maxInput))
		for lines.Scan() {
			if line := strings.TrimSpace(lines.Text()); line != "" {
				args = append(args, line)
			}
		}
		if err := lines.Err(); err != nil {
			return nil, usagef("--stdin: %w", err)
		}
		if len(args) == 0 {
			return nil, usagef("--stdin: standard input named nothing to verify: did what should have written it fail?")
		}
		return args, nil
	}
	if all, _ := f.GetBool("all"); len(args) == 0 && !all {
		return []string{"HEAD"}, nil
	}
	return args, nil
}

// gcPercent lets the garbage of some objects lie: what a verification holds on
// to is small, and what it throws away is much.
const gcPercent = 400

// run verifies everything, and writes what was found, whatever ends it.
func (v *verification) run(o history.Options, all bool) error {
	defer v.bar.close()
	debug.SetGCPercent(gcPercent)
	o.Tell = v.tell
	o.Unchecked = func(err error) { v.sum.Uncheck(err.Error()) }
	o.Found = func(n int) { v.bar.total += n }
	h, err := history.New(v.ctx, v.repo, o)
	if err != nil {
		return unchecked(v.ctx, err)
	}
	defer h.Close()
	targets, err := v.targets(h, all)
	if err != nil {
		return unchecked(v.ctx, err)
	}
	if i := slices.IndexFunc(targets, func(t history.Target) bool { return !t.Range }); o.Incoming && i >= 0 {
		return usagef("--incoming: %s is not a range, of which a merge would bring all in: name A..B", targets[i].Name)
	}
	var stopped error
	for _, t := range targets {
		if stopped = h.Verify(t); stopped != nil {
			break
		}
	}
	if stopped != nil && v.ctx.Err() == nil {
		stopped = unchecked(v.ctx, stopped)
		var e *exitError
		isUnchecked := errors.As(stopped, &e) && e.status == exitUnchecked
		if v.told == 0 && !(isUnchecked && v.sum.Ranges != nil) {
			return stopped // there is nothing to report of
		}
		if isUnchecked {
			v.sum.Uncheck(stopped.Error())
			stopped = nil
		}
	}
	v.sum.Interrupted = v.ctx.Err() != nil
	if err := v.out.Close(v.sum); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	if stopped != nil && !v.sum.Interrupted {
		return stopped
	}
	return v.exit(h.Mode())
}

// targets finds all that was asked for, before any of it is verified.
func (v *verification) targets(h *history.Verification, all bool) ([]history.Target, error) {
	var targets []history.Target
	if all {
		v.sum.Ranges = append(v.sum.Ranges, "--all")
		targets = append(targets, history.Target{Name: "--all", All: true})
	}
	for rest := v.args; len(rest) > 0; {
		// Many ids are read at once: nobody has to ask git what they stand for.
		if ids := ids(rest); v.stdin && len(ids) > 1 {
			targets, rest = append(targets, history.Target{Name: stdinName, IDs: ids}), rest[len(ids):]
			continue
		}
		t, err := h.Find(rest[0])
		if err != nil {
			return nil, err
		}
		targets, rest = append(targets, t), rest[1:]
		if t.Range {
			v.sum.Ranges = append(v.sum.Ranges, t.Name)
		}
	}
	return targets, nil
}

// stdinName is the range of objects that are named by their ids, one after the
// other.
const stdinName = "--stdin"

// ids are the whole object ids that a list begins with.
func ids(args []string) []string {
	n := slices.IndexFunc(args, func(s string) bool {
		return len(s) != 40 && len(s) != 64 || strings.Trim(s, "0123456789abcdef") != ""
	})
	if n < 0 {
		n = len(args)
	}
	return args[:n]
}

// tell writes one result.
func (v *verification) tell(o report.Object) error {
	o.Single = !slices.Contains(v.sum.Ranges, o.Range) && o.Range != stdinName
	v.sum.Count(o.Verdict)
	v.told++
	v.bar.show(v.told, func() string { return v.bar.rate(v.told) })
	if err := v.out.Object(o); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	return nil
}

// unchecked gives the exit status of an object that could not be had.
func unchecked(ctx context.Context, err error) error {
	var e *gitcmd.Error
	var exit *exitError
	var failed *verdict.Error
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, err}
	case errors.Is(err, history.ErrSettings):
		return &exitError{exitUsage, err}
	case errors.As(err, &failed) && failed.Class == verdict.Infrastructure:
		return &exitError{exitUnchecked, err}
	case errors.As(err, &exit):
		return err
	case errors.Is(err, gitcmd.ErrMissing), errors.Is(err, gitcmd.ErrShallow), errors.As(err, &e):
		return &exitError{exitUnchecked, err}
	}
	return &exitError{exitUsage, err}
}

// exit gives the exit status of a run by its verdicts. An empty range has
// nothing that is not trusted.
func (v *verification) exit(mode policy.Mode) error {
	failed := 0
	for verd, n := range v.sum.Counts {
		switch {
		case verd == verdict.Trusted, verd == verdict.Exempt, verd == verdict.Valid && v.anySigner:
		default:
			failed += n
		}
	}
	switch {
	case failed > 0 && mode == policy.Audit:
		fmt.Fprintf(v.env.Stderr, "paraph: the policy is in audit mode: %d objects would fail under enforce\n", failed)
	case failed > 0:
		return &exitError{exitVerdict, nil}
	}
	switch {
	case len(v.sum.Unchecked) > 0:
		return &exitError{exitUnchecked, nil}
	case v.sum.Interrupted:
		return &exitError{exitInterrupted, nil}
	}
	return nil
}
