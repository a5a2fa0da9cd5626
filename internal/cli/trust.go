package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/trust/store"
	"github.com/paraph/paraph/internal/version"
)

// trustCommand is paraph trust.
func (env Env) trustCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "trust", Short: "Show and update what Sigstore instances are trusted for",
		Long: `Show and update what Sigstore instances are trusted for.

The trusted root of the public instance is built in. Updates come by The Update
Framework (TUF): when signing finds that the last one is more than a day old,
and by paraph trust update. Verification never uses the network.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("paraph trust has no command %q; paraph trust --help lists them", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(env.trustShowCommand(), env.trustUpdateCommand(), env.trustAddCommand(), env.trustImportCommand())
	return cmd
}

func (env Env) trustUpdateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "update [NAME]...", Short: "Update instances by TUF, by default those that paraph.instance names",
		RunE: func(cmd *cobra.Command, names []string) error {
			if len(names) == 0 {
				var err error
				if names, err = env.updatable(cmd.Context()); err != nil {
					return err
				}
			}
			return env.changeTrust(cmd.Context(), agent.TrustRequest{Do: agent.TrustUpdate, Instances: names})
		},
	}
}

// updatable are the instances that the settings name, without those that were
// added by file.
func (env Env) updatable(ctx context.Context) (names []string, err error) {
	cfg, err := env.verification(ctx, gitcmd.New("", env.Environ), nil)
	if err != nil {
		return nil, err
	}
	known := store.New(env.Environ)
	for _, name := range cfg.Instances {
		i, err := known.Instance(name)
		if err != nil {
			return nil, err
		}
		if !i.ByFile() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, usagef("nothing to update: the instances that paraph.instance names were added by file")
	}
	return names, nil
}

func (env Env) trustAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME {--tuf URL --root FILE | --trusted-root FILE [--signing-config FILE]}",
		Short: "Add a Sigstore instance",
		Long: `Add a Sigstore instance under a name that paraph.instance can choose then.

With --tuf, what the instance is trusted for comes from its TUF repository, now
and with every update; --root is the repository's root.json that you trust, of
whatever version. Without, it comes from files.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("paraph trust add takes one name")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := env.addRequest(cmd, args[0])
			if err != nil {
				return err
			}
			return env.changeTrust(cmd.Context(), r)
		},
	}
	f := cmd.Flags()
	f.String("tuf", "", "`URL` of the instance's TUF repository")
	f.String("root", "", "`FILE`, the repository's root.json")
	f.String("trusted-root", "", "`FILE`, the instance's trusted_root.json")
	f.String("signing-config", "", "`FILE`, the instance's signing_config.v0.2.json")
	return cmd
}

// addRequest reads the files that the flags name.
func (env Env) addRequest(cmd *cobra.Command, name string) (agent.TrustRequest, error) {
	r := agent.TrustRequest{Do: agent.TrustAdd, Instances: []string{name}}
	given := func(flag string) bool { return cmd.Flags().Changed(flag) }
	switch {
	case given("tuf") == given("trusted-root"):
		return r, usagef("paraph trust add needs either --tuf and --root, or --trusted-root and --signing-config")
	case given("tuf") != given("root"):
		return r, usagef("--tuf and --root belong together: the root.json is where trust in the repository begins")
	case given("signing-config") && given("tuf"):
		return r, usagef("--signing-config belongs to --trusted-root: by TUF it comes from the repository")
	}
	r.Repository, _ = cmd.Flags().GetString("tuf")
	for flag, data := range map[string]*[]byte{"root": &r.Root, "trusted-root": &r.TrustedRoot, "signing-config": &r.SigningConfig} {
		if !given(flag) {
			continue
		}
		path, _ := cmd.Flags().GetString(flag)
		var err error
		if *data, err = env.readWhole("--"+flag, path); err != nil {
			return r, err
		}
	}
	return r, nil
}

// readWhole reads a file that the user named, none of it if it is too long.
func (env Env) readWhole(what, path string) ([]byte, error) {
	data, err := env.ReadFile(path, config.MaxFile)
	switch {
	case err != nil:
		return nil, usagef("%s: %w", what, err)
	case len(data) == 0:
		return nil, usagef("%s: %s is empty", what, path)
	case len(data) > config.MaxFile:
		return nil, usagef("%s: %s has more than %d bytes", what, path, config.MaxFile)
	}
	return data, nil
}

func (env Env) trustImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import PATH", Short: "Update an instance without a network",
		Long: `Update an instance without a network. PATH is a folder with a copy of the
instance's TUF repository, which is verified as the repository itself would be;
or, for an instance that was added by file, its new trusted_root.json.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("paraph trust import takes one path")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, _ := cmd.Flags().GetString("instance")
			r, err := env.importRequest(cmd.Context(), name, args[0])
			if err != nil {
				return err
			}
			return env.changeTrust(cmd.Context(), r)
		},
	}
	cmd.Flags().String("instance", "", "the instance's `NAME`, by default the first that paraph.instance names")
	return cmd
}

func (env Env) importRequest(ctx context.Context, name, path string) (agent.TrustRequest, error) {
	r := agent.TrustRequest{Do: agent.TrustImport}
	if name == "" {
		cfg, err := env.verification(ctx, gitcmd.New("", env.Environ), nil)
		if err != nil {
			return r, err
		}
		name = cfg.Instances[0]
	}
	r.Instances = []string{name}
	info, err := os.Stat(path)
	if err != nil {
		return r, usagef("%w", err)
	}
	if !info.IsDir() {
		r.TrustedRoot, err = env.readWhole("import", path)
		return r, err
	}
	if _, err := os.Stat(filepath.Join(path, "timestamp.json")); errors.Is(err, fs.ErrNotExist) {
		return r, usagef("%s is no copy of a TUF repository: it has no timestamp.json", path)
	}
	r.Folder, err = filepath.Abs(path)
	return r, err
}

// changeTrust has the agent do it, and says what came of it, for each
// instance. One that failed is as it was.
func (env Env) changeTrust(ctx context.Context, request agent.TrustRequest) error {
	path, err := findAgent()
	if err != nil {
		return err
	}
	r, err := agent.Trust(ctx, path, env.Environ, version.String(), request)
	if err != nil {
		return &exitError{exitUnchecked, err}
	}
	if r.Error != "" {
		return &exitError{exitUnchecked, errors.New(r.Error)}
	}
	var status int
	for _, result := range r.Results {
		switch {
		case result.Error == "":
			fmt.Fprintf(env.Stdout, "%s: %s\n", result.Instance, report.Escape(changed(request.Do, result)))
			continue
		case result.Usage:
			status = exitUsage
		case status == 0:
			status = exitUnchecked
		}
		fmt.Fprintf(env.Stderr, "paraph: %s\n", report.Escape(result.Error))
	}
	if status != 0 {
		return &exitError{status: status}
	}
	return nil
}

// changed says what an update did.
func changed(do string, r agent.TrustResult) string {
	before, after := r.Before.Versions, r.After.Versions
	if after == (store.Versions{}) {
		return map[string]string{agent.TrustAdd: "added by file", agent.TrustImport: "has a new trusted root, by file"}[do]
	}
	ends := "; the metadata ends " + r.After.Expires.UTC().Format(time.RFC3339)
	switch {
	case do == agent.TrustAdd:
		return fmt.Sprintf("added, %s%s", after, ends)
	case before == (store.Versions{}):
		return fmt.Sprintf("updated for the first time, %s%s", after, ends)
	case before == after:
		return fmt.Sprintf("up to date, %s%s", after, ends)
	}
	root := "the trusted root is the same"
	if r.RootChanged {
		root = "the trusted root is a new one"
	}
	return fmt.Sprintf("updated from %s to %s; %s%s", before, after, root, ends)
}
