package keyring

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/testpki"
)

// Twenty at once: each gets a token, one renewal at a time, and no refresh
// token is used twice.
func TestTwentyAtOnce(t *testing.T) {
	f := newFixture(t)
	_, s, _ := f.kept()
	var inside, most atomic.Int32
	f.servers.Issuer.Set(testpki.Only("POST", testpki.Hold(func() {
		most.Store(max(most.Load(), inside.Add(1)))
		time.Sleep(2 * time.Millisecond)
		inside.Add(-1)
	})))
	shared := f.keyring()
	var wg sync.WaitGroup
	for i := range 20 {
		k := shared
		if i%2 == 0 {
			k = f.keyring()
		}
		wg.Go(func() { f.good(k, s) })
	}
	wg.Wait()
	if got := f.pki.Logins(); got != (testpki.Logins{Logins: 1, Refreshes: 20}) || most.Load() != 1 {
		t.Errorf("%+v, %d at a time", got, most.Load())
	}
}

// The keyring that does not take the next token loses the session, says so,
// and has the signature made all the same.
func TestSetFailsAfterRotation(t *testing.T) {
	f := newFixture(t)
	k, s, _ := f.kept()
	f.store.set(func(op, name string) error {
		if op == "set" && name == s.item() {
			return ErrTooBig
		}
		return nil
	})
	f.good(k, s)
	if !strings.Contains(f.terminal(), "did not take the renewed login") || len(f.store.all()) != 0 {
		t.Errorf("the store has %q: %s", f.store.all(), f.terminal())
	}
	if _, err := f.token(k, s); !errors.Is(err, login.ErrEnded) || f.pki.Logins().Reused != 0 {
		t.Errorf("%v, %+v", err, f.pki.Logins())
	}
}

// What the issuer ended is forgotten; what is its trouble is tried again.
func TestIssuerSaysNo(t *testing.T) {
	f := newFixture(t)
	k, s, _ := f.kept()
	for _, fault := range []testpki.Fault{testpki.HangUp(), testpki.Only("POST", testpki.HugeBody(1<<20)), testpki.Only("POST", testpki.Refuse(503, ""))} {
		f.servers.Issuer.Set(fault)
		if _, err := f.token(k, s); err == nil || errors.Is(err, login.ErrEnded) || len(f.store.all()) != 2 {
			t.Errorf("%v, %q", err, f.store.all())
		}
	}
	f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Claims: map[string]any{"sub": "mallory"}}))
	if _, err := f.token(k, s); !errors.Is(err, login.ErrEnded) || len(f.store.all()) != 0 {
		t.Errorf("%v, %q", err, f.store.all())
	}
}

// Whoever asked leaves, and is gone before the issuer answers; the renewal goes
// on to its end, and the next one finds what came of it.
func TestLeavingDoesNotLose(t *testing.T) {
	f := newFixture(t)
	k, s, l := f.kept()
	k.leaving = 10 * time.Millisecond
	asked, answer := make(chan bool), make(chan bool)
	f.servers.Issuer.Set(testpki.Only("POST", testpki.Times(1, testpki.Hold(func() {
		close(asked)
		<-answer
	}))))
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		leave()
	}()
	if _, err := k.Token(ctx, s, f.config, f.world); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	waiting, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := k.Token(waiting, s, f.config, f.world); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("meanwhile: %v", err)
	}
	close(answer)
	f.good(f.keyring(), s)
	if got := f.pki.Logins(); got.Refreshes != 2 || got.Reused != 0 || strings.Contains(f.store.all()[s.item()], l.Refresh+`"`) {
		t.Errorf("%+v, %q", got, f.store.all())
	}
}

// Whoever leaves while the issuer is about to answer stays until the next
// token is kept.
func TestLeavingWaits(t *testing.T) {
	f := newFixture(t)
	k, s, l := f.kept()
	ctx, leave := context.WithCancel(t.Context())
	f.servers.Issuer.Set(testpki.Only("POST", testpki.Times(1, testpki.Hold(func() {
		leave()
		time.Sleep(50 * time.Millisecond)
	}))))
	if _, err := k.Token(ctx, s, f.config, f.world); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if got := f.pki.Logins(); got.Refreshes != 1 || strings.Contains(f.store.all()[s.item()], l.Refresh+`"`) {
		t.Errorf("%+v, %q", got, f.store.all())
	}
	f.good(f.keyring(), s)
}

// Whoever leaves before the token is sent ends the renewal, and keeps what
// there was.
func TestLeavingBeforeSending(t *testing.T) {
	f := newFixture(t)
	k, s, l := f.kept()
	k.leaving = time.Minute
	ctx, leave := context.WithCancel(t.Context())
	released := make(chan bool)
	defer close(released)
	f.servers.Issuer.Set(testpki.Only("GET", testpki.Times(1, testpki.Hold(func() {
		leave()
		<-released
	}))))
	start := time.Now()
	if _, err := k.Token(ctx, s, f.config, f.world); !errors.Is(err, context.Canceled) || time.Since(start) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
	if got := f.pki.Logins(); got.Refreshes != 0 || !strings.Contains(f.store.all()[s.item()], l.Refresh+`"`) {
		t.Errorf("%+v, %q", got, f.store.all())
	}
}

// A refresh token goes to the issuer that it is from, as the client that it
// was given to, whatever the configuration says now.
func TestOtherIssuer(t *testing.T) {
	f := newFixture(t)
	k, s, _ := f.kept()
	for _, c := range []login.Config{{Issuer: "https://evil.example", ClientID: s.Client}, {Issuer: s.Issuer, ClientID: "x"}} {
		if _, err := k.Token(t.Context(), s, c, f.world); err == nil || !strings.Contains(err.Error(), "not for") {
			t.Errorf("token: %v", err)
		}
		if _, err := k.Logout(t.Context(), s, c, f.world); err == nil || !strings.Contains(err.Error(), "not for") {
			t.Errorf("logout: %v", err)
		}
	}
	f.good(k, s)
}
