package daemon

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Harden keeps other processes of the user out of this one's memory: there are
// no core dumps, and ptrace and /proc/PID/mem are root's alone (prctl(2),
// PR_SET_DUMPABLE).
func Harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("keeping other processes out: %w", err)
	}
	return noCore()
}

// keepFromDumps keeps memory out of core dumps.
func keepFromDumps(page []byte) { _ = unix.Madvise(page, unix.MADV_DONTDUMP) }

// Detach lets go of standard error, which was the starter's.
func Detach() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	return unix.Dup3(int(null.Fd()), unix.Stderr, 0)
}
