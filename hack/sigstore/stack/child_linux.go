package stack

import (
	"os/exec"
	"syscall"
)

// dieWithParent makes the kernel kill the child when its parent is gone.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
