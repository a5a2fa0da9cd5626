package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// inKeyring runs a script on a bus of its own, with gnome-keyring at it.
const inKeyring = `
printf pw | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
daemon=$!
trap 'kill $daemon' EXIT
for i in $(seq 50); do
	case $(dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets) in
	*true*) break ;;
	esac
	sleep 0.1
done
`

// A login is kept in the real keyring: without the agent that held its
// certificate the next commit takes none, and after a logout it takes one.
func TestKeyring(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"dbus-run-session", "dbus-send", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not here: packages dbus and gnome-keyring", name)
		}
	}
	const name = "erin@example.com"
	u := newAgentUser(t, name).with("PARAPH_KEYRING=true")
	before := countOf(name)
	s := u.atTerminal("", "dbus-run-session", "--", "sh", "-c", inKeyring+`
paraph login || exit 1
paraph agent stop || exit 2
git commit -q -S --allow-empty -m one || exit 3
paraph whoami || exit 4
paraph agent stop
paraph whoami || exit 5
paraph logout || exit 6
paraph whoami && exit 7
echo 'second login' >/dev/tty
git commit -q -S --allow-empty -m two && exit 8
exit 0
`)
	enterAs(t, s, name)
	s.await("second login")
	if got := countOf(name).since(before); got != (counts{1, 2}) {
		t.Errorf("%+v", got)
	}
	enterBy(t, s.after("second login", "open this page on any device"), s.after("second login", "and enter the code"), "denied", name)
	if status := s.end(); status != 0 {
		t.Fatalf("exit status %d: %s%s%s", status, s.stdout.String(), s.stderr.String(), s.screen())
	}
	if out := s.stdout.String(); strings.Count(out, "by the keyring") != 3 || !strings.Contains(out, "logged out "+name) {
		t.Errorf("%s", out)
	}
	u.allGood(1)
	u.noSecrets()
}

// Without a bus: a word, the agent, and no file with a secret.
func TestNoKeyring(t *testing.T) {
	t.Parallel()
	const name = "frank@example.com"
	u := newAgentUser(t, name).with("PARAPH_KEYRING=true")
	s := u.atTerminal("", "sh", "-c", "paraph login && git commit -q -S --allow-empty -m one && git commit -q -S --allow-empty -m two && paraph whoami && paraph logout")
	enterAs(t, s, name)
	if status := s.end(); status != 0 {
		t.Fatalf("exit status %d: %s%s%s", status, s.stdout.String(), s.stderr.String(), s.screen())
	}
	if !strings.Contains(s.screen(), "the login is not kept in the keyring: no keyring can be used here") {
		t.Errorf("the terminal says %s", s.screen())
	}
	u.allGood(2)
	u.noSecrets()
}

// noSecrets makes sure that no file has a token in it, or a private key.
func (u *user) noSecrets() {
	u.t.Helper()
	files := 0
	for _, root := range []string{u.root, u.environ("XDG_RUNTIME_DIR")} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for _, secret := range []string{"eyJ", "PRIVATE KEY"} { // how a JWT begins
				if bytes.Contains(data, []byte(secret)) {
					u.t.Errorf("%s has %q in it", path, secret)
				}
			}
			return nil
		})
		if err != nil {
			u.t.Error(err)
		}
	}
	if files < 5 {
		u.t.Errorf("only %d files were looked at", files)
	}
}
