package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// running is the one stack that this process can start, for all its tests.
var running *Stack

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "stack-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	_, noRedis := exec.LookPath("redis-server")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // the first start builds Rekor v1
	defer cancel()
	running, err = Start(ctx, Options{Dir: filepath.Join(dir, "sigstore"), Rekor1: noRedis == nil})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer running.Close()
	return m.Run()
}

func needRekor1(t *testing.T) {
	t.Helper()
	if running.Endpoints.Rekor1 == "" {
		t.Skip("redis-server is not installed: nothing is known about Rekor v1")
	}
}

func TestStartRefuses(t *testing.T) {
	tests := []struct {
		name string
		o    Options
	}{
		{"relative folder", Options{Dir: "here"}},
		{"no folder", Options{}},
		{"negative lifetime", Options{Dir: t.TempDir(), CertLifetime: -1}},
		{"second stack", Options{Dir: t.TempDir()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if s, err := Start(t.Context(), tt.o); err == nil {
				s.Close()
				t.Fatal("it started")
			}
		})
	}
}

func TestUsedFolderIsRefused(t *testing.T) {
	s := &Stack{Dir: t.TempDir()}
	if err := s.makeFolders(); err != nil {
		t.Fatal(err)
	}
	if err := s.makeFolders(); err == nil {
		t.Fatal("a used folder was taken again")
	}
}

func TestEndpointsFile(t *testing.T) {
	b, err := os.ReadFile(running.path(EndpointsFile))
	if err != nil {
		t.Fatal(err)
	}
	var got Endpoints
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got != running.Endpoints {
		t.Errorf("file says %+v, stack %+v", got, running.Endpoints)
	}
	for name, url := range map[string]string{
		"issuer": got.Issuer, "fulcio": got.Fulcio, "ctlog": got.CTLog, "tsa": got.TSA, "rekor2": got.Rekor2, "tuf": got.TUF,
	} {
		if url == "" {
			t.Errorf("no URL for %s", name)
		}
	}
}

// A probe that cannot fail would make "ready" worthless.
func TestProbeNoticesADeadService(t *testing.T) {
	l, url, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	dead := &Stack{Endpoints: running.Endpoints}
	dead.Endpoints.Fulcio = url
	if err := dead.probe(ctx); err == nil {
		t.Error("all services answer, says the probe")
	}
	if err := running.probe(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAwaitEndsWithTheServer(t *testing.T) {
	gone := make(chan struct{})
	close(gone)
	begin := time.Now()
	if err := (request{url: "http://127.0.0.1:1/"}).await(t.Context(), gone); err == nil {
		t.Fatal("somebody answered")
	}
	if d := time.Since(begin); d > requestLimit {
		t.Errorf("took %v", d)
	}
}

func TestFreePortsDiffer(t *testing.T) {
	ports, err := freePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if p == 0 || seen[p] {
			t.Fatalf("%d in %v", p, ports)
		}
		seen[p] = true
	}
}
