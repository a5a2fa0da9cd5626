package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/version"
)

func (env Env) loginCommand() *cobra.Command {
	return &cobra.Command{
		Use: "login", Short: "Log in once, for many commits",
		Long: `Log in once, for many commits.

The agent keeps the key and the certificate for as long as the certificate
lives, and gets another one without a login for as long as the identity token
does. git commit -S does the same by itself.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := env.askSession(cmd.Context(), agent.SessionRequest{Do: agent.Login})
			if err != nil {
				return err
			}
			return printSessions(cmd.OutOrStdout(), r.Sessions)
		},
	}
}

func (env Env) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget who is logged in",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := env.askSession(cmd.Context(), agent.SessionRequest{Do: agent.Logout})
			if err != nil {
				return err
			}
			for _, s := range r.Sessions {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "logged out %s\n", report.Escape(whom(s))); err != nil {
					return err
				}
			}
			if len(r.Sessions) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "paraph: nobody was logged in")
			}
			return nil
		},
	}
}

func (env Env) whoamiCommand() *cobra.Command {
	return &cobra.Command{
		Use: "whoami", Short: "Show who would sign, and until when",
		Long: `Show who would sign, and until when.

The status is 0 if a signature takes no login now, and 1 if it does.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := env.askSession(cmd.Context(), agent.SessionRequest{Do: agent.WhoAmI})
			if err != nil {
				return err
			}
			if len(r.Sessions) == 0 {
				return &exitError{exitVerdict, errors.New("nobody is logged in: paraph login does it, or the next signature")}
			}
			return printSessions(cmd.OutOrStdout(), r.Sessions)
		},
	}
}

// agentCommand is paraph agent.
func (env Env) agentCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "agent", Short: "Start and stop the agent, which holds keys",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("paraph agent has no command %q; paraph agent --help lists them", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var remote string
	start := &cobra.Command{
		Use: "start", Short: "Start the agent, and choose who signs for other machines",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.printAgent(cmd, agent.SessionRequest{Do: agent.AgentStart, Remote: remote})
		},
	}
	start.Flags().StringVar(&remote, "remote", "", "`IDENTITY` that other machines may sign as, through the socket remote.sock")
	cmd.AddCommand(start, &cobra.Command{
		Use: "stop", Short: "Stop the agent, which forgets all keys",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := env.askSession(cmd.Context(), agent.SessionRequest{Do: agent.AgentStop})
			if err == nil && r.Agent == nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "paraph: no agent was running")
			}
			return err
		},
	}, &cobra.Command{
		Use: "status", Short: "Show the agent and what it holds",
		Long: `Show the agent and what it holds.

The status is 0 if one runs, and 1 if none does.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return env.printAgent(cmd, agent.SessionRequest{Do: agent.AgentStatus})
		},
	}, &cobra.Command{
		Use: "run", Short: "Run the agent here, until it is stopped or its last certificate has ended",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return env.runAgent(cmd.Context()) },
	})
	return cmd
}

// askSession asks the agent who is logged in, or has it change that.
func (env Env) askSession(ctx context.Context, request agent.SessionRequest) (*agent.SessionReply, error) {
	path, err := findAgent()
	if err != nil {
		return nil, err
	}
	r, err := agent.Session(ctx, path, env.Environ, version.String(), request)
	if err != nil {
		return nil, &exitError{exitVerdict, err}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(env.Stderr, "paraph: %s\n", report.Escape(note))
	}
	if r.Error != "" {
		return nil, agentError(r.Error, r.Usage, r.Interrupted)
	}
	return r, nil
}

// whom names who signs as every output does.
func whom(s agent.LoggedIn) string { return fmt.Sprintf("%s [%s]", s.Identity, s.Issuer) }

// printSessions prints who is logged in, until when, and what comes next.
func printSessions(w io.Writer, all []agent.LoggedIn) error {
	for _, s := range all {
		lines := []string{whom(s)}
		add := func(name, format string, args ...any) {
			lines = append(lines, fmt.Sprintf("    %-12s %s", name, fmt.Sprintf(format, args...)))
		}
		if s.Instance != "" {
			add("instance", "%s", s.Instance)
		}
		if !s.Certificate.IsZero() {
			add("certificate", "until %s, in the agent", stamp(s.Certificate))
		}
		switch {
		case s.Given:
			add("token", "until %s, given for each signature", stamp(s.Token))
		case s.Token.After(s.Certificate):
			add("then", "without a login until %s", stamp(s.Token))
		case !s.Keyring.IsZero():
			add("then", "without a login until %s, by the keyring", stamp(s.Keyring))
		default:
			add("then", "a login")
		}
		for _, line := range lines {
			if _, err := fmt.Fprintln(w, report.Escape(line)); err != nil {
				return err
			}
		}
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// printAgent prints the agent and what it holds.
func (env Env) printAgent(cmd *cobra.Command, request agent.SessionRequest) error {
	r, err := env.askSession(cmd.Context(), request)
	if err != nil {
		return err
	}
	if r.Agent == nil {
		return &exitError{exitVerdict, errors.New("no agent is running: the next signature starts one, or paraph agent start")}
	}
	w, a := cmd.OutOrStdout(), r.Agent
	where := ""
	if a.Remote {
		where = ", another machine's"
	}
	if _, err := fmt.Fprintf(w, "paraph-agent %s, process %d, at %s%s\n", report.Escape(a.Build), a.PID, report.Escape(a.Socket), where); err != nil {
		return err
	}
	if !a.MemoryLocked && !a.Remote {
		fmt.Fprintln(cmd.ErrOrStderr(), "paraph: the system does not let the agent lock its memory: keys may be swapped out")
	}
	return printSessions(w, r.Sessions)
}
