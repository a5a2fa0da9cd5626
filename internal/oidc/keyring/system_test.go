package keyring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/xdg"
)

// stepVariable has this test's program do one step, as a process of its own,
// at the issuer that issuerVariable names.
const (
	stepVariable   = "PARAPH_TEST_STEP"
	issuerVariable = "PARAPH_TEST_ISSUER"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(stepVariable); name != "" {
		if err := step(name); err != nil {
			fmt.Fprintln(os.Stderr, name+":", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// step is what one process does with the system's keyring.
func step(name string) error {
	ctx := context.Background()
	now := func() time.Time { return testpki.DefaultTime.Add(time.Minute) }
	k := New(Options{Store: System(os.Environ()), State: xdg.State(os.Environ()), Now: now})
	c := login.Config{Issuer: os.Getenv(issuerVariable), ClientID: oidc.DefaultAudience, Way: login.Device, Offline: true}
	w := alone(now)
	if name == "keep" {
		l, err := login.Get(ctx, c, w)
		if err != nil {
			return err
		}
		return k.Keep(ctx, Session{Instance: "public", Issuer: c.Issuer, Client: c.ClientID}, l)
	}
	all, err := k.Sessions(ctx, "public", c.Issuer, c.ClientID)
	if name == "none" {
		if !errors.Is(err, ErrNone) {
			return fmt.Errorf("%v, %w", all, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case name == "empty" && len(all) == 0:
		return nil
	case name == "empty" || len(all) != 1 || all[0].Identity != "alice@example.com":
		return fmt.Errorf("there is %v", all)
	case name == "logout":
		_, err = k.Logout(ctx, all[0], c, w)
		return err
	}
	_, err = k.Token(ctx, all[0], c, w)
	return err
}

// inSession runs steps one after the other, each a process of its own, on a
// bus of their own with gnome-keyring at it. A daemon that nobody ends would
// outlive the bus.
const inSession = `
printf %s "$PASSWORD" | gnome-keyring-daemon --foreground $UNLOCK --components=secrets >/dev/null 2>&1 &
daemon=$!
trap 'kill $daemon' EXIT
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
	case $(dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets) in
	*true*) break ;;
	esac
	sleep 0.1
done
for step; do
	` + stepVariable + `=$step "$PROGRAM" || exit 1
done
`

// session is a home, and a bus with a keyring that was unlocked or not.
func session(t *testing.T, home, issuer, unlock string, steps ...string) {
	t.Helper()
	for _, name := range []string{"dbus-run-session", "dbus-send", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not here: packages dbus and gnome-keyring", name)
		}
	}
	runtime := filepath.Join(home, "run")
	if err := os.MkdirAll(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dbus-run-session", append([]string{"--", "sh", "-c", inSession, "sh"}, steps...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_RUNTIME_DIR=" + runtime, issuerVariable + "=" + issuer,
		"PROGRAM=" + os.Args[0], "PASSWORD=pw", "UNLOCK=" + unlock,
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// The real Secret Service: kept by one process, renewed by others, forgotten by
// the last; and no secret in any file, not even while it was kept.
func TestSecretService(t *testing.T) {
	pki := testpki.New()
	issuer := pki.Serve(t).URLs.Issuer
	home := t.TempDir()
	session(t, home, issuer, "--unlock", "empty", "keep", "renew", "renew")
	searchSecrets(t, home)
	session(t, home, issuer, "--unlock", "renew", "logout", "empty")
	searchSecrets(t, home)
	if got := pki.Logins(); got != (testpki.Logins{Logins: 1, Refreshes: 3, Revoked: 1}) {
		t.Errorf("%+v", got)
	}
	session(t, home, issuer, "", "none")
}

// searchSecrets looks for tokens in every file below a home.
func searchSecrets(t *testing.T, home string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		files++
		for _, secret := range []string{"refresh-", "access-token", "eyJ"} {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s has %s", path, secret)
			}
		}
		return err
	})
	if _, lock := os.Stat(filepath.Join(home, ".local/state/paraph/keyring.lock")); err != nil || lock != nil || files < 2 {
		t.Errorf("%d files, %v, %v", files, err, lock)
	}
}

// Where there is no bus, or nobody at it, that is said at once.
func TestNoBus(t *testing.T) {
	for name, tt := range map[string]struct{ address, want string }{
		"none":       {"", "there is no session bus"},
		"to start":   {"autolaunch:", "there is no session bus"},
		"nobody":     {"unix:path=/nonexistent/bus", "no such file"},
		"not a word": {"?", "dbus"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(fmt.Sprintf("/run/user/%d/bus", os.Getuid())); err == nil && strings.HasPrefix(tt.want, "there") {
				t.Skip("this machine has a session bus: nothing is known of one without")
			}
			t.Setenv("DBUS_SESSION_BUS_ADDRESS", tt.address)
			f := newFixture(t)
			k := New(Options{Store: System(os.Environ()), State: f.state, Now: f.pki.Clock.Now})
			start := time.Now()
			if err := k.Keep(t.Context(), f.session(), f.login()); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), tt.want) || time.Since(start) > time.Second {
				t.Errorf("%v after %s", err, time.Since(start))
			}
			searchNothing(t, f.state)
		})
	}
}

// searchNothing makes sure that a folder has an empty lock and nothing else.
func searchNothing(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "keyring.lock" {
		t.Errorf("%v, %v", entries, err)
	}
}
