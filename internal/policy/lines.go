package policy

import (
	"fmt"
	"strings"
)

// ends reports whether a line is over where rest begins: but for a comment,
// after a blank.
func ends(rest string) bool {
	trimmed := strings.TrimLeft(rest, blank)
	return trimmed == "" || len(trimmed) < len(rest) && isComment(trimmed)
}

// header reads `[word]` or `[word "name"]`.
func (s *scanner) header(n int, line string) {
	t := section{line: n}
	end := 1
	for end < len(line) && isLetter(line[end]) {
		end++
	}
	t.word = strings.ToLower(line[1:end])
	rest := strings.TrimLeft(line[end:], blank)
	wrong := ""
	switch {
	case t.word == "" || rest == "":
		wrong = "is not a section"
	case line[end] == '.':
		wrong = "is a section with a dot"
	case len(rest) < len(line[end:]) && rest[0] == '"':
		var closed bool
		t.named = true
		if t.name, rest, closed = strings.Cut(rest[1:], `"`); !closed || strings.Contains(t.name, `\`) {
			wrong = "has a name that does not end, or a backslash"
		}
	case rest[0] != ']' || len(rest) < len(line[end:]):
		wrong = "is not a section"
	}
	if wrong == "" && (!strings.HasPrefix(rest, "]") || !ends(rest[1:])) {
		wrong = "is not a section alone on its line"
	}
	if wrong != "" {
		s.add(n, ProblemSyntax, "%q %s; write `[word]` or `[word \"name\"]`", cut(line), wrong)
		t.word, t.damaged = "", true
	} else if first := s.lines[t.key()]; first != 0 {
		s.add(n, ProblemTwice, "%s stands in line %d already; move all of it there", &t, first)
	} else {
		s.lines[t.key()] = n
	}
	s.sections = append(s.sections, t)
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// entry reads `key = value`. What follows another section than the wanted one
// would say something else, so that no line is guessed at.
func (s *scanner) entry(n int, line string) (e entry, ok bool) {
	key, rest, found := strings.Cut(line, "=")
	key = strings.TrimRight(key, blank)
	if !found || !isKey(key) {
		s.add(n, ProblemSyntax, "%q is neither a section nor `key = value`", cut(line))
		return e, false
	}
	value, wrong := readValue(strings.TrimLeft(rest, blank))
	if wrong != "" {
		s.add(n, ProblemSyntax, "%s: %s", key, wrong)
		return e, false
	}
	return entry{key, value, n}, true
}

// isKey is git's config.c:get_value for the name of a variable.
func isKey(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// readValue reads a value, which is in quotes as a whole or has none. wrong
// says what is not as git's config.c:parse_value would have it, or not as
// clear.
func readValue(s string) (value, wrong string) {
	quoted := strings.HasPrefix(s, `"`)
	if quoted {
		var rest string
		var closed bool
		if value, rest, closed = strings.Cut(s[1:], `"`); !closed || !ends(rest) {
			return "", "quotes are to stand around the whole value"
		}
	} else {
		value = s
		if at := strings.IndexAny(s, "#;"); at >= 0 {
			if at > 0 && !strings.Contains(blank, s[at-1:at]) {
				return "", fmt.Sprintf("git takes what follows %q for a comment; put the value in double quotes, or a blank before the comment", s[at:at+1])
			}
			value = s[:at]
		}
		value = strings.TrimRight(value, blank)
	}
	switch {
	case value == "":
		return "", "the value is missing"
	case strings.Contains(value, `\`):
		return "", "a backslash may not stand in a value, nor at the end of a line"
	case strings.Contains(value, "\t"):
		return "", "a tab may not stand inside of a value"
	case !quoted && strings.Contains(value, `"`):
		return "", "quotes are to stand around the whole value"
	}
	return value, ""
}
