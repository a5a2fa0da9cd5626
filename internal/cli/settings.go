package cli

import (
	"context"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/store"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// verification reads the settings of a verification.
func (env Env) verification(ctx context.Context, repo *gitcmd.Repo, flags map[string]string) (*config.Verification, error) {
	src, err := env.source(ctx, repo, flags)
	if err != nil {
		return nil, err
	}
	return config.ForVerification(src)
}

// trust reads what a verification relies on.
func (env Env) trust(cfg *config.Verification) (verify.Trust, error) {
	return env.trustBy(cfg, trust.Parse)
}

func (env Env) trustBy(cfg *config.Verification, parse trust.Parser) (verify.Trust, error) {
	t := verify.Trust{MaxRootAge: cfg.MaxRootAge, Now: time.Now(), SMIMERoots: sync.OnceValues(func() (*x509.CertPool, error) {
		return cfg.SMIMERoots.CertPool(env.ReadFile)
	})}
	if cfg.TrustedRoot.Set() {
		root, err := cfg.TrustedRoot.RootBy(env.ReadFile, parse)
		t.Roots = []*trust.Root{root}
		return t, err
	}
	known := store.New(env.Environ)
	for _, name := range cfg.Instances {
		root, err := known.TrustedRootBy(name, parse)
		if err != nil {
			return t, err
		}
		t.Roots = append(t.Roots, root)
	}
	return t, nil
}

// judge asks the one trusted signer, where one is named.
func judge(cfg *config.Verification, r *verify.Result) error {
	if r.Err != nil && r.Err.Class == verdict.Infrastructure {
		return r.Err // nothing was said of the signature
	}
	s, err := signerOf(cfg)
	if s != nil {
		s.Judge(r)
	}
	return err
}

// signerOf returns the one trusted signer, nil if nobody named one.
func signerOf(cfg *config.Verification) (*policy.Signer, error) {
	source := policySource(cfg)
	if source == "" {
		return nil, nil
	}
	s, err := policy.NewSigner(cfg.Identity.Value, cfg.IdentityRegexp.Value, cfg.Issuer.Value, cfg.IssuerRegexp.Value, source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	return s, nil
}

// policySource says who named the trusted signer, "" if nobody did.
func policySource(cfg *config.Verification) string {
	if cfg.Identity.Set() {
		return cfg.Identity.Source
	}
	return cfg.IdentityRegexp.Source
}
