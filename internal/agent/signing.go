package agent

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/paraph/paraph/internal/payload"
)

// maxSettings is how many bytes of git's configuration may come with a
// payload, maxLength how long the line is that says how many do.
const (
	maxSettings = 1 << 20
	maxLength   = 16
)

// A signing is what [Sign] sends: the number of bytes of the settings on a
// line, the settings, and then the payload.
type signing struct {
	settings func() ([]byte, error)
	payload  []byte
	bytes    io.Reader  // nil until there are settings
	failed   chan error // why there are none
}

func (s *signing) Read(p []byte) (int, error) {
	if s.bytes == nil {
		git, err := s.settings()
		if err == nil && len(git) > maxSettings {
			err = fmt.Errorf("git's configuration has more than %d bytes for paraph", maxSettings)
		}
		if err != nil {
			s.failed <- err
			return 0, err
		}
		s.bytes = io.MultiReader(strings.NewReader(fmt.Sprintln(len(git))), bytes.NewReader(git), bytes.NewReader(s.payload))
	}
	return s.bytes.Read(p)
}

// errSigning is a paraph that broke off, or another program.
var errSigning = errors.New("the request is in a form that is not paraph's")

// ReadSigning reads what [Sign] sends.
func ReadSigning(from io.Reader) (settings, signed []byte, err error) {
	r := bufio.NewReaderSize(io.LimitReader(from, maxLength+maxSettings+payload.MaxSize+1), 64<<10)
	line, err := r.ReadSlice('\n')
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, nil, err
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(string(line), "\n"), 10, 32)
	if err != nil || len(line) > maxLength || n > maxSettings {
		return nil, nil, errSigning
	}
	settings = make([]byte, n)
	if _, err := io.ReadFull(r, settings); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", errSigning, err)
	}
	signed, err = io.ReadAll(io.LimitReader(r, payload.MaxSize+1))
	if err == nil && len(signed) > payload.MaxSize {
		err = fmt.Errorf("the object has more than %d bytes", payload.MaxSize)
	}
	return settings, signed, err
}
