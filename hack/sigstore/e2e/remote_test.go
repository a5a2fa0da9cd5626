package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// askpass writes down what it is to ask, and says yes if there is a file "yes".
const askpass = `#!/bin/sh
cd "${0%/*}" || exit 1
[ "$SSH_ASKPASS_PROMPT" = confirm ] || exit 1
printf '%s\n' "$1" >>asked
test -e yes
`

// Another machine signs through remote.sock, as whoever was chosen here, and
// only after somebody here said yes. What travels is the socket: here it is
// taken without a network in between.
func TestSigningForAnotherMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "askpass"), []byte(askpass), 0o700); err != nil {
		t.Fatal(err)
	}
	laptop := newAgentUser(t, alice).with("SSH_ASKPASS="+filepath.Join(dir, "askpass"), "PARAPH_ID_TOKEN="+mint(t, nil))
	laptop.git("commit", "-q", "-S", "--allow-empty", "-m", "here")

	remote := newPerson(t).with("PARAPH_AGENT=true", "PARAPH_AGENT_SOCKET="+laptop.environ("XDG_RUNTIME_DIR")+"/paraph/remote.sock")
	commit := func(subject string) result {
		return remote.run("", "git", "commit", "-q", "-S", "--allow-empty", "-m", subject)
	}
	if r := commit("nobody was chosen"); r.status == 0 {
		t.Error("it signed without a choice")
	}
	if out := laptop.must("paraph", "agent", "start", "--remote", alice); !strings.Contains(out, alice) {
		t.Errorf("%s", out)
	}
	if r := commit("not confirmed"); r.status == 0 {
		t.Error("it signed without a yes")
	}
	if err := os.WriteFile(filepath.Join(dir, "yes"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := commit("Say hello \x1b[31m"); r.status != 0 {
		t.Fatalf("%+v", r)
	}
	remote.allGood(1)
	asked := string(readFile(t, filepath.Join(dir, "asked")))
	for _, want := range []string{"commit: not confirmed\n", `commit: Say hello \u001b[31m` + "\n", "without a parent", alice} {
		if !strings.Contains(asked, want) {
			t.Errorf("it does not ask %q: %s", want, asked)
		}
	}
	// Nothing else can be done from there.
	for _, args := range [][]string{{"login"}, {"logout"}, {"agent", "stop"}} {
		if r := remote.run("", "paraph", args...); r.status == 0 || !strings.Contains(r.stderr, "another machine's") {
			t.Errorf("paraph %v: %+v", args, r)
		}
	}
	if got := laptop.must("paraph", "whoami"); !strings.Contains(got, "in the agent") {
		t.Errorf("%s", got)
	}
}
