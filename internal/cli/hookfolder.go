package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/xdg"
)

// A hookFolder is where git looks for hooks.
type hookFolder struct {
	dir string
	// The repository's git folder, shared by its work trees, and the top of the
	// work tree; "" for what there is not.
	gitDir, top string
	// The template that git copies into new repositories, and whether it is still
	// to be set.
	template string
	unset    bool
}

const templateKey = "init.templateDir"

// repositoryHooks is where git looks for a hook of this repository. A
// core.hooksPath that is not absolute starts where the hook does.
func (env Env) repositoryHooks(ctx context.Context, hook string) (f hookFolder, err error) {
	repo := gitcmd.New("", env.Environ)
	path := func(r *gitcmd.Repo, args ...string) (string, error) {
		out, err := r.Output(ctx, append([]string{"rev-parse", "--path-format=absolute"}, args...)...)
		return strings.TrimSuffix(string(out), "\n"), err
	}
	own, err := path(repo, "--git-dir")
	if err != nil {
		return f, usagef("%w; --global is for all repositories that you make from now on", err)
	}
	if f.gitDir, err = path(repo, "--git-common-dir"); err != nil {
		return f, err
	}
	if f.top, err = top(ctx, repo); err != nil {
		return f, err
	}
	start := f.top
	if start == "" && !onServer(hook) {
		bare, err := repo.Output(ctx, "rev-parse", "--is-bare-repository")
		if err != nil || strings.TrimSpace(string(bare)) != "true" {
			return f, usagef("this is the git folder of a repository; %s runs in its work tree: go there", hook)
		}
	}
	if start == "" || onServer(hook) {
		start = own
	}
	environ := append(env.Environ[:len(env.Environ):len(env.Environ)], "GIT_DIR="+own)
	if f.dir, err = path(gitcmd.New(start, environ), "--git-path", "hooks"); err != nil {
		return f, err
	}
	if info, err := os.Stat(f.dir); err == nil && !info.IsDir() {
		return f, usagef("core.hooksPath is %s, which is no folder: git runs no hooks here", f.dir)
	}
	return f, nil
}

// templateHooks is where git init and git clone take hooks from.
func (env Env) templateHooks(ctx context.Context) (f hookFolder, err error) {
	f.template, err = env.templateDir(ctx)
	if f.template == "" && err == nil {
		f.template, f.unset = env.ownTemplate(), true
	}
	switch {
	case err != nil:
		return f, err
	case f.template == "":
		return f, usagef("there is no HOME to keep a template in; set %s", templateKey)
	case !filepath.IsAbs(f.template):
		return f, usagef("%s is %s, which is another folder wherever git runs; make it absolute", templateKey, f.template)
	}
	f.dir = filepath.Join(f.template, "hooks")
	return f, nil
}

// ownTemplate is the template that we make where there is none, "" without HOME.
func (env Env) ownTemplate() string {
	dir := xdg.Config(env.Environ)
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, "template")
}

// templateDir is git's setting, as it counts outside of repositories; "" if it is
// not set.
func (env Env) templateDir(ctx context.Context) (string, error) {
	outside := append(env.Environ[:len(env.Environ):len(env.Environ)], "GIT_DIR="+os.DevNull)
	out, err := gitcmd.New("", outside).Output(ctx, "config", "--path", "--get", templateKey)
	var e *gitcmd.Error
	if errors.As(err, &e) && e.ExitCode == 1 {
		return "", nil
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// setTemplate has git take the template for what it makes from now on.
func (env Env) setTemplate(ctx context.Context, f hookFolder) error {
	if !f.unset {
		return nil
	}
	if _, err := gitcmd.New("", env.Environ).Output(ctx, "config", "--global", templateKey, f.template); err != nil {
		return fmt.Errorf("setting %s: %w", templateKey, err)
	}
	return nil
}

// unsetTemplate takes back what setTemplate did, once nothing is left in the
// template, and reports whether it did.
func (env Env) unsetTemplate(ctx context.Context, f hookFolder) (bool, error) {
	if f.template == "" || f.unset || f.template != env.ownTemplate() {
		return false, nil
	}
	for _, dir := range []string{f.dir, f.template} {
		// A folder with something in it stays, and says no.
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	_, err := gitcmd.New("", env.Environ).Output(ctx, "config", "--global", "--unset", "--fixed-value", templateKey, f.template)
	return err == nil, err
}

// shared says who else has the folder, "" if nobody does.
func (f hookFolder) shared() string {
	if f.template != "" {
		return ""
	}
	switch {
	case within(f.dir, f.gitDir):
		return ""
	case f.top != "" && within(f.dir, f.top):
		return "that folder is in the work tree: whoever gets it by git needs paraph in the same place"
	}
	return "that folder is outside of this repository (core.hooksPath, or a link): every other one that has it runs the hook too"
}

// within reports whether a path is below a folder, wherever links lead.
func within(path, dir string) bool {
	for _, p := range []*string{&path, &dir} {
		if real, err := filepath.EvalSymlinks(*p); err == nil {
			*p = real
		}
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
