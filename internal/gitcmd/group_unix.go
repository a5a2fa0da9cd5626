//go:build unix

package gitcmd

import (
	"os/exec"
	"syscall"
)

// ownGroup takes a child out of the terminal's process group: what it is about
// to finish is not ended by Ctrl-C.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
