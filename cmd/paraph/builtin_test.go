//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
)

// A fresh program with an empty home, and without a network where the system
// lets the test take it away, verifies what was signed with the public
// instance.
func TestBuiltInRoot(t *testing.T) {
	objects, _ := testpki.Corpus(t)
	dir := t.TempDir()
	env := []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	git := func(args ...string) *exec.Cmd {
		cmd := exec.Command("git", args...)
		cmd.Dir, cmd.Env = dir, env
		return cmd
	}
	if out, err := git("init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("git init: %v\n%s", err, out)
	}
	args := []string{"verify", "--any-signer", "--format", "json"}
	for _, o := range objects {
		if o.Expect != "good" {
			continue
		}
		write := git("hash-object", "-t", o.Type, "-w", "--stdin")
		write.Stdin = bytes.NewReader(o.Raw)
		if out, err := write.CombinedOutput(); err != nil {
			t.Fatalf("git hash-object: %v\n%s", err, out)
		}
		args = append(args, o.ID)
	}
	paraph, err := exec.LookPath("paraph") // testscript put it there
	if err != nil {
		t.Fatal(err)
	}
	name := paraph
	if exec.Command("unshare", "-rn", "true").Run() == nil {
		name, args = "unshare", append([]string{"-rn", paraph}, args...)
	} else {
		t.Log("unshare -rn does not work here: the network was left in place")
	}
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), `"verdict": "valid"`); n != 21 {
		t.Errorf("%d are valid, want 21:\n%s", n, out)
	}
}
