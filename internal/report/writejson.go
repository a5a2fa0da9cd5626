package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
)

// A list is a JSON document whose elements go out as they come: one object with
// an array in it, and the object's other members after the array.
type list struct {
	w      *bufio.Writer // remembers the first error
	head   string        // the document up to the array, its bracket included
	indent string        // of the array's name
	begun  bool
}

// element writes one element of the array.
func (l *list) element(v any) error {
	out, err := json.MarshalIndent(v, l.indent+"  ", "  ")
	if err != nil {
		return err
	}
	before := ","
	if !l.begun {
		before, l.begun = l.head, true
	}
	fmt.Fprintf(l.w, "%s\n%s  ", before, l.indent)
	return writeEscaped(l.w, out)
}

// end writes the members that follow the array, and what closes the document.
func (l *list) end(members any, tail string) error {
	out, err := json.MarshalIndent(members, l.indent[2:], "  ")
	if err != nil {
		return err
	}
	if l.begun {
		fmt.Fprintf(l.w, "\n%s", l.indent)
	} else {
		fmt.Fprint(l.w, l.head)
	}
	fmt.Fprint(l.w, "],")
	out = bytes.TrimPrefix(bytes.TrimSuffix(out, []byte("\n"+l.indent[2:]+"}")), []byte("{"))
	_ = writeEscaped(l.w, out)
	fmt.Fprint(l.w, tail)
	return l.w.Flush()
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
