package socket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// What is read as lines is what was written, up to the first that is too long
// or cut short.
func FuzzReadRequest(f *testing.F) {
	for _, s := range []string{"", "\n", "a\nb\n", "a\nb", strings.Repeat("x", 5000) + "\n", "\x00\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := bufio.NewReaderSize(bytes.NewReader(sent), 16)
		var lines []byte
		for {
			line, err := readLine(r, 100)
			if errors.Is(err, io.EOF) {
				if !bytes.Equal(lines, sent) {
					t.Errorf("%q was read as %q", sent, lines)
				}
				return
			}
			if err != nil {
				rest, found := bytes.CutPrefix(sent, lines)
				first, _, whole := bytes.Cut(rest, []byte("\n"))
				if tooLong := len(first)+1 > 100; !found || errors.Is(err, errLine) && !tooLong || errors.Is(err, io.ErrUnexpectedEOF) && whole {
					t.Errorf("%q: %v after %q", sent, err, lines)
				}
				return
			}
			if bytes.ContainsRune(line, '\n') || len(line) > 99 {
				t.Errorf("a line is %q", line)
			}
			lines = append(append(lines, line...), '\n')
		}
	})
}

// An answer is an answer or an error, of this version, and fit to be shown.
func FuzzParseAnswer(f *testing.F) {
	for _, s := range []string{
		`{"version":1}`, `{"version":1,"build":"x","pid":1}`, `{"version":2}`, `{"version":1,"error":"a\nb","code":"refused"}`,
		`{"version":1,"code":"lease-failed","error":"\u001b[0m"}`, `{"version":1,"version":1}`, `[]`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		a, err := parseAnswer(line)
		if (a == nil) != (err != nil) || a != nil && (a.Version != Version || a.Error != "" || a.Code != "") {
			t.Fatalf("%q: %+v, %v", line, a, err)
		}
		var e *Error
		var l *LeaseError
		if errors.As(err, &e) || errors.As(err, &l) {
			if strings.ContainsAny(err.Error(), "\n\x1b\x00") || len(err.Error()) > maxReason+100 {
				t.Errorf("%q: %q", line, err)
			}
		}
	})
}

func TestParseAnswer(t *testing.T) {
	for line, want := range map[string]error{
		`{"version":2}`: ErrVersion,
		`{"version":1,"error":"no","code":"refused"}`: ErrRefused,
		`{"version":2,"error":"no","code":"version"}`: ErrVersion,
		`{"version":1,"error":"no","code":"ended"}`:   nil,
	} {
		if _, err := parseAnswer([]byte(line)); err == nil || want != nil && !errors.Is(err, want) || want == nil && (errors.Is(err, ErrRefused) || errors.Is(err, ErrVersion)) {
			t.Errorf("%s: %v, want %v", line, err, want)
		}
	}
}
