//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/version"
)

// place makes a folder for an agent, and ends the agent after the test.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a", socket.LocalName)
	t.Cleanup(func() {
		if c, err := socket.Dial(context.Background(), path); err == nil {
			if err := c.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
		os.RemoveAll(dir)
	})
	return path
}

// started starts an agent and calls it.
func started(t *testing.T, path string) *socket.Client {
	t.Helper()
	if err := socket.Start(t.Context(), program, path, os.Environ(), false); err != nil {
		t.Fatal(err)
	}
	c, err := socket.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Of Ctrl-C the agent hears from the terminal and from paraph; what does not
// listen is ended by the next one.
func TestSignalsComeTwice(t *testing.T) {
	cmd := exec.Command(program, "sign", "--client-version", version.String())
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	interrupted := func(patience time.Duration) bool {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
			return true
		case <-time.After(patience):
			return false
		}
	}
	time.Sleep(300 * time.Millisecond) // for it to listen
	if interrupted(100*time.Millisecond) || interrupted(2*time.Second) {
		t.Error("it ended at once")
	}
	if !interrupted(10 * time.Second) {
		_ = cmd.Process.Kill()
		t.Error("it does not end")
	}
}

// Twenty start an agent at once, and all talk to the same one.
func TestRunRace(t *testing.T) {
	path := place(t)
	var mu sync.Mutex
	seen := make(map[int]bool)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := socket.Start(t.Context(), program, path, os.Environ(), false); err != nil {
				t.Error(err)
				return
			}
			c, err := socket.Dial(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			mu.Lock()
			defer mu.Unlock()
			seen[c.Status().PID] = true
		})
	}
	all.Wait()
	if len(seen) != 1 {
		t.Errorf("%d agents: %v", len(seen), seen)
	}
}

// What outlives its starter has nothing of it: it leads its session, is in no
// folder and holds no descriptor, not even one that the starter got itself.
func TestRunIsDetached(t *testing.T) {
	inherited, err := syscall.Open(os.DevNull, syscall.O_RDONLY, 0) // without O_CLOEXEC
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	t.Setenv("PARAPH_ID_TOKEN", "s3cret")
	pid := started(t, place(t)).Status().PID
	proc := fmt.Sprintf("/proc/%d/", pid)
	stat, err := os.ReadFile(proc + "stat")
	if err != nil {
		t.Fatal(err)
	}
	// proc(5): after the name come state, ppid, pgrp, session, tty_nr.
	f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if f[3] != strconv.Itoa(pid) || f[4] != "0" {
		t.Errorf("session %s, terminal %s, want %d and 0", f[3], f[4], pid)
	}
	if cwd, err := os.Readlink(proc + "cwd"); err != nil || cwd != "/" {
		t.Errorf("it is in %q: %v", cwd, err)
	}
	if env, err := os.ReadFile(proc + "environ"); err != nil || strings.Contains(string(env), "s3cret") {
		t.Errorf("its environment: %q, %v", env, err)
	}
	fds, err := os.ReadDir(proc + "fd")
	if err != nil || len(fds) < 4 {
		t.Fatalf("%v, %v", fds, err)
	}
	for _, fd := range fds {
		to, err := os.Readlink(proc + "fd/" + fd.Name())
		if err != nil {
			continue // a connection that ended
		}
		n, _ := strconv.Atoi(fd.Name())
		// Go's runtime looks at its cgroup.
		own := strings.HasPrefix(to, "/sys/fs/cgroup/") || strings.HasPrefix(to, "socket:") || strings.HasPrefix(to, "anon_inode:") || strings.HasSuffix(to, "/"+socket.LockName)
		if n <= 2 && to != os.DevNull || n > 2 && !own {
			t.Errorf("descriptor %d is %s", n, to)
		}
	}
}

// Other processes of the user, too, are kept out: there is no core dump, and
// /proc says that ptrace is not for them.
func TestRunIsHardened(t *testing.T) {
	c := started(t, place(t))
	proc := fmt.Sprintf("/proc/%d/", c.Status().PID)
	limits, err := os.ReadFile(proc + "limits")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			f := strings.Fields(rest)
			found = f[0] == "0" && f[1] == "0"
		}
	}
	if !found {
		t.Errorf("core dumps are on:\n%s", limits)
	}
}

// As every user's agent, nobody's keeps out root, who can open its socket, and
// nobody's own other processes, who cannot look into it.
func TestRunAsAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can start another user's agent")
	}
	path, pid := nobodys(t)
	if c, err := socket.Dial(t.Context(), path); c != nil || !errors.Is(err, socket.ErrFolder) {
		t.Errorf("the client calls another user's agent: %v", err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := socket.CheckPeer(conn.(*net.UnixConn)); err == nil || !strings.Contains(err.Error(), "is user 65534, not you") {
		t.Errorf("the client does not see who listens: %v", err)
	}
	_, _ = conn.Write([]byte(`{"version":1,"do":"status"}` + "\n"))
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := conn.Read(make([]byte, 1)); n != 0 || os.IsTimeout(err) {
		t.Errorf("another user is answered: %d bytes, %v", n, err)
	}
	// A process that is not dumpable belongs to root (proc(5)).
	for _, file := range []string{"maps", "mem", "environ", "fd"} {
		look := exec.Command("ls", "-l", fmt.Sprintf("/proc/%d/%s", pid, file))
		if file != "fd" {
			look = exec.Command("head", "-c1", fmt.Sprintf("/proc/%d/%s", pid, file))
		}
		look.SysProcAttr = &syscall.SysProcAttr{Credential: nobody()}
		if out, err := look.CombinedOutput(); err == nil || !strings.Contains(string(out), "Permission denied") {
			t.Errorf("%s: the user's other processes read it: %q, %v", file, out, err)
		}
	}
}

func nobody() *syscall.Credential { return &syscall.Credential{Uid: 65534, Gid: 65534} }

// nobodys runs an agent as the user nobody.
func nobodys(t *testing.T) (path string, pid int) {
	t.Helper()
	dir, err := os.MkdirTemp("", "nobody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, "paraph-agent")
	syscall.ForkLock.RLock() // or a test beside this one inherits the open file
	err = errors.Join(os.WriteFile(own, binary, 0o755), os.Chown(dir, 65534, 65534))
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "a", socket.LocalName)
	cmd := exec.Command(own, "run", "--wait", "--socket", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: nobody()}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if conn, err := net.Dial("unix", path); err == nil {
			_ = conn.Close()
			return path, cmd.Process.Pid
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatal("it does not listen")
		}
	}
}

// An agent that was killed leaves a socket, which the next one replaces; an
// agent whose socket was deleted makes room.
func TestRunAgain(t *testing.T) {
	path := place(t)
	first := started(t, path).Status().PID
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, first)
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("a killed agent removed its socket: %v", err)
	}
	if _, err := socket.Dial(t.Context(), path); !errors.Is(err, socket.ErrNone) {
		t.Errorf("a stale socket: %v", err)
	}
	second := started(t, path).Status().PID
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	third := started(t, path).Status().PID
	if first == second || second == third {
		t.Errorf("%d, %d, %d", first, second, third)
	}
	gone(t, second)
}

// gone waits for a process to end.
func gone(t *testing.T, pid int) {
	t.Helper()
	for begin := time.Now(); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// What is in the agent's place and not its own is left there, and said.
func TestRunPlace(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(dir string) error
		want string
	}{
		"open folder":        {func(dir string) error { return os.Chmod(dir, 0o755) }, "is open to others"},
		"file":               {func(dir string) error { return os.WriteFile(dir+"/agent.sock", nil, 0o600) }, "is something else"},
		"link":               {func(dir string) error { return os.Symlink("/etc/passwd", dir+"/agent.sock") }, "is something else"},
		"link at the remote": {func(dir string) error { return os.Symlink("/etc/passwd", dir+"/remote.sock") }, "is something else"},
		"linked lock":        {func(dir string) error { return os.Symlink(dir+"/x", dir+"/agent.lock") }, "too many levels of symbolic links"},
		"pipe for a lock":    {func(dir string) error { return syscall.Mkfifo(dir+"/agent.lock", 0o600) }, "is no file"},
	} {
		path := place(t)
		dir := filepath.Dir(path)
		if err := errors.Join(os.Mkdir(dir, 0o700), tt.make(dir)); err != nil {
			t.Fatal(err)
		}
		err := socket.Start(t.Context(), program, path, os.Environ(), false)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want ...%s...", name, err, tt.want)
		}
		if _, err := os.Lstat(dir + "/x"); err == nil {
			t.Errorf("%s: it followed the link", name)
		}
	}
	if err := socket.Start(t.Context(), "/nothing/here", place(t), nil, false); err == nil {
		t.Error("a program that is not there started")
	}
}

// A signal ends it, its sockets go with it, and a second one gives way.
func TestRunByHand(t *testing.T) {
	path := place(t)
	cmd := exec.Command(program, "run", "--wait", "--socket", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if c, err := socket.Dial(t.Context(), path); err == nil {
			_ = c.Close()
			break
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatal("it does not listen")
		}
	}
	if out, err := exec.Command(program, "run", "--socket", path).CombinedOutput(); err == nil || string(out) != "paraph-agent: another agent is running\n" {
		t.Errorf("a second one: %q, %v", out, err)
	}
	if out, err := exec.Command(program, "run", "--detached", "--socket", path).CombinedOutput(); err != nil || len(out) != 0 {
		t.Errorf("a second one that is only to be there: %q, %v", out, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, name := range []string{socket.LocalName, socket.RemoteName} {
		if _, err := os.Lstat(filepath.Join(filepath.Dir(path), name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
