package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/gpgstatus"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/version"
)

// runSign answers gpg.x509.program's -bsau: the signature on standard output,
// whole, and only then SIG_CREATED; or nothing there, and a status that is
// not 0. git shows neither stream, so words for people go to the terminal.
func (env Env) runSign(ctx context.Context, c gpgCall, err error) (status int) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, env.Stdin)
			status = env.signFailed(ctx, err)
		}
	}()
	if err != nil {
		return exitUsage
	}
	signed, err := io.ReadAll(io.LimitReader(env.Stdin, payload.MaxSize+1))
	if err == nil && len(signed) > payload.MaxSize {
		err = fmt.Errorf("the object has more than %d bytes", payload.MaxSize)
	}
	if err != nil {
		return exitVerdict
	}
	var r *agent.Reply
	if r, err = env.askAgent(ctx, signed); err != nil {
		return exitVerdict
	}
	err = env.writeSignature(c, r)
	return exitOK
}

// askAgent has the agent make the signature.
func (env Env) askAgent(ctx context.Context, signed []byte) (*agent.Reply, error) {
	path, err := findAgent()
	if err != nil {
		return nil, err
	}
	r, err := agent.Sign(ctx, path, env.Environ, version.String(), func() ([]byte, error) { return env.gitSettings(ctx) }, signed)
	if wrong := (*config.Error)(nil); errors.As(err, &wrong) {
		err = &exitError{exitUsage, err}
	}
	if err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, agentError(r.Error, r.Usage, r.Interrupted)
	}
	return r, nil
}

// settingsTime is how long git may take to tell its configuration.
const settingsTime = time.Minute

// gitSettings asks git for the settings, in a goroutine that is not ours.
func (env Env) gitSettings(ctx context.Context) (answer []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			answer, err = nil, fmt.Errorf("internal error: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, settingsTime)
	defer cancel()
	return config.AskGit(ctx, gitcmd.New("", env.Environ))
}

// agentError is an error that the agent answered with.
func agentError(message string, usage, interrupted bool) error {
	switch {
	case interrupted:
		return &exitError{status: exitInterrupted}
	case usage:
		return &exitError{exitUsage, errors.New(message)}
	}
	return &exitError{exitVerdict, errors.New(message)}
}

// writeSignature hands the signature to git. The status line comes after the
// last byte was written without an error: git would make an unsigned commit
// of SIG_CREATED without a signature.
func (env Env) writeSignature(c gpgCall, r *agent.Reply) error {
	if _, err := cms.Unarmor([]byte(r.Armored)); err != nil {
		return fmt.Errorf("%s answered with a signature that is none: %w", agent.Program, err)
	}
	if isNullDevice(env.Stdout) {
		return fmt.Errorf("standard output is closed, or the null device: the signature would be lost")
	}
	if n, err := io.WriteString(env.Stdout, r.Armored); err != nil || n != len(r.Armored) {
		return fmt.Errorf("writing the signature: %w", first(err, io.ErrShortWrite))
	}
	s := gpgstatus.Signer{Time: time.Unix(r.Time, 0)}
	if n, err := hex.Decode(s.Fingerprint[:], []byte(r.Fingerprint)); err != nil || n != len(s.Fingerprint) {
		return fmt.Errorf("%s answered with a fingerprint that is none", agent.Program)
	}
	status := env.Stderr
	switch {
	case c.statusFD == 1:
		status = env.Stdout
	case c.statusFD > 2:
		status = env.Descriptor(c.statusFD)
	case c.statusFD == 0:
		return nil
	}
	_, err := status.Write(gpgstatus.Created(s))
	return err
}

// isNullDevice reports whether w swallows what is written to it. A program in
// Go whose standard output was closed by its caller finds the null device
// there, and no error ever.
func isNullDevice(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && os.SameFile(info, null)
}

// signFailed says once, in one line, why there is no signature: on the
// terminal, else on standard error; and in the log file.
func (env Env) signFailed(ctx context.Context, err error) int {
	status := exitVerdict
	if e := (*exitError)(nil); errors.As(err, &e) {
		status = e.status
	}
	if ctx.Err() != nil || status == exitInterrupted {
		return exitInterrupted
	}
	message := report.Escape(err.Error())
	env.say("paraph: not signed: " + message)
	env.log(message)
	return status
}

// say writes a line where the user sees it.
func (env Env) say(line string) {
	if tty, err := env.Terminal(); err == nil {
		defer tty.Close()
		if _, err := fmt.Fprintln(tty, line); err == nil {
			return
		}
	}
	fmt.Fprintln(env.Stderr, line)
}

// log appends a line to the log file. That it cannot is no reason to fail
// once more.
func (env Env) log(message string) {
	name := config.DefaultLog(env.Environ)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if src, err := env.source(ctx, gitcmd.New("", env.Environ), nil); err == nil {
		if cfg, err := config.ForSigning(src); err == nil {
			name = cfg.Log
		}
	}
	if name == "" || os.MkdirAll(filepath.Dir(name), 0o700) != nil {
		return
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return // opening a pipe would wait for a reader
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintf(f, "%s not signed: %s\n", time.Now().UTC().Format(time.RFC3339), message)
}
