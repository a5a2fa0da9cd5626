package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Escape makes text safe to show: control characters, and the format
// characters that change what a reader sees (direction, zero width), become
// \u escapes, as do bytes that are not UTF-8, and what begins a command in a
// log of GitHub Actions wherever it stands (actions/runner, ActionCommand.cs).
// What begins one at the start of a line only never stands there.
func Escape(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == unicode.ReplacementChar, isHostile(c):
			fmt.Fprintf(&b, "\\u%04x", c)
		default:
			b.WriteRune(c)
		}
	}
	return strings.ReplaceAll(b.String(), command, brokenCommand)
}

// The old form of a workflow command, and what is shown of it.
const (
	command       = "##["
	brokenCommand = `##\u005b`
)

// isHostile tells characters that a terminal obeys, or that a reader does not
// see: control characters, format characters, separators of lines.
func isHostile(c rune) bool {
	if c < utf8.RuneSelf {
		return c < ' ' || c == 0x7f
	}
	return unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)
}

// maxMessage bounds what a line says of an error, in bytes: certificates are
// quoted there, whose names may be as long as a signature.
const maxMessage = 1000

func cut(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + "..."
}

// WriteJSON writes JSON for programs, and a line break. Characters that a
// terminal obeys or hides can stand in strings only, where a \u escape is the
// same text (RFC 8259, section 7); encoding/json escapes some of them and not
// all.
func WriteJSON(w io.Writer, out []byte) error {
	return writeEscaped(w, append(out, '\n'))
}

// writeEscaped is WriteJSON without the line break. Nearly all text has nothing
// to escape, and is written as it is.
func writeEscaped(w io.Writer, out []byte) error {
	out = bytes.ReplaceAll(out, []byte(command), []byte(brokenCommand)) // which stands in strings only
	hostile := func(c rune) bool { return c != '\n' && isHostile(c) }
	if isPlain(out) {
		_, err := w.Write(out)
		return err
	}
	var b bytes.Buffer
	for _, c := range string(out) {
		switch {
		case !hostile(c):
			b.WriteRune(c)
		case c > 0xffff:
			hi, lo := utf16.EncodeRune(c)
			fmt.Fprintf(&b, "\\u%04x\\u%04x", hi, lo)
		default:
			fmt.Fprintf(&b, "\\u%04x", c)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// isPlain reports whether JSON is of ASCII that everybody sees.
func isPlain(out []byte) bool {
	for _, c := range out {
		if c < ' ' && c != '\n' || c >= 0x7f {
			return false
		}
	}
	return true
}
