package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// Sign has the agent at path make one signature over payload.
func Sign(ctx context.Context, path string, environ []string, version string, payload []byte) (r *Reply, err error) {
	err = oneShot(ctx, path, environ, payload, func(out []byte) (bool, error) {
		r, err = parseReply(out, version)
		return err == nil && r.Error != "", err
	}, "sign", "--client-version", version)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Trust has the agent at path change what is known of Sigstore instances.
func Trust(ctx context.Context, path string, environ []string, version string, request TrustRequest) (r *TrustReply, err error) {
	data, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	err = oneShot(ctx, path, environ, data, func(out []byte) (bool, error) {
		r, err = parseTrustReply(out, version, len(request.Instances))
		return err == nil && r.Error != "", err
	}, "trust", "--client-version", version)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Session asks the agent at path who is logged in, or has it change that.
func Session(ctx context.Context, path string, environ []string, version string, request SessionRequest) (r *SessionReply, err error) {
	data, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	err = oneShot(ctx, path, environ, data, func(out []byte) (bool, error) {
		r, err = parseSessionReply(out, version)
		return err == nil && r.Error != "", err
	}, "session", "--client-version", version)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// oneShot runs the agent for one request. The reply, not the exit status, says
// what happened: parse reads it, and whether it names an error. Without one
// the status and the last words are all there is.
func oneShot(ctx context.Context, path string, environ []string, request []byte, parse func([]byte) (failed bool, err error), args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environ
	cmd.Stdin = bytes.NewReader(request)
	cmd.WaitDelay = patience
	stdout, stderr := bounded.Writer{Max: maxReply}, bounded.Writer{Max: maxLastWords}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if stdout.Cut() {
		return fmt.Errorf("%s answered with more than %d bytes", Program, maxReply)
	}
	failed, replyErr := parse(stdout.Bytes())
	if replyErr == nil && (err == nil || failed) {
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
