//go:build linux || darwin || freebsd

package server

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// inFront reports whether this process may read from the terminal: one in the
// background would be stopped. What is no terminal of the system's is one of
// a test's, where nobody is behind.
func inFront(tty any) bool {
	front := true
	control(tty, func(fd int) {
		group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
		front = err == nil && group == unix.Getpgrp()
	})
	return front
}

// control calls f with the descriptor, if there is one.
func control(file any, f func(fd int)) {
	c, ok := file.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
}
