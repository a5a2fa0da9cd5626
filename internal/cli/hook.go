package cli

import "github.com/spf13/cobra"

// hookCommand is paraph hook.
func (env Env) hookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "hook", Short: "Have repositories judge what is pushed",
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(env.hookInstallCommand(), env.hookUninstallCommand())
	return cmd
}
