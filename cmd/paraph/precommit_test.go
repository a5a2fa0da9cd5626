//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() { scriptCommands["manifest"] = manifest }

// manifest DIR makes DIR a repository with the hooks that this one has for
// pre-commit, tagged v0.0.0. A pre-commit before 3.2 calls their stage push, and is
// given that.
func manifest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: manifest DIR")
	}
	hooks, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	ts.Check(err)
	out, err := exec.Command("pre-commit", "--version").Output()
	ts.Check(err)
	var major, minor int
	_, err = fmt.Sscanf(string(out), "pre-commit %d.%d", &major, &minor)
	ts.Check(err)
	text := string(hooks)
	if major < 3 || major == 3 && minor < 2 {
		ts.Logf("%s: stage push instead of pre-push", strings.TrimSpace(string(out)))
		text = strings.NewReplacer("[pre-push]", "[push]", "  minimum_pre_commit_version: 3.2.0\n", "").Replace(text)
	}
	dir := ts.MkAbs(args[0])
	ts.Check(errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, ".pre-commit-hooks.yaml"), []byte(text), 0o600)))
	for _, command := range []string{"init -q", "add .", "commit -q -m hooks", "tag v0.0.0"} {
		ts.Check(ts.Exec("git", append([]string{"-C", dir}, strings.Fields(command)...)...))
	}
}
