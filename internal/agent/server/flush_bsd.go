//go:build darwin || freebsd

package server

import "golang.org/x/sys/unix"

// flush forgets what was typed and not read (FREAD of sys/fcntl.h).
func flush(tty any) {
	control(tty, func(fd int) { _ = unix.IoctlSetPointerInt(fd, unix.TIOCFLUSH, 1) })
}
