package cli

import (
	"github.com/spf13/cobra"
)

// pendingCommands are the commands whose work is still to come. They
// say so and end with the status of a usage error.
var pendingCommands = []struct{ use, short string }{
	{"login", "start one session for many commits"},
	{"logout", "end the session"},
	{"whoami", "show who would sign"},
	{"show", "explain one signature"},
	{"policy", "write, check and explain policies"},
	{"hook", "install and run repository hooks"},
	{"bundle", "export a Sigstore bundle"},
	{"agent", "start and stop the agent"},
	{"doctor", "look for what is wrong here"},
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
