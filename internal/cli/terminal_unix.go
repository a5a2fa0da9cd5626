//go:build !windows

package cli

// terminal is where a user can be talked to while git holds the streams.
const terminal = "/dev/tty"
