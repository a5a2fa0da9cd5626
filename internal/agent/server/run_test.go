//go:build linux || darwin || freebsd

package server

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent/daemon"
)

// A fakeTerminal is typed at by a test.
type fakeTerminal struct {
	io.Reader
	strings.Builder
}

func (*fakeTerminal) Close() error { return nil }

// At a terminal only y and yes are a yes.
func TestConfirmAtTerminal(t *testing.T) {
	q := daemon.Question{Kind: "commit", Subject: "signed", Identity: "alice@example.com"}
	for typed, want := range map[string]bool{
		"y\n": true, "yes\n": true, "n\n": false, "\n": false, "": false, "y": false, "Y\n": false, "yes please\n": false,
		strings.Repeat("y", 1000) + "\n": false,
	} {
		tty := &fakeTerminal{Reader: strings.NewReader(typed)}
		env := Env{Terminal: func() (io.ReadWriteCloser, error) { return tty, nil }}
		yes, err := env.confirm(t.Context(), q)
		if yes != want || err != nil || !strings.Contains(tty.String(), "commit: signed\n") {
			t.Errorf("%q: %t, %v, %q", typed, yes, err, tty.String())
		}
	}
	// Nobody types: the question ends with its context.
	silent, hold := io.Pipe()
	defer hold.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	env := Env{Terminal: func() (io.ReadWriteCloser, error) { return &fakeTerminal{Reader: silent}, nil }}
	if yes, err := env.confirm(ctx, q); yes || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%t, %v", yes, err)
	}
}

// Without a terminal the user's program asks; only status 0 is a yes.
func TestConfirmByProgram(t *testing.T) {
	q := daemon.Question{Kind: "commit", Subject: "$(touch x); `id`", Identity: "alice@example.com"}
	program := func(body string) string {
		path := filepath.Join(t.TempDir(), "askpass")
		syscall.ForkLock.RLock() // a process that is started now would hold the file open
		defer syscall.ForkLock.RUnlock()
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tt := range map[string]struct {
		askpass string
		yes     bool
		want    string // of the error
	}{
		"yes":      {program(`test "$SSH_ASKPASS_PROMPT" = confirm && test $# = 1 && case "$1" in *'commit: $(touch x); ` + "`id`" + `'*) ;; *) exit 7;; esac`), true, ""},
		"no":       {program("exit 1"), false, ""},
		"crash":    {program("kill -SEGV $$"), false, "SSH_ASKPASS"},
		"missing":  {"/nothing/here", false, "SSH_ASKPASS"},
		"relative": {"askpass", false, "set SSH_ASKPASS where the agent is started"},
		"none":     {"", false, "set SSH_ASKPASS where the agent is started"},
	} {
		env := Env{Environ: []string{"PATH=" + os.Getenv("PATH"), "SSH_ASKPASS=" + tt.askpass}}
		yes, err := env.confirm(t.Context(), q)
		if yes != tt.yes || (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %t, %v, want ...%s...", name, yes, err, tt.want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	env := Env{Environ: []string{"PATH=" + os.Getenv("PATH"), "SSH_ASKPASS=" + program("exec sleep 60")}}
	begin := time.Now()
	if yes, err := env.confirm(ctx, q); yes || !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 10*time.Second {
		t.Errorf("a program that hangs: %t, %v after %s", yes, err, time.Since(begin))
	}
}

// A program that knows passwords only has status 0 for each: that is no yes.
func TestAskPasswords(t *testing.T) {
	for said, want := range map[string]bool{"": true, "yes": true, "Yes\\n": true, "secret": false, "y": false, "yes\\nsecret": false, "%0100d": false} {
		program := filepath.Join(t.TempDir(), "askpass")
		if err := os.WriteFile(program, []byte("#!/bin/sh\nprintf '"+said+"' 0\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		yes, err := askProgram(t.Context(), program, os.Environ(), daemon.Question{})
		if yes != want || (err == nil) != want {
			t.Errorf("%q: %t, %v", said, yes, err)
		}
	}
}
