package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Tag returns the id of the annotated tag that a revision names, "" if it
// names something else.
func (r *Repo) Tag(ctx context.Context, rev string) (string, error) {
	if err := checkRevision(rev); err != nil {
		return "", err
	}
	out, err := r.Output(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{tag}")
	var e *Error
	if errors.As(err, &e) && e.ExitCode == 1 {
		return "", nil
	}
	if err != nil {
		return "", r.explain(ctx, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// Count returns how many commits a history has.
func (r *Repo) Count(ctx context.Context, h History) (int, error) {
	args, err := h.args()
	if err != nil {
		return 0, err
	}
	out, err := r.Output(ctx, slices.Insert(args, 1, "--count")...)
	if err != nil {
		return 0, r.walkFailure(ctx, err)
	}
	return strconv.Atoi(strings.TrimSpace(string(out)))
}

// Remotes returns the names of the repository's remotes, without those that
// lead nowhere, and those whose name cannot be a part of a ref's: a refspec that
// is not valid ends every command of git that reads the remotes.
func (r *Repo) Remotes(ctx context.Context) ([]string, error) {
	out, err := r.Output(ctx, "remote")
	if err != nil {
		return nil, r.explain(ctx, err)
	}
	var names []string
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSuffix(name, "\n")
		_, err := r.Output(ctx, "check-ref-format", "refs/remotes/"+name+"/x")
		var e *Error
		if errors.As(err, &e) && e.ExitCode == 1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		urls, err := r.values(ctx, "remote."+name+".url")
		if err != nil {
			return nil, err
		}
		if len(urls) > 0 {
			names = append(names, name)
		}
	}
	return names, nil
}

// values are those of a key of git's configuration.
func (r *Repo) values(ctx context.Context, key string) ([]string, error) {
	out, err := r.Output(ctx, "config", "--null", "--get-all", key)
	var e *Error
	if errors.As(err, &e) && e.ExitCode == 1 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// AddConfig adds a value of a key to the repository's configuration, unless
// one is set already that stands says is enough. It reports whether it did.
func (r *Repo) AddConfig(ctx context.Context, key, value string, stands func(string) bool) (bool, error) {
	set, err := r.values(ctx, key)
	if err != nil || slices.ContainsFunc(set, stands) {
		return false, err
	}
	if _, err = r.Output(ctx, "config", "--local", "--add", key, value); err != nil {
		return false, r.explain(ctx, err)
	}
	return true, nil
}

// MergeNotes merges the notes of another ref, line by line. It reports whether
// there was something to merge.
func (r *Repo) MergeNotes(ctx context.Context, ref, other string) (bool, error) {
	theirs, kind, err := r.tip(ctx, other)
	if err != nil || theirs == "" {
		return false, err
	}
	if kind != "commit" { // a remote may have anything there
		return false, fmt.Errorf("%s is a %s: notes are in commits", other, kind)
	}
	ours, err := r.Tip(ctx, ref)
	if err != nil {
		return false, err
	}
	if ours == "" {
		_, err := r.Output(ctx, "update-ref", ref, theirs, "")
		return err == nil, err
	}
	if _, err := r.Output(ctx, "merge-base", "--is-ancestor", theirs, ours); err == nil {
		return false, nil
	}
	args := []string{"notes", "--ref=" + ref, "merge", "--quiet", "--strategy=cat_sort_uniq", other}
	if _, err := r.Output(ctx, "var", "GIT_COMMITTER_IDENT"); err != nil {
		args = append([]string{"-c", "user.name=" + fallbackName, "-c", "user.email=" + fallbackEmail}, args...)
	}
	_, err = r.Output(ctx, args...)
	return err == nil, err
}
