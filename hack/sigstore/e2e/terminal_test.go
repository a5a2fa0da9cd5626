package e2e

import (
	"bytes"
	"fmt"
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
	heard          chan struct{} // closed when nobody is left to say anything

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
	s := &session{t: u.t, cmd: exec.Command(name, args...), keyboard: master, heard: make(chan struct{})}
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
	defer close(s.heard)
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

// await returns once the screen has the words.
func (s *session) await(words string) {
	s.t.Helper()
	s.awaitThat(fmt.Sprintf("%q", words), func(screen string) bool { return strings.Contains(screen, words) })
}

// awaitThat returns once the screen is as it should be.
func (s *session) awaitThat(what string, ok func(screen string) bool) {
	s.t.Helper()
	for start := time.Now(); !ok(s.screen()); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > terminalTime {
			s.t.Fatalf("the terminal never says %s:\n%s%s", what, s.screen(), s.stderr.String())
		}
	}
}

// after is the first line on the screen that is indented, after all of the
// words, once the whole of it is there.
func (s *session) after(words ...string) (line string) {
	s.t.Helper()
	s.awaitThat(fmt.Sprintf("an indented line after %q", words), func(screen string) bool {
		ok := true
		for _, w := range append(words, "\n    ") {
			if _, screen, ok = strings.Cut(screen, w); !ok {
				return false
			}
		}
		line, _, ok = strings.Cut(screen, "\n")
		return ok
	})
	return line
}

// lastWords is how long they may take to arrive, when the command has ended and
// something else still has the terminal.
const lastWords = 5 * time.Second

// end waits for the command, and for what it said last, and returns its exit
// status.
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
	select {
	case <-s.heard:
	case <-time.After(lastWords):
	}
	return s.cmd.ProcessState.ExitCode()
}

// What is on the screen so far may be half of what is said.
func TestAfter(t *testing.T) {
	s := &session{t: t}
	s.said.WriteString("paraph: open this page\n    https://before.example\nagain, open this page")
	go func() {
		for _, more := range []string{"\n", "    https://", "issuer.example\n", "more\n"} {
			time.Sleep(50 * time.Millisecond)
			s.mu.Lock()
			s.said.WriteString(more)
			s.mu.Unlock()
		}
	}()
	if got := s.after("again", "open this page"); got != "https://issuer.example" {
		t.Errorf("%q", got)
	}
}
