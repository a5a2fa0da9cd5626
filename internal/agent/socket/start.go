//go:build linux || darwin || freebsd

package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	maxStart    = 5 * time.Second        // from start to answer
	pause       = 20 * time.Millisecond  // between two calls
	otherEnds   = 300 * time.Millisecond // how long an agent that gave way has somebody else answer
	maxLastWord = 4 << 10                // bytes that a failing agent says
)

// passed are the variables that an agent needs: to find its place, and to have
// a program ask the user. None of them is a secret.
var passed = []string{
	"HOME", "PATH", "DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "LANG",
	"XDG_*", "SSH_ASKPASS*", "LC_*",
}

// Environ is the environment that an agent gets.
func Environ(environ []string) []string {
	var out []string
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if slices.ContainsFunc(passed, func(p string) bool {
			prefix, open := strings.CutSuffix(p, "*")
			return name == p || open && strings.HasPrefix(name, prefix)
		}) {
			out = append(out, e)
		}
	}
	return out
}

// Start starts program as the agent that listens at path, unless there is one,
// and returns when it answers. It outlives its starter, and has nothing of it:
// no terminal, no descriptors, no folder, no secrets of its environment.
//
// With wait it stays until it gets its first certificate, however long.
func Start(ctx context.Context, program, path string, environ []string, wait bool) error {
	if err := checkPath(path); err != nil {
		return err
	}
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, maxStart)
	defer cancel()
	for {
		if err := spawn(ctx, program, path, environ, wait); err != nil {
			return err
		}
		// An agent that found another one gives way, also to one that is
		// about to end.
		err := answers(ctx, path, otherEnds)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("the agent does not answer at %s: is there one with another socket in that folder?", path)
		case !errors.Is(err, ErrNone):
			return err
		}
	}
}

// answers waits for an agent, for so long.
func answers(ctx context.Context, path string, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		c, err := Dial(ctx, path)
		if err == nil {
			return c.Close()
		}
		if !errors.Is(err, ErrNone) || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		time.Sleep(pause)
	}
}

// spawn starts a process, and waits until it listens or gives way. It writes
// what goes wrong to its standard error, and closes that when all is well.
func spawn(ctx context.Context, program, path string, environ []string, wait bool) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	args := []string{"run", "--detached", "--socket", path}
	if wait {
		args = append(args, "--wait")
	}
	keepDescriptors()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir, cmd.Stderr = Environ(environ), "/", w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = w.Close()
	if err != nil {
		return fmt.Errorf("starting the agent: %w", err)
	}
	go func() { _ = cmd.Wait() }() // or its end leaves a zombie
	defer context.AfterFunc(ctx, func() { _ = r.Close() })()
	words, err := io.ReadAll(io.LimitReader(r, maxLastWord))
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("starting the agent: %w", context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("starting the agent: %w", err)
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(string(words)), "\n"); first != "" {
		return fmt.Errorf("the agent does not start: %s", first)
	}
	return nil
}
