package stack

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// A child is a server in a process of its own.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process is gone
}

// startChild starts a program whose output goes to log/name.log. It is killed
// by Close, and by the kernel if this process dies without Close.
func (s *Stack) startChild(name string, env []string, program string, args ...string) (*child, error) {
	log, err := os.OpenFile(s.path(logDir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, privateFile)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own descriptor
	c := &child{cmd: exec.Command(program, args...), done: make(chan struct{})}
	c.cmd.Dir = s.path(stateDir)
	c.cmd.Env = env
	c.cmd.Stdout, c.cmd.Stderr = log, log
	dieWithParent(c.cmd)

	failed := make(chan error, 1)
	go func() {
		// prctl(2): the "parent" whose death PR_SET_PDEATHSIG waits for is the
		// thread that started the child. This one lives until the child ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.cmd.Start()
		failed <- err
		if err == nil {
			_ = c.cmd.Wait()
		}
		close(c.done)
	}()
	if err := <-failed; err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.onClose(func() {
		_ = c.cmd.Process.Kill() // nothing it has is worth saving
		<-c.done
	})
	return c, nil
}
