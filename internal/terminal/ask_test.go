package terminal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// A screen is a terminal at which something was typed.
type screen struct {
	io.Reader
	bytes.Buffer
}

func (y *screen) Read(p []byte) (int, error) { return y.Reader.Read(p) }

// Only a yes is one.
func TestAsk(t *testing.T) {
	for typed, want := range map[string]bool{
		"y\n": true, "yes\n": true, " YES \r\n": true, "y": true,
		"": false, "\n": false, "n\n": false, "no\n": false, "yes please\n": false, "\ny\n": false,
		strings.Repeat(" ", maxLine) + "y\n": false,
	} {
		y := &screen{Reader: strings.NewReader(typed)}
		said := "Really? [y/N] "
		if typed == "" {
			said += "\n"
		}
		if yes, err := Ask(t.Context(), y, "Really?"); yes != want || err != nil || y.String() != said {
			t.Errorf("%.20q: %t, %v, %q", typed, yes, err, y)
		}
	}
}

// Who says nothing has not said yes, and is not waited for.
func TestAskInterrupted(t *testing.T) {
	silent, hold := io.Pipe()
	defer hold.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if yes, err := Ask(ctx, &screen{Reader: silent}, "Really?"); yes || !errors.Is(err, context.Canceled) {
		t.Errorf("%t, %v", yes, err)
	}
}
