package cache_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/cache"
)

// asking runs this test's program again as a child of its own, under a program
// of the given name, and returns what it says.
func (w *world) asking(name, dir string, environ ...string) *exec.Cmd {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	bin := filepath.Join(w.t.TempDir(), name)
	sh, err := exec.LookPath("sh")
	if err != nil {
		w.t.Fatal(err)
	}
	data, err := os.ReadFile(sh)
	if err != nil {
		w.t.Fatal(err)
	}
	write(w.t, bin, data, 0o700)
	cmd := exec.Command(bin, "-c", `"$0"; "$0"; true`, self)
	cmd.Dir, cmd.Env = dir, append(w.environ(), append(environ, "CACHE_TEST=settings")...)
	return cmd
}

// settingsChild says what was told to a process of the same caller's before,
// and tells the next one.
func settingsChild() {
	c := cache.Open(os.Environ())
	by := cache.CalledBy(os.Environ())
	answer, ok := c.Settings(by, time.Now())
	if !ok {
		answer = []byte("nothing")
	}
	os.Stdout.Write(append(answer, '\n'))
	c.PutSettings(by, []byte("told"), time.Now())
}

// What git told a process counts for the next one of the same git, and for no
// other one.
func TestSettings(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("nobody says who started a process here")
	}
	w := newWorld(t)
	dir := t.TempDir()
	for _, tt := range []struct{ name, program, want string }{
		{"git", "git", "nothing told"},
		{"another git", "git", "nothing told"},
		{"a shell", "sh", "nothing nothing"},
		{"of a longer name", "gitk", "nothing nothing"},
		{"of two names", "git) S 1 (git", "nothing nothing"},
	} {
		out, err := w.asking(tt.program, dir).Output()
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != tt.want {
			t.Errorf("%s: %q, %v, want %q", tt.name, got, err, tt.want)
		}
	}
}

// Another folder, another environment: another configuration.
func TestSettingsOfAnotherPlace(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("nobody says who started a process here")
	}
	w := newWorld(t)
	dir := t.TempDir()
	for name, script := range map[string]string{
		"environment":    `"$0"; GIT_DIR=/x "$0"; true`,
		"folder":         `mkdir other; "$0"; cd other; "$0"; true`,
		"folder anew":    `mkdir a; cd a; "$0"; cd ..; mv a b; mkdir a; cd a; "$0"; true`,
		"no cache":       `"$0"; rm -r "$HOME/.cache"; "$0"; true`,
		"broken":         `"$0"; f="$HOME/.cache/paraph/verdicts"; tr '\000-\377' '\001-\377\000' < "$f" > "$f.x"; cat "$f.x" > "$f"; "$0"; true`,
		"key of another": `"$0"; f="$HOME/.local/state/paraph/verdicts.key"; echo 1234567890123456789012345678901 > "$f"; "$0"; true`,
	} {
		cmd := w.asking("git", dir)
		cmd.Args[2] = script
		out, err := cmd.Output()
		if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != "nothing nothing" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err := os.RemoveAll(filepath.Dir(w.secret())); err != nil {
			t.Fatal(err)
		}
	}
}
