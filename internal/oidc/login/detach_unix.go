//go:build unix

package login

import (
	"os/exec"
	"syscall"
)

func detach(cmd *exec.Cmd) {
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Setsid: true}
}
