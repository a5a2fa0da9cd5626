//go:build unix

package main

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A fresh program with an empty home, and without a network where the system
// lets the test take it away, verifies what was signed with the public
// instance.
func TestBuiltInRoot(t *testing.T) {
	corpus := os.Getenv("PARAPH_CORPUS")
	if corpus == "" {
		t.Skip("PARAPH_CORPUS is not set: no real signatures to verify")
	}
	f, err := os.Open(filepath.Join(corpus, "objects.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tsv := csv.NewReader(f)
	tsv.Comma = '\t'
	rows, err := tsv.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
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
	for _, row := range rows[1:] {
		id, typ, expect := row[0], row[1], row[4]
		if expect != "good" {
			continue
		}
		write := git("hash-object", "-t", typ, "-w", filepath.Join(corpus, "objects", id+"."+typ))
		if out, err := write.CombinedOutput(); err != nil {
			t.Fatalf("git hash-object: %v\n%s", err, out)
		}
		args = append(args, id)
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
