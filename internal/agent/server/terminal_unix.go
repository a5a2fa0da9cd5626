//go:build unix

package server

import (
	"io"
	"os"
)

// OpenTerminal opens the terminal of the session that git runs in.
func OpenTerminal() (io.ReadWriteCloser, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }
