package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
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

// Sign has the agent at path make one signature over payload.
func Sign(ctx context.Context, path string, environ []string, version string, payload []byte) (*Reply, error) {
	cmd := exec.CommandContext(ctx, path, "sign", "--client-version", version)
	cmd.Env = environ
	cmd.Stdin = bytes.NewReader(payload)
	cmd.WaitDelay = 2 * time.Second
	var stdout, stderr limited
	stdout.max, stderr.max = maxReply, 4<<10
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	// The reply, not the exit status, says what happened; without one the
	// status and the last words are all there is.
	r, replyErr := parseReply(stdout.Bytes(), version)
	if replyErr == nil && (err == nil || r.Error != "") {
		return r, nil
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || stdout.Len() == 0) {
		return nil, fmt.Errorf("%s ended without an answer: %w%s", Program, err, lastWords(stderr.String()))
	}
	if replyErr == nil {
		replyErr = fmt.Errorf("%s answered, and failed: %w", Program, err)
	}
	return nil, replyErr
}

func lastWords(stderr string) string {
	if stderr = strings.TrimSpace(stderr); stderr == "" {
		return ""
	}
	return ": " + stderr
}

// limited keeps max bytes and refuses more.
type limited struct {
	bytes.Buffer
	max int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > l.max {
		return 0, io.ErrShortWrite
	}
	return l.Buffer.Write(p)
}
