package gitcmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// MergeBases returns all merge bases of two commits, none where they have no
// history in common.
func (r *Repo) MergeBases(ctx context.Context, a, b string) ([]string, error) {
	if !isID(a) || !isID(b) {
		return nil, fmt.Errorf("%q, %q: not object ids", a, b)
	}
	out, err := r.Output(ctx, "merge-base", "--all", a, b)
	var e *Error
	if errors.As(err, &e) && e.ExitCode == 1 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ids := strings.Fields(string(out))
	for _, id := range ids {
		if !isID(id) {
			return nil, fmt.Errorf("git merge-base answered %q", out)
		}
	}
	return ids, nil
}

// CleanMerge returns the tree that git makes of two commits, and whether that
// went without a conflict. Nothing is written to the repository, and none of
// its configuration counts.
func (r *Repo) CleanMerge(ctx context.Context, ours, theirs string) (tree string, clean bool, err error) {
	if !isID(ours) || !isID(theirs) {
		return "", false, fmt.Errorf("%q, %q: not object ids", ours, theirs)
	}
	dir, err := os.MkdirTemp("", "paraph-merge-")
	if err != nil {
		return "", false, err
	}
	defer os.RemoveAll(dir)
	scratch, err := r.scratch(ctx, dir, len(ours))
	if err != nil {
		return "", false, err
	}
	err = scratch.pipe(ctx, nil, func(in *bufio.Reader) error {
		line, err := in.ReadString('\n')
		if tree = strings.TrimSuffix(line, "\n"); err == nil && !isID(tree) {
			err = fmt.Errorf("git merge-tree answered %q", tree)
		}
		return err
	}, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
	var e *Error
	switch {
	case errors.As(err, &e) && e.ExitCode == 1 && isID(tree): // one with conflicts in it
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("git merge-tree: %w", err)
	}
	return tree, true, nil
}

// scratch is an empty repository in a folder, with the objects of this one: what
// its configuration and its attributes say counts for nothing there.
func (r *Repo) scratch(ctx context.Context, dir string, digits int) (*Repo, error) {
	out, err := r.Output(ctx, "rev-parse", "--path-format=absolute", "--git-path", "objects")
	if err != nil {
		return nil, err
	}
	objects := strings.TrimSuffix(string(out), "\n")
	others := []string{objects}
	var env []string
	for _, e := range r.env {
		name, value, _ := strings.Cut(e, "=")
		switch {
		case name == "GIT_ALTERNATE_OBJECT_DIRECTORIES":
			others = append(others, filepath.SplitList(value)...)
		case strings.HasPrefix(name, "GIT_CONFIG"), name == "GIT_DIR", name == "GIT_WORK_TREE", name == "GIT_COMMON_DIR",
			name == "GIT_OBJECT_DIRECTORY", name == "GIT_QUARANTINE_PATH", name == "HOME", name == "XDG_CONFIG_HOME":
		default:
			env = append(env, e)
		}
	}
	for _, path := range others {
		if strings.ContainsAny(path, ":\n\"") {
			return nil, fmt.Errorf("the path %q cannot be told to git as a folder of objects", path)
		}
	}
	env = append(env, "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	format := "sha1"
	if digits == maxID {
		format = "sha256"
	}
	bare := &Repo{dir, env}
	if _, err := bare.Output(ctx, "init", "--quiet", "--bare", "--template=", "--object-format="+format, dir); err != nil {
		return nil, err
	}
	bare.env = append(env[:len(env):len(env)], "GIT_DIR="+dir, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+strings.Join(others, ":"))
	return bare, nil
}
