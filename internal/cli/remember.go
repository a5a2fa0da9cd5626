package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
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

// A told configuration is what git said, read; or why that cannot be used.
type told struct {
	cfg *config.Verification
	err error
}

// settings begins to read the settings of a call by git. Unless git told them
// to another process of the same caller's just now, it takes as long as a
// signature takes to be verified: both go on at once.
func (env Env) settings(ctx context.Context, repo *gitcmd.Repo, c *cache.Cache) <-chan told {
	out := make(chan told, 1)
	by := cache.CalledBy(env.Environ)
	if answer, ok := c.Settings(by, time.Now()); ok {
		if s := env.read(answer); s.err == nil && s.cfg.Cache {
			out <- s
			return out
		}
	}
	go func() {
		var s told
		defer func() {
			if p := recover(); p != nil {
				s = told{nil, fmt.Errorf("internal error: %v", p)}
			}
			out <- s
		}()
		answer, err := config.AskGit(ctx, repo)
		if err != nil {
			s.err = err
			return
		}
		if s = env.read(answer); s.err == nil && s.cfg.Cache {
			c.PutSettings(by, answer, time.Now())
		}
	}()
	return out
}

// read reads the settings of a verification as git told them.
func (env Env) read(answer []byte) (s told) {
	entries, err := config.ParseGit(answer)
	if err != nil {
		return told{nil, err}
	}
	s.cfg, s.err = config.ForVerification(config.Source{Env: env.Environ, Git: entries})
	return s
}
