package server

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"github.com/paraph/paraph/internal/config"
	fulcio "github.com/paraph/paraph/internal/fulcio/client"
	"github.com/paraph/paraph/internal/httpclient"
	rekor "github.com/paraph/paraph/internal/rekor/client"
	"github.com/paraph/paraph/internal/sign"
	"github.com/paraph/paraph/internal/trust"
	tsa "github.com/paraph/paraph/internal/tsa/client"
)

// Limits are how long to wait for each service, for a whole signature, and for
// looking up one certificate. The zero Limits leave no time at all.
type Limits struct {
	Token, Fulcio, Rekor, TSA, Whole, Lookup time.Duration
	// Login is for somebody to log in, which Whole leaves out.
	Login time.Duration
	// TUF is for an update that nobody asked for, before a signature.
	TUF time.Duration
}

// DefaultLimits are those of the program.
func DefaultLimits() Limits {
	return Limits{
		Token:  20 * time.Second, // what the platform takes, not a person
		Fulcio: 20 * time.Second,
		Rekor:  20 * time.Second, // Rekor v2 answers when its next checkpoint is out
		TSA:    15 * time.Second,
		Whole:  2 * time.Minute,
		Login:  5 * time.Minute,
		Lookup: 20 * time.Minute, // a log may have many entries, and ask for rest
		TUF:    5 * time.Second,
	}
}

// endpoints are the services that one signature uses.
type endpoints struct {
	fulcio, rekor, tsa string
	rekorVersion       int
}

// newSigner puts together what the settings name, but for the token, and says
// which issuers are listed.
func (env Env) newSigner(ctx context.Context, cfg *config.Signing) (*sign.Signer, []trust.Service, error) {
	root, sc, err := env.instance(ctx, cfg)
	if err != nil {
		return nil, nil, err
	}
	e := endpoints{fulcio: cfg.Fulcio.Value, rekor: cfg.Rekor.Value, rekorVersion: cfg.RekorVersion, tsa: cfg.Timestamp.Value}
	if err := e.fill(*sc, env.Now()); err != nil {
		return nil, nil, &config.Error{Message: err.Error()}
	}
	return &sign.Signer{Root: root, MatchCommitter: cfg.MatchCommitter, Services: e.services(env.Limits), Now: env.Now}, sc.Issuers, nil
}

func (e *endpoints) fill(sc trust.SigningConfig, now time.Time) error {
	if e.fulcio == "" {
		s, err := listed{"certificate authority", "paraph.fulcio", sc.CAs, nil, []int{1}}.choose(now)
		if err != nil {
			return err
		}
		e.fulcio = s.URL
	}
	if e.rekor == "" {
		versions := []int{1, 2}
		if e.rekorVersion != 0 {
			versions = []int{e.rekorVersion}
		}
		s, err := listed{"transparency log", "paraph.rekor", sc.Logs, &sc.LogSelector, versions}.choose(now)
		if err != nil {
			return err
		}
		e.rekor, e.rekorVersion = s.URL, s.MajorAPIVersion
	}
	if e.rekorVersion == 0 {
		e.rekorVersion = 1
	}
	if e.tsa == "" && len(sc.TSAs) > 0 {
		s, err := listed{"timestamp authority", "paraph.timestamp", sc.TSAs, &sc.TSASelector, []int{1}}.choose(now)
		if err != nil {
			return err
		}
		e.tsa = s.URL
	}
	if e.tsa == "" && e.rekorVersion == 2 {
		return fmt.Errorf("the log (Rekor v2) proves no time: set paraph.timestamp or a signing config with a timestamp authority")
	}
	return nil
}

// A listed is a kind of service as the signing config lists it.
type listed struct {
	kind, key string // key names one of them
	services  []trust.Service
	selector  *trust.Selector // nil: always one
	versions  []int
}

// choose selects a service and makes sure that its URL may be used. A
// signature holds one log entry and one timestamp: a selector that asks for
// more is not followed by half.
func (l listed) choose(now time.Time) (trust.Service, error) {
	if len(l.services) == 0 {
		return trust.Service{}, fmt.Errorf("no %s is configured: set %s or paraph.signingConfig", l.kind, l.key)
	}
	s, err := trust.Newest(l.kind, l.services, now, l.versions...)
	if err == nil && l.selector != nil {
		var several []trust.Service
		several, err = trust.Select(l.kind, l.services, *l.selector, now, l.versions...)
		if len(several) > 1 {
			err = fmt.Errorf("signing config: its selector %s takes %d for the %s, and a signature holds what one says: set %s", l.selector.Name, len(several), l.kind, l.key)
		}
	}
	if err != nil {
		return s, err
	}
	if err := config.CheckURL(s.URL); err != nil {
		return s, fmt.Errorf("signing config: %q is not %w", s.URL, err)
	}
	return s, nil
}

// services binds the clients to the endpoints.
func (e endpoints) services(limits Limits) sign.Services {
	hc := httpclient.New()
	out := sign.Services{
		Certify: func(ctx context.Context, token string, pub crypto.PublicKey, proof []byte) (*x509.Certificate, error) {
			ctx, cancel := context.WithTimeout(ctx, limits.Fulcio)
			defer cancel()
			return fulcio.Certificate(ctx, hc, e.fulcio, token, pub, proof)
		},
		Log: func(ctx context.Context, digest [sha256.Size]byte, signature []byte, leaf *x509.Certificate) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, limits.Rekor)
			defer cancel()
			add := rekor.AddV1
			if e.rekorVersion == 2 {
				add = rekor.AddV2
			}
			entry, err := add(ctx, hc, e.rekor, digest, signature, leaf.Raw)
			if err != nil {
				return nil, err
			}
			entry.Body = nil // rebuilt by whoever verifies
			return entry.Bytes(), nil
		},
	}
	if e.tsa != "" {
		out.Timestamp = func(ctx context.Context, message []byte) ([]byte, *big.Int, error) {
			ctx, cancel := context.WithTimeout(ctx, limits.TSA)
			defer cancel()
			return tsa.Timestamp(ctx, hc, e.tsa, message)
		}
	}
	return out
}
