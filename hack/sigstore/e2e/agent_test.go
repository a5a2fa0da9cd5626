package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// newAgentUser is somebody whom the issuer knows, with an agent that is hers
// alone, without a token. Each test takes somebody else: the servers count for
// each person how often they logged in and were certified.
func newAgentUser(t *testing.T, name string) *user {
	t.Helper()
	u := newPerson(t)
	// Not in the test's folder: the path of a socket has at most 107 bytes.
	run, err := os.MkdirTemp("", "run-")
	if err != nil {
		t.Fatal(err)
	}
	u = u.with("PARAPH_AGENT=true", "XDG_RUNTIME_DIR="+run)
	u.configure("user.email", name)
	u.trust(name, servers.Endpoints.Issuer)
	t.Cleanup(func() {
		// The test's context has ended by now.
		cmd := exec.Command(filepath.Join(programs, "paraph"), "agent", "stop")
		cmd.Dir, cmd.Env = u.root, u.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("paraph agent stop: %v: %s", err, out)
		}
		_ = os.RemoveAll(run)
	})
	return u
}

// counts are how often the servers had somebody log in, and certified them.
type counts struct{ logins, certificates int64 }

func countOf(name string) counts {
	c := servers.CountsOf(name)
	return counts{c.Logins, c.Certificates}
}

func (c counts) since(before counts) counts {
	return counts{c.logins - before.logins, c.certificates - before.certificates}
}

// enterAs is enter, by somebody.
func enterAs(t *testing.T, s *session, name string) {
	t.Helper()
	enterBy(t, s.after("open this page on any device"), s.after("and enter the code"), "allowed", name)
}

// A rebase of fifty commits is one login and one certificate, by what the
// servers counted, and all of them are good.
func TestOneLoginForARebase(t *testing.T) {
	t.Parallel()
	const name, n = "bob@example.com", 50
	u := newAgentUser(t, name)
	for i := range n {
		u.git("commit", "-q", "--no-gpg-sign", "--allow-empty", "-m", fmt.Sprintf("commit %d", i))
	}
	before := countOf(name)
	s := u.atTerminal("", "git", "rebase", "-q", "--root", "--force-rebase", "--keep-empty", "-S")
	enterAs(t, s, name)
	if status := s.end(); status != 0 {
		t.Fatalf("exit status %d: %s%s", status, s.stderr.String(), s.screen())
	}
	if got := countOf(name).since(before); got != (counts{1, 1}) {
		t.Errorf("%+v", got)
	}
	u.allGood(n)
}

// allGood makes sure that git calls all of n commits good.
func (u *user) allGood(n int) {
	u.t.Helper()
	grades := strings.Fields(u.git("log", "--format=%G?"))
	if len(grades) != n || strings.Join(grades, "") != strings.Repeat("G", n) {
		u.t.Errorf("%d commits: %s", len(grades), strings.Join(grades, ""))
	}
}

// Twenty commits in twenty repositories at once, without an agent before: one
// agent, one login, one certificate, twenty good signatures.
func TestTwentyAtOnce(t *testing.T) {
	t.Parallel()
	const name, n = "carol@example.com", 20
	u := newAgentUser(t, name)
	before := countOf(name)
	script := "for i in $(seq 20); do git init -q ../many$i; done; " +
		"for i in $(seq 20); do git -C ../many$i commit -q -S --allow-empty -m x & pids=\"$pids $!\"; done; " +
		"for p in $pids; do wait $p || exit 1; done"
	s := u.atTerminal("", "sh", "-c", script)
	enterAs(t, s, name)
	if status := s.end(); status != 0 {
		t.Fatalf("exit status %d: %s%s", status, s.stderr.String(), s.screen())
	}
	if got := countOf(name).since(before); got != (counts{1, 1}) {
		t.Errorf("%+v", got)
	}
	for i := range n {
		u.in(fmt.Sprintf("many%d", i+1)).allGood(1)
	}
	if got := u.agents(); len(got) != 1 {
		t.Errorf("the agents %v run", got)
	}
}

// agents are the process ids of the agents that serve the user's socket.
func (u *user) agents() (pids []string) {
	u.t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		u.t.Fatal(err)
	}
	socket := u.environ("XDG_RUNTIME_DIR") + "/paraph/agent.sock"
	for _, path := range all {
		if line, err := os.ReadFile(path); err == nil && bytes.Contains(line, []byte("paraph-agent\x00run")) && bytes.Contains(line, []byte(socket)) {
			pids = append(pids, strings.Split(path, "/")[2])
		}
	}
	return pids
}

// environ is the value of a variable of the user's environment.
func (u *user) environ(name string) (value string) {
	for _, e := range u.env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// Where the certificate ends in the middle, the next one takes no login.
func TestCertificateEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	const name = "dave@example.com"
	u := newAgentUser(t, name)
	before := countOf(name)
	s := u.atTerminal("", "sh", "-c", "n=0; while [ $n -lt 40 ] && [ ! -e ../enough ]; do n=$((n+1)); git commit -q -S --allow-empty -m $n || exit 1; sleep 1; done")
	enterAs(t, s, name)
	for start := time.Now(); countOf(name).certificates < before.certificates+2 && time.Since(start) < 2*shortLived[name]; time.Sleep(200 * time.Millisecond) {
	}
	if err := os.WriteFile(filepath.Join(u.root, "enough"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := s.end(); status != 0 {
		t.Fatalf("exit status %d: %s%s", status, s.stderr.String(), s.screen())
	}
	if got := countOf(name).since(before); got != (counts{1, 2}) {
		t.Errorf("%+v", got)
	}
	u.allGood(len(strings.Fields(u.git("log", "--format=%H"))))
}

// A login beforehand serves commits without a terminal, whoami says who it is,
// and logout forgets it.
func TestLoginBeforehand(t *testing.T) {
	t.Parallel()
	const name = "mallory@example.com"
	u := newAgentUser(t, name)
	if r := u.run("", "paraph", "whoami"); r.status != 1 || !strings.Contains(r.stderr, "nobody is logged in") {
		t.Errorf("%+v", r)
	}
	s := u.atTerminal("", "paraph", "login")
	enterAs(t, s, name)
	if status := s.end(); status != 0 || !strings.Contains(s.stdout.String(), name+" ["+servers.Endpoints.Issuer+"]\n") {
		t.Fatalf("exit status %d: %s%s%s", status, s.stdout.String(), s.stderr.String(), s.screen())
	}
	u.git("commit", "-q", "-S", "--allow-empty", "-m", "no terminal")
	u.git("tag", "-s", "-m", "v1", "v1")
	u.git("verify-commit", "HEAD")
	u.git("verify-tag", "v1")
	if r := u.run("", "paraph", "whoami"); r.status != 0 || !strings.Contains(r.stdout, name) || !strings.Contains(r.stdout, "in the agent") {
		t.Errorf("%+v", r)
	}
	if r := u.run("", "paraph", "agent", "status"); r.status != 0 || !strings.Contains(r.stdout, name) {
		t.Errorf("%+v", r)
	}
	if r := u.run("", "paraph", "logout"); r.status != 0 || r.stdout != "logged out "+name+" ["+servers.Endpoints.Issuer+"]\n" {
		t.Errorf("%+v", r)
	}
	if r := u.run("", "git", "commit", "-q", "-S", "--allow-empty", "-m", "logged out"); r.status == 0 {
		t.Error("a commit was made by somebody who had logged out")
	}
	if r := u.run("", "paraph", "whoami"); r.status != 1 {
		t.Errorf("%+v", r)
	}
}

// An agent that is killed between two commits is started anew; what was
// signed stays whole.
func TestAgentKilled(t *testing.T) {
	t.Parallel()
	u := newAgentUser(t, alice).with("PARAPH_ID_TOKEN=" + mint(t, nil))
	u.git("commit", "-q", "-S", "--allow-empty", "-m", "one")
	first := u.agents()
	if len(first) != 1 {
		t.Fatalf("the agents %v run", first)
	}
	u.must("kill", "-9", first[0])
	u.git("commit", "-q", "-S", "--allow-empty", "-m", "two")
	second := u.agents()
	if len(second) != 1 || second[0] == first[0] {
		t.Errorf("the agents %v run", second)
	}
	// Its socket is taken away: the next commit starts another one.
	if err := os.Remove(u.environ("XDG_RUNTIME_DIR") + "/paraph/agent.sock"); err != nil {
		t.Fatal(err)
	}
	u.git("commit", "-q", "-S", "--allow-empty", "-m", "three")
	u.allGood(3)
}

// Kills in the middle of signatures: each commit is made whole or not at all.
func TestAgentKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	u := newAgentUser(t, alice).with("PARAPH_ID_TOKEN=" + mint(t, nil))
	stop, kills := make(chan struct{}), 0
	var killer sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
				for _, pid := range u.agents() {
					u.run("", "kill", "-9", pid)
					kills++
				}
			}
		}
	})
	made := 0
	for i := range 10 {
		if r := u.run("", "git", "commit", "-q", "-S", "--allow-empty", "-m", fmt.Sprint(i)); r.status == 0 {
			made++
		}
	}
	close(stop)
	killer.Wait()
	if made == 0 || kills == 0 {
		t.Fatalf("%d commits were made, and %d agents killed", made, kills)
	}
	u.allGood(made)
}
