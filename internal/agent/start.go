package agent

import (
	"bytes"
	"context"
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
func Sign(ctx context.Context, path string, environ []string, version string, payload []byte) (*Reply, error) {
	cmd := exec.CommandContext(ctx, path, "sign", "--client-version", version)
	cmd.Env = environ
	cmd.Stdin = bytes.NewReader(payload)
	cmd.WaitDelay = patience
	stdout, stderr := bounded.Writer{Max: maxReply}, bounded.Writer{Max: maxLastWords}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	// The reply, not the exit status, says what happened; without one the
	// status and the last words are all there is.
	if stdout.Cut() {
		return nil, fmt.Errorf("%s answered with more than %d bytes", Program, maxReply)
	}
	r, replyErr := parseReply(stdout.Bytes(), version)
	if replyErr == nil && (err == nil || r.Error != "") {
		return r, nil
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || len(stdout.Bytes()) == 0) {
		return nil, fmt.Errorf("%s ended without an answer: %w%s", Program, err, lastWords(string(stderr.Bytes())))
	}
	if replyErr == nil {
		replyErr = fmt.Errorf("%s answered, and failed: %w", Program, err)
	}
	return nil, replyErr
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
