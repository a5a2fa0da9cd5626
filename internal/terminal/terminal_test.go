package terminal

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestSay(t *testing.T) {
	var b bytes.Buffer
	Say(&b, "one", "two\x1b[31m\r\n")
	if got := b.String(); got != "one\ntwo\\u001b[31m\\u000d\\u000a\n" {
		t.Errorf("%q", got)
	}
}

func TestReadLine(t *testing.T) {
	for in, want := range map[string]string{"yes\n": "yes\n", "yes\nno\n": "yes\n", "no end": "no end", "": ""} {
		got, err := ReadLine(t.Context(), strings.NewReader(in))
		if got != want || (err == nil) != (in != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	if got, err := ReadLine(t.Context(), strings.NewReader(strings.Repeat("x", 1<<20))); len(got) != maxLine || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Nobody types: whoever waits can stop.
func TestReadLineInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, w := io.Pipe()
	defer w.Close()
	if _, err := ReadLine(ctx, r); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
