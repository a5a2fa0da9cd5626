package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the built program.
var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "paraph-agent")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "paraph-agent")
		if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v\n%s", err, out))
		}
		return m.Run()
	}())
}

// The program as it is installed: it tells its version, and for the rest that
// it is paraph's to call.
func TestProgram(t *testing.T) {
	out, err := exec.Command(program, "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "paraph-agent ") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%v, %q", err, out)
	}
	out, err = exec.Command(program, "sign").CombinedOutput()
	if err == nil || string(out) != "paraph-agent: it is started by paraph, there is nothing to call by hand but paraph-agent version\n" {
		t.Errorf("%v, %q", err, out)
	}
	// An older paraph is told so in the words of the protocol.
	out, err = exec.Command(program, "sign", "--client-version", "v0.0.1").Output()
	if err == nil || !strings.Contains(string(out), `"error":"paraph is version v0.0.1 and paraph-agent is `) {
		t.Errorf("%v, %q", err, out)
	}
}
