package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server with paraph as its hook takes what its policy allows, and a policy
// that the repository brings is in force from the next push on. All is signed by
// the real servers, the pushes too.
func TestEnforced(t *testing.T) {
	forEachLog(t, func(t *testing.T, log logVersion) {
		u := newUser(t, log, mint(t, nil))
		policy := fmt.Sprintf(`[policy]
	version = 1
[signer "alice"]
	identity = %s
	issuer = %s
[branch "main"]
	allow = alice
	push = alice
	rewind = alice
[path ".paraph/**"]
	allow = alice
`, alice, servers.Endpoints.Issuer)
		file := filepath.Join(u.root, "policy")
		if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
			t.Fatal(err)
		}
		u.in(".").git("init", "-q", "--bare", "server.git")
		server := u.in("server.git")
		for key, value := range map[string]string{
			"receive.certNonceSeed": "seed", "paraph.hook.policy": file, "paraph.hook.requirePushCertificate": "true",
			"receive.denyDeleteCurrent": "ignore",
		} {
			server.git("config", key, value)
		}
		server.must("paraph", "hook", "install", "pre-receive")
		push := func(want string, args ...string) {
			t.Helper()
			r := u.run("", "git", append([]string{"push", "-q"}, args...)...)
			if (r.status == 0) != (want == "") || !strings.Contains(r.stderr, want) {
				t.Errorf("git push %q: status %d, want %q: %s", args, r.status, want, r.stderr)
			}
		}
		u.commit("first")
		push("git push --signed", server.dir, "main")
		push("", "--signed", server.dir, "main")
		if err := os.Mkdir(filepath.Join(u.dir, ".paraph"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(u.dir, ".paraph", "policy"), []byte(policy), 0o600); err != nil {
			t.Fatal(err)
		}
		u.git("add", ".paraph")
		u.git("commit", "-q", "-S", "-m", "Say who may sign what")
		push("", "--signed", server.dir, "main")
		server.git("config", "--unset", "paraph.hook.policy") // the repository's own is in force
		u.commit("unsigned", "--no-gpg-sign")
		push("no signature", "--signed", server.dir, "main")
		u.git("commit", "-q", "--amend", "--no-edit", "-S")
		push("", "--signed", server.dir, "main")
		push("", "--signed", "--force", server.dir, "HEAD~1:main")
		u.git("tag", "-s", "-m", "one", "v1")
		push("", "--signed", server.dir, "v1")
		if got, want := server.git("rev-parse", "main"), u.git("rev-parse", "HEAD~1"); got != want {
			t.Errorf("main is at %s, want %s", got, want)
		}
	})
}
