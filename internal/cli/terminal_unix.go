//go:build !windows

package cli

// Where a user can be talked to, and answers, while git holds the streams.
const (
	terminalOut = "/dev/tty"
	terminalIn  = "/dev/tty"
)
