package cli

import (
	"os"
	"syscall"
)

// virtualTerminal is ENABLE_VIRTUAL_TERMINAL_PROCESSING.
const virtualTerminal = 4

// columns reports whether a file is a console that obeys escape sequences. How
// wide it is, is not asked.
func columns(f *os.File) (width int, is bool) {
	var mode uint32
	err := syscall.GetConsoleMode(syscall.Handle(f.Fd()), &mode)
	return 0, err == nil && mode&virtualTerminal != 0
}
