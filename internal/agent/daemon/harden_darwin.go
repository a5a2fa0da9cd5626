package daemon

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps other processes of the user out of this one's memory: there are
// no core dumps and no debuggers (ptrace(2), PT_DENY_ATTACH).
func Harden() error {
	if err := unix.PtraceDenyAttach(); err != nil {
		return fmt.Errorf("keeping debuggers out: %w", err)
	}
	return noCore()
}

// keepFromDumps has nothing to do: there are no core dumps.
func keepFromDumps([]byte) {}
