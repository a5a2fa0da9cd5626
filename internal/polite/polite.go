// Package polite asks a service that is everybody's for no more than it likes
// to give: so many requests at once and a second, and none for a while after
// it said that it is busy or did not answer at all. Then all who wait on one
// [Queue] rest, not only the one who was told.
//
// It is for requests that may be sent twice.
package polite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
)

const (
	interval  = time.Second / 20 // between two requests
	burst     = 4                // requests that need not wait for each other
	attempts  = 5                // of one request
	firstRest = time.Second      // after a first failure; each further one doubles it

	// LongestRest is how long a service may ask for rest and be waited for.
	LongestRest = 5 * time.Minute
)

// ErrRest says that a service asks for more rest than [LongestRest].
var ErrRest = errors.New("more rest than is waited for")

// A Clock is the time, and a way to wait that ends with its context. Tests
// have one that does not wait.
type Clock struct {
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Sleep is the Sleep of a true clock.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A Queue is where the requests to one service wait. It is safe for concurrent
// use.
type Queue struct {
	clock Clock
	slots chan struct{} // taken by requests that are under way or next

	mu   sync.Mutex
	next time.Time // when the next request is due if all keep their interval
	rest time.Time // when the service may be asked again
}

// New returns a queue that lets jobs requests run at once.
func New(jobs int, clock Clock) *Queue {
	return &Queue{clock: clock, slots: make(chan struct{}, jobs)}
}

// Do sends a request, as often as is reasonable. ask sends it once; an
// [httpclient.Error] that it returns says whether there is a next time.
func (q *Queue) Do(ctx context.Context, ask func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := q.once(ctx, ask)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var e *httpclient.Error
		if !errors.As(err, &e) || !e.Temporary() {
			return err
		}
		asked := retryAfter(e.RetryAfter, q.clock.Now())
		q.pause(max(backoff(attempt), min(asked, LongestRest)))
		switch {
		case asked > LongestRest:
			return fmt.Errorf("%w (it asks for %s): %w", ErrRest, asked.Round(time.Second), err)
		case attempt == attempts:
			return fmt.Errorf("asked %d times: %w", attempts, err)
		}
	}
}

// once waits for the request's turn and sends it.
func (q *Queue) once(ctx context.Context, ask func(context.Context) error) error {
	select {
	case q.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-q.slots }()
	for {
		wait := q.turn()
		if wait <= 0 {
			return ask(ctx)
		}
		if err := q.clock.Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// turn takes the next place in the queue if it is free, else it returns how
// long to wait before asking again.
func (q *Queue) turn() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.clock.Now()
	free := q.next.Add(-(burst - 1) * interval)
	if free.Before(q.rest) {
		free = q.rest
	}
	if wait := free.Sub(now); wait > 0 {
		return wait
	}
	if q.next.Before(now) {
		q.next = now
	}
	q.next = q.next.Add(interval)
	return 0
}

// pause has everybody rest.
func (q *Queue) pause(d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if until := q.clock.Now().Add(d); until.After(q.rest) {
		q.rest = until
	}
}

// backoff is the rest after so many attempts: twice as long each time, and up
// to half of it by chance, so that many clients do not come back together.
func backoff(attempt int) time.Duration {
	d := firstRest << (attempt - 1)
	return d/2 + rand.N(d/2+1)
}

// retryAfter reads the header Retry-After (RFC 9110, 10.2.3): seconds or a
// date. What is neither asks for nothing.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(24*time.Hour/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(header); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
