//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs are what the scripts can run: the test binary itself under these
// names. Files that need more programs add them from init.
var programs = map[string]func(){
	"paraph": func() { alone(); main() },
	"forge":  forge,
}

func TestMain(m *testing.M) { testscript.Main(m, programs) }

// noRaceSleep is for the environment of every program that a test runs: under
// the race detector a program sleeps a second before it ends, otherwise.
const noRaceSleep = "atexit_sleep_ms=0"

// alone takes the terminal of whoever runs the tests away from this process:
// words for the user belong on standard error here, where scripts see them.
// Scripts that have a terminal of their own set PARAPH_TEST_TERMINAL.
func alone() {
	if os.Getenv("PARAPH_TEST_TERMINAL") == "" {
		_, _ = syscall.Setsid()
	}
}
