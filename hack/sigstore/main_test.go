package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asProgram in the environment makes the test binary behave as the program.
const asProgram = "SIGSTORE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// command is this program with a folder and more flags.
func command(t *testing.T, dir string, flags ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{"--dir", dir}, flags...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// None of these starts anything, so they can run in this process.
func TestUsage(t *testing.T) {
	tests := []struct {
		name   string
		args   []string
		status int
		say    string
	}{
		{"help", []string{"-h"}, exitOK, "-rekor1"},
		{"no folder", nil, exitFailed, "absolute"},
		{"relative folder", []string{"--dir", "here"}, exitFailed, "absolute"},
		{"unknown flag", []string{"--port", "1"}, exitUsage, "-port"},
		{"argument", []string{"--dir", "/x", "start"}, exitUsage, `"start"`},
		{"bad lifetime", []string{"--cert-lifetime", "soon"}, exitUsage, "cert-lifetime"},
		{"negative lifetime", []string{"--dir", "/x", "--cert-lifetime", "-1s"}, exitFailed, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if got := run(tt.args, &stdout, &stderr); got != tt.status {
				t.Errorf("exit status %d, want %d", got, tt.status)
			}
			if !strings.Contains(stderr.String(), tt.say) {
				t.Errorf("stderr does not say %q: %s", tt.say, &stderr)
			}
			if stdout.Len() > 0 {
				t.Errorf("stdout: %s", &stdout)
			}
		})
	}
}

func TestUsedFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := command(t, dir)
	if out, err := p.CombinedOutput(); err == nil || !strings.Contains(string(out), "must be a new one") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestMissingRedis(t *testing.T) {
	p := command(t, filepath.Join(t.TempDir(), "sigstore"), "--rekor1")
	p.Env = append(p.Env, "PATH=/nowhere")
	out, err := p.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "apt-get install redis-server") {
		t.Errorf("%v: %s", err, out)
	}
}
