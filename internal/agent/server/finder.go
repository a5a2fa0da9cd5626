package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/polite"
	rekor "github.com/paraph/paraph/internal/rekor/client"
	"github.com/paraph/paraph/internal/trust"
)

// maxFailures is how many certificates in a row may get no answer before
// nothing more is asked: the log, or the way there, is down.
const maxFailures = 5

// errSlow says that looking up one certificate took too long.
var errSlow = errors.New("looking the certificate up takes too long")

// A finder looks certificates up in logs.
type finder struct {
	hc     *httpclient.Client
	jobs   int
	clock  polite.Clock
	limits Limits
	stop   context.CancelCauseFunc // ends the run
	memory memory

	mu       sync.Mutex
	queues   map[string]*polite.Queue // by URL
	failures int                      // in a row
}

func newFinder(env Env, jobs int, stop context.CancelCauseFunc) *finder {
	return &finder{
		hc: httpclient.New(), jobs: jobs, clock: polite.Clock{Now: env.Now, Sleep: env.Sleep}, limits: env.Limits,
		stop: stop, queues: make(map[string]*polite.Queue),
	}
}

// find returns the entries that the logs of an instance have for a
// certificate of its CA. With an error there may be more.
func (f *finder) find(ctx context.Context, root *trust.Root, leaf []byte) ([]json.RawMessage, error) {
	key := sha256.Sum256(append(root.Digest[:], leaf...))
	return f.memory.get(ctx, key, func() ([]json.RawMessage, error) {
		ctx, cancel := context.WithTimeoutCause(ctx, f.limits.Lookup, errSlow)
		defer cancel()
		var all []json.RawMessage
		var failed error
		room := new(atomic.Int64)
		room.Store(agent.MaxEntries)
		for _, base := range logsV1(root) {
			entries, err := f.search(ctx, base, leaf, room)
			all = append(all, entries...)
			if failed == nil {
				failed = err
			}
		}
		f.count(failed)
		return all, failed
	})
}

// logsV1 returns where the instance's logs are that may be Rekor v1: those
// with a key of its kind. Two shards may be in one place.
func logsV1(root *trust.Root) []string {
	var out []string
	for _, l := range root.Logs {
		if _, ok := l.Key.(*ecdsa.PublicKey); ok && config.CheckURL(l.URL) == nil && !slices.Contains(out, l.URL) {
			out = append(out, l.URL)
		}
	}
	return out
}

// count ends the run when one certificate after the other gets no answer.
func (f *finder) count(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var e *httpclient.Error
	if !errors.As(err, &e) && !errors.Is(err, errSlow) {
		f.failures = 0
		return
	}
	f.failures++
	if errors.Is(err, polite.ErrRest) {
		f.stop(err)
	}
	if f.failures >= maxFailures {
		f.stop(fmt.Errorf("%d certificates in a row could not be looked up: %w", f.failures, err))
	}
}

// queue returns where requests to the log at base wait.
func (f *finder) queue(base string) *polite.Queue {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := f.queues[base]
	if q == nil {
		q = polite.New(f.jobs, f.clock)
		f.queues[base] = q
	}
	return q
}

// search returns the entries that one log has for a certificate, in the log's
// order. They take what they are large from room.
func (f *finder) search(ctx context.Context, base string, leaf []byte, room *atomic.Int64) ([]json.RawMessage, error) {
	var names []string
	err := f.ask(ctx, base, func(ctx context.Context) (err error) {
		names, err = rekor.Search(ctx, f.hc, base, leaf)
		return err
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	found := make([]json.RawMessage, len(names))
	todo := make(chan int, len(names))
	for i := range names {
		todo <- i
	}
	close(todo)
	var fetchers sync.WaitGroup
	for range min(f.jobs, len(names)) {
		fetchers.Go(func() {
			for i := range todo {
				entry, err := f.entry(ctx, base, names[i])
				if err == nil && room.Add(-int64(len(entry))) < 0 {
					err = fmt.Errorf("the entries of the certificate have more than %d bytes", agent.MaxEntries)
				}
				if err != nil {
					stop(err)
					return
				}
				found[i] = entry
			}
		})
	}
	fetchers.Wait()
	return slices.DeleteFunc(found, func(e json.RawMessage) bool { return e == nil }), context.Cause(ctx)
}

// entry returns the entry of this name, nil if it is none of ours.
func (f *finder) entry(ctx context.Context, base, name string) (entry json.RawMessage, err error) {
	err = f.ask(ctx, base, func(ctx context.Context) (err error) {
		entry, err = rekor.Get(ctx, f.hc, base, name)
		return err
	})
	if errors.Is(err, rekor.ErrNoEntry) {
		return nil, nil
	}
	return entry, err
}

// ask sends a request to the log at base when it is its turn.
func (f *finder) ask(ctx context.Context, base string, request func(context.Context) error) error {
	return f.queue(base).Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, f.limits.Rekor)
		defer cancel()
		return request(ctx)
	})
}
