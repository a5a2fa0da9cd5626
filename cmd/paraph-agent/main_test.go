package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build builds the program and returns its path.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paraph-agent")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// The program as it is installed: it tells its version, and for the rest that
// it is paraph's to call.
func TestProgram(t *testing.T) {
	path := build(t)
	out, err := exec.Command(path, "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "paraph-agent ") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%v, %q", err, out)
	}
	out, err = exec.Command(path, "sign").CombinedOutput()
	if err == nil || string(out) != "paraph-agent: it is started by paraph, there is nothing to call by hand but paraph-agent version\n" {
		t.Errorf("%v, %q", err, out)
	}
	// An older paraph is told so in the words of the protocol.
	out, err = exec.Command(path, "sign", "--client-version", "v0.0.1").Output()
	if err == nil || !strings.Contains(string(out), `"error":"paraph is version v0.0.1 and paraph-agent is `) {
		t.Errorf("%v, %q", err, out)
	}
}
