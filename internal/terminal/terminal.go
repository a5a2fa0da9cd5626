// Package terminal talks to whoever sits at the terminal. git holds the
// streams of what it calls, so this is the only place where a word of ours is
// seen, and an answer comes from.
package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/paraph/paraph/internal/report"
)

// maxLine bounds what somebody types or pastes, in bytes.
const maxLine = 16 << 10

// Say writes lines, escaped. Nobody is there to hear that it failed.
func Say(w io.Writer, lines ...string) {
	for _, line := range lines {
		fmt.Fprintln(w, report.Escape(line))
	}
}

// ReadLine reads a line, no longer than ctx. A read of a terminal cannot be
// given up: it ends with the program.
func ReadLine(ctx context.Context, r io.Reader) (string, error) {
	type read struct {
		line string
		err  error
	}
	done := make(chan read, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(r, maxLine)).ReadString('\n')
		if line != "" {
			err = nil // a last line without an end
		}
		done <- read{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-done:
		return got.line, got.err
	}
}
