package pushes

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A clone is somebody's, with the hook that judges before a push, and a server
// that would take anything.
func (y *yard) clone(t *testing.T) (dir string, s *server) {
	t.Helper()
	_, s = y.work(t, "sha1")
	if err := os.Remove(filepath.Join(s.dir, "hooks", "pre-receive")); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "clone")
	run(t, y.git("", "clone", "-q", s.dir, dir))
	run(t, y.git(dir, "config", "paraph.trustedRoot", y.path("trusted_root.json")))
	install := y.git(dir, "version")
	install.Path, install.Args = y.paraph, []string{y.paraph, "hook", "install", "pre-push"}
	run(t, install)
	return dir, s
}

// What a server would refuse is refused before anything is sent, by what is
// known of the server.
func TestPrePush(t *testing.T) {
	y := ours(t)
	dir, s := y.clone(t)
	expect := func(want bool, word string, args ...string) {
		t.Helper()
		words, ok := told(t, y.git(dir, append([]string{"push"}, args...)...))
		if ok != want || !strings.Contains(words, word) {
			t.Errorf("%v: accepted %t: %s", args, ok, words)
		}
	}
	y.commit(t, dir, "carol", "good")
	expect(true, "", "origin", "HEAD:main")
	y.commit(t, dir, "", "unsigned")
	expect(false, "no signature", "origin", "HEAD:main")
	expect(false, "no signature", "origin", "HEAD:refs/heads/topic")
	expect(false, "no signed tag", "origin", "HEAD~1:refs/tags/v1")
	expect(true, s.dir, "--no-verify", "origin", "HEAD:refs/heads/wild")
	// What stands there without a section is known for others of its kind.
	expect(true, "", "origin", "HEAD:refs/heads/wild2")
	expect(false, "no signature", "origin", "HEAD:main")
	// Only the server can say whether a certificate will do.
	expect(true, "push --signed", "--force", "origin", "HEAD~2:main")
	// What nobody may take back is refused before.
	run(t, y.git(dir, "push", "-q", "--no-verify", "origin", "HEAD~1:refs/heads/stable"))
	expect(false, "nobody may do that", "origin", ":stable")
	// Settings count from the environment too: this is somebody's own machine.
	cmd := y.git(dir, "push", "origin", "HEAD:main")
	cmd.Env = append(cmd.Env, "PARAPH_HOOK_MODE=audit")
	if words, ok := told(t, cmd); !ok || !strings.Contains(words, "audit mode lets this push pass") {
		t.Errorf("accepted %t: %s", ok, words)
	}
}

// Where nobody said who may push nothing is judged, and that is said; where what
// the server has is not here, the push waits for it.
func TestPrePushUnjudged(t *testing.T) {
	y := ours(t)
	dir, s := y.clone(t)
	y.commit(t, dir, "", "unsigned")
	elsewhere := t.TempDir()
	run(t, y.git(elsewhere, "init", "-q", "--bare"))
	words, ok := told(t, y.git(dir, "push", elsewhere, "HEAD:main"))
	if !ok || !strings.Contains(words, "nothing was checked") {
		t.Errorf("a remote that is a URL: accepted %t: %s", ok, words)
	}
	run(t, y.git(dir, "remote", "add", "empty", elsewhere))
	words, ok = told(t, y.git(dir, "push", "empty", "HEAD:other"))
	if !ok || !strings.Contains(words, "nothing was checked") {
		t.Errorf("a remote without HEAD: accepted %t: %s", ok, words)
	}
	// A policy that cannot be used is no policy that is not there: the server refuses.
	broken := filepath.Join(dir, policyPath)
	usable, err := os.ReadFile(broken)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"[broken\n", string(usable)} {
		if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		y.commit(t, dir, "alice", "policy")
		run(t, y.git(dir, "push", "-q", "--no-verify", "origin", "HEAD:main"))
		if words, ok = told(t, y.git(dir, "push", "origin", "HEAD:refs/heads/topic")); ok != (text != "[broken\n") || !ok && !strings.Contains(words, "no-policy") {
			t.Errorf("%q: accepted %t: %s", text, ok, words)
		}
	}
	other := filepath.Join(t.TempDir(), "other")
	run(t, y.git("", "clone", "-q", s.dir, other))
	y.commit(t, other, "carol", "meanwhile")
	run(t, y.git(other, "push", "-q", "origin", "HEAD:main"))
	words, ok = told(t, y.git(dir, "push", "--force", "origin", "HEAD:main"))
	if ok || !strings.Contains(words, "git fetch") {
		t.Errorf("a tip that is not here: accepted %t: %s", ok, words)
	}
}

// What became of each push is a line of JSON, also of those that nothing judged
// before.
func TestPostReceive(t *testing.T) {
	y := ours(t)
	dir, s := y.clone(t)
	s.install(t, "post-receive")
	y.commit(t, dir, "carol", "good")
	run(t, y.git(dir, "push", "-q", "--no-verify", s.dir, "HEAD:main"))
	y.commit(t, dir, "", "unsigned\x1b[2J")
	run(t, y.git(dir, "push", "-q", "--no-verify", s.dir, "HEAD:main", "HEAD~1:refs/heads/topic"))
	log, err := os.ReadFile(filepath.Join(s.dir, "paraph-audit.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(log), "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), log)
	}
	type record struct {
		Schema  int
		Outcome string
		Policy  string
		Updates []struct{ Ref, Old, New string }
		Failed  []struct {
			Verdict string
			Ref     string
			Said    []string
		}
		Counts map[string]int
	}
	var records [2]record
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &records[i]); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	}
	good, bad := records[0], records[1]
	if good.Schema != 1 || good.Outcome != "ok" || good.Counts["trusted"] != 1 || len(good.Failed) != 0 || good.Updates[0].Ref != "refs/heads/main" {
		t.Errorf("%+v", good)
	}
	if bad.Outcome != "would-refuse" || len(bad.Failed) != 1 || bad.Failed[0].Verdict != "unsigned" || bad.Failed[0].Ref != "refs/heads/main" || len(bad.Updates) != 2 || bad.Updates[1].Old != "" {
		t.Errorf("%+v", bad)
	}
	if !strings.HasSuffix(bad.Policy, ":"+policyPath) {
		t.Errorf("policy %q", bad.Policy)
	}
}

// A push that nobody could judge is written down as that.
func TestPostReceiveUnjudged(t *testing.T) {
	y := ours(t)
	dir, s := y.clone(t)
	s.install(t, "post-receive")
	s.set(t, "paraph.trustedRoot="+s.dir+"/gone")
	y.commit(t, dir, "carol", "good")
	run(t, y.git(dir, "push", "-q", "--no-verify", s.dir, "HEAD:main"))
	log, err := os.ReadFile(filepath.Join(s.dir, "paraph-audit.ndjson"))
	if err != nil || !strings.Contains(string(log), `"outcome":"unjudged"`) || !strings.Contains(string(log), "/gone") || strings.Count(string(log), "\n") != 1 {
		t.Errorf("%s, %v", log, err)
	}
}
