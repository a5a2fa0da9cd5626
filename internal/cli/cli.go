// Package cli is what git and people call: arguments, streams and exit
// statuses of the program paraph.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/report"
)

// An Env is the outside world of one run.
type Env struct {
	Args           []string // without the program's name
	Environ        []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Descriptor gives the writer behind a file descriptor number.
	Descriptor func(fd int) io.Writer
	// Terminal opens the user's terminal, or fails where there is none.
	Terminal func() (io.WriteCloser, error)
	// Answers opens what the user types there.
	Answers  func() (io.ReadCloser, error)
	ReadFile config.Reader
}

// System returns the Env of this process.
func System() Env {
	return Env{
		Args: os.Args[1:], Environ: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Descriptor: func(fd int) io.Writer { return os.NewFile(uintptr(fd), fmt.Sprintf("fd %d", fd)) },
		Terminal:   func() (io.WriteCloser, error) { return os.OpenFile(terminalOut, os.O_WRONLY, 0) },
		Answers:    func() (io.ReadCloser, error) { return os.Open(terminalIn) },
		ReadFile:   bounded.ReadFile,
	}
}

// Exit statuses. What git calls never ends with exitUnchecked.
const (
	exitOK          = 0
	exitVerdict     = 1   // a verdict other than trusted
	exitUsage       = 2   // usage, configuration, panic
	exitUnchecked   = 3   // it could not be checked
	exitInterrupted = 130 // SIGINT
)

// An exitError ends the run with a status; its message is shown unless empty.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usagef is a failure of the caller: exit status 2.
func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// Run runs the program and returns its exit status. A panic anywhere becomes
// an error: nothing that a half-finished run would say reaches git.
func Run(ctx context.Context, env Env) (status int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(env.Stderr, "paraph: internal error: %s\n", report.Escape(fmt.Sprint(p)))
			status = exitUsage
		}
	}()
	if g, isGit, err := parseGPG(env.Args); isGit {
		return env.runGPG(ctx, g, err)
	}
	return env.exit(ctx, env.command().ExecuteContext(ctx))
}

// exit says what went wrong, in one line, and gives the status for it.
func (env Env) exit(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil {
		return exitInterrupted
	}
	status := exitUsage
	var e *exitError
	if errors.As(err, &e) {
		status = e.status
	}
	if message := err.Error(); message != "" {
		fmt.Fprintf(env.Stderr, "paraph: %s\n", report.Escape(message))
	}
	return status
}

// source reads the configuration's outside world, git's part by running git.
func (env Env) source(ctx context.Context, repo *gitcmd.Repo, flags map[string]string) (config.Source, error) {
	entries, err := config.ReadGit(ctx, repo)
	return config.Source{Env: env.Environ, Git: entries, Flags: flags}, err
}
