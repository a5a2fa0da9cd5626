package program_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git/program"
)

// behave, in the environment, makes the test binary a signing program.
const behave = "PARAPH_TEST_PROGRAM"

const created = "[GNUPG:] SIG_CREATED D 19 8 00 1777896000 00\n"

// signature is armor around an empty SEQUENCE: here only the armor counts.
var signature = cms.Armor([]byte{0x30, 0})

func TestMain(m *testing.M) {
	if how := os.Getenv(behave); how != "" {
		os.Exit(pretend(how))
	}
	os.Exit(m.Run())
}

// pretend is the signing program.
func pretend(how string) int {
	payload, err := io.ReadAll(os.Stdin)
	if err != nil {
		return 3
	}
	switch how {
	case "good":
		os.Stdout.Write(signature)
		fmt.Fprint(os.Stderr, "[GNUPG:] BEGIN_SIGNING H8\n"+created)
	case "report": // what it was started with
		dir, _ := os.Getwd()
		os.Stdout.Write(cms.Armor(fmt.Appendf(nil, "%q %s %s", os.Args[1:], dir, payload)))
		fmt.Fprint(os.Stderr, created)
	case "fails after SIG_CREATED":
		os.Stdout.Write(signature)
		fmt.Fprint(os.Stderr, created)
		return 1
	case "no SIG_CREATED":
		os.Stdout.Write(signature)
		fmt.Fprint(os.Stderr, "not logged in\n")
	case "SIG_CREATED in a line":
		os.Stdout.Write(signature)
		fmt.Fprint(os.Stderr, "hint: "+created)
	case "SIG_CREATED without arguments":
		os.Stdout.Write(signature)
		fmt.Fprint(os.Stderr, "[GNUPG:] SIG_CREATED\n")
	case "no signature":
		fmt.Fprint(os.Stderr, created)
	case "text before the signature":
		fmt.Printf("\n%s", signature)
		fmt.Fprint(os.Stderr, created)
	case "endless":
		os.Stdout.Write(cms.Armor(make([]byte, 1<<20)))
		fmt.Fprint(os.Stderr, created)
	case "talks":
		fmt.Fprint(os.Stderr, strings.Repeat("x", 1<<20)+"\x1b[31mno\n")
		return 2
	case "hangs":
		time.Sleep(time.Minute)
	}
	return 0
}

func signer(t *testing.T, how string) program.Signer {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program.Signer{Path: self, Env: append(os.Environ(), behave+"="+how)}
}

func TestSign(t *testing.T) {
	got, err := signer(t, "good").Sign(t.Context(), []byte("payload"))
	if err != nil || !bytes.Equal(got, signature) {
		t.Errorf("%q, %v", got, err)
	}
}

// The program is called as git calls it, where it was told to run, and gets
// exactly the payload.
func TestSignCallsAsGit(t *testing.T) {
	s := signer(t, "report")
	s.Key, s.Dir = "Alice A <alice@example.com>", t.TempDir()
	payload := bytes.Repeat([]byte("all bytes \x00\r\n"), 10<<10/3)[:10<<10]
	armored, err := s.Sign(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	got, err := cms.Unarmor(armored)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Appendf(nil, "%q %s %s", []string{"--status-fd=2", "-bsau", s.Key}, s.Dir, payload)
	if !bytes.Equal(got, want) {
		t.Errorf("%.200q, want %.200q", got, want)
	}
}

func TestSignRefuses(t *testing.T) {
	tests := []struct{ how, message string }{
		{"fails after SIG_CREATED", "exit status 1"},
		{"no SIG_CREATED", `did not say that it made a signature: "not logged in"`},
		{"SIG_CREATED in a line", "did not say that it made a signature"},
		{"SIG_CREATED without arguments", "did not say that it made a signature"},
		{"no signature", "wrote what is no signature"},
		{"text before the signature", "wrote what is no signature"},
		{"endless", "wrote more than"},
		{"talks", "exit status 2"},
	}
	for _, tt := range tests {
		t.Run(tt.how, func(t *testing.T) {
			got, err := signer(t, tt.how).Sign(t.Context(), []byte("payload"))
			if got != nil || err == nil || !strings.Contains(err.Error(), tt.message) {
				t.Fatalf("%q, %v; want an error with %q", got, err, tt.message)
			}
			if len(err.Error()) > 4<<10 || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("an error of %d bytes, or with control characters", len(err.Error()))
			}
		})
	}
}

// Without a path it is paraph in PATH.
func TestSignNoProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := program.Signer{}.Sign(t.Context(), nil)
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "running paraph") {
		t.Errorf("error %v, want %v of paraph", err, exec.ErrNotFound)
	}
}

// A context that ends ends the program, and its cause is the reason.
func TestSignContext(t *testing.T) {
	late := errors.New("the user went home")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, late)
	defer cancel()
	start := time.Now()
	_, err := signer(t, "hangs").Sign(ctx, []byte("payload"))
	if !errors.Is(err, late) {
		t.Errorf("error %v, want %v", err, late)
	}
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("it took %s", d)
	}
}
