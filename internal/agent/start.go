package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/bounded"
)

// Find returns the agent's path: beside the running program first, so that
// two installations do not mix, then on PATH.
func Find(self string) (string, error) {
	for _, dir := range []string{filepath.Dir(self), resolvedDir(self)} {
		path := filepath.Join(dir, Program)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	path, err := exec.LookPath(Program)
	if err != nil {
		return "", fmt.Errorf("%s is neither beside paraph (%s) nor on PATH: install both programs", Program, filepath.Dir(self))
	}
	return path, nil
}

func resolvedDir(self string) string {
	if real, err := filepath.EvalSymlinks(self); err == nil {
		self = real
	}
	return filepath.Dir(self)
}

// patience is how long an agent may take to end, or to let go of its output,
// before it is ended.
const patience = 2 * time.Second

// farewell is patience with one that may be renewing a login, which must not
// be ended in the middle of it (keyring.Keyring.Token).
const farewell = 3 * time.Second

// interrupt asks a process to end, or ends it where processes cannot be asked.
func interrupt(p *os.Process) error {
	err := p.Signal(os.Interrupt)
	if err == nil || errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.Kill()
}

// Sign has the agent at path make one signature over payload. settings asks git
// for the settings (config.AskGit); it is called while the agent starts, which
// takes longer.
func Sign(ctx context.Context, path string, environ []string, version string, settings func() ([]byte, error), payload []byte) (*Reply, error) {
	q := &signing{settings: settings, payload: payload, failed: make(chan error, 1)}
	r := new(Reply)
	err := oneShot(ctx, path, environ, version, "sign", q, r)
	select {
	case err = <-q.failed: // of which the agent knows no more than that it was sent nothing
	default:
	}
	return only(r, err)
}

// Trust has the agent at path change what is known of Sigstore instances.
func Trust(ctx context.Context, path string, environ []string, version string, request TrustRequest) (*TrustReply, error) {
	r := &TrustReply{asked: len(request.Instances)}
	return only(r, ask(ctx, path, environ, version, "trust", request, r))
}

// Session asks the agent at path who is logged in, or has it change that.
func Session(ctx context.Context, path string, environ []string, version string, request SessionRequest) (*SessionReply, error) {
	r := new(SessionReply)
	return only(r, ask(ctx, path, environ, version, "session", request, r))
}

// only is r if there was no error.
func only[R any](r *R, err error) (*R, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// ask is oneShot for a request in JSON.
func ask(ctx context.Context, path string, environ []string, version, do string, request any, r reply) error {
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	return oneShot(ctx, path, environ, version, do, bytes.NewReader(data), r)
}

// oneShot runs the agent for one request and reads its reply, which says what
// happened. Without one the exit status and the last words are all there is.
func oneShot(ctx context.Context, path string, environ []string, version, do string, request io.Reader, r reply) error {
	cmd := exec.CommandContext(ctx, path, do, "--client-version", version)
	cmd.Env = environ
	cmd.Stdin = request
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	cmd.WaitDelay = farewell
	stdout, stderr := bounded.Writer{Max: maxReply}, bounded.Writer{Max: maxLastWords}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if stdout.Cut() {
		return fmt.Errorf("%s answered with more than %d bytes", Program, maxReply)
	}
	replyErr := parse(stdout.Bytes(), version, r)
	if _, failure := r.said(); replyErr == nil && (err == nil || failure != "") {
		return nil
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || len(stdout.Bytes()) == 0) {
		return fmt.Errorf("%s ended without an answer: %w%s", Program, err, lastWords(string(stderr.Bytes())))
	}
	if replyErr == nil {
		replyErr = fmt.Errorf("%s answered, and failed: %w", Program, err)
	}
	return replyErr
}

// lastWords is the first line of what the agent said when it broke down, if
// it said anything.
func lastWords(stderr string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	if line == "" {
		return ""
	}
	return ": " + line
}
