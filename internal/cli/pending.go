package cli

import (
	"github.com/spf13/cobra"
)

// pendingCommands are the commands whose work is still to come. They
// say so and end with the status of a usage error.
var pendingCommands = []struct{ use, short string }{
	{"bundle", "export a Sigstore bundle"},
}

func pending(use, short string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short + " (not in this version yet)",
		DisableFlagParsing: true, Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return usagef("paraph %s is not in this version yet", use)
		},
	}
}
