/*
Paraph signs git commits without keys, and makes sure that everybody did.

git calls it for x509 signatures:

	git config --global gpg.format x509
	git config --global gpg.x509.program paraph

People call its commands; "paraph help" lists them. The program beside it,
paraph-agent, does all that holds a key or talks to a service: paraph itself
cannot reach the network.
*/
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/paraph/paraph/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not listen
	status := cli.Run(ctx, cli.System())
	stop()
	os.Exit(status)
}
