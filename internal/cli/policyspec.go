package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/history"
	"github.com/paraph/paraph/internal/policy"
)

// policy reads the policy that a setting names, nil for none.
func (env Env) policy(ctx context.Context, repo *gitcmd.Repo, s config.Setting) (*policy.Policy, error) {
	if !s.Set() {
		return nil, nil
	}
	spec, err := policySpec(s)
	if err != nil {
		return nil, usagef("%s: %w", s.Source, err)
	}
	p, err := history.LoadPolicy(ctx, repo, spec, history.ReadFile(env.ReadFile))
	if err != nil {
		err = fmt.Errorf("%s: %w", s.Source, err)
		if errors.Is(err, gitcmd.ErrMissing) || errors.Is(err, gitcmd.ErrShallow) {
			return nil, &exitError{exitUnchecked, err}
		}
		return nil, err
	}
	return p, nil
}

// policySpec is what a setting names. What stands in a work tree is no policy
// that a setting may name: it changes with whatever is checked out.
func policySpec(s config.Setting) (history.PolicySpec, error) {
	if s.Level == config.FromFlag {
		return history.ParsePolicySpec(s.Value), nil
	}
	if config.IsPinned(s.Value) {
		id, path, _ := strings.Cut(s.Value, ":")
		return history.PolicySpec{Rev: id, Path: path}, nil
	}
	real, err := filepath.EvalSymlinks(s.Value)
	if err != nil {
		return history.PolicySpec{}, err
	}
	for _, path := range []string{s.Value, real} {
		if dir := workTree(path); dir != "" {
			return history.PolicySpec{}, fmt.Errorf("%s is in the work tree %s, and changes with whatever is checked out there: paraph policy pin names one that does not", path, dir)
		}
	}
	return history.PolicySpec{Path: s.Value}, nil
}

// workTree is the work tree that a file is in, "" for none.
func workTree(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
