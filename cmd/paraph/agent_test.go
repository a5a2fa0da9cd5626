//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"os"
	"time"

	"github.com/paraph/paraph/internal/agent/server"
)

func init() { programs["paraph-agent"] = runAgent }

// runAgent is cmd/paraph-agent's main with less patience, so that services
// that stall do not stall the tests.
func runAgent() {
	short := 600 * time.Millisecond
	os.Exit(server.Run(context.Background(), server.Env{
		Args: os.Args[1:], Environ: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Rand: rand.Reader, Now: time.Now,
		Limits: server.Limits{Fulcio: short, Rekor: short, TSA: short, Whole: 5 * time.Second},
	}))
}
