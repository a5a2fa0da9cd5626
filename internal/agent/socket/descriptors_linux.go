package socket

import "golang.org/x/sys/unix"

// keepDescriptors keeps every descriptor of this process from those that it
// starts: Go does so with its own, but not with what it was itself started
// with.
func keepDescriptors() {
	if unix.CloseRange(3, 1<<31-1, unix.CLOSE_RANGE_CLOEXEC) != nil { // Linux 5.11
		keepEach()
	}
}
