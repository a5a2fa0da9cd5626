//go:build darwin || freebsd

package daemon

import (
	"os"

	"golang.org/x/sys/unix"
)

// Detach lets go of standard error, which was the starter's.
func Detach() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	return unix.Dup2(int(null.Fd()), 2)
}
