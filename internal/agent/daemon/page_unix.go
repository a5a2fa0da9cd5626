//go:build linux || darwin || freebsd

package daemon

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// newPage returns memory of its own, in whole pages, which Go's collector
// neither moves nor copies. What the system refuses beyond that is not fatal:
// locked tells.
func newPage(size int) (page []byte, locked bool, err error) {
	unit := os.Getpagesize()
	page, err = unix.Mmap(-1, 0, (size+unit-1)/unit*unit, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, false, fmt.Errorf("memory for a secret: %w", err)
	}
	keepFromDumps(page)
	return page, unix.Mlock(page) == nil, nil
}

// freePage gives memory back, which takes the lock off it.
func freePage(page []byte) { _ = unix.Munmap(page) }
