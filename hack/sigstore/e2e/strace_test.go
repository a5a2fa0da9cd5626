package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/hack/sigstore/oldway"
)

// Whoever looks at an old commit asks nobody: no process opens a socket, of
// whatever family, and none is left when git ends.
func TestOldCommitOpensNoSocket(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed: nobody looks for sockets")
	}
	u := newOldUser(t)
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA1, 2, 0, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	noted, without := objects[0], objects[1]
	u.note(noted.id, noted.line(t))
	u = u.with("PARAPH_AGENT=true") // verification must not even look for one
	for _, tt := range []struct {
		name, says string
		network    bool
		command    []string
	}{
		{"git log", "logged ", false, []string{"git", "log", "-1", "--show-signature", noted.id}},
		{"git log without a note", "paraph proof fetch", false, []string{"git", "log", "-1", "--show-signature", without.id}},
		{"paraph verify", "valid", false, []string{"paraph", "verify", noted.id}},
		{"paraph verify without a note", "paraph proof fetch", false, []string{"paraph", "verify", without.id}},
		{"what does use the network", "fatal", true, []string{"git", "ls-remote", nowhere + "/repo"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u.run("", tt.command[0], tt.command[1:]...)
			checkGone(t, u) // before strace: it waits for whoever is left
			calls := filepath.Join(t.TempDir(), "calls")
			r := u.run("", "strace", append([]string{"-f", "-qq", "-e", "trace=network", "-e", "signal=none", "-o", calls}, tt.command...)...)
			if out := r.stdout + r.stderr; !strings.Contains(out, tt.says) {
				t.Errorf("it does not say %q: %s", tt.says, out)
			}
			if trace := networkCalls(readFile(t, calls)); (len(trace) > 0) != tt.network {
				t.Errorf("network calls:\n%s", trace)
			}
		})
	}
}

// networkCalls are the lines of a trace that tell a call. For a thread that
// ended before strace saw any of its calls there can be a line that tells none.
func networkCalls(trace []byte) (calls string) {
	for line := range strings.Lines(string(trace)) {
		if !strings.HasSuffix(line, "???( <detached ...>\n") {
			calls += line
		}
	}
	return calls
}

// checkGone wants no process that was started with the user's environment.
func checkGone(t *testing.T, u *user) {
	t.Helper()
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil || len(environments) == 0 {
		t.Fatalf("no process in /proc: %v", err)
	}
	for _, name := range environments {
		env, err := os.ReadFile(name)
		if err == nil && strings.Contains(string(env), "HOME="+filepath.Join(u.root, "home")) {
			t.Errorf("left behind: %s", filepath.Dir(name))
		}
	}
}
