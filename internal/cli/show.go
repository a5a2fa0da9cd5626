package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/report"
)

// showCommand is paraph show.
func (env Env) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show REV", Short: "Explain one signature: every check, every time, every claim",
		Long: `Explain one signature: who signed by which certificate, every claim, every proven
time, the log entry, the trusted root, what was asked about the signer, and every
check. An annotated tag is explained together with the commit that it leads to.

The exit status is that of paraph verify.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("paraph show takes one REV")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return env.show(cmd, args) },
	}
	f := cmd.Flags()
	f.String("policy", "", "judge by the policy at `SPEC`: FILE or REV:PATH")
	f.String("policy-anchor", "", "judge by the repository's own policy, as it developed from `REV` on")
	f.String("ref", "", "judge as what `REF` (refs/heads/main) leads to")
	f.String("trusted-root", "", "`FILE`, a trusted_root.json, instead of the configured one")
	f.Bool("no-cache", false, "do not use cached verdicts, and keep none")
	f.String("format", "text", "`FORMAT`: text or json")
	return cmd
}

// show runs paraph show.
func (env Env) show(cmd *cobra.Command, args []string) error {
	bar := env.errProgress(0)
	switch format, _ := cmd.Flags().GetString("format"); format {
	case "text":
		return env.verifyAll(cmd, args, bar, &explained{env: env})
	case "json":
		out, err := report.New(format, env.Stdout, report.Options{})
		if err != nil {
			return err
		}
		return env.verifyAll(cmd, args, bar, out)
	default:
		return usagef("--format: %q is none of text, json", format)
	}
}

// explained is the writer of paraph show's text: a few objects at most.
type explained struct {
	env     Env
	objects []report.Object
}

func (e *explained) Object(o report.Object) error {
	e.objects = append(e.objects, o)
	return nil
}

func (e *explained) Close(s report.Summary) error {
	for _, unchecked := range s.Unchecked {
		fmt.Fprintf(e.env.Stderr, "paraph: %s\n", report.Escape(unchecked))
	}
	if len(e.objects) == 0 {
		return nil
	}
	return report.Show(e.env.Stdout, e.objects, e.env.textOptions())
}
