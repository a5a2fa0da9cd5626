package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// Only a yes is one: whoever says nothing, says no, is interrupted or is not
// there has not agreed.
func TestConfirm(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	silent, hold := io.Pipe()
	defer hold.Close()
	none := errors.New("there is none")
	for name, tt := range map[string]struct {
		ctx    context.Context
		in     io.Reader
		out    error // of opening the terminal
		typed  error // of opening what is typed there
		status int   // 0: it is a yes
	}{
		"yes":             {t.Context(), strings.NewReader("yes\n"), nil, nil, exitOK},
		"no":              {t.Context(), strings.NewReader("no\n"), nil, nil, exitVerdict},
		"an empty line":   {t.Context(), strings.NewReader("\n"), nil, nil, exitVerdict},
		"nothing":         {t.Context(), strings.NewReader(""), nil, nil, exitVerdict},
		"interrupted":     {interrupted, silent, nil, nil, exitInterrupted},
		"no terminal":     {t.Context(), nil, none, nil, exitUsage},
		"nothing to read": {t.Context(), nil, nil, none, exitUsage},
	} {
		var asked bytes.Buffer
		env := Env{
			Stderr:   io.Discard,
			Terminal: func() (io.WriteCloser, error) { return nopCloser{&asked}, tt.out },
			Answers:  func() (io.ReadCloser, error) { return io.NopCloser(tt.in), tt.typed },
		}
		err := env.confirm(tt.ctx, "Really?")
		if status := env.exit(tt.ctx, err); (err == nil) != (tt.status == exitOK) || status != tt.status {
			t.Errorf("%s: %v, status %d, want %d", name, err, status, tt.status)
		}
		if tt.in != nil && !strings.Contains(asked.String(), "Really?") {
			t.Errorf("%s: asked %q", name, asked.String())
		}
	}
}
