package history

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/trees"
	"github.com/paraph/paraph/internal/verdict"
)

// policyDir is the folder of policies and their keys.
const policyDir = ".paraph"

// maxKeyFile bounds a file of keys, in bytes.
const maxKeyFile = 4 << 20

// ErrPolicy says that a policy cannot be had, or not be used; ErrPolicyAbsent
// that there is none.
var (
	ErrPolicy             = errors.New("no policy to judge by")
	ErrPolicyAbsent error = absentError{}
)

type absentError struct{}

func (absentError) Error() string { return ErrPolicy.Error() + ": " + policy.Path + " is not there" }
func (absentError) Unwrap() error { return ErrPolicy }

// A PolicySpec names a policy: a file, or a path in the tree of a commit.
type PolicySpec struct {
	Rev, Path string // Rev is "" for a file
}

// ParsePolicySpec reads FILE or REV:PATH. What has a colon is a file only if it
// begins with a slash or a dot: else what somebody has checked out would say
// which policy is meant.
func ParsePolicySpec(s string) PolicySpec {
	rev, path, found := strings.Cut(s, ":")
	if !found || rev == "" || filepath.IsAbs(s) || strings.HasPrefix(s, ".") {
		return PolicySpec{Path: s}
	}
	return PolicySpec{rev, path}
}

// ReadFile reads at most so many bytes of a file, and one more where there are more.
type ReadFile func(path string, limit int64) ([]byte, error)

// LoadPolicy reads the policy that a spec names.
func LoadPolicy(ctx context.Context, repo *gitcmd.Repo, s PolicySpec, read ReadFile) (*policy.Policy, error) {
	if s.Rev == "" {
		data, err := read(s.Path, policy.MaxSize)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
		}
		return policy.Parse(data, policy.Source{Name: s.Path}, func(path string) ([]byte, error) {
			return limited(read, path)
		})
	}
	batch := repo.Batch(ctx)
	defer batch.Close()
	return newTreeReader(ctx, repo, batch).policyOf(s)
}

// policyOf reads the policy at a path in the tree of a commit.
func (t *treeReader) policyOf(s PolicySpec) (*policy.Policy, error) {
	commit, tree, err := t.commit(s.Rev)
	if err != nil {
		return nil, err
	}
	entry, err := t.find(tree, s.Path)
	if err != nil {
		return nil, fmt.Errorf("%s:%s: %w", s.Rev, s.Path, err)
	}
	return t.policy(policy.Source{Name: commit + ":" + s.Path, Blob: entry.ID}, tree, entry)
}

func limited(read ReadFile, path string) ([]byte, error) {
	data, err := read(path, maxKeyFile)
	if err == nil && len(data) > maxKeyFile {
		err = fmt.Errorf("%s has more than %d bytes", path, maxKeyFile)
	}
	return data, err
}

// policy parses the policy at an entry of a tree. Key files are from the same
// tree.
func (t *treeReader) policy(from policy.Source, tree string, entry trees.Entry) (*policy.Policy, error) {
	data, err := t.file(entry, policy.Path, policy.MaxSize)
	if err != nil {
		return nil, err
	}
	return policy.Parse(data, from, func(path string) ([]byte, error) {
		e, err := t.find(tree, path)
		if err != nil {
			return nil, err
		}
		return t.file(e, path, maxKeyFile)
	})
}

// file reads a regular file, and neither a link nor anything else.
func (t *treeReader) file(e trees.Entry, path string, limit int) ([]byte, error) {
	what := ""
	switch {
	case e.ID == "" && path == policy.Path:
		return nil, ErrPolicyAbsent
	case e.ID == "":
		what = "is not there"
	case e.Mode == trees.Link:
		what = "is a symbolic link"
	case e.Mode == trees.Submodule:
		what = "is a submodule"
	case e.Mode != trees.File && e.Mode != trees.Program:
		what = "is not a file"
	}
	if what != "" {
		return nil, fmt.Errorf("%w: %s %s", ErrPolicy, path, what)
	}
	raw, err := t.read(e.ID, "blob")
	if err == nil && len(raw) > limit {
		err = fmt.Errorf("%w: %s has more than %d bytes", ErrPolicy, path, limit)
	}
	return raw, err
}

// load is the policy in the folder that a commit has, parsed once.
func (m *mainline) load(n int32, folder trees.Entry) (*policy.Policy, error) {
	if l, ok := m.parsed[folder.ID]; ok {
		return l.policy, l.err
	}
	tree, err := m.treeOf(n)
	if err != nil {
		return nil, err
	}
	entry, err := m.trees.find(tree, policy.Path)
	if err != nil {
		return nil, err
	}
	p, err := m.trees.policy(policy.Source{Name: m.hex(n) + ":" + policy.Path, Blob: entry.ID}, tree, entry)
	if !isGit(err) {
		m.parsed[folder.ID] = loaded{p, err}
	}
	return p, err
}

// isVerdict reports an error that says something about an object, not about
// what keeps it from being read.
func isVerdict(err error) bool {
	var e *verdict.Error
	return errors.As(err, &e) && e.Class != verdict.Infrastructure
}

// isGit reports an error that says nothing about a policy: it could not be read.
func isGit(err error) bool {
	var e *gitcmd.Error
	return errors.As(err, &e) || errors.Is(err, gitcmd.ErrMissing) || errors.Is(err, context.Canceled)
}

// policyFolder is the policy's folder in the tree of a commit.
func (t *treeReader) policyFolder(commit string) (trees.Entry, error) {
	tree, err := t.treeOf(commit)
	if err != nil {
		return trees.Entry{}, err
	}
	return t.find(tree, policyDir)
}

// SamePolicy reports whether two commits, "" for one that is not there, have the
// same policy with the files that belong to it.
func (v *Verification) SamePolicy(a, b string) (bool, error) {
	var folders [2]trees.Entry
	for i, commit := range []string{a, b} {
		if commit == "" {
			continue
		}
		var err error
		if folders[i], err = v.run.policyFolder(commit); err != nil {
			return false, err
		}
	}
	return folders[0] == folders[1], nil
}

// PolicyAt reads the policy that a commit has: an error that IsUnusable tells
// from others where there is none to judge by.
func (v *Verification) PolicyAt(commit string) (*policy.Policy, error) {
	return v.run.treeReader.policyOf(PolicySpec{commit, policy.Path})
}

// AnchorPolicy is the policy of the anchor, nil where there is none.
func (v *Verification) AnchorPolicy() *policy.Policy {
	if v.run.anchor == nil {
		return nil
	}
	return v.run.anchor.policy
}

// IsUnusable reports an error that says that a policy is absent, broken or no
// regular file, not that it could not be read.
func IsUnusable(err error) bool {
	var broken *policy.Error
	return errors.Is(err, ErrPolicy) || errors.As(err, &broken) || isVerdict(err)
}
