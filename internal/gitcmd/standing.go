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

// A StandingRef is a ref and where it stands.
type StandingRef struct {
	Name, ID string
	Symbolic string // the ref that it is another name of, "" for none
}

// StandingRefs lists all refs, whatever they are for.
func (r *Repo) StandingRefs(ctx context.Context) ([]StandingRef, error) {
	var refs []StandingRef
	err := r.pipe(ctx, nil, func(in *bufio.Reader) error {
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			f := strings.SplitN(lines.Text(), " ", 3)
			if len(f) != 3 || !isID(f[0]) {
				return fmt.Errorf("git for-each-ref answered %q", lines.Text())
			}
			refs = append(refs, StandingRef{Name: f[2], ID: f[0], Symbolic: f[1]})
		}
		return lines.Err()
	}, "for-each-ref", "--format=%(objectname) %(symref) %(refname)")
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	return refs, nil
}

// Head returns the full name of the ref that HEAD stands for, "" if it stands for
// a commit.
func (r *Repo) Head(ctx context.Context) (string, error) {
	out, err := r.Output(ctx, "symbolic-ref", "--quiet", "HEAD")
	var e *Error
	if errors.As(err, &e) && e.ExitCode == 1 {
		return "", nil
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// IsAncestor reports whether one commit is another one, or reached by it.
func (r *Repo) IsAncestor(ctx context.Context, ancestor, of string) (bool, error) {
	if !isID(ancestor) || !isID(of) {
		return false, fmt.Errorf("%q, %q: not object ids", ancestor, of)
	}
	_, err := r.Output(ctx, "merge-base", "--is-ancestor", ancestor, of)
	var e *Error
	if errors.As(err, &e) && e.ExitCode == 1 {
		return false, nil
	}
	return err == nil, err
}

// SymbolicRefs returns which of some refs that git does not list are names of
// others, and of which: those lead to nothing yet.
func (r *Repo) SymbolicRefs(ctx context.Context, refs []string) (map[string]string, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	out, err := r.Output(ctx, "rev-parse", "--path-format=absolute", "--git-common-dir")
	if err != nil {
		return nil, err
	}
	dir := strings.TrimSuffix(string(out), "\n")
	found := map[string]string{}
	for _, ref := range refs {
		if !mayStand(dir, ref) {
			continue
		}
		out, err := r.Output(ctx, "symbolic-ref", "--quiet", ref)
		var e *Error
		if errors.As(err, &e) && e.ExitCode == 1 {
			continue // no symbolic ref, or nothing at all
		}
		if err != nil {
			return nil, err
		}
		found[ref] = strings.TrimSuffix(string(out), "\n")
	}
	return found, nil
}

// mayStand reports whether it is worth a process to ask git about a ref that it
// does not list: symbolic refs are files of their own, unless all refs are in
// tables (gitrepository-layout(5); git-refs(1), reftable).
func mayStand(dir, ref string) bool {
	if _, err := os.Stat(filepath.Join(dir, "reftable")); err == nil {
		return true
	}
	info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(ref)))
	return err == nil && !info.IsDir()
}
