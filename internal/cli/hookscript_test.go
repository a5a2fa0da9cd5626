//go:build unix

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/config"
)

// sh finds the program whatever its path has, and says so where it is gone.
func TestHookScript(t *testing.T) {
	for _, name := range []string{"paraph", "a b", "'", "''a'", "$HOME", "`x`", `\`, `"`, "a\nb", "-e", "*", "é", "~"} {
		program := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(program, []byte("#!/bin/sh\nprintf '<%s>' \"$@\"\nexit 7\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		run := func() (string, int) {
			cmd := exec.Command("/bin/sh", "-c", string(hookScript(program, "update")), "update", "refs/heads/a b", "")
			cmd.Env = []string{"PATH="}
			out, _ := cmd.Output()
			return string(out), cmd.ProcessState.ExitCode()
		}
		if out, status := run(); out != "<hook><run><update><--><refs/heads/a b><>" || status != 7 {
			t.Errorf("%q: %s, status %d", name, out, status)
		}
		if err := os.Remove(program); err != nil {
			t.Fatal(err)
		}
		if out, status := run(); out != "" || status == 0 {
			t.Errorf("%q is gone: %s, status %d", name, out, status)
		}
	}
}

// The line for somebody else's hook ends it where the judgment fails, also for
// want of a place for what git wrote.
func TestHookLine(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		hook, program, tmp string
		out                string
		ok                 bool
	}{
		{"pre-receive", "cat; exit 0", dir, "linethen line", true},
		{"pre-receive", "exit 0", dir, "then line", true},
		{"pre-receive", "exit 1", dir, "", false},
		{"pre-receive", "exit 0", filepath.Join(dir, "nowhere"), "", false},
		{"update", "exit 0", dir, "then line", true},
		{"update", "exit 1", dir, "", false},
	} {
		program := filepath.Join(t.TempDir(), "a 'b")
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+tt.program+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("/bin/sh", "-c", hookLine(program, tt.hook)+"\nprintf 'then '; cat")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + tt.tmp}
		cmd.Stdin = strings.NewReader("line")
		out, err := cmd.Output()
		if string(out) != tt.out || (err == nil) != tt.ok {
			t.Errorf("%s, %s, in %s: %q, %v", tt.hook, tt.program, tt.tmp, out, err)
		}
		if left, _ := filepath.Glob(filepath.Join(tt.tmp, "tmp.*")); len(left) > 0 {
			t.Errorf("%s, %s: %q stays behind", tt.hook, tt.program, left)
		}
	}
}

func TestHookAt(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	ours := string(hookScript("/p", "update"))
	for name, text := range map[string]string{
		"ours": ours, "changed": strings.Replace(ours, "hook run update", "hook run update --mode enforce", 1), "more": ours + "exit 0\n", "of another hook": string(hookScript("/p", "pre-push")),
		"of another place": string(hookScript("/it's here/paraph", "update")), "empty": "", "other": "#!/bin/sh\nexit 0\n",
		"marked below": "#!/bin/sh\nexit 0\n" + ours, "cut": hookHead[:len(hookHead)-1], "long": strings.Repeat("x", config.MaxFile+1),
	} {
		if err := os.WriteFile(in(name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(in("ours"), in("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(in("absent"), in("dangling")); err != nil {
		t.Fatal(err)
	}
	env := Env{ReadFile: bounded.ReadFile}
	for name, want := range map[string]hookState{
		"absent": hookAbsent, "ours": hookOurs, "changed": hookChanged, "more": hookChanged, "of another hook": hookChanged, "of another place": hookOurs, "empty": hookForeign, "other": hookForeign,
		"marked below": hookForeign, "cut": hookForeign, "long": hookForeign, "link": hookOther, "dangling": hookOther, ".": hookOther,
	} {
		if got, err := env.hookAt(in(name), "update"); got != want || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	if _, err := env.hookAt(in("ours")+"/x", "update"); err == nil {
		t.Error("below a file there is no hook")
	}
}

// A script is there whole or not at all, and nothing beside it.
func TestWriteHook(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hooks", "update")
	env := Env{ReadFile: bounded.ReadFile}
	for range 2 {
		if err := env.writeHook(file, "update", hookScript("/p", "update")); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o755 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	// Ours is replaced, not written into: a hook that runs is not changed.
	before, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	if err := env.writeHook(file, "update", hookScript("/other", "update")); err != nil {
		t.Fatal(err)
	}
	old, _ := before.Stat()
	if info, err := os.Stat(file); err != nil || os.SameFile(old, info) {
		t.Errorf("%v, or the same file", err)
	}
	// What comes in between stays.
	if err := os.WriteFile(file, []byte("theirs"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := env.writeHook(file, "update", hookScript("/p", "update")); err == nil {
		t.Error("somebody else's hook was written over")
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if data, err := os.ReadFile(file); string(data) != "theirs" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
}
