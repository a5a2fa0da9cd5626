package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A user is a home folder with git and paraph set up in it, and a place where
// commands run. Nothing of the real user's settings reaches it.
type user struct {
	t    *testing.T
	root string // everything that the user has: home, tmp, repositories
	dir  string // where commands run
	env  []string
}

// newHome is a user of whom git knows the name, and who has an empty
// repository, "repo".
func newHome(t *testing.T) *user {
	t.Helper()
	root := t.TempDir()
	u := &user{t: t, root: root, dir: root, env: []string{
		"PATH=" + programs + ":" + os.Getenv("PATH"),
		"HOME=" + filepath.Join(root, "home"),
		"TMPDIR=" + filepath.Join(root, "tmp"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true", "LC_ALL=C", "TZ=UTC",
		"PARAPH_AGENT=false", // or all would share one; newAgentUser has her own
	}}
	for _, dir := range []string{"home", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	u.configure("user.name", "Alice")
	u.configure("user.email", alice)
	u.configure("init.defaultBranch", "main")
	u.git("init", "-q", "repo")
	return u.in("repo")
}

// newUser sets git up to sign with the given log and token, which is good for
// five minutes.
func newUser(t *testing.T, log logVersion, token string) *user {
	t.Helper()
	u := newHome(t).with("PARAPH_AGENT=false", "PARAPH_ID_TOKEN="+token)
	u.configure("paraph.trustedRoot", trustedRoot())
	u.configure("paraph.signingConfig", filepath.Join(servers.Dir, log.config))
	u.must("paraph", "init", "--global")
	return u
}

// in is the same user in another folder, relative to all that she has.
func (u *user) in(dir string) *user {
	other := *u
	other.dir = filepath.Join(u.root, dir)
	return &other
}

// with is the same user with more in the environment.
func (u *user) with(env ...string) *user {
	other := *u
	other.env = append(append([]string{}, u.env...), env...)
	return &other
}

func (u *user) configure(key, value string) {
	u.t.Helper()
	u.git("config", "--global", key, value)
}

// trust names the one signer whom the user trusts; "" is nobody.
func (u *user) trust(identity, issuer string) {
	u.t.Helper()
	for key, value := range map[string]string{"paraph.certificateIdentity": identity, "paraph.certificateOIDCIssuer": issuer} {
		if value != "" {
			u.configure(key, value)
		} else if r := u.run("", "git", "config", "--global", "--unset-all", key); r.status != 0 && r.status != 5 {
			u.t.Fatalf("unsetting %s: %s", key, r.stderr) // 5 is git's way to say that it was not set
		}
	}
}

// A result is what a command left behind.
type result struct {
	stdout, stderr string
	status         int
}

// try runs a command in a session of its own, so that there is no terminal:
// words for people come on standard error. An error says that it did not run
// to its end.
func (u *user) try(stdin, name string, args ...string) (result, error) {
	path := name
	if name == "paraph" {
		path = filepath.Join(programs, name)
	}
	cmd := exec.CommandContext(u.t.Context(), path, args...)
	u.prepare(cmd)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		return result{}, fmt.Errorf("%s %q: %w", name, args, err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}, nil
}

// prepare gives a command the user's place and environment, and a session.
func (u *user) prepare(cmd *exec.Cmd) {
	cmd.Dir, cmd.Env = u.dir, u.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}

// killed runs paraph and kills it, with all that it started, after a time.
func (u *user) killed(after time.Duration, args ...string) {
	u.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "paraph"), args...)
	u.prepare(cmd)
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	time.Sleep(after)
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		u.t.Error(err)
	}
	_ = cmd.Wait() // killed, or done before
}

// run is try for commands that must run, and may fail.
func (u *user) run(stdin, name string, args ...string) result {
	u.t.Helper()
	r, err := u.try(stdin, name, args...)
	if err != nil {
		u.t.Fatal(err)
	}
	return r
}

// must runs a command that must succeed and returns its output.
func (u *user) must(name string, args ...string) string {
	u.t.Helper()
	r := u.run("", name, args...)
	if r.status != 0 {
		u.t.Fatalf("%s %q: exit status %d\n%s%s", name, args, r.status, r.stdout, r.stderr)
	}
	return strings.TrimSuffix(r.stdout, "\n")
}

func (u *user) git(args ...string) string {
	u.t.Helper()
	return u.must("git", args...)
}

// commit makes a signed commit that adds a file.
func (u *user) commit(file string, flags ...string) string {
	u.t.Helper()
	writeFile(u.t, filepath.Join(u.dir, file), []byte(file+"\n"))
	u.git("add", file)
	u.git(append([]string{"commit", "-q", "-S", "-m", "Add " + file}, flags...)...)
	return u.git("rev-parse", "HEAD")
}

// object returns the raw bytes of an object.
func (u *user) object(kind, id string) []byte {
	u.t.Helper()
	r := u.run("", "git", "cat-file", kind, id)
	if r.status != 0 {
		u.t.Fatal(r.stderr)
	}
	return []byte(r.stdout)
}

// store puts a raw object into the repository, whatever it is, and returns
// its id.
func (u *user) store(kind string, raw []byte) string {
	u.t.Helper()
	r := u.run(string(raw), "git", "hash-object", "-t", kind, "-w", "--literally", "--stdin")
	if r.status != 0 {
		u.t.Fatal(r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// letter is what git shows for %G?, "" where it refuses to show the commit.
func (u *user) letter(rev string) string {
	u.t.Helper()
	r := u.run("", "git", "log", "-1", "--format=%G?", rev)
	if r.status != 0 {
		return ""
	}
	return one(u.t, []byte(r.stdout))
}

// A report is what paraph verify --format json says.
type report struct {
	Schema  int
	Summary map[string]int
	Results []verdict
}

type verdict struct {
	ID, Type, Verdict string
	Signer            *struct {
		Identity, Issuer, Instance string
		Claims                     map[string]string
	}
	Times struct {
		Log         *time.Time
		Timestamps  []time.Time
		Certificate *struct{ NotBefore, NotAfter time.Time }
	}
	Log *struct {
		ID, Kind, Source string
		Index            int64
	}
	Checks []struct {
		Name, Detail string
		OK           bool
	}
	Error *struct{ Class, Rule, Message string }
}

// verify runs paraph verify and returns what it says and its exit status.
func (u *user) verify(revs ...string) (report, int) {
	u.t.Helper()
	return u.report("paraph", append([]string{"verify", "--format", "json"}, revs...)...)
}

// verifyOffline is verify in a network namespace with nothing in it, not even
// a loopback that is up.
func (u *user) verifyOffline(revs ...string) (report, int) {
	u.t.Helper()
	return u.report("unshare", append([]string{"-rn", "paraph", "verify", "--format", "json"}, revs...)...)
}

// report runs a command that prints one.
func (u *user) report(name string, args ...string) (report, int) {
	u.t.Helper()
	r := u.run("", name, args...)
	var out report
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
		u.t.Fatalf("%s %q: exit status %d, %v: %q %s", name, args, r.status, err, r.stdout, r.stderr)
	}
	return out, r.status
}
