/*
Paraph-agent is the part of paraph that holds keys and talks to services. It
is started by paraph, and by itself as the daemon that holds keys ("paraph-agent
run"). There is nothing to call by hand but "paraph-agent version".
*/
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/paraph/paraph/internal/agent/server"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/polite"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Ctrl-C comes from the terminal, and once more from paraph. A signal after
	// that ends what does not listen.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	self, _ := os.Executable() // without it no agent stays behind
	status := server.Run(ctx, server.Env{
		Args: os.Args[1:], Program: self, Environ: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Files: os.DirFS("/"), Terminal: server.OpenTerminal, System: login.ThisSystem(os.Environ()),
		Rand: rand.Reader, Now: time.Now, Sleep: polite.Sleep, Limits: server.DefaultLimits(),
	})
	stop()
	os.Exit(status)
}
