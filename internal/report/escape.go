package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes text safe to show: control characters, and the format
// characters that change what a reader sees (direction, zero width), become
// \u escapes, as do bytes that are not UTF-8.
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
	return b.String()
}

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
