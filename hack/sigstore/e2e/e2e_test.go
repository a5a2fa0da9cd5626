// Package e2e runs paraph as its users do: the built programs, under real
// git, against the real Sigstore servers on loopback. sigstore-go and openssl
// judge what comes out.
package e2e

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/paraph/paraph/hack/sigstore/stack"
)

// What all tests share, set by TestMain.
var (
	servers  *stack.Stack
	programs string // the folder with paraph and paraph-agent
)

// parallel is how many tests run at a time: what they do most is wait for
// Rekor v2, whose entries come once a second.
const parallel = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", parallel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "paraph-e2e-")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	programs = filepath.Join(dir, "bin")
	if err := buildPrograms(programs); err != nil {
		return failed(err)
	}
	_, noRedis := exec.LookPath("redis-server")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // the first start builds Rekor v1
	defer cancel()
	servers, err = stack.Start(ctx, stack.Options{Dir: filepath.Join(dir, "sigstore"), Rekor1: noRedis == nil, CertLifetimes: shortLived})
	if err != nil {
		return failed(err)
	}
	defer servers.Close()
	return m.Run()
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// buildPrograms builds paraph and paraph-agent as they are released.
func buildPrograms(into string) error {
	if err := os.Mkdir(into, 0o700); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-C", "../../..", "-o", into+string(filepath.Separator), "./cmd/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building paraph: %w\n%s", err, out)
	}
	return nil
}

// A logVersion is one of the two logs, and what tells its signatures apart.
type logVersion struct {
	name   string
	config string // signing config that names it
	kind   string // of its entries
	major  int
	checks []string // that paraph reports, but for the policy
}

var logVersions = []logVersion{
	{"rekor v1", stack.SigningConfigFile, "hashedrekord 0.0.1", 1, []string{
		"format", "digest", "signature", "chain", "sct", "entry", "inclusion", "checkpoint", "set", "timestamp", "time",
	}},
	{"rekor v2", stack.SigningConfigRekor2, "hashedrekord 0.0.2", 2, []string{
		"format", "digest", "signature", "chain", "sct", "entry", "inclusion", "checkpoint", "timestamp", "time",
	}},
}

// forEachLog runs a parallel test for either version of Rekor.
func forEachLog(t *testing.T, test func(t *testing.T, log logVersion)) {
	for _, log := range logVersions {
		t.Run(log.name, func(t *testing.T) {
			t.Parallel()
			needLog(t, log)
			test(t, log)
		})
	}
}

// shortLived are those whose certificates end soon.
var shortLived = map[string]time.Duration{"dave@example.com": 20 * time.Second}

func needLog(t *testing.T, log logVersion) {
	t.Helper()
	if log.major == 1 && servers.Endpoints.Rekor1 == "" {
		t.Skip("redis-server is not installed: nothing is known about Rekor v1")
	}
}

// alice is who signs, if nothing else is said; otherUser signs nothing: the
// tests of agents count what was done for anybody but alice.
var alice, otherUser = stack.Users[0], stack.Users[1]

func mint(t *testing.T, claims map[string]any) string {
	t.Helper()
	token, err := servers.Mint(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func trustedRoot() string { return filepath.Join(servers.Dir, stack.TrustedRootFile) }

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// one is the only line of out.
func one(t *testing.T, out []byte) string {
	t.Helper()
	if bytes.Count(out, []byte("\n")) != 1 || !bytes.HasSuffix(out, []byte("\n")) {
		t.Fatalf("not one line: %q", out)
	}
	return string(out[:len(out)-1])
}
