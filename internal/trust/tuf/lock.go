package tuf

import (
	"context"
	"fmt"
	"os"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/paraph/paraph/internal/trust/store"
)

// lock waits until no other process works on the instance, but not longer than
// the context. The kernel holds the lock for the file that is open, so that
// none outlives its process; the empty file itself stays.
func lock(ctx context.Context, s store.Store, instance string) (unlock func(), err error) {
	path, err := s.LockFile(instance)
	if err != nil {
		return nil, err
	}
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
