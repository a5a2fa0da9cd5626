//go:build linux || darwin || freebsd

package daemon

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
)

// race has twenty clients acquire one lease at once, and do with it what work
// says; true is that it hangs up while it holds the lease.
func race(t *testing.T, work func(n int32) (error, bool)) (held int32, failed []error) {
	t.Helper()
	a := start(t)
	var begun, inside atomic.Int32
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		c := a.dial(a.path)
		all.Go(func() {
			release, err := c.Acquire(t.Context(), "login")
			if err != nil {
				mu.Lock()
				failed = append(failed, err)
				mu.Unlock()
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two hold the lease")
			}
			err, crash := work(begun.Add(1))
			inside.Add(-1)
			if crash {
				_ = c.Close()
			} else {
				release(err)
			}
		})
	}
	all.Wait()
	return begun.Load(), failed
}

func TestLease(t *testing.T) {
	held, failed := race(t, func(int32) (error, bool) { return nil, false })
	if held != 20 || len(failed) != 0 {
		t.Errorf("%d held it, failed: %v", held, failed)
	}
}

// Who holds it and crashes keeps nobody waiting.
func TestLeaseCrash(t *testing.T) {
	held, failed := race(t, func(n int32) (error, bool) { return nil, n%2 == 1 })
	if held != 20 || len(failed) != 0 {
		t.Errorf("%d held it, failed: %v", held, failed)
	}
}

// Everybody who waited for a login that failed is told why, once.
func TestLeaseFails(t *testing.T) {
	a := start(t)
	first := a.dial(a.path)
	release, err := first.Acquire(t.Context(), "login")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error)
	for range 19 {
		c := a.dial(a.path)
		go func() {
			_, err := c.Acquire(t.Context(), "login")
			told <- err
		}()
	}
	inLine()
	release(errors.New("denied\nby \x1b[31mBob"))
	for range 19 {
		var e *socket.LeaseError
		if err := <-told; !errors.As(err, &e) || e.Message != "denied by ?[31mBob" {
			t.Errorf("%v", err)
		}
	}
	if _, err := a.dial(a.path).Acquire(t.Context(), "login"); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// inLine gives those who were started time to get in line.
func inLine() { time.Sleep(300 * time.Millisecond) }

// Who gives up waiting is forgotten; the rest do not notice.
func TestLeaseGivenUp(t *testing.T) {
	a := start(t)
	release, err := a.dial(a.path).Acquire(t.Context(), "login")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := a.dial(a.path).Acquire(ctx, "login"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	got := make(chan error, 1)
	c := a.dial(a.path)
	go func() {
		_, err := c.Acquire(t.Context(), "login")
		got <- err
	}()
	release(nil)
	select {
	case err := <-got:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the lease is with somebody who left")
	}
}

// A connection has so many leases, each once; two names are two leases.
func TestLeaseLimits(t *testing.T) {
	a := start(t)
	c := a.dial(a.path)
	for n := range maxLeases {
		if _, err := c.Acquire(t.Context(), strings.Repeat("a", n+1)); err != nil {
			t.Fatal(err)
		}
	}
	var e *socket.Error
	if _, err := c.Acquire(t.Context(), "more"); !errors.As(err, &e) || e.Code != socket.CodeBusy {
		t.Errorf("one too many: %v", err)
	}
	c = a.dial(a.path)
	if _, err := c.Acquire(t.Context(), "more"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Acquire(t.Context(), "more"); !errors.Is(err, socket.ErrRefused) {
		t.Errorf("its own: %v", err)
	}
}

// The agent ends under those who wait.
func TestLeaseEnds(t *testing.T) {
	a := start(t)
	if _, err := a.dial(a.path).Acquire(t.Context(), "login"); err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	c := a.dial(a.path)
	go func() {
		_, err := c.Acquire(t.Context(), "login")
		got <- err
	}()
	inLine()
	a.stop()
	var e *socket.Error
	if err := <-got; !errors.As(err, &e) || e.Code != socket.CodeStopping {
		t.Errorf("%v", err)
	}
}
