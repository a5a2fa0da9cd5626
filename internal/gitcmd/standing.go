package gitcmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
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
