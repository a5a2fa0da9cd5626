package keyring

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/oidc/login"
)

// A keyring that cannot be used is told apart from an empty one, by whatever
// is asked of it.
func TestNone(t *testing.T) {
	for name, fail := range map[string]func(op, name string) error{
		"locked": func(string, string) error { return errors.New("failed to unlock \x1b[31m") },
		"panics": func(string, string) error { panic("interface conversion") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			k, s, l := f.kept()
			before := f.store.all()
			f.store.set(fail)
			_, listed := k.Sessions(t.Context(), s.Instance, s.Issuer, s.Client)
			_, renewed := f.token(k, s)
			_, out := k.Logout(t.Context(), s, f.config, f.world)
			for what, err := range map[string]error{
				"list": listed, "renew": renewed, "log out": out, "keep": k.Keep(t.Context(), s, l), "forget": k.Forget(t.Context(), s),
			} {
				if !errors.Is(err, ErrNone) || errors.Is(err, login.ErrEnded) || strings.Contains(err.Error(), "\x1b") {
					t.Errorf("%s: %v", what, err)
				}
			}
			f.store.set(nil)
			if len(f.store.all()) != len(before) || f.pki.Logins().Refreshes != 0 {
				t.Errorf("the store has %q", f.store.all())
			}
			f.good(k, s)
		})
	}
	f := newFixture(t)
	f.state = ""
	if err := f.keyring().Keep(t.Context(), f.session(), f.login()); !errors.Is(err, ErrNone) {
		t.Errorf("no home: %v", err)
	}
}

// A keyring that blocks holds nobody up for longer than it may take, and what
// it does later overwrites nothing.
func TestBlocks(t *testing.T) {
	f := newFixture(t)
	k, s, l := f.kept()
	k.limit, k.patience = 30*time.Millisecond, 5*time.Millisecond
	late := make(chan bool)
	f.store.set(func(op, _ string) error {
		if op == "set" {
			<-late
		}
		return nil
	})
	if err := k.Keep(t.Context(), s, l); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "does not answer within 30ms") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(f.terminal(), "waiting for the keyring") {
		t.Errorf("the terminal says %q", f.terminal())
	}
	if _, err := k.All(t.Context()); !errors.Is(err, ErrNone) {
		t.Errorf("while it blocks: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := f.keyring().Keep(ctx, s, l); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the keyring's lock") {
		t.Errorf("another process, while it blocks: %v", err)
	}
	f.store.set(nil)
	close(late)
	f.good(f.keyring(), s)
}

// Whoever gives up is not told that there is no keyring.
func TestInterrupted(t *testing.T) {
	f := newFixture(t)
	k, _, _ := f.kept()
	stop := make(chan bool)
	defer close(stop)
	f.store.set(func(string, string) error {
		<-stop
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := k.All(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

// A limit is a minute only where somebody is there to enter a password.
func TestLimits(t *testing.T) {
	if k := New(Options{}); k.limit != storeTime || k.MaxAge != DefaultMaxAge {
		t.Errorf("without a terminal: %s, %s", k.limit, k.MaxAge)
	}
	if k := New(Options{Say: func(string) {}, MaxAge: time.Hour}); k.limit != promptTime || k.MaxAge != time.Hour {
		t.Errorf("at a terminal: %s, %s", k.limit, k.MaxAge)
	}
}

// What cannot be read is as absent, and said, without what stands in it.
func TestUnreadable(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"nothing":         func(string) string { return "" },
		"garbage":         func(string) string { return "\xff secret" },
		"another version": func(s string) string { return strings.Replace(s, `"v":1`, `"v":2`, 1) },
		"cut":             func(s string) string { return s[:len(s)-1] },
		"twice":           func(s string) string { return s + s },
		"huge":            func(s string) string { return s + strings.Repeat(" ", maxItem) },
		"of another":      func(s string) string { return strings.ReplaceAll(s, "alice@example.com", "") },
		"no time":         func(s string) string { return strings.ReplaceAll(s, `"since":"2`, `"was":"2`) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			k, s, l := f.kept()
			items := f.store.all()
			_ = f.store.Set(indexItem, change(items[indexItem]))
			if all, err := k.All(t.Context()); len(all) != 0 || err != nil || !strings.Contains(f.terminal(), "list of logins is ignored") {
				t.Errorf("%v, %v: %s", all, err, f.terminal())
			}
			_ = f.store.Set(indexItem, items[indexItem])
			_ = f.store.Set(s.item(), change(items[s.item()]))
			_, err := f.token(k, s)
			if !errors.Is(err, login.ErrEnded) || strings.Contains(err.Error(), "secret") || len(f.store.all()) != 0 {
				t.Errorf("%v, %q", err, f.store.all())
			}
			if err := k.Keep(t.Context(), s, l); err != nil {
				t.Error(err)
			}
			f.good(k, s)
		})
	}
}

// More logins than can be listed are not kept.
func TestTooMany(t *testing.T) {
	f := newFixture(t)
	k, s, l := f.kept()
	var all []Session
	for i := range maxSessions {
		other := s
		other.Client = strings.Repeat("x", i+1)
		all = append(all, other)
	}
	value, err := encode(index{version, all})
	if err != nil {
		t.Fatal(err)
	}
	_ = f.store.Set(indexItem, value)
	if err := k.Keep(t.Context(), s, l); !errors.Is(err, ErrTooBig) || !strings.Contains(err.Error(), "log out somewhere") {
		t.Error(err)
	}
	if got, err := k.All(t.Context()); err != nil || len(got) != maxSessions {
		t.Errorf("%d, %v", len(got), err)
	}
}
