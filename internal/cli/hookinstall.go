package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/report"
)

func (env Env) hookInstallCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "install NAME", Short: "Have git run paraph as a hook of this repository",
		Long: `Have git run paraph as a hook of this repository: pre-receive, update, pre-push or
post-receive. A small script is written where git looks for the hook (core.hooksPath
too), and written anew if it is there.

A hook of somebody else's stays as it is. If there is a folder NAME.d beside it,
the script goes there; if not, the line is shown that it needs.`,
		Args: func(cmd *cobra.Command, args []string) error { return oneHook(cmd.CommandPath(), args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			global, _ := cmd.Flags().GetBool("global")
			return env.installHook(cmd.Context(), args[0], global)
		},
	}
	cmd.Flags().Bool("global", false, "for all repositories that you make or clone from now on (init.templateDir)")
	return cmd
}

func (env Env) hookUninstallCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "uninstall NAME", Short: "Remove what hook install wrote",
		Long: `Remove what paraph hook install NAME wrote, and nothing else. Where it wrote
nothing that is so already: exit status 0.`,
		Args: func(cmd *cobra.Command, args []string) error { return oneHook(cmd.CommandPath(), args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			global, _ := cmd.Flags().GetBool("global")
			return env.uninstallHook(cmd.Context(), args[0], global)
		},
	}
	cmd.Flags().Bool("global", false, "from the template of new repositories (init.templateDir)")
	return cmd
}

// hooksOf is the folder that a command is about.
func (env Env) hooksOf(ctx context.Context, hook string, global bool) (hookFolder, error) {
	if global {
		return env.templateHooks(ctx)
	}
	return env.repositoryHooks(ctx, hook)
}

// installHook runs paraph hook install.
func (env Env) installHook(ctx context.Context, hook string, global bool) error {
	program, err := hookProgram()
	if err != nil {
		return err
	}
	f, err := env.hooksOf(ctx, hook, global)
	if err != nil {
		return err
	}
	file := filepath.Join(f.dir, hook)
	place, err := env.hookPlace(file, program)
	if err != nil {
		return err
	}
	if err := env.writeHook(place, hook, hookScript(program, hook)); err != nil {
		return err
	}
	if err := env.setTemplate(ctx, f); err != nil {
		return err
	}
	say := func(format string, args ...any) {
		_, writeErr := fmt.Fprintln(env.Stdout, report.Escape(fmt.Sprintf(format, args...)))
		err = errors.Join(err, writeErr)
	}
	say("%s runs %s", place, program)
	for _, line := range append(env.aboutPlace(f, file, place), env.nextStep(ctx, hook)) {
		if line != "" {
			say("%s", line)
		}
	}
	return err
}

// aboutPlace says what else follows from where a hook is.
func (env Env) aboutPlace(f hookFolder, file, place string) []string {
	lines := []string{f.shared()}
	if f.unset {
		lines = append(lines, templateKey+" = "+f.template)
	}
	if f.template != "" {
		lines = append(lines, "git init and git clone copy it from now on; repositories that are there have it by paraph hook install "+filepath.Base(file))
		if slices.ContainsFunc(env.Environ, func(e string) bool { return strings.HasPrefix(e, "GIT_TEMPLATE_DIR=") }) {
			lines = append(lines, "GIT_TEMPLATE_DIR is set, and counts before "+templateKey)
		}
	}
	_, err := os.Stat(file + ".d")
	switch {
	case place != file:
		lines = append(lines, file+" was there: it must be one that runs what is in its folder, and fails if that does")
	case err == nil:
		lines = append(lines, "what is in "+file+".d is not run by it, nor was it before")
	}
	return lines
}

// nextStep says what a hook goes by, and what it may still need.
func (env Env) nextStep(ctx context.Context, hook string) string {
	const key = "paraph.hook.policy"
	switch hook {
	case "pre-push":
		return "it judges by the policy on the branch that the remote's HEAD names: git remote set-head NAME --auto asks which"
	case "post-receive":
		return "it refuses nothing, and writes down what became of each push"
	}
	entries, err := config.ReadGitKeys(ctx, gitcmd.New("", env.Environ), `^paraph\.hook\.policy$`)
	if err == nil && len(entries) > 0 {
		return fmt.Sprintf("until the branch whose policy counts has one, %s judges", entries[len(entries)-1].Value)
	}
	return "it judges by the policy on the branch that HEAD names; until that has one every push is refused, but for git config " + key + " /ABSOLUTE/FILE"
}

// uninstallHook runs paraph hook uninstall.
func (env Env) uninstallHook(ctx context.Context, hook string, global bool) error {
	f, err := env.hooksOf(ctx, hook, global)
	if err != nil {
		return err
	}
	file := filepath.Join(f.dir, hook)
	removed := false
	for _, place := range []string{file, joined(file)} {
		state, err := env.hookAt(place, hook)
		switch {
		case err != nil:
			return err
		case state == hookOurs:
			if err := os.Remove(place); err != nil {
				return err
			}
			removed = true
			fmt.Fprintf(env.Stdout, "%s is removed\n", report.Escape(place))
		case state == hookChanged:
			fmt.Fprintf(env.Stdout, "%s was changed since paraph hook install wrote it, and stays\n", report.Escape(place))
		case state != hookAbsent:
			fmt.Fprintf(env.Stdout, "%s is not by paraph hook install, and stays\n", report.Escape(place))
		}
	}
	if !removed {
		_, err := fmt.Fprintf(env.Stdout, "nothing in %s is by paraph hook install %s\n", report.Escape(f.dir), hook)
		return err
	}
	unset, err := env.unsetTemplate(ctx, f)
	if unset {
		_, err = fmt.Fprintf(env.Stdout, "%s is not set any more\n", templateKey)
	}
	return err
}
