package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verdict"
)

// settingFlags are the flags that stand for a key of the configuration.
var settingFlags = map[string]string{
	"trusted-root":                   "trustedRoot",
	"certificate-identity":           "certificateIdentity",
	"certificate-identity-regexp":    "certificateIdentityRegexp",
	"certificate-oidc-issuer":        "certificateOIDCIssuer",
	"certificate-oidc-issuer-regexp": "certificateOIDCIssuerRegexp",
	"max-root-age":                   config.MaxRootAge,
}

// pendingFlags are flags of paraph verify whose work is still to come.
var pendingFlags = []string{"policy", "policy-anchor", "ref", "incoming", "jobs", "all", "stdin"}

// verifyCommand is paraph verify.
func (env Env) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify [REV]...",
		Short: "Verify signed commits and tags",
		Long: `Verify signed commits and tags, by default HEAD. An annotated tag is verified
together with the commit that it leads to.

Exit status: 0 all trusted, 1 another verdict, 2 usage or configuration,
3 could not be checked.`,
		RunE: func(cmd *cobra.Command, args []string) error { return env.verify(cmd, args) },
	}
	f := cmd.Flags()
	f.String("trusted-root", "", "`FILE`, a trusted_root.json, instead of the configured one")
	f.String("certificate-identity", "", "trust the signer of this `NAME` (the whole subject alternative name)")
	f.String("certificate-identity-regexp", "", "trust signers whose whole name matches `REGEXP`")
	f.String("certificate-oidc-issuer", "", "trust the signer as certified for this `ISSUER`")
	f.String("certificate-oidc-issuer-regexp", "", "the same, the whole issuer matches `REGEXP`")
	f.String("max-root-age", "", "say unknown of what only a trusted root says that is older than `DURATION` (720h, 30d)")
	f.Bool("any-signer", false, "exit 0 for a valid signature by anybody")
	f.Bool("offline", false, "never use the network (verification never does)")
	f.Bool("no-cache", false, "do not use cached verdicts (there are none)")
	f.String("format", "text", "`FORMAT`: text, json or ndjson")
	for _, name := range pendingFlags {
		switch name {
		case "incoming", "all", "stdin":
			f.Bool(name, false, "not in this version yet")
		default:
			f.String(name, "", "not in this version yet")
		}
		f.Lookup(name).Hidden = true // as pendingCommands are
	}
	return cmd
}

// verify runs paraph verify.
func (env Env) verify(cmd *cobra.Command, revs []string) error {
	ctx := cmd.Context()
	write, settings, err := readFlags(cmd.Flags())
	if err != nil {
		return err
	}
	if len(revs) == 0 {
		revs = []string{"HEAD"}
	}
	repo := gitcmd.New("", env.Environ)
	cfg, err := env.verification(ctx, repo, settings)
	if err != nil {
		return err
	}
	if err := checkSigner(cfg); err != nil {
		return err
	}
	trusted, err := env.trust(cfg)
	if err != nil {
		return err
	}
	var objects []report.Object
	for _, rev := range revs {
		if strings.Contains(rev, "..") {
			return usagef("%s: ranges are not in this version yet; name single commits or tags", rev)
		}
		found, err := history.Verify(ctx, repo, rev, trusted)
		if err != nil {
			return unchecked(ctx, err)
		}
		objects = append(objects, found...)
	}
	for i := range objects {
		if err := judge(cfg, objects[i].Result); err != nil {
			return err
		}
		if v := objects[i].Verdict; v == verdict.Trusted || v == verdict.Refused {
			objects[i].PolicySource = policySource(cfg)
		}
	}
	if err := write(env.Stdout, objects); err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	anySigner, _ := cmd.Flags().GetBool("any-signer")
	return exitFor(objects, anySigner)
}

// readFlags reads what the flags ask for.
func readFlags(f *pflag.FlagSet) (report.Writer, map[string]string, error) {
	for _, name := range pendingFlags {
		if f.Changed(name) {
			return nil, nil, usagef("--%s is not in this version yet", name)
		}
	}
	format, _ := f.GetString("format")
	write := report.Writers[format]
	switch {
	case format == "sarif" || format == "github":
		return nil, nil, usagef("--format %s is not in this version yet; text, json and ndjson are", format)
	case write == nil:
		return nil, nil, usagef("--format: %q is none of text, json, ndjson, sarif, github", format)
	}
	settings := map[string]string{}
	for flag, key := range settingFlags {
		if f.Changed(flag) {
			value, _ := f.GetString(flag)
			if value == "" {
				return nil, nil, usagef("--%s: the value is empty", flag)
			}
			settings[key] = value
		}
	}
	return write, settings, nil
}

// checkSigner fails early for an expression that cannot be used.
func checkSigner(cfg *config.Verification) error {
	_, err := signerOf(cfg)
	return err
}

// unchecked gives the exit status of an object that could not be had.
func unchecked(ctx context.Context, err error) error {
	var e *gitcmd.Error
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, err}
	case errors.Is(err, gitcmd.ErrMissing), errors.Is(err, gitcmd.ErrShallow), errors.As(err, &e):
		return &exitError{exitUnchecked, err}
	}
	return &exitError{exitUsage, err}
}

// exitFor gives the exit status of a run by its verdicts. An empty run passed
// nothing.
func exitFor(objects []report.Object, anySigner bool) error {
	for _, o := range objects {
		switch o.Verdict {
		case verdict.Trusted, verdict.Exempt:
			continue
		case verdict.Valid:
			if anySigner {
				continue
			}
		}
		return &exitError{exitVerdict, nil}
	}
	if len(objects) == 0 {
		return &exitError{exitVerdict, errors.New("nothing was verified")}
	}
	return nil
}
