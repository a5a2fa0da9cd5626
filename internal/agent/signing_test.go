package agent

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/paraph/paraph/internal/payload"
)

// What is sent is read, whatever bytes are in it and in whatever pieces.
func TestSigningIsRead(t *testing.T) {
	for _, tt := range []struct{ settings, payload string }{
		{"", ""}, {"", "tree"}, {"file:/\xff\x00paraph.log\n/x\x00", "12\ntree\x00"}, {strings.Repeat("s", maxSettings), "p"},
	} {
		sent := &signing{settings: func() ([]byte, error) { return []byte(tt.settings), nil }, payload: []byte(tt.payload)}
		git, signed, err := ReadSigning(iotest.HalfReader(sent))
		if err != nil || string(git) != tt.settings || string(signed) != tt.payload {
			t.Errorf("%.20q, %.20q, %v, sent %.20q, %.20q", git, signed, err, tt.settings, tt.payload)
		}
	}
}

func TestSigningIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		sent io.Reader
		want string
	}{
		"nothing":            {strings.NewReader(""), "not paraph's"},
		"a payload alone":    {strings.NewReader("tree 4b825dc6\n"), "not paraph's"},
		"no line":            {strings.NewReader(strings.Repeat("1", 1<<20)), "not paraph's"},
		"a long line":        {strings.NewReader(strings.Repeat("0", 20) + "\n"), "not paraph's"},
		"a negative number":  {strings.NewReader("-1\n"), "not paraph's"},
		"too many settings":  {strings.NewReader("1048577\n" + strings.Repeat("s", maxSettings+1)), "not paraph's"},
		"settings cut short": {strings.NewReader("9\nfile:"), "not paraph's"},
		"a large payload":    {io.MultiReader(strings.NewReader("0\n"), bytes.NewReader(make([]byte, payload.MaxSize+1))), "more than 67108864 bytes"},
		"a broken pipe":      {iotest.ErrReader(errors.New("the pipe broke")), "the pipe broke"},
	} {
		if _, _, err := ReadSigning(tt.sent); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want ...%s...", name, err, tt.want)
		}
	}
}
