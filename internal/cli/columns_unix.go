//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cli

import (
	"os"
	"syscall"
	"unsafe"
)

// columns is how wide a file is, if it is a terminal; one that does not know
// is 0 wide. Package x/sys/unix would do the same, and initialise in every run.
func columns(f *os.File) (width int, is bool) {
	var size struct{ rows, columns, x, y uint16 } // struct winsize, tty_ioctl(4)
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	return int(size.columns), errno == 0
}
