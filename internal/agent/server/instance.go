package server

import (
	"context"
	"fmt"

	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/store"
	"github.com/paraph/paraph/internal/trust/tuf"
)

// instance returns the trusted root and the services of the instance that
// signs, which is the first of those that are named. A trusted root that is
// given by file stands in for all of it: TUF is off then.
func (env Env) instance(ctx context.Context, cfg *config.Signing) (*trust.Root, *trust.SigningConfig, error) {
	return env.instanceAfter(cfg, func(s store.Store, i *store.Instance) error { return env.refresh(ctx, s, i) })
}

// instanceAfter is instance, with what is to be done before its files are read.
func (env Env) instanceAfter(cfg *config.Signing, refresh func(store.Store, *store.Instance) error) (*trust.Root, *trust.SigningConfig, error) {
	if cfg.TrustedRoot.Set() {
		root, err := cfg.TrustedRoot.Root(bounded.ReadFile)
		if err != nil {
			return nil, nil, err
		}
		sc, err := cfg.SigningConfig.SigningConfig(bounded.ReadFile)
		return root, sc, err
	}
	s := store.New(env.Environ)
	i, err := s.Instance(cfg.Instances[0])
	if err != nil {
		return nil, nil, &config.Error{Message: err.Error()}
	}
	stale := refresh(s, i)
	root, err := s.TrustedRoot(i.Name)
	if err != nil {
		return nil, nil, because(err, stale)
	}
	if cfg.SigningConfig.Set() {
		sc, err := cfg.SigningConfig.SigningConfig(bounded.ReadFile)
		return root, sc, err
	}
	sc, err := s.SigningConfig(i.Name, cfg.RekorVersion == 2)
	if err != nil {
		if cfg.Fulcio.Set() && cfg.Rekor.Set() {
			return root, new(trust.SigningConfig), nil // nothing is left for it to say
		}
		return nil, nil, because(err, stale)
	}
	return root, sc, nil
}

// refresh tries to bring the instance up to date, in a moment. Signing goes on
// with what is in hand where that fails.
func (env Env) refresh(ctx context.Context, s store.Store, i *store.Instance) error {
	if i.ByFile() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, env.Limits.TUF)
	defer cancel()
	return tuf.Updater{Store: s, Now: env.Now}.Refresh(ctx, i, tuf.HTTP(httpclient.New(), i.Repository))
}

// because says why what is missing did not come now.
func because(err, stale error) error {
	if stale == nil {
		return err
	}
	return fmt.Errorf("%w, where there is a network; it was tried now: %w", err, stale)
}
