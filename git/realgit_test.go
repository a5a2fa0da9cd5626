package git_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
)

// program stands in for gpg.x509.program, in both of its uses: it keeps what
// git hands to it in the folder of its own, as payload and signature, and
// "signs" with an armor without meaning.
const program = `#!/bin/sh
dir=${0%/*}
if [ "$1" = --status-fd=2 ]; then
	cat >"$dir/payload"
	cat "$dir/armor"
	echo "[GNUPG:] SIG_CREATED " >&2
else
	cat "$3" >"$dir/signature"
	cat >"$dir/payload"
	printf '[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG k u\n[GNUPG:] TRUST_FULLY 0 shell\n'
fi
`

// A realRepo is a repository of real git, whose signing program records.
type realRepo struct {
	t      *testing.T
	format git.Format
	dir    string // the repository
	record string // of the program
}

func newRealRepo(t *testing.T, format git.Format) *realRepo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not here: nothing was compared with it")
	}
	r := &realRepo{t: t, format: format, dir: t.TempDir(), record: t.TempDir()}
	for name, content := range map[string]string{"program": program, "armor": armorX509} {
		if err := os.WriteFile(filepath.Join(r.record, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.git("", "init", "-q", "--object-format="+format.String(), "-b", "main")
	r.configure(r.dir)
	return r
}

// configure sets the program for a repository.
func (r *realRepo) configure(dir string) {
	for _, kv := range [][2]string{
		{"gpg.format", "x509"},
		{"gpg.x509.program", filepath.Join(r.record, "program")},
		{"user.name", "Alice A"},
		{"user.email", "alice@example.com"},
	} {
		r.git("", "-C", dir, "config", kv[0], kv[1])
	}
}

// run runs git, away from the configuration of whoever runs the tests.
func (r *realRepo) run(stdin string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.record,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
	}
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", errors.New("git " + args[0] + ": " + err.Error() + ": " + stderr.String())
	}
	return stdout.String(), nil
}

// git runs git, which must not fail.
func (r *realRepo) git(stdin string, args ...string) string {
	r.t.Helper()
	out, err := r.run(stdin, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// write stores an object as it is, however broken, and returns its id.
func (r *realRepo) write(typ git.Type, raw string) string {
	r.t.Helper()
	return strings.TrimSpace(r.git(raw, "hash-object", "-t", string(typ), "-w", "--stdin", "--literally"))
}

// verify has git verify an object, and returns what it handed to the program;
// ok is false if it did not start it.
func (r *realRepo) verify(typ git.Type, id string) (signed, signature string, ok bool) {
	r.t.Helper()
	for _, name := range []string{"payload", "signature"} {
		if err := os.Remove(filepath.Join(r.record, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			r.t.Fatal(err)
		}
	}
	// Whether git then likes the object is not asked here.
	_, err := r.run("", "verify-"+string(typ), id)
	if err != nil {
		r.t.Logf("git says: %v", err)
	}
	signed, ok = r.recorded("payload")
	signature, _ = r.recorded("signature")
	return signed, signature, ok
}

// recorded reads what the program kept.
func (r *realRepo) recorded(name string) (string, bool) {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.record, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b), true
}
