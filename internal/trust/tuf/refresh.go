package tuf

import (
	"context"
	"os"
	"time"

	"github.com/paraph/paraph/internal/trust/store"
)

// When an update is tried that nobody asked for.
const (
	maxAge   = 24 * time.Hour   // of what is in hand
	tryAgain = 10 * time.Minute // after an update that failed
)

// Refresh brings an instance up to date that was last checked more than a day
// ago. Where that failed a moment ago it is not tried again: whoever signs is
// waiting. An error is no reason not to go on with what is in hand.
func (u Updater) Refresh(ctx context.Context, i *store.Instance, fetch Fetcher) error {
	now := u.Now()
	c, err := u.Store.Load(i)
	if err == nil && within(now, c.Checked, maxAge) {
		return nil
	}
	path, lockErr := u.Store.LockFile(i.Name)
	if lockErr != nil {
		return lockErr
	}
	if info, statErr := os.Lstat(path); err == nil && statErr == nil && within(now, info.ModTime(), tryAgain) {
		return nil
	}
	if _, err = u.Update(ctx, i, fetch); err != nil {
		_ = os.Chtimes(path, now, now) // the lock's own time is that of the last failure
	}
	return err
}

// within reports whether t is at most d before now. What lies in the future
// tells nothing.
func within(now, t time.Time, d time.Duration) bool {
	age := now.Sub(t)
	return age >= 0 && age <= d
}
