//go:build !unix

package gitcmd

import "os/exec"

// ownGroup does nothing here: see the one for unix.
func ownGroup(*exec.Cmd) {}
