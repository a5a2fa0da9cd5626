// Command sigstore runs a whole Sigstore on loopback until it is told to stop
// or its parent ends. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/paraph/paraph/hack/sigstore/stack"
)

const (
	exitOK = iota
	exitFailed
	exitUsage
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run starts the stack, prints "ready" on stdout, and returns the exit status
// after a signal or the parent's end, which are no failures.
func run(args []string, stdout, stderr io.Writer) int {
	var o stack.Options
	flags := flag.NewFlagSet("sigstore", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Dir, "dir", "", "absolute `folder` for everything that is written; a new one")
	flags.BoolVar(&o.Rekor1, "rekor1", false, "run Rekor v1 with redis too, and let the signing config name it")
	flags.BoolVar(&o.AutoLogin, "auto-login", false, "the issuer logs everybody in without its form")
	flags.DurationVar(&o.CertLifetime, "cert-lifetime", 0, "`lifetime` of certificates (default Fulcio's: 10m)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK
		}
		return exitUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "sigstore: unexpected argument %q\n", flags.Arg(0))
		return exitUsage
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, orphaned := context.WithCancel(ctx)
	defer orphaned()
	go watchParents(ctx, orphaned)

	s, err := stack.Start(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return exitOK // told to stop before it was up
		}
		fmt.Fprintf(stderr, "sigstore: %v\n", err)
		return exitFailed
	}
	defer s.Close()
	fmt.Fprintln(stdout, "ready")
	<-ctx.Done()
	return exitOK
}
