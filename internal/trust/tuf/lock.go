package tuf

import (
	"context"

	"github.com/paraph/paraph/internal/filelock"
	"github.com/paraph/paraph/internal/trust/store"
)

// lock waits until no other process works on the instance, but not longer than
// the context.
func lock(ctx context.Context, s store.Store, instance string) (unlock func(), err error) {
	path, err := s.LockFile(instance)
	if err != nil {
		return nil, err
	}
	return filelock.Lock(ctx, path)
}
