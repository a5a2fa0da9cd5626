package cli

import (
	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verify"
)

// cache is where verdicts are remembered, nil where the settings say that none
// are.
func (env Env) cache(cfg *config.Verification) *cache.Cache {
	if !cfg.Cache {
		return nil
	}
	return cache.Open(env.Environ)
}

// remembered is the answer that the cache has, nil if it has none. It does not
// take what the roots are made of: that costs more than all else here.
func (env Env) remembered(c *cache.Cache, q *cache.Question, cfg *config.Verification) *verify.Result {
	if !cfg.Cache || !c.Mentions(q) {
		return nil
	}
	t, err := env.trustBy(cfg, trust.Glance)
	if err != nil {
		return nil // a verification finds out what is wrong, and says it
	}
	r, _ := c.Under(t).Get(q)
	return r
}
