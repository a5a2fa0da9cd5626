package payload

import (
	"bytes"
	"strings"
)

// The rules of the grammar, by the name that an error carries.
const (
	RuleKind            = "payload-kind"            // begins like none of the three
	RuleNoBlankLine     = "no-blank-line"           // the headers do not end
	RuleNUL             = "nul-in-header"           // a NUL before the blank line
	RuleHeaderSyntax    = "header-syntax"           // not "name SP value"
	RuleContinuation    = "unexpected-continuation" // a line that begins with SP where none may
	RuleTabLine         = "tab-line"                // a line that begins with TAB
	RuleHeaderOrder     = "header-order"            // missing, twice, or not in its place
	RuleSignatureHeader = "signature-header"        // gpgsig in what should be without
	RuleUnknownHeader   = "unknown-header"          // only where the set of headers is closed
	RuleEncoding        = "encoding"                // twice, or empty
	RuleObjectID        = "object-id-syntax"        // not 40 or 64 lowercase hex digits, or of two widths
	RuleObjectType      = "object-type"             // a tag's target is of no type that git knows
	RuleTagName         = "tag-name-syntax"         // empty, or with control characters
	RuleIdent           = "ident"                   // not "name <email> seconds zone"
	RuleVersion         = "certificate-version"     // not 0.1
)

// headers reads the lines of a header one by one.
type headers struct {
	rest    []byte // lines not yet read, each with its LF
	message []byte
	idWidth int // of the first object id, 0 before
}

// split finds the blank line after the headers. No NUL may stand before it:
// git's C code sees the end of the text there, in some places and not in others.
func split(p []byte) (*headers, error) {
	end := bytes.Index(p, []byte("\n\n"))
	if end < 0 {
		return nil, broken(RuleNoBlankLine, "no blank line ends the headers")
	}
	h := &headers{rest: p[:end+1], message: p[end+2:]}
	if i := bytes.IndexByte(h.rest, 0); i >= 0 {
		return nil, broken(RuleNUL, "a NUL byte in the headers, at offset %d", i)
	}
	return h, nil
}

// peek reports whether the next header has this name.
func (h *headers) peek(name string) bool {
	return len(h.rest) > len(name) && h.rest[len(name)] == ' ' && string(h.rest[:len(name)]) == name
}

// line takes the next line, without its LF.
func (h *headers) line() string {
	end := bytes.IndexByte(h.rest, '\n')
	line := string(h.rest[:end])
	h.rest = h.rest[end+1:]
	return line
}

// expect takes the header that must stand here, and no continuation of it: it
// has one line.
func (h *headers) expect(name string) (string, error) {
	if !h.peek(name) {
		return "", broken(RuleHeaderOrder, "expected the header %q, found %q", name, h.nextName())
	}
	value := h.line()[len(name)+1:]
	if len(h.rest) == 0 {
		return value, nil
	}
	switch h.rest[0] {
	case ' ':
		return "", broken(RuleContinuation, "the header %q goes on in a second line", name)
	case '\t':
		return "", broken(RuleTabLine, "a header line begins with TAB")
	}
	return value, nil
}

// nextName is what the next line begins with, for messages.
func (h *headers) nextName() string {
	if len(h.rest) == 0 {
		return "the end of the headers"
	}
	const longest = 40
	name := h.rest[:bytes.IndexByte(h.rest, '\n')]
	if i := bytes.IndexByte(name, ' '); i > 0 {
		name = name[:i]
	}
	return string(name[:min(len(name), longest)])
}

// next takes any header with its continuation lines, which begin with SP. Its
// first line is returned; the continuation is nobody's but the header's, so a
// mergetag may hold a whole object with headers of its own.
func (h *headers) next() (name, value string, continued bool, err error) {
	if h.rest[0] == '\t' {
		return "", "", false, broken(RuleTabLine, "a header line begins with TAB")
	}
	end := bytes.IndexByte(h.rest, '\n')
	space := bytes.IndexByte(h.rest[:end], ' ')
	if space <= 0 {
		return "", "", false, broken(RuleHeaderSyntax, "a header line without name and value: %q", h.nextName())
	}
	name, value = string(h.rest[:space]), string(h.rest[space+1:end])
	h.rest = h.rest[end+1:]
	for len(h.rest) > 0 && h.rest[0] == ' ' {
		continued = true
		h.rest = h.rest[bytes.IndexByte(h.rest, '\n')+1:]
	}
	return name, value, continued, nil
}

// objectID takes a header whose value is an object id.
func (h *headers) objectID(name string) (string, error) {
	id, err := h.expect(name)
	if err != nil {
		return "", err
	}
	if !isObjectID(id) {
		return "", broken(RuleObjectID, "the header %q holds no object id", name)
	}
	if h.idWidth != 0 && len(id) != h.idWidth {
		return "", broken(RuleObjectID, "object ids of %d and of %d digits", h.idWidth, len(id))
	}
	h.idWidth = len(id)
	return id, nil
}

// isObjectID reports whether s is 40 or 64 lowercase hexadecimal digits. git
// reads capitals too, but writes none: one object, one spelling.
func isObjectID(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}
