package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminalTime is how long a test waits for words on its terminal.
const terminalTime = 3 * time.Minute

// A session is a command that runs at a terminal, while its streams are pipes
// as git's are.
type session struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	keyboard       *os.File

	mu   sync.Mutex
	said bytes.Buffer
}

// atTerminal starts a command in a session that has a terminal.
func (u *user) atTerminal(stdin, name string, args ...string) *session {
	u.t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		u.t.Fatal(err)
	}
	defer tty.Close()
	if name == "paraph" {
		name = filepath.Join(programs, name)
	}
	s := &session{t: u.t, cmd: exec.Command(name, args...), keyboard: master}
	u.prepare(s.cmd)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = strings.NewReader(stdin), &s.stdout, &s.stderr
	s.cmd.ExtraFiles = []*os.File{tty} // descriptor 3
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := s.cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // where the test ended early
		_ = master.Close()
	})
	go s.listen()
	return s
}

// listen keeps what is said, until nobody is there to say anything.
func (s *session) listen() {
	buf := make([]byte, 4096)
	for {
		n, err := s.keyboard.Read(buf)
		s.mu.Lock()
		s.said.Write(bytes.ReplaceAll(buf[:n], []byte("\r\n"), []byte("\n")))
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// screen is all that was said so far.
func (s *session) screen() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// await returns the screen once it has the words.
func (s *session) await(words string) string {
	s.t.Helper()
	for start := time.Now(); time.Since(start) < terminalTime; time.Sleep(20 * time.Millisecond) {
		if screen := s.screen(); strings.Contains(screen, words) {
			return screen
		}
	}
	s.t.Fatalf("the terminal never says %q:\n%s%s", words, s.screen(), s.stderr.String())
	return ""
}

// after is the first line on the screen that is indented, after the words.
func (s *session) after(words string) string {
	s.t.Helper()
	return indented(s.t, s.await(words), words)
}

// indented is the first line of a screen that is indented, after the words.
func indented(t *testing.T, screen, words string) string {
	t.Helper()
	_, rest, _ := strings.Cut(screen, words)
	_, rest, _ = strings.Cut(rest, "\n    ")
	line, _, ok := strings.Cut(rest, "\n")
	if !ok {
		t.Fatalf("nothing is shown after %q:\n%s", words, screen)
	}
	return line
}

// end waits for the command and returns its exit status.
func (s *session) end() int {
	s.t.Helper()
	done := make(chan struct{})
	go func() {
		_ = s.cmd.Wait() // the status says it
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(terminalTime):
		s.t.Fatalf("it does not end:\n%s", s.screen())
	}
	return s.cmd.ProcessState.ExitCode()
}
