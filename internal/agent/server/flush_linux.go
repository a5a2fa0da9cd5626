package server

import "golang.org/x/sys/unix"

// flush forgets what was typed and not read.
func flush(tty any) {
	control(tty, func(fd int) { _ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) })
}
