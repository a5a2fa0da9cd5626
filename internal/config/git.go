package config

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
)

// ReadGit reads the sections paraph and gitsign of git's configuration as git
// itself sees it in the repository.
func ReadGit(ctx context.Context, repo *gitcmd.Repo) ([]Entry, error) {
	return ReadGitKeys(ctx, repo, settings)
}

// settings are the sections that are paraph's to read.
const settings = `^(paraph|gitsign)\.`

// AskGit is ReadGit as git answers it, for a process that calls [ParseGit].
func AskGit(ctx context.Context, repo *gitcmd.Repo) ([]byte, error) {
	return askGit(ctx, repo, settings)
}

// ReadGitKeys reads the keys that a regular expression of git's matches, such
// as git itself writes them: section and variable in lower case.
func ReadGitKeys(ctx context.Context, repo *gitcmd.Repo, pattern string) ([]Entry, error) {
	out, err := askGit(ctx, repo, pattern)
	if err != nil {
		return nil, err
	}
	return ParseGit(out)
}

func askGit(ctx context.Context, repo *gitcmd.Repo, pattern string) ([]byte, error) {
	out, err := repo.Output(ctx, "config", "--null", "--show-origin", "--get-regexp", pattern)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading git's configuration: %w", ctx.Err())
	}
	if err != nil {
		var e *gitcmd.Error
		if errors.As(err, &e) && e.ExitCode == 1 {
			return nil, nil // git's way to say that there is none
		}
		return nil, errorf("git's configuration cannot be read: %v", err)
	}
	return out, nil
}

// ParseGit reads what git answered: "origin NUL key LF value NUL" over and over. A key without
// a line break has no value at all, which git takes for true.
func ParseGit(out []byte) ([]Entry, error) {
	fields := strings.Split(string(out), "\x00")
	if fields[len(fields)-1] != "" || len(fields)%2 != 1 {
		return nil, errorf("git's configuration cannot be read: git config answered in another form")
	}
	var entries []Entry
	for i := 0; i+1 < len(fields); i += 2 {
		name, value, ok := strings.Cut(fields[i+1], "\n")
		if !ok {
			value = "true"
		}
		entries = append(entries, Entry{name, value, fields[i]})
	}
	return entries, nil
}
