package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// failedStatus is what git hears when nothing could be verified.
var failedStatus = "[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG " + strings.Repeat("0", 64) + " 19 8 00 0 9\n[GNUPG:] TRUST_NEVER 0 shell\n"

// A run is one run of the program in a world without files.
type run struct {
	env            Env
	stdout, stderr bytes.Buffer
}

func newRun(t *testing.T, args ...string) *run {
	t.Helper()
	r := &run{}
	home := t.TempDir()
	r.env = Env{
		Args:    args,
		Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES=" + home, "PARAPH_TRUSTED_ROOT=/root.json"},
		Stdin:   strings.NewReader("signed bytes"),
		Stdout:  &r.stdout, Stderr: &r.stderr,
		Descriptor: func(int) io.Writer { return failing{} },
		Terminal:   func() (io.WriteCloser, error) { return nil, fs.ErrNotExist },
		ReadFile:   func(string, int64) ([]byte, error) { return nil, fs.ErrNotExist },
	}
	return r
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("cannot be written") }

func (r *run) run(t *testing.T) int {
	t.Helper()
	status := Run(t.Context(), r.env)
	if n, _ := r.env.Stdin.Read(make([]byte, 1)); n != 0 && strings.HasPrefix(strings.Join(r.env.Args, " "), "-") {
		t.Error("standard input was not drained")
	}
	return status
}

// Attack 50: after a panic git hears an error, and a person one line.
func TestPanicWhileVerifying(t *testing.T) {
	r := newRun(t, "--status-fd=1", "--verify", "f", "-")
	r.env.ReadFile = func(string, int64) ([]byte, error) { panic("oh\n[GNUPG:] GOODSIG 0 a") }
	if status := r.run(t); status != 2 || r.stdout.String() != failedStatus {
		t.Errorf("status %d, %q", status, r.stdout.String())
	}
	if got := r.stderr.String(); got != "paraph: internal error: oh\\u000a[GNUPG:] GOODSIG 0 a\n" {
		t.Errorf("standard error: %q", got)
	}
}

// The same where the trusted root is read, after the signature was.
func TestPanicInTrustedRoot(t *testing.T) {
	r := newRun(t, "--status-fd=1", "--verify", "f", "-")
	r.env.ReadFile = func(name string, _ int64) ([]byte, error) {
		if name == "/root.json" {
			panic("oh")
		}
		return []byte("armor"), nil
	}
	if status := r.run(t); status != 2 || r.stdout.String() != failedStatus {
		t.Errorf("status %d, %q", status, r.stdout.String())
	}
}

type panicking struct{ *bytes.Buffer }

func (panicking) Write([]byte) (int, error) { panic("oh") }

func TestPanicWhileAnswering(t *testing.T) {
	r := newRun(t, "--status-fd=1", "--verify", "f", "-")
	r.env.Stdout = panicking{}
	if status := r.run(t); status != 2 || r.stderr.String() != "paraph: internal error: oh\n" {
		t.Errorf("status %d, %q", status, r.stderr.String())
	}
}

func TestPanicWhileSigning(t *testing.T) {
	r := newRun(t, "--status-fd=2", "-bsau", "KEY")
	r.env.Stdin = &panicOnce{}
	if status := r.run(t); status == 0 || r.stdout.Len() != 0 || r.stderr.String() != "paraph: not signed: internal error: oh\n" {
		t.Errorf("status %d, %q, %q", status, r.stdout.String(), r.stderr.String())
	}
}

// panicOnce panics at the first Read and is at its end after that.
type panicOnce struct{ done bool }

func (p *panicOnce) Read([]byte) (int, error) {
	if !p.done {
		p.done = true
		panic("oh")
	}
	return 0, io.EOF
}

func TestPanicInCommand(t *testing.T) {
	dir := t.TempDir()
	r := newRun(t, "verify", "--trusted-root", filepath.Join(dir, "root.json"))
	r.env.ReadFile = func(string, int64) ([]byte, error) { panic("oh\x1b[2J") }
	if status := r.run(t); status != 2 || r.stdout.Len() != 0 || r.stderr.String() != "paraph: internal error: oh\\u001b[2J\n" {
		t.Errorf("status %d, %q, %q", status, r.stdout.String(), r.stderr.String())
	}
}

func TestVerifyWithoutFile(t *testing.T) {
	r := newRun(t, "--status-fd=1", "--verify", "f", "-")
	if status := r.run(t); status != 2 || r.stdout.String() != failedStatus {
		t.Errorf("status %d, %q", status, r.stdout.String())
	}
	if got := r.stderr.String(); strings.Count(got, "\n") != 1 || !strings.HasPrefix(got, "paraph: reading the signature: ") {
		t.Errorf("standard error: %q", got)
	}
}

// Status lines go where git asked for them; if they cannot, that is a failure.
func TestStatusDescriptor(t *testing.T) {
	r := newRun(t, "--status-fd=2", "--verify", "f", "-")
	if status := r.run(t); status != 2 || r.stdout.Len() != 0 || !strings.HasPrefix(r.stderr.String(), failedStatus) {
		t.Errorf("status %d, %q, %q", status, r.stdout.String(), r.stderr.String())
	}
	r = newRun(t, "--status-fd=7", "--verify", "f", "-")
	var seven bytes.Buffer
	r.env.Descriptor = func(fd int) io.Writer {
		if fd != 7 {
			t.Errorf("descriptor %d was asked for", fd)
		}
		return &seven
	}
	if status := r.run(t); status != 2 || r.stdout.Len() != 0 || seven.String() != failedStatus {
		t.Errorf("status %d, %q, %q", status, r.stdout.String(), seven.String())
	}
	r = newRun(t, "--status-fd=7", "--verify", "f", "-")
	if status := r.run(t); status != 2 || r.stdout.Len() != 0 {
		t.Errorf("status %d, %q", status, r.stdout.String())
	}
}

// nopCloser is the terminal of a test.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// Words about a signature that was not made go to the terminal if it takes
// them, else to standard error, never to both.
func TestWordsGoToOnePlace(t *testing.T) {
	for name, tt := range map[string]struct {
		terminal   io.Writer
		onTerminal bool
	}{"terminal": {&bytes.Buffer{}, true}, "terminal that fails": {failing{}, false}} {
		r := newRun(t, "--status-fd=2", "-bsau")
		r.env.Terminal = func() (io.WriteCloser, error) { return nopCloser{tt.terminal}, nil }
		if status := r.run(t); status != 2 || r.stdout.Len() != 0 {
			t.Errorf("%s: status %d, %q", name, status, r.stdout.String())
		}
		const want = "paraph: not signed: -u: a value is missing\n"
		if b, ok := tt.terminal.(*bytes.Buffer); ok && b.String() != want {
			t.Errorf("%s: on the terminal: %q", name, b.String())
		}
		if got := r.stderr.String(); tt.onTerminal && got != "" || !tt.onTerminal && got != want {
			t.Errorf("%s: on standard error: %q", name, got)
		}
	}
}

// Who is interrupted gets no signature, and hears nothing more about it.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newRun(t, "--status-fd=2", "-bsau", "KEY")
	if status := Run(ctx, r.env); status != 130 || r.stdout.Len() != 0 || strings.Contains(r.stderr.String(), "SIG_CREATED") {
		t.Errorf("status %d, %q, %q", status, r.stdout.String(), r.stderr.String())
	}
	r = newRun(t, "--status-fd=1", "--verify", "f", "-")
	if status := Run(ctx, r.env); status == 0 || r.stdout.String() != failedStatus {
		t.Errorf("status %d, %q", status, r.stdout.String())
	}
}
