//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
)

// A process is paraph as git starts it: a home of its own, no terminal.
type process struct {
	*exec.Cmd
	stderr bytes.Buffer
}

// payloadText begins a commit that can be signed.
const payloadText = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
	"author Alice <alice@example.com> 1777896000 +0000\n" +
	"committer Alice <alice@example.com> 1777896000 +0000\n\nsigned\n"

// newSigner starts an instance and returns what runs paraph as a signer there.
func newSigner(t *testing.T) (func(args ...string) *process, *testpki.Servers) {
	t.Helper()
	p := testpki.New(testpki.RealClock())
	s := p.Serve(t)
	home := t.TempDir()
	for name, data := range map[string][]byte{"root.json": p.TrustedRoot(), "signing.json": p.SigningConfig(s.URLs, 1)} {
		if err := os.WriteFile(filepath.Join(home, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(args ...string) *process {
		r := &process{Cmd: exec.Command("paraph", args...)}
		r.Dir, r.Stderr = home, &r.stderr
		r.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GORACE=" + noRaceSleep,
			"PARAPH_AGENT=false", "PARAPH_TRUSTED_ROOT=" + filepath.Join(home, "root.json"),
			"PARAPH_SIGNING_CONFIG=" + filepath.Join(home, "signing.json"),
			"PARAPH_ID_TOKEN=" + p.IDToken(nil),
		}
		return r
	}, s
}

// A signature that cannot be written is no signature, though it was made:
// git makes an unsigned commit of SIG_CREATED without one (rule 9).
func TestSignatureCannotBeWritten(t *testing.T) {
	paraph, _ := newSigner(t)
	run := func(t *testing.T, r *process) {
		t.Helper()
		r.Stdin = strings.NewReader(payloadText)
		if err := r.Run(); err == nil {
			t.Error("exit status 0")
		}
		if strings.Contains(r.stderr.String(), "SIG_CREATED") {
			t.Errorf("standard error: %s", r.stderr.String())
		}
	}
	sign := []string{"--status-fd=2", "-bsau", "KEY"}
	t.Run("full", func(t *testing.T) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("this system has no /dev/full:", err)
		}
		defer full.Close()
		r := paraph(sign...)
		r.Stdout = full
		run(t, r)
		if !strings.Contains(r.stderr.String(), "paraph: not signed: writing the signature: ") {
			t.Errorf("standard error: %s", r.stderr.String())
		}
	})
	t.Run("nobody reads", func(t *testing.T) {
		out, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out.Close()
		defer in.Close()
		r := paraph(sign...)
		r.Stdout = in
		run(t, r)
	})
	t.Run("closed", func(t *testing.T) {
		// A program written in Go finds the null device there.
		r := paraph()
		r.Path, r.Args = "/bin/sh", []string{"sh", "-c", `exec paraph "$@" >&-`, "sh"}
		r.Args = append(r.Args, sign...)
		run(t, r)
	})
	t.Run("status", func(t *testing.T) {
		var stdout bytes.Buffer
		r := paraph("--status-fd=9", "-bsau", "KEY")
		r.Stdout = &stdout
		run(t, r)
	})
}

// Whatever fails early, all of standard input is read: git takes a broken
// pipe for a failure of its own, whatever the program says (rule 8).
func TestStandardInputIsDrained(t *testing.T) {
	paraph, _ := newSigner(t)
	payload := []byte(payloadText + strings.Repeat(strings.Repeat("x", 79)+"\n", 100_000)) // 8 MB
	for name, tt := range map[string]struct {
		args []string
		env  string
	}{
		"sign, unknown flag":         {[]string{"--status-fd=2", "--bogus", "-bsau", "KEY"}, ""},
		"sign, no token":             {[]string{"--status-fd=2", "-bsau", "KEY"}, "PARAPH_ID_TOKEN="},
		"sign, no trusted root":      {[]string{"--status-fd=2", "-bsau", "KEY"}, "PARAPH_TRUSTED_ROOT=/nowhere/trusted_root.json"},
		"verify, unknown flag":       {[]string{"--status-fd=1", "--bogus", "--verify", "x", "-"}, ""},
		"verify, no signature":       {[]string{"--status-fd=1", "--verify", "/nothing", "-"}, ""},
		"verify, no trusted root":    {[]string{"--status-fd=1", "--verify", "/dev/null", "-"}, "PARAPH_TRUSTED_ROOT=/nowhere/trusted_root.json"},
		"verify, signature is empty": {[]string{"--status-fd=1", "--verify", "/dev/null", "-"}, ""},
		"neither":                    {[]string{"--status-fd=1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := paraph(tt.args...)
			if tt.env != "" {
				r.Env = append(r.Env, tt.env)
			}
			stdin, err := r.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			n, err := io.Copy(stdin, bytes.NewReader(payload))
			if err != nil || n != int64(len(payload)) {
				t.Errorf("%d bytes were read, then: %v", n, err)
			}
			stdin.Close()
			var exit *exec.ExitError
			if err := r.Wait(); !errors.As(err, &exit) || exit.ExitCode() < 1 {
				t.Errorf("it ended with %v", err)
			}
			if lines := strings.Count(r.stderr.String(), "\n"); lines == 0 || lines > 1 && strings.Contains(name, "sign,") {
				t.Errorf("standard error: %s", r.stderr.String())
			}
		})
	}
}

// A payload of many megabytes is signed and verified as any other.
func TestLargePayload(t *testing.T) {
	paraph, _ := newSigner(t)
	payload := payloadText + strings.Repeat(strings.Repeat("x", 70_000)+"\n", 200) // 14 MB
	r := paraph("--status-fd=2", "-bsau", "KEY")
	r.Stdin = strings.NewReader(payload)
	signature, err := r.Output()
	if err != nil {
		t.Fatal(err, r.stderr.String())
	}
	file := filepath.Join(r.Dir, "signature")
	if err := os.WriteFile(file, signature, 0o600); err != nil {
		t.Fatal(err)
	}
	r = paraph("--status-fd=1", "--verify", file, "-")
	r.Stdin = strings.NewReader(payload)
	if out, _ := r.Output(); !bytes.Contains(out, []byte("\n[GNUPG:] GOODSIG ")) || !bytes.Contains(out, []byte("\n[GNUPG:] TRUST_UNDEFINED ")) {
		t.Errorf("%s%s", out, r.stderr.String())
	}
}

// Who interrupts paraph gets no signature, and no process stays behind.
func TestInterrupted(t *testing.T) {
	paraph, servers := newSigner(t)
	servers.Fulcio.Set(testpki.Stall())
	var stdout bytes.Buffer
	r := paraph("--status-fd=2", "-bsau", "KEY")
	r.Stdin, r.Stdout = strings.NewReader(payloadText), &stdout
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); servers.Fulcio.Requests() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the CA was never asked")
		}
	}
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	// Wait returns when all that hold the streams have ended, the agent too.
	var exit *exec.ExitError
	if err := r.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
		t.Errorf("it ended with %v", err)
	}
	if stdout.Len() != 0 || strings.Contains(r.stderr.String(), "SIG_CREATED") {
		t.Errorf("%q, %q", stdout.String(), r.stderr.String())
	}
}
