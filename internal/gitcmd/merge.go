package gitcmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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

// CleanMerge returns the tree that git makes of two commits, and whether it
// makes one without a conflict. Nothing is written to the repository, and none of
// its configuration counts, nor anybody's: a merge has one result everywhere.
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
		line, err := in.ReadSlice('\n')
		tree = strings.TrimSuffix(string(line), "\n")
		switch {
		case err == io.EOF && tree == "": // git says why
			return nil
		case err != nil || !isID(tree):
			return fmt.Errorf("git merge-tree answered %q", tree)
		}
		return nil
	}, "merge-tree", "--write-tree", "--no-messages", ours, theirs)
	var e *Error
	switch {
	case err == nil && tree != "":
		return tree, true, nil
	case err == nil:
		return "", false, errors.New("git merge-tree answered nothing")
	case errors.As(err, &e) && e.ExitCode == 1 && isID(tree): // one with conflicts in it
		return "", false, nil
	case errors.As(err, &e) && strings.Contains(e.Stderr, "refusing to merge unrelated histories"):
		return "", false, nil
	}
	return "", false, err
}

// scratch makes a folder an empty repository with the objects of this one: what
// its configuration and attributes say counts for nothing there. Attributes of
// the trees do not count either, since it is a bare one without a HEAD.
func (r *Repo) scratch(ctx context.Context, dir string, digits int) (*Repo, error) {
	out, err := r.Output(ctx, "rev-parse", "--path-format=absolute", "--git-path", "objects")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	config := "[core]\nbare = true\nrepositoryFormatVersion = 0\n"
	if digits == maxID {
		config = "[core]\nbare = true\nrepositoryFormatVersion = 1\n[extensions]\nobjectFormat = sha256\n"
	}
	for _, sub := range []string{"refs", "objects/info"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{
		"HEAD":                    "ref: refs/heads/none\n",
		"config":                  config,
		"objects/info/alternates": quote(strings.TrimSuffix(string(out), "\n")) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return &Repo{dir, scratchEnv(r.env, dir)}, nil
}

// scratchEnv leaves of an environment what does not say which repository or
// configuration to take. Further folders of objects stay: those of a push that
// is not let in yet have the repository's among them.
func scratchEnv(env []string, dir string) []string {
	var out []string
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		const more = "GIT_ALTERNATE_OBJECT_DIRECTORIES"
		if kept[name] && name != more || strings.HasPrefix(name, "GIT_CONFIG") || name == "HOME" || name == "XDG_CONFIG_HOME" {
			continue
		}
		out = append(out, e)
	}
	return append(out, "HOME="+dir, "GIT_DIR="+dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1")
}

// quote writes a path as git reads it among alternates (quote.c,
// unquote_c_style), whatever is in it.
func quote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(path) + `"`
}
