//go:build unix

package main

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
)

// A world is an instance, and how the program is called there.
type world struct {
	version string
	environ []string
	p       *testpki.PKI
	s       *testpki.Servers
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{p: testpki.New(testpki.CAKeyP256())}
	w.s = w.p.Serve(t)
	home := t.TempDir()
	root := filepath.Join(home, "root.json")
	if err := os.WriteFile(root, w.p.TrustedRoot(), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	w.version = strings.TrimSpace(strings.TrimPrefix(string(out), agent.Program))
	w.environ = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "PARAPH_TRUSTED_ROOT=" + root}
	return w
}

// signed makes a certificate and logs n signatures of its key.
func (w *world) signed(t *testing.T, n int) []byte {
	t.Helper()
	leaf := w.p.Certificate(testpki.Key("alice").Public(), testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"})
	for i := range n {
		digest := sha256.Sum256(append(leaf, byte(i)))
		signature, err := testpki.Key("alice").Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		w.p.LogV1(digest, signature, leaf)
	}
	return leaf
}

// Both sides of a look-up, over the real pipe.
func TestLookup(t *testing.T) {
	w := newWorld(t)
	var leaves [][]byte
	for n := range 12 {
		leaves = append(leaves, w.signed(t, n%3))
	}
	requests := func(yield func(agent.Request) bool) {
		for n := range 120 { // each ten times
			if !yield(agent.Request{N: n, Instance: "public", Leaf: leaves[n/10]}) {
				return
			}
		}
	}
	answered := 0
	err := agent.Lookup(t.Context(), program, w.environ, w.version, 4, requests, func(a agent.Answer) error {
		answered++
		if a.Error != "" || len(a.Entries) != a.N/10%3 {
			t.Errorf("%d: %d entries, %q", a.N, len(a.Entries), a.Error)
		}
		for _, raw := range a.Entries {
			if _, err := rekor.ParseV1Response(raw); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	if err != nil || answered != 120 {
		t.Errorf("%d answers, %v", answered, err)
	}
	if got := w.s.Rekor1.Requests(); got != 24 {
		t.Errorf("%d requests for 12 certificates with 12 entries", got)
	}
}

// Neither a version that is not its own nor a log that is silent leaves a
// caller without a reason.
func TestLookupFails(t *testing.T) {
	w := newWorld(t)
	leaf := w.signed(t, 1)
	one := func(yield func(agent.Request) bool) { yield(agent.Request{Instance: "public", Leaf: leaf}) }
	ignore := func(a agent.Answer) error { return fmt.Errorf("it answered: %+v", a) }
	err := agent.Lookup(t.Context(), program, w.environ, "v0.0.1", 1, one, ignore)
	if err == nil || !strings.Contains(err.Error(), "and paraph is v0.0.1: install both from one build") {
		t.Error(err)
	}
	w.s.Rekor1.Set(testpki.Stall())
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := agent.Lookup(ctx, program, w.environ, w.version, 1, one, ignore); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// The agent waits for a log that does not answer. It ends when it is told to,
// and when its caller was killed, which closes its standard input.
func TestLookupEnds(t *testing.T) {
	w := newWorld(t)
	leaf := w.signed(t, 1)
	line, err := json.Marshal(agent.Request{Instance: "public", Leaf: leaf})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		fault testpki.Fault
		end   func(c *exec.Cmd, stdin io.Closer)
	}{
		"signal, it asks":        {testpki.Stall(), func(c *exec.Cmd, _ io.Closer) { _ = c.Process.Signal(syscall.SIGTERM) }},
		"signal, it rests":       {testpki.Header("Retry-After", "200", testpki.Refuse(429, "")), func(c *exec.Cmd, _ io.Closer) { _ = c.Process.Signal(syscall.SIGTERM) }},
		"caller gone, it asks":   {testpki.Stall(), func(_ *exec.Cmd, stdin io.Closer) { stdin.Close() }},
		"caller gone, it rests":  {testpki.Header("Retry-After", "200", testpki.Refuse(429, "")), func(_ *exec.Cmd, stdin io.Closer) { stdin.Close() }},
		"interrupted at the tty": {testpki.Stall(), func(c *exec.Cmd, _ io.Closer) { _ = c.Process.Signal(os.Interrupt) }},
	} {
		t.Run(name, func(t *testing.T) {
			w.s.Rekor1.Set(test.fault)
			before := w.s.Rekor1.Requests()
			c := exec.Command(program, "lookup", "--client-version", w.version, "--jobs", "2")
			c.Env = w.environ
			stdin, err := c.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Process.Kill() }()
			fmt.Fprintf(stdin, "%s\n", line)
			for start := time.Now(); w.s.Rekor1.Requests() == before; time.Sleep(time.Millisecond) {
				if time.Since(start) > 20*time.Second {
					t.Fatal("it does not ask")
				}
			}
			done := make(chan struct{})
			go func() {
				_ = c.Wait()
				close(done)
			}()
			test.end(c, stdin)
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Error("it is still there")
			}
		})
	}
}
