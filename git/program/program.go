// Package program signs git objects by running the program paraph, as git
// does: the key, the login and the services stay there.
//
//	signed, err := git.Sign(ctx, git.SHA1, git.Commit, raw, program.Signer{})
//
// It is a package of its own since package git starts no programs, and its
// users need no go-git.
package program

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/bounded"
)

const (
	defaultPath = "paraph"

	maxSignature = 128 << 10 // bytes of standard output; over what cms reads
	maxStatus    = 64 << 10  // bytes of standard error
	maxWords     = 1 << 10   // bytes of standard error that an error repeats

	// killWait is how long a program that was killed may keep its streams
	// open in children of its own.
	killWait = 2 * time.Second
)

// A Signer signs with a program that is called as git calls gpg.x509.program.
// The zero value runs paraph as found in PATH. It is a git.Signer.
type Signer struct {
	// Path is the program: a path, or a name to look for in PATH. It is not a
	// command line.
	Path string
	// Key is what git calls the signing key. paraph takes no notice of it;
	// other programs may choose by it.
	Key string
	// Dir is where the program runs, "" for the current directory: the
	// repository whose configuration counts.
	Dir string
	// Env is the program's environment, nil for that of this process.
	Env []string
}

// Sign returns the armored signature over payload that the program made. As
// for git (gpg-interface.c:sign_buffer_gpg), there is one only if the program
// ends with status 0 and says SIG_CREATED on a line of its own; and what it
// wrote must be one CMS signature in armor, which git does not check.
//
// The program is killed when ctx ends. Errors repeat what it said on standard
// error, quoted.
func (s Signer) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	path := s.Path
	if path == "" {
		path = defaultPath
	}
	stdout, stderr := &bounded.Writer{Max: maxSignature}, &bounded.Writer{Max: maxStatus}
	cmd := exec.CommandContext(ctx, path, "--status-fd=2", "-bsau", s.Key)
	cmd.Dir, cmd.Env, cmd.WaitDelay = s.Dir, s.Env, killWait
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload), stdout, stderr
	switch err := cmd.Run(); {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("running %s: %w", path, context.Cause(ctx))
	case err != nil:
		return nil, fmt.Errorf("running %s: %w: %q", path, err, words(stderr.Bytes()))
	case !created(stderr.Bytes()):
		return nil, fmt.Errorf("%s did not say that it made a signature: %q", path, words(stderr.Bytes()))
	case stdout.Cut():
		return nil, fmt.Errorf("%s wrote more than %d bytes", path, maxSignature)
	}
	if _, err := cms.Unarmor(stdout.Bytes()); err != nil {
		return nil, fmt.Errorf("%s wrote what is no signature: %w", path, err)
	}
	return stdout.Bytes(), nil
}

// created reports whether the status lines have SIG_CREATED at the beginning
// of one. git wants the space after it and does not read what follows.
func created(status []byte) bool {
	for line := range bytes.Lines(status) {
		if bytes.HasPrefix(line, []byte("[GNUPG:] SIG_CREATED ")) {
			return true
		}
	}
	return false
}

// words returns the end of what a program said, which is where the reason is.
func words(b []byte) []byte {
	b = bytes.TrimSpace(b)
	return b[max(0, len(b)-maxWords):]
}
