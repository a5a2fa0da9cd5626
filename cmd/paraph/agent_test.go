//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"testing/fstest"
	"time"

	"github.com/paraph/paraph/internal/agent/server"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/polite"
)

func init() { programs["paraph-agent"] = runAgent }

// runAgent is cmd/paraph-agent's main. A script in which a service stalls names
// it in PARAPH_TEST_IMPATIENT, so that the tests do not stall with it; the
// others keep the patience that a busy machine needs.
func runAgent() {
	limits := server.DefaultLimits()
	switch short := 300 * time.Millisecond; os.Getenv("PARAPH_TEST_IMPATIENT") {
	case "fulcio":
		limits.Fulcio = short
	case "rekor1", "rekor2":
		limits.Rekor = short
	case "tsa":
		limits.TSA = short
	}
	self, _ := exec.LookPath(os.Args[0]) // under the agent's name, which this program goes by
	os.Exit(server.Run(context.Background(), server.Env{
		Args: os.Args[1:], Program: self, Environ: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		// Whatever machine the tests run on.
		Files: fstest.MapFS{}, System: login.System{OS: "linux", Files: fstest.MapFS{}, Environ: os.Environ(), Find: exec.LookPath},
		Terminal: server.OpenTerminal,
		Rand:     rand.Reader, Now: time.Now, Sleep: polite.Sleep, Limits: limits,
	}))
}
