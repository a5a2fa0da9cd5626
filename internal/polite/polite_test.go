package polite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
)

// These tests run in bubbles whose time passes when all sleep.

func trueClock() Clock { return Clock{Now: time.Now, Sleep: Sleep} }

func refused(status int, retryAfter string) error {
	return fmt.Errorf("rekor: %w", &httpclient.Error{Method: "GET", URL: "https://log.example", Status: status, RetryAfter: retryAfter})
}

// However many want to ask at once, the service sees a few, then a steady
// stream.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, start := New(3, trueClock()), time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var wg sync.WaitGroup
		for range 44 {
			wg.Go(func() {
				_ = q.Do(t.Context(), func(context.Context) error {
					mu.Lock()
					defer mu.Unlock()
					at = append(at, time.Since(start))
					return nil
				})
			})
		}
		wg.Wait()
		slices.Sort(at)
		if len(at) != 44 || at[burst-1] != 0 || at[burst] != interval || at[43] != 40*interval {
			t.Errorf("requests at %v", at)
		}
		time.Sleep(time.Hour)
		again := time.Now()
		for range burst + 1 {
			_ = q.Do(t.Context(), func(context.Context) error { return nil })
		}
		if d := time.Since(again); d != interval {
			t.Errorf("an hour of silence saved up more than a burst: the next ones took %s", d)
		}
	})
}

func TestJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(3, trueClock())
		var mu sync.Mutex
		running, most := 0, 0
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_ = q.Do(t.Context(), func(context.Context) error {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Minute)
					mu.Lock()
					running--
					mu.Unlock()
					return nil
				})
			})
		}
		wg.Wait()
		if most != 3 {
			t.Errorf("%d at once", most)
		}
	})
}

// Each answer says whether, and when at the earliest and latest, the next
// request comes.
func TestBackOff(t *testing.T) {
	const s = time.Second
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for name, test := range map[string]struct {
		answers  []error // the last one again and again
		requests int
		min, max time.Duration // in all
		want     string        // in the error; none is success
	}{
		"well at once":              {[]error{nil}, 1, 0, 0, ""},
		"twice 500":                 {[]error{refused(500, ""), refused(500, ""), nil}, 3, 1500 * time.Millisecond, 3 * s, ""},
		"429 for ever":              {[]error{refused(429, "")}, 5, 7500 * time.Millisecond, 15 * s, "asked 5 times: rekor: GET https://log.example: status 429"},
		"no connection for ever":    {[]error{&httpclient.Error{Message: "refused", Err: errors.New("x")}}, 5, 7500 * time.Millisecond, 15 * s, "asked 5 times"},
		"429 and seconds":           {[]error{refused(429, "40"), nil}, 2, 40 * s, 40 * s, ""},
		"503 and a date":            {[]error{refused(503, "DATE"), nil}, 2, 99 * s, 100 * s, ""},
		"as long as is waited":      {[]error{refused(429, "300"), nil}, 2, LongestRest, LongestRest, ""},
		"longer":                    {[]error{refused(429, "301"), nil}, 1, 0, 0, "more rest than is waited for (it asks for 5m1s)"},
		"very much longer":          {[]error{refused(429, "18446744073709551615"), nil}, 1, 0, 0, "(it asks for 24h0m0s)"},
		"a date gone by":            {[]error{refused(429, "Sun, 06 Nov 1994 08:49:37 GMT"), nil}, 2, s / 2, s, ""},
		"neither":                   {[]error{refused(429, "-1"), nil}, 2, s / 2, s, ""},
		"garbage":                   {[]error{refused(429, "soon"), nil}, 2, s / 2, s, ""},
		"404":                       {[]error{refused(404, "10")}, 1, 0, 0, "status 404"},
		"no error of the transport": {[]error{errors.New("it cannot be parsed")}, 1, 0, 0, "cannot be parsed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, start, requests := New(1, trueClock()), time.Now(), 0
				err := q.Do(t.Context(), func(context.Context) error {
					answer := test.answers[min(requests, len(test.answers)-1)]
					var e *httpclient.Error
					if errors.As(answer, &e) && e.RetryAfter == "DATE" {
						e.RetryAfter = date(100 * s)
					}
					requests++
					return answer
				})
				if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("%v, want ...%s...", err, test.want)
				}
				if d := time.Since(start); requests != test.requests || d < test.min || d > test.max {
					t.Errorf("%d requests in %s", requests, d)
				}
			})
		})
	}
}

// One is told to wait, and nobody else asks meanwhile: those who come, and
// those who were waiting for their turn.
func TestAllRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, start := New(16, trueClock()), time.Now()
		told := false
		var mu sync.Mutex
		var wg sync.WaitGroup
		ask := func() {
			_ = q.Do(t.Context(), func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				if !told {
					told = true
					return refused(429, "60")
				}
				if d := time.Since(start); d >= interval && d < time.Minute {
					t.Errorf("somebody asked after %s", d)
				}
				return nil
			})
		}
		for range 30 {
			wg.Go(ask)
		}
		time.Sleep(30 * time.Second)
		ask()
		if d := time.Since(start); d < time.Minute {
			t.Errorf("who came later asked after %s", d)
		}
		wg.Wait()
	})
}

// Nobody rests or waits longer than the user.
func TestDoEnds(t *testing.T) {
	gone := errors.New("the user left")
	for name, ask := range map[string]func(context.Context) error{
		"while it rests": func(context.Context) error { return refused(429, "200") },
		"while it asks":  func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, start := New(1, trueClock()), time.Now()
				ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, gone)
				defer cancel()
				var wg sync.WaitGroup
				for range 3 { // two of them wait for the first
					wg.Go(func() {
						if err := q.Do(ctx, ask); !errors.Is(err, gone) {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if d := time.Since(start); d != 10*time.Second {
					t.Errorf("it took %s", d)
				}
			})
		})
	}
}

func TestErrRest(t *testing.T) {
	err := New(1, trueClock()).Do(t.Context(), func(context.Context) error { return refused(503, "3600") })
	var e *httpclient.Error
	if !errors.Is(err, ErrRest) || !errors.As(err, &e) || e.Status != 503 {
		t.Error(err)
	}
}
