//go:build linux || darwin || freebsd

package daemon

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// noCore has a crash leave no image of the process.
func noCore() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("turning core dumps off: %w", err)
	}
	return nil
}
