//go:build linux || darwin || freebsd

package socket

import "golang.org/x/sys/unix"

// maxDescriptors is how many descriptors are looked at.
const maxDescriptors = 1 << 16

// keepEach is keepDescriptors, one by one.
func keepEach() {
	last := uint64(maxDescriptors)
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil {
		last = min(last, uint64(limit.Cur))
	}
	for fd := 3; uint64(fd) < last; fd++ {
		unix.CloseOnExec(fd)
	}
}
