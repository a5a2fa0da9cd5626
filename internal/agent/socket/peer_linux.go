package socket

import "golang.org/x/sys/unix"

// peerOf is the user at the other end: of the one who listens, when he began
// to (unix(7), SO_PEERCRED).
func peerOf(fd int) (int, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
