package pushes

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// racers all push to main at once, and each is good.
var racers = []string{"G1", "MB", "MG", "P1", "R1", "PA", "reverted", "picked", "squashed", "feature merged"}

// Thirty pushes at once are judged each for itself: of those to main one gets
// there, of the others all that are good, and nothing is lost.
func TestThirtyAtOnce(t *testing.T) {
	y := ours(t)
	s := y.serve(t, "crowd", "pre-receive", usualBefore...)
	type pushed struct {
		ref, label string
		good       bool
	}
	var all []pushed
	for _, label := range racers {
		all = append(all, pushed{"refs/heads/main", label, true})
	}
	for i := range 20 {
		label, good := "B2", true
		if i%3 == 0 {
			label, good = "UG", false
		}
		all = append(all, pushed{"refs/heads/topic" + strconv.Itoa(i), label, good})
	}
	var wait sync.WaitGroup
	results := make([]bool, len(all))
	words := make([]string, len(all))
	for i, p := range all {
		wait.Go(func() {
			out, err := s.pushing(s.dir, nil, push{args: []string{"{" + p.label + "}:" + p.ref}}).CombinedOutput()
			words[i], results[i] = string(out), err == nil
		})
	}
	wait.Wait()
	refs := run(t, s.git(s.dir, "for-each-ref", "--format=%(objectname) %(refname)"))
	winners := 0
	for i, p := range all {
		there := strings.Contains(refs, y.history.ID(p.label)+" "+p.ref+"\n")
		switch {
		case there != results[i]:
			t.Errorf("%s to %s: accepted %t, there %t\n%s", p.label, p.ref, results[i], there, words[i])
		case p.ref == "refs/heads/main" && there:
			winners++
		case p.ref != "refs/heads/main" && there != p.good:
			t.Errorf("%s to %s: accepted %t\n%s", p.label, p.ref, there, words[i])
		case p.ref != "refs/heads/main" && !p.good && !strings.Contains(words[i], "no signature"):
			t.Errorf("%s to %s: for another reason: %s", p.label, p.ref, words[i])
		}
	}
	if winners != 1 {
		t.Errorf("main has %d winners\n%s", winners, strings.Join(words[:len(racers)], "\n"))
	}
	run(t, s.git(s.dir, "fsck", "--strict", "--no-dangling"))
}

// commit makes a commit with git itself and a signing program, in a repository
// of its own.
func (y *yard) commit(t *testing.T, dir, by, message string) {
	t.Helper()
	args := []string{"commit", "-q", "--allow-empty", "-m", message}
	if by != "" {
		args = append(append(y.signing(by), args...), "-S")
	}
	run(t, y.git(dir, "add", "-A"))
	run(t, y.git(dir, args...))
}

// work is a repository of an object format, with a policy in its first commit,
// and a server that has that.
func (y *yard) work(t *testing.T, format string) (dir string, s *server) {
	t.Helper()
	dir = t.TempDir()
	run(t, y.git(dir, "init", "-q", "-b", "main", "--object-format="+format))
	if err := os.CopyFS(dir, os.DirFS(y.path("seed"))); err != nil {
		t.Fatal(err)
	}
	y.commit(t, dir, "alice", "anchor")
	s = &server{y, t.TempDir()}
	run(t, y.git(s.dir, "init", "-q", "--bare", "-b", "main", "--object-format="+format, "."))
	s.set(t, "paraph.trustedRoot="+y.path("trusted_root.json"), "receive.denyDeleteCurrent=ignore")
	run(t, y.git(dir, "push", "-q", s.dir, "main"))
	s.install(t, "pre-receive")
	return dir, s
}

// Repositories with ids of SHA-256 are judged as others are.
func TestSHA256(t *testing.T) {
	y := ours(t)
	dir, s := y.work(t, "sha256")
	expect := func(ref string, want bool, word string) {
		t.Helper()
		if words, ok := told(t, y.git(dir, "push", s.dir, ref)); ok != want || !strings.Contains(words, word) {
			t.Errorf("%s: accepted %t: %s", ref, ok, words)
		}
	}
	y.commit(t, dir, "carol", "good")
	expect("HEAD:main", true, "")
	y.commit(t, dir, "", "unsigned")
	expect("HEAD:main", false, "no signature")
	y.commit(t, dir, "carol", "on top")
	expect("HEAD:main", false, "no signature")
	expect("HEAD:refs/heads/topic", false, "no signature")
	expect("HEAD~2:refs/heads/topic", true, "")
	expect(":topic", true, "")
	expect(":main", false, "rewind")
}

// hugeEnv, set, makes the huge blob one of 2 GB.
const hugeEnv = "PUSHES_HUGE"

// A huge blob is no reason to read it: it is not what is judged.
func TestHugeBlob(t *testing.T) {
	size := "64M"
	if os.Getenv(hugeEnv) != "" {
		size = "2G"
	}
	y := ours(t)
	dir, s := y.work(t, "sha1")
	run(t, exec.Command("truncate", "-s", size, dir+"/zeros"))
	y.commit(t, dir, "carol", "huge")
	start := time.Now()
	run(t, y.git(dir, "push", "-q", s.dir, "HEAD:main"))
	fmt.Printf("a push with a blob of %s took %v\n", size, time.Since(start).Round(time.Millisecond))
	y.commit(t, dir, "", "unsigned")
	if words, ok := told(t, y.git(dir, "push", s.dir, "HEAD:main")); ok || !strings.Contains(words, "no signature") {
		t.Errorf("accepted %t: %s", ok, words)
	}
}
