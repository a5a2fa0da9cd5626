package daemon

import "golang.org/x/sys/unix"

// Harden turns core dumps off. Whether processes of one user may debug each
// other is the system's to say (security.bsd.unprivileged_proc_debug).
func Harden() error { return noCore() }

// keepFromDumps keeps memory out of core dumps.
func keepFromDumps(page []byte) { _ = unix.Madvise(page, unix.MADV_NOCORE) }
