// Package base64lines reads the inside of an armor: base64 in lines.
package base64lines

import (
	"bytes"
	"encoding/base64"
	"errors"
)

// maxColumns bounds a line: RFC 4880, 6.3, and RFC 2045, 6.8. OpenSSH writes
// 70, everybody else 64 or fewer.
const maxColumns = 76

var (
	errLines    = errors.New("the base64 is not in lines of 1 to 76 columns that end in LF")
	errAlphabet = errors.New("the lines are not base64")
)

// Decode decodes lines of base64 that each end in LF. There is one encoding of
// a content but for where its lines end: no blanks, no CR, no empty line, no
// bits beyond the last byte, nothing after the padding.
func Decode(text []byte) ([]byte, error) {
	joined := make([]byte, 0, len(text))
	for len(text) > 0 {
		line, rest, found := bytes.Cut(text, []byte("\n"))
		if !found || len(line) == 0 || len(line) > maxColumns {
			return nil, errLines
		}
		joined, text = append(joined, line...), rest
	}
	// The decoder would skip a CR.
	if len(joined) == 0 || bytes.IndexByte(joined, '\r') >= 0 {
		return nil, errAlphabet
	}
	n, err := base64.StdEncoding.Strict().Decode(joined, joined)
	if err != nil {
		return nil, errAlphabet
	}
	return joined[:n], nil
}
