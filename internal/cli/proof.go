package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/proof/fetch"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/verify"
	"github.com/paraph/paraph/internal/version"
)

// defaultJobs is how many requests the log gets at once.
const defaultJobs = 4

// proofCommand is paraph proof: the proof of old signatures, in notes.
func (env Env) proofCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "proof", Short: "Fetch, verify and list the proof of old signatures",
		Long: `gitsign, unless told otherwise, leaves the proof of a signature in the search
index of a log. paraph proof fetch looks each one up once, verifies it, and keeps
it in a note of the object (` + proof.Ref + `), from where verification takes
it without any network. A note is worth the same wherever it comes from: push and
fetch the ref like any other.`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	fetchCmd := &cobra.Command{
		Use: "fetch [RANGE]... [--all]", Short: "Look up the proof of signatures that carry none, and keep it",
		Long: `Look up the proof of signatures that carry none, and keep it in notes. A RANGE is
what git log takes, by default HEAD; --all is all branches, tags and remotes, and
the tags themselves. What has a proof already is not looked up again, so that a
run that was interrupted goes on where it ended.
Exit status: 0 everything was looked up, 2 usage or configuration, 3 something
could not be looked up.`,
		RunE: env.proofFetch,
	}
	fetchCmd.Flags().Bool("all", false, "all branches, tags and remotes")
	fetchCmd.Flags().Int("jobs", defaultJobs, "how many requests the log gets at once, 1 to 16")
	verifyCmd := &cobra.Command{
		Use: "verify [RANGE]... [--all]", Short: "Verify the notes of a range, by default all notes",
		Long: `Verify each line of the notes of a range, by default (--all) of all notes.
Exit status: 0 each line proves, 1 one does not, 2 usage or configuration, 3 an
object of a note is not in this repository.`,
		RunE: env.proofVerify,
	}
	listCmd := &cobra.Command{
		Use: "list [RANGE]... [--all]", Short: "List what the notes of a range claim, without verifying",
		RunE: env.proofList,
	}
	for _, c := range []*cobra.Command{verifyCmd, listCmd} {
		c.Flags().Bool("all", false, "all notes, as without a range")
	}
	for _, c := range []*cobra.Command{fetchCmd, verifyCmd} {
		c.Flags().String("trusted-root", "", "`FILE`, a trusted_root.json, instead of the configured one")
	}
	cmd.AddCommand(fetchCmd, verifyCmd, listCmd)
	return cmd
}

// noCommand is the rule of a command that only has others below it.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unknown command %q; %s --help lists them", cmd.CommandPath()+" "+args[0], cmd.CommandPath())
	}
	return nil
}

// proofTrust reads the settings that say what a proof is held against.
func (env Env) proofTrust(cmd *cobra.Command, repo *gitcmd.Repo) (*config.Verification, verify.Trust, error) {
	flags := map[string]string{}
	if f := cmd.Flags().Lookup("trusted-root"); f != nil && f.Changed {
		if flags["trustedRoot"] = f.Value.String(); flags["trustedRoot"] == "" {
			return nil, verify.Trust{}, usagef("--trusted-root: the value is empty")
		}
	}
	cfg, err := env.verification(cmd.Context(), repo, flags)
	if err != nil {
		return nil, verify.Trust{}, err
	}
	t, err := env.trust(cfg)
	return cfg, t, err
}

// historyOf is the history that arguments and --all name; without any, HEAD.
func historyOf(cmd *cobra.Command, args []string) (gitcmd.History, error) {
	all, _ := cmd.Flags().GetBool("all")
	switch {
	case all && len(args) > 0:
		return gitcmd.History{}, usagef("either a range or --all")
	case !all && len(args) == 0:
		args = []string{"HEAD"}
	}
	return gitcmd.History{Revisions: args, All: all}, nil
}

// proofFetch is paraph proof fetch.
func (env Env) proofFetch(cmd *cobra.Command, args []string) error {
	ctx := cmd.Context()
	h, err := historyOf(cmd, args)
	if err != nil {
		return err
	}
	jobs, _ := cmd.Flags().GetInt("jobs")
	if err := agent.CheckJobs(jobs); err != nil {
		return usagef("--jobs: %w", err)
	}
	repo := gitcmd.New("", env.Environ)
	cfg, t, err := env.proofTrust(cmd, repo)
	if err != nil {
		return err
	}
	path, err := findAgent()
	if err != nil {
		return err
	}
	notes := sharedNotes{repo: repo, say: func(line string) { fmt.Fprintln(env.Stderr, "paraph: "+report.Escape(line)) }}
	if err := notes.prepare(ctx); err != nil {
		return unchecked(ctx, err)
	}
	tags, err := tagsOf(ctx, repo, h)
	if err != nil {
		return unchecked(ctx, err)
	}
	total, err := repo.Count(ctx, h)
	if err != nil {
		return unchecked(ctx, err)
	}
	bar := env.newProgress(total + len(tags))
	f := &fetch.Fetcher{
		Repo: repo, Trust: t, Now: time.Now, Progress: func(s fetch.Summary) { bar.show(s.Done, func() string { return lookedUp(s) }) },
		Ask: func(ctx context.Context, requests iter.Seq[agent.Request], answer func(agent.Answer) error) error {
			return agent.Lookup(ctx, path, env.agentEnviron(cfg.TrustedRoot), version.String(), jobs, requests, answer)
		},
	}
	sum, err := f.Run(ctx, h, tags)
	bar.close()
	if err == nil {
		var cut bool
		if cut, err = repo.Cut(ctx, h); cut {
			err = errors.New("this is a shallow clone: the signatures that it leaves out were not looked at; git fetch --unshallow --tags brings them")
		}
	}
	return env.fetched(ctx, sum, err)
}

// lookedUp is what the bar says beside how far it is.
func lookedUp(s fetch.Summary) string {
	return fmt.Sprintf("%d fetched, %d not in the log, %d failed", s.Fetched, s.Absent, s.Failed)
}

// findAgent finds the program that reaches the network.
func findAgent() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", agent.Program, err)
	}
	return agent.Find(self)
}

// agentEnviron is the agent's environment: it reads the same settings, and of
// the flags the one that it needs.
func (env Env) agentEnviron(root config.Setting) []string {
	if root.Level != config.FromFlag {
		return env.Environ
	}
	file := root.Value
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	return append(env.Environ[:len(env.Environ):len(env.Environ)], config.EnvName("trustedRoot")+"="+file)
}

// tagsOf are the tags whose own signatures belong to a history.
func tagsOf(ctx context.Context, repo *gitcmd.Repo, h gitcmd.History) ([]string, error) {
	if h.All {
		return repo.Tags(ctx)
	}
	var tags []string
	for _, rev := range h.Revisions {
		found, err := repo.Tag(ctx, rev)
		if err != nil {
			return nil, err
		}
		if found != "" {
			tags = append(tags, found)
		}
	}
	return tags, nil
}

// fetched says what came of it.
func (env Env) fetched(ctx context.Context, s fetch.Summary, err error) error {
	_, writeErr := fmt.Fprintf(env.Stdout, "%d signed objects: %d without need of a note, %d with one already, %d fetched, %d not in the log, %d failed\n",
		s.Objects, s.Embedded, s.Noted, s.Fetched, s.Absent, s.Failed)
	for _, line := range s.Failures {
		fmt.Fprintf(env.Stderr, "paraph: %s\n", report.Escape(line))
	}
	switch {
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, ctx.Err()}
	case err != nil && isUsage(err):
		return unchecked(ctx, err)
	case err != nil:
		return &exitError{exitUnchecked, err}
	case s.Failed > 0:
		return &exitError{exitUnchecked, errors.New("not everything could be looked up; run it again to go on")}
	}
	return writeErr
}

// isUsage tells a revision that is none from a failure on the way.
func isUsage(err error) bool {
	var c *config.Error
	return errors.Is(err, gitcmd.ErrRevision) || errors.Is(err, gitcmd.ErrNoRepository) || errors.As(err, &c)
}
