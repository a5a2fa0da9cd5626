package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/store"
	"github.com/paraph/paraph/internal/version"
)

func (env Env) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what is wrong here, and say what to do",
		Long: `Look for what is wrong here, and say what to do: the two programs, git and its
configuration, the settings, trusted roots, where identity tokens come from.

Exit status: 0 all is well, warnings or not; 1 something keeps signing or
verification from working; 2 wrong usage.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			format, _ := cmd.Flags().GetString("format")
			online, _ := cmd.Flags().GetBool("online")
			if format != "text" && format != "json" {
				return usagef("--format: %q is none of text, json", format)
			}
			d := &doctor{Env: env, repo: gitcmd.New("", env.Environ), now: time.Now()}
			d.examine(cmd.Context(), online)
			if cmd.Context().Err() != nil {
				return cmd.Context().Err()
			}
			return d.write(format)
		},
	}
	cmd.Flags().String("format", "text", "`FORMAT`: text or json")
	cmd.Flags().Bool("online", false, "ask each service whether it is there")
	return cmd
}

// A doctor is one look at what is here.
type doctor struct {
	Env
	repo   *gitcmd.Repo
	now    time.Time
	tilde  bool // git reads ~/ in the name of a program
	checks []agent.Check
}

// found takes down how a check went; next is what to do, "" for nothing.
func (d *doctor) found(name string, status agent.Status, detail, next string) {
	d.checks = append(d.checks, agent.Check{Name: name, Status: status, Detail: detail, Next: next})
}

// examine looks at everything. What another program knows comes last.
func (d *doctor) examine(ctx context.Context, online bool) {
	d.git(ctx)
	d.program(ctx)
	d.settings(ctx)
	d.replaced(ctx)
	d.notes(ctx)
	if tty, err := d.Terminal(); err != nil {
		d.found("terminal", agent.Skip, "there is none: words for you go to standard error, and nobody can log in", "")
	} else {
		_ = tty.Close()
		d.found("terminal", agent.OK, "there is one", "")
	}
	d.agent(ctx, online)
}

// settings looks at paraph's own configuration, and at the roots that it names.
func (d *doctor) settings(ctx context.Context) {
	src, err := d.source(ctx, d.repo, nil)
	if err != nil {
		d.found("settings", agent.Fail, err.Error(), "")
		return
	}
	findings := config.Review(src)
	for _, f := range findings {
		status := agent.Warn
		if f.Fatal {
			status = agent.Fail
		}
		d.found("settings", status, f.Detail, f.Next)
	}
	if len(findings) == 0 {
		d.found("settings", agent.OK, "all that are set are known and can be used", "")
	}
	if cfg, err := config.ForVerification(src); err == nil {
		d.trust(cfg)
		d.cached(cfg)
	}
}

// cached looks at the place where verdicts are remembered.
func (d *doctor) cached(cfg *config.Verification) {
	if !cfg.Cache {
		d.found("cache", agent.Skip, "verdicts are not remembered: paraph.cache is false", "")
		return
	}
	path, size, err := cache.Open(d.Environ).Place()
	if err != nil {
		d.found("cache", agent.Warn, "verdicts are not remembered: "+err.Error(), "remove what is in the way")
		return
	}
	d.found("cache", agent.OK, fmt.Sprintf("verdicts are remembered in %s, %d KiB", path, size>>10), "")
}

// trust looks at the trusted roots that count, and says which else there are.
func (d *doctor) trust(cfg *config.Verification) {
	known := store.New(d.Environ)
	if cfg.TrustedRoot.Set() {
		root, err := cfg.TrustedRoot.Root(d.ReadFile)
		d.root("paraph.trustedRoot", root, err)
	} else {
		for _, name := range cfg.Instances {
			root, err := known.TrustedRoot(name)
			d.root("instance "+name, root, err)
		}
	}
	names, err := known.Names()
	if err != nil {
		d.found("instances", agent.Warn, err.Error(), "")
		return
	}
	d.found("instances", agent.OK, strings.Join(names, ", ")+" are known here", "")
}

func (d *doctor) root(what string, root *trust.Root, err error) {
	if err != nil {
		d.found("trusted root", agent.Fail, err.Error(), "")
		return
	}
	detail := what + ": " + root.Origin
	if !root.Checked.IsZero() {
		detail += ", checked " + ago(int64(d.now.Sub(root.Checked)/time.Second))
	}
	if !root.Expires.IsZero() && d.now.After(root.Expires) {
		d.found("trusted root", agent.Warn, detail+"; its metadata ended on "+root.Expires.UTC().Format(time.DateOnly), "paraph trust update")
		return
	}
	d.found("trusted root", agent.OK, detail, "")
}

// agent looks at the other program, and has it look at the rest.
func (d *doctor) agent(ctx context.Context, online bool) {
	const next = "install both programs from one build"
	self, err := os.Executable()
	path := ""
	if err == nil {
		path, err = agent.Find(self)
	}
	if err != nil {
		d.found("programs", agent.Fail, err.Error(), next)
		return
	}
	r, err := agent.Doctor(ctx, path, d.Environ, version.String(), agent.DoctorRequest{Online: online})
	switch {
	case err != nil:
		d.found("programs", agent.Fail, path+": "+err.Error(), next)
	case r.Error != "":
		d.found("programs", agent.Fail, path+": "+r.Error, "")
	default:
		d.found("programs", agent.OK, "paraph and "+path+" are "+version.String(), "")
		d.checks = append(d.checks, r.Checks...)
	}
}

// width is how wide the column of names is.
const width = 18

// write shows the checks; its error is only the exit status.
func (d *doctor) write(format string) error {
	failed := slices.ContainsFunc(d.checks, func(c agent.Check) bool { return c.Status == agent.Fail })
	var err error
	if format == "json" {
		var out []byte
		out, err = json.MarshalIndent(struct {
			Schema int           `json:"schema"`
			OK     bool          `json:"ok"`
			Checks []agent.Check `json:"checks"`
		}{1, !failed, d.checks}, "", "  ")
		if err == nil {
			err = report.WriteJSON(d.Stdout, out)
		}
	} else {
		var text strings.Builder
		for _, c := range d.checks {
			status := string(c.Status)
			if c.Status == agent.Fail {
				status = "FAIL"
			}
			fmt.Fprintf(&text, "%-4s  %-*s  %s\n", status, width, report.Escape(c.Name), report.Escape(c.Detail))
			if c.Next != "" {
				fmt.Fprintf(&text, "      %-*s  -> %s\n", width, "", report.Escape(c.Next))
			}
		}
		_, err = fmt.Fprint(d.Stdout, text.String())
	}
	if err == nil && failed {
		err = &exitError{exitVerdict, nil}
	}
	return err
}
