package main

import (
	"context"
	"os"
	"runtime/pprof"

	"github.com/paraph/paraph/internal/cli"
)

func main() {
	f, _ := os.Create("/tmp/cpu.prof")
	pprof.StartCPUProfile(f)
	s := cli.Run(context.Background(), cli.System())
	pprof.StopCPUProfile()
	os.Exit(s)
}
