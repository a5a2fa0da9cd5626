// Package filelock has one process at a time at something that several share.
package filelock

import (
	"context"
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Lock waits until nobody else, in this process or another, holds the lock of
// the file at path, but not longer than the context. The kernel holds the lock
// for the file that is open, so that none outlives its process; the empty file
// itself stays.
func Lock(ctx context.Context, path string) (unlock func(), err error) {
	type result struct {
		file *lockedfile.File
		err  error
	}
	done := make(chan result, 1)
	go func() {
		f, err := lockedfile.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		done <- result{f, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, r.err
		}
		return func() { _ = r.file.Close() }, nil
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				_ = r.file.Close()
			}
		}()
		return nil, fmt.Errorf("another paraph-agent is at it: %w", ctx.Err())
	}
}
