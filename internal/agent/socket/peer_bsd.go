//go:build darwin || freebsd

package socket

import "golang.org/x/sys/unix"

// peerOf is the user at the other end (unix(4), LOCAL_PEERCRED). The level of
// that option is 0, SOL_LOCAL.
func peerOf(fd int) (int, error) {
	cred, err := unix.GetsockoptXucred(fd, 0, unix.LOCAL_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
