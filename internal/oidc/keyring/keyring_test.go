package keyring

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/testpki"
)

// A memory is a store in memory, with faults to set.
type memory struct {
	mu    sync.Mutex
	items map[string]string
	fail  func(op, name string) error // called without the lock
}

func (m *memory) do(op, name string, f func() error) error {
	m.mu.Lock()
	fail := m.fail
	m.mu.Unlock()
	if fail != nil {
		if err := fail(op, name); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return f()
}

func (m *memory) Get(name string) (value string, err error) {
	err = m.do("get", name, func() error {
		var ok bool
		if value, ok = m.items[name]; !ok {
			return ErrAbsent
		}
		return nil
	})
	return value, err
}

func (m *memory) Set(name, value string) error {
	return m.do("set", name, func() error {
		m.items[name] = value
		return nil
	})
}

func (m *memory) Delete(name string) error {
	return m.do("delete", name, func() error {
		if _, ok := m.items[name]; !ok {
			return ErrAbsent
		}
		delete(m.items, name)
		return nil
	})
}

func (m *memory) set(fail func(op, name string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

func (m *memory) all() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.items)
}

// A fixture is an issuer, a keyring, and what the terminal said.
type fixture struct {
	t       *testing.T
	pki     *testpki.PKI
	servers *testpki.Servers
	store   *memory
	state   string
	config  login.Config
	world   login.World

	mu   sync.Mutex
	said []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, pki: testpki.New(), store: &memory{items: map[string]string{}}, state: t.TempDir()}
	f.servers = f.pki.Serve(t)
	f.config = login.Config{Issuer: f.servers.URLs.Issuer, ClientID: oidc.DefaultAudience, Way: login.Device, Offline: true}
	f.world = alone(f.pki.Clock.Now)
	return f
}

// alone is a world without a terminal, in which nobody waits.
func alone(now func() time.Time) login.World {
	return login.World{
		HTTP: httpclient.New(), Now: now, System: login.System{OS: "linux", Files: fstest.MapFS{}},
		Terminal: struct {
			io.Reader
			io.Writer
		}{strings.NewReader(""), io.Discard},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// keyring is a new one over the fixture's store, as another process has it.
func (f *fixture) keyring() *Keyring {
	return New(Options{Store: f.store, State: f.state, Now: f.pki.Clock.Now, Say: func(line string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.said = append(f.said, line)
	}})
}

func (f *fixture) terminal() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.said, "\n")
}

func (f *fixture) session() Session {
	return Session{Instance: "public", Issuer: f.config.Issuer, Client: f.config.ClientID, Identity: "alice@example.com"}
}

// login logs alice in.
func (f *fixture) login() *login.Login {
	f.t.Helper()
	l, err := login.Get(f.t.Context(), f.config, f.world)
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// kept logs alice in and keeps that.
func (f *fixture) kept() (*Keyring, Session, *login.Login) {
	f.t.Helper()
	k, l := f.keyring(), f.login()
	if err := k.Keep(f.t.Context(), f.session(), l); err != nil {
		f.t.Fatal(err)
	}
	all, err := k.All(f.t.Context())
	if err != nil || len(all) != 1 {
		f.t.Fatalf("%v, %v", all, err)
	}
	return k, all[0], l
}

func (f *fixture) token(k *Keyring, s Session) (*oidc.Token, error) {
	return k.Token(f.t.Context(), s, f.config, f.world)
}

// good must give a token for alice.
func (f *fixture) good(k *Keyring, s Session) {
	f.t.Helper()
	if t, err := f.token(k, s); err != nil || t.ProofSubject() != "alice@example.com" {
		f.t.Errorf("%v, %v", t, err)
	}
}

// Kept by one process, a login is renewed by others, and forgotten for all.
func TestKeyring(t *testing.T) {
	f := newFixture(t)
	k, s, l := f.kept()
	if s.Since != f.pki.Clock.Now().UTC().Truncate(time.Second) || s.Identity != "alice@example.com" {
		t.Errorf("%+v", s)
	}
	if strings.Contains(f.store.all()[indexItem], l.Refresh) || !strings.Contains(f.store.all()[s.item()], l.Refresh) {
		t.Errorf("%q", f.store.all())
	}
	for range 3 {
		f.pki.Clock.Advance(time.Hour)
		f.good(f.keyring(), s)
	}
	if got := f.pki.Logins(); got != (testpki.Logins{Logins: 1, Refreshes: 3}) {
		t.Errorf("%+v", got)
	}
	for _, wrong := range [][3]string{{"staging", s.Issuer, s.Client}, {s.Instance, "https://x.example", s.Client}, {s.Instance, s.Issuer, "x"}} {
		if got, err := k.Sessions(t.Context(), wrong[0], wrong[1], wrong[2]); len(got) != 0 || err != nil {
			t.Errorf("%q: %v, %v", wrong, got, err)
		}
	}
	if got, err := k.Sessions(t.Context(), s.Instance, s.Issuer, s.Client); err != nil || !slices.Equal(got, []Session{s}) {
		t.Errorf("%v, %v", got, err)
	}
	for range 2 {
		if err := k.Forget(t.Context(), s); err != nil || len(f.store.all()) != 0 {
			t.Errorf("%v, and the store has %q", err, f.store.all())
		}
	}
	if _, err := f.token(k, s); !errors.Is(err, login.ErrEnded) {
		t.Error(err)
	}
}

// A session ends with its age, however often it was renewed, and a clock that
// goes back makes none younger.
func TestTooOld(t *testing.T) {
	for name, tt := range map[string]struct {
		advance time.Duration
		want    bool
	}{
		"at once": {0, true}, "at the end": {DefaultMaxAge, true}, "after it": {DefaultMaxAge + time.Second, false},
		"a minute before": {-skew, true}, "two minutes before": {-2 * skew, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			k, s, _ := f.kept()
			f.good(k, s)
			f.pki.Clock.Advance(tt.advance)
			if !tt.want {
				if _, err := f.token(f.keyring(), s); !errors.Is(err, login.ErrEnded) || !strings.Contains(err.Error(), "older than 12h0m0s") {
					t.Error(err)
				}
			}
			all, err := k.All(t.Context())
			if err != nil || (len(all) == 1) != tt.want || (len(f.store.all()) == 2) != tt.want {
				t.Errorf("%v, %v, and the store has %q", all, err, f.store.all())
			}
		})
	}
}

// Listing deletes what is too old, and nothing else.
func TestListingDeletes(t *testing.T) {
	f := newFixture(t)
	k, old, _ := f.kept()
	f.pki.Clock.Advance(DefaultMaxAge + time.Second)
	other := f.session()
	other.Instance = "staging"
	if err := k.Keep(t.Context(), other, f.login()); err != nil {
		t.Fatal(err)
	}
	all, err := k.All(t.Context())
	if err != nil || len(all) != 1 || all[0].Instance != "staging" {
		t.Errorf("%v, %v", all, err)
	}
	if _, there := f.store.all()[old.item()]; there || len(f.store.all()) != 2 {
		t.Errorf("the store has %q", f.store.all())
	}
}

// A login that is not taken leaves the one before as it was.
func TestKeepFails(t *testing.T) {
	for name, fails := range map[string]string{"the secret": "login ", "the list": indexItem} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			k, s, _ := f.kept()
			before := f.store.all()
			f.pki.Clock.Advance(time.Hour)
			next := f.login()
			full := fmt.Errorf("%w: full", ErrTooBig)
			f.store.set(func(op, name string) error {
				if op == "set" && strings.HasPrefix(name, fails) && (fails != indexItem || name == indexItem) {
					return full
				}
				return nil
			})
			if err := k.Keep(t.Context(), f.session(), next); !errors.Is(err, ErrTooBig) {
				t.Error(err)
			}
			f.store.set(nil)
			if after := f.store.all(); !maps.Equal(after, before) {
				t.Errorf("%q, before: %q", after, before)
			}
			f.good(k, s)
		})
	}
	f := newFixture(t)
	l := f.login()
	l.Refresh = ""
	if err := f.keyring().Keep(t.Context(), f.session(), l); err == nil || len(f.store.all()) != 0 {
		t.Errorf("no refresh token: %v, %q", err, f.store.all())
	}
	l.Refresh = strings.Repeat("x", maxItem)
	if err := f.keyring().Keep(t.Context(), f.session(), l); !errors.Is(err, ErrTooBig) || len(f.store.all()) != 0 {
		t.Errorf("a long one: %v, %q", err, f.store.all())
	}
}

// Logging out forgets first, and says whether the issuer was told.
func TestLogout(t *testing.T) {
	for name, tt := range map[string]struct {
		fault   testpki.Fault
		revoked bool
		want    string // "" is no error
	}{
		"revoked":    {testpki.Fault{}, true, ""},
		"it cannot":  {testpki.LogIn(testpki.Login{Metadata: map[string]any{"revocation_endpoint": nil}}), false, ""},
		"it is down": {testpki.HangUp(), false, "revoking the login"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			k, s, l := f.kept()
			f.servers.Issuer.Set(tt.fault)
			revoked, err := k.Logout(t.Context(), s, f.config, f.world)
			if revoked != tt.revoked || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) || len(f.store.all()) != 0 {
				t.Errorf("%t, %v, %q", revoked, err, f.store.all())
			}
			f.servers.Issuer.Set(testpki.Fault{})
			if _, err := login.Refresh(t.Context(), f.config, f.world, l.Kept); errors.Is(err, login.ErrEnded) != tt.revoked {
				t.Errorf("afterwards: %v", err)
			}
			if revoked, err := k.Logout(t.Context(), s, f.config, f.world); revoked || err != nil {
				t.Errorf("again: %t, %v", revoked, err)
			}
		})
	}
}
