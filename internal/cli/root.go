package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/version"
)

// command builds the commands that people call.
func (env Env) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "paraph",
		Short: "Sign git commits without keys, and make sure that everybody did",
		Long: `paraph is the program that git calls for x509 signatures (gpg.x509.program).

git commit -S signs with a key that lives for minutes, certified by
Fulcio for an OpenID Connect identity; the signature carries its log entry and
its timestamp. git log --show-signature and paraph verify prove it offline.`,
		SilenceErrors: true, SilenceUsage: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("unknown command %q; paraph help lists them", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if v, _ := cmd.Flags().GetBool("version"); v {
				return printVersion(cmd, nil)
			}
			return cmd.Help()
		},
	}
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w; %s --help lists the flags", err, cmd.CommandPath())
	})
	// Not cobra's own --version: setting its template links package
	// text/template, and with it 1.5 MB that the linker would leave out.
	root.Flags().Bool("version", false, "print the version of this build")
	root.SetHelpCommand(helpCommand())
	root.AddCommand(env.verifyCommand(), env.showCommand(), env.initCommand(), env.proofCommand(), env.trustCommand(),
		env.loginCommand(), env.logoutCommand(), env.whoamiCommand(), env.agentCommand(), env.doctorCommand(), env.policyCommand(), env.hookCommand(), &cobra.Command{
			Use: "version", Short: "Print the version of this build", Args: noArguments,
			RunE: printVersion,
		})
	for _, p := range pendingCommands {
		root.AddCommand(pending(p.use, p.short))
	}
	return root
}

// printVersion is paraph version, and paraph --version.
func printVersion(cmd *cobra.Command, _ []string) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "paraph %s\n", version.String())
	return err
}

// noArguments is the rule of a command that takes none.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no arguments", cmd.CommandPath())
	}
	return nil
}

// helpCommand is paraph help. cobra's own ends well for a command that there
// is not.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Explain a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("unknown command %q; paraph help lists them", strings.Join(args, " "))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
