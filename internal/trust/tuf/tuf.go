// Package tuf brings the trusted roots of Sigstore instances up to date, by
// The Update Framework: what is new counts only if the keys of the root that
// is trusted already say so, and nothing that was once new becomes old again.
//
// Specification: https://theupdateframework.github.io/specification/latest/,
// section 5, as go-tuf implements it. What this package adds: go-tuf works in
// a private folder that is filled from the cache and emptied afterwards;
// nothing leaves it unless the whole update holds, so that the last good root
// stays in hand whatever a repository sends. Delegations are not followed:
// go-tuf keeps a delegated role's metadata in a file of the role's name, which
// is the delegator's to choose, and Sigstore's targets stand at the top.
//
// A repository that stands still is not found out before its timestamp ends
// (seven days for the public instance); until then it counts as checked.
package tuf

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/store"
)

// Bounds on what a repository may send.
const (
	maxFile      = 1 << 20 // bytes of any file
	maxTimestamp = 16 << 10
	maxRoots     = 256 // new versions of the root in one update
)

// The targets that are taken, by the names that the public instance gives
// them. Only the first has to be there.
const (
	trustedRoot     = "trusted_root.json"
	signingConfig   = "signing_config.v0.2.json"
	signingConfigV2 = "signing_config_rekor_v2.v0.2.json"
)

// A Change is what an update did. Before is zero where TUF had brought nothing
// yet.
type Change struct {
	Before, After store.State
	// RootChanged says that the trusted root is another one than TUF brought
	// before.
	RootChanged bool
}

// An Updater keeps a store up to date.
type Updater struct {
	Store store.Store
	Now   func() time.Time
}

// Update brings what is in hand of an instance up to date. When it fails, all
// stays as it was. Where another process has done the work since this one
// began, that will do.
func (u Updater) Update(ctx context.Context, i *store.Instance, fetch Fetcher) (*Change, error) {
	return u.update(ctx, i, fetch, false)
}

// Add makes a new instance known, once an update of it holds.
func (u Updater) Add(ctx context.Context, i *store.Instance, fetch Fetcher) (*Change, error) {
	return u.update(ctx, i, fetch, true)
}

func (u Updater) update(ctx context.Context, i *store.Instance, fetch Fetcher, add bool) (*Change, error) {
	began := u.Now()
	unlock, err := lock(ctx, u.Store, i.Name)
	if err != nil {
		return nil, fmt.Errorf("updating instance %s: %w", i.Name, err)
	}
	defer unlock()
	if add {
		if err := u.free(i.Name); err != nil {
			return nil, err
		}
	}
	old, err := u.Store.Load(i)
	if err != nil {
		old = new(store.Copy) // what cannot be used is replaced
	}
	if !add && old.Checked.After(began) {
		return &Change{Before: old.State, After: old.State}, nil
	}
	c, err := fetchAll(ctx, i, old, fetch, u.Now())
	if err != nil {
		return nil, fmt.Errorf("updating instance %s: %w", i.Name, err)
	}
	if err := u.Store.Save(i, c); err != nil {
		return nil, err
	}
	if add {
		if err := u.Store.Keep(i); err != nil {
			return nil, err
		}
	}
	return &Change{old.State, c.State, string(old.TrustedRoot) != string(c.TrustedRoot)}, nil
}

// ErrTaken is an instance that was added already.
var ErrTaken = errors.New("the instance is known already")

// free refuses a name that an instance has.
func (u Updater) free(name string) error {
	if _, err := u.Store.Instance(name); !errors.Is(err, store.ErrUnknown) {
		return fmt.Errorf("instance %s: %w: take another name, or remove %s first", name, ErrTaken, u.Store.InstanceFile(name))
	}
	return nil
}

// AddFiles makes a new instance known by its files.
func (u Updater) AddFiles(ctx context.Context, i *store.Instance) error {
	return u.keepFiles(ctx, i, u.free)
}

// ReplaceFiles gives an instance that was added by file new ones.
func (u Updater) ReplaceFiles(ctx context.Context, i *store.Instance) error {
	return u.keepFiles(ctx, i, func(string) error { return nil })
}

func (u Updater) keepFiles(ctx context.Context, i *store.Instance, allowed func(name string) error) error {
	if err := checkDocuments(i.Name, i.TrustedRoot, i.SigningConfig); err != nil {
		return fmt.Errorf("instance %s: %w", i.Name, err)
	}
	unlock, err := lock(ctx, u.Store, i.Name)
	if err != nil {
		return fmt.Errorf("keeping instance %s: %w", i.Name, err)
	}
	defer unlock()
	if err := allowed(i.Name); err != nil {
		return err
	}
	return u.Store.Keep(i)
}

// checkDocuments holds what is to be trusted against the rules of whoever will
// read it, before it takes the place of what is in hand. A signing config that
// is not there is none.
func checkDocuments(instance string, root []byte, signing ...[]byte) error {
	r, err := trust.Parse(root, instance)
	if err != nil {
		return err
	}
	if len(r.CAs) == 0 || len(r.Logs) == 0 {
		return errors.New("trusted root: it names no certificate authority, or no log: nothing could be verified with it")
	}
	for _, list := range [][]*trust.Authority{r.CAs, r.TSAs} {
		for _, a := range list {
			if err := a.Check(); err != nil {
				return err
			}
		}
	}
	for _, s := range signing {
		if len(s) == 0 {
			continue
		}
		if _, err := trust.ParseSigningConfig(s); err != nil {
			return err
		}
	}
	return nil
}
