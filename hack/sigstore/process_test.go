//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paraph/paraph/hack/sigstore/stack"
	"github.com/sigstore/sigstore-go/pkg/sign"
)

const (
	readyWithin = 3 * time.Minute // go run may have to build
	goneWithin  = 5 * time.Second
)

// rekor1Flag asks for Rekor v1 where that can be had: its processes are the
// ones that could be left behind.
func rekor1Flag(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Log("redis-server is not installed: Rekor v1 and its processes are not tested")
		return nil
	}
	return []string{"--rekor1"}
}

type program struct {
	*exec.Cmd
	stdout *bufio.Reader
	stderr bytes.Buffer
}

// start starts cmd and waits until it says that it is ready. Whatever works in
// dir is killed when the test ends, however it ends.
func start(t *testing.T, cmd *exec.Cmd, dir string) *program {
	t.Helper()
	p := &program{Cmd: cmd}
	cmd.Stderr = &p.stderr
	cmd.WaitDelay = goneWithin
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, pid := range processes(dir) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = cmd.Wait()
	})
	line := make(chan string, 1)
	go func() {
		s, _ := p.stdout.ReadString('\n')
		line <- s
	}()
	select {
	case s := <-line:
		if s != "ready\n" {
			t.Fatalf("said %q instead of ready; stderr: %s", s, &p.stderr)
		}
	case <-time.After(readyWithin):
		t.Fatal("not ready in time")
	}
	return p
}

// processes returns the living processes that have dir in their command line
// or work below it.
func processes(dir string) []int {
	all, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, p := range all {
		pid, err := strconv.Atoi(filepath.Base(p))
		if err != nil || pid == os.Getpid() {
			continue
		}
		// Both are empty for the dead that nobody has waited for yet.
		args, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		cwd, _ := os.Readlink(filepath.Join(p, "cwd"))
		if bytes.Contains(args, []byte(dir)) || strings.HasPrefix(cwd, dir) {
			found = append(found, pid)
		}
	}
	return found
}

// wantGone fails unless all processes of dir end soon.
func wantGone(t *testing.T, dir string) {
	t.Helper()
	deadline := time.Now().Add(goneWithin)
	for len(processes(dir)) > 0 {
		if time.Now().After(deadline) {
			for _, pid := range processes(dir) {
				args, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				t.Errorf("still there: %d %q", pid, args)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func readEndpoints(t *testing.T, dir string) (e stack.Endpoints) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, stack.EndpointsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func mint(t *testing.T, e stack.Endpoints) string {
	t.Helper()
	resp, err := http.Post(e.Issuer+"/mint", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	token, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(token)
}

func TestEndsBySignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "sigstore")
			p := start(t, command(t, dir, rekor1Flag(t)...), dir)
			for _, name := range []string{stack.TrustedRootFile, stack.SigningConfigFile, stack.SigningConfigRekor2, stack.TUFRootFile, stack.EndpointsFile} {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
			if err := p.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest, _ := io.ReadAll(p.stdout)
			if err := p.Wait(); err != nil {
				t.Errorf("%v: %s", err, &p.stderr)
			}
			if len(rest) > 0 || p.stderr.Len() > 0 {
				t.Errorf("said more than ready: stdout %q, stderr %q", rest, &p.stderr)
			}
			wantGone(t, dir)
		})
	}
}

func TestSIGKILLLeavesNoChild(t *testing.T) {
	flags := rekor1Flag(t)
	if flags == nil {
		t.Skip("no children without Rekor v1")
	}
	dir := filepath.Join(t.TempDir(), "sigstore")
	p := start(t, command(t, dir, flags...), dir)
	if n := len(processes(dir)); n != 3 {
		t.Errorf("%d processes instead of program, redis and rekor", n)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	wantGone(t, dir)
}

// The go command stands between the caller and the program; either may die
// without a word.
func TestEndsWithItsParents(t *testing.T) {
	tests := []struct {
		name string
		kill func(shell, goRun int) int
	}{
		{"go run killed", func(_, goRun int) int { return goRun }},
		{"caller of go run killed", func(shell, _ int) int { return shell }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "sigstore")
			pidFile := filepath.Join(t.TempDir(), "pid")
			// The shell does not carry dir in its own command line: it is not
			// among the processes that must end.
			shell := exec.Command("sh", "-c", `go run . --dir "$DIR" & echo $! > "$PID"; wait`)
			shell.Env = append(os.Environ(), "DIR="+dir, "PID="+pidFile)
			p := start(t, shell, dir)
			b, err := os.ReadFile(pidFile)
			if err != nil {
				t.Fatal(err)
			}
			goRun, err := strconv.Atoi(strings.TrimSpace(string(b)))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(processes(dir)); n != 2 {
				t.Fatalf("%d processes instead of go run and the program", n)
			}
			if err := syscall.Kill(tt.kill(p.Process.Pid, goRun), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			wantGone(t, dir)
		})
	}
}

func TestTwoSideBySide(t *testing.T) {
	flags := rekor1Flag(t)
	dirs := []string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}
	seen := map[string]bool{}
	for _, dir := range dirs {
		start(t, command(t, dir, flags...), dir)
	}
	for _, dir := range dirs {
		e := readEndpoints(t, dir)
		for _, u := range []string{e.Issuer, e.Fulcio, e.CTLog, e.TSA, e.Rekor2, e.TUF, e.Rekor1} {
			if u != "" && seen[u] {
				t.Errorf("%s serves both", u)
			}
			seen[u] = true
		}
		if _, err := certify(t, e); err != nil {
			t.Error(err)
		}
	}
}

func certify(t *testing.T, e stack.Endpoints) (*x509.Certificate, error) {
	t.Helper()
	key, err := sign.NewEphemeralKeypair(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), goneWithin)
	defer cancel()
	fulcio := sign.NewFulcio(&sign.FulcioOptions{BaseURL: e.Fulcio})
	der, err := fulcio.GetCertificate(ctx, key, &sign.CertificateProviderOptions{IDToken: mint(t, e)})
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func TestFlagsReachTheServices(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sigstore")
	start(t, command(t, dir, "--auto-login", "--cert-lifetime=7s"), dir)
	e := readEndpoints(t, dir)

	cert, err := certify(t, e)
	if err != nil {
		t.Fatal(err)
	}
	if d := cert.NotAfter.Sub(cert.NotBefore); d != 7*time.Second {
		t.Errorf("--cert-lifetime: the certificate lives %v", d)
	}

	const back = "http://127.0.0.1:1/auth/callback"
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), back) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	resp, err := client.Get(e.Issuer + "/auth?" + url.Values{
		"response_type": {"code"}, "client_id": {"sigstore"}, "redirect_uri": {back}, "scope": {"openid email"},
		"state": {"s"}, "nonce": {"n"}, "login_hint": {"bob@example.com"},
		"code_challenge": {strings.Repeat("x", 43)}, "code_challenge_method": {"S256"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if to, err := resp.Location(); err != nil || to.Query().Get("code") == "" {
		t.Errorf("--auto-login: %s leads to %v (%v)", resp.Request.URL, to, err)
	}
}
