package policy

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A section of the file, in the file's order. It is one of a strict subset of
// git-config(1), "CONFIGURATION FILE", in which every git reads the same: what
// is accepted here, git's config.c:git_parse_source reads alike.
type section struct {
	word    string // in small letters
	name    string // between the quotes
	named   bool
	line    int
	entries []entry
	damaged bool // there were lines that could not be read, and were reported
}

// An entry is one line of a section.
type entry struct {
	key, value string // the key as it is written, the value without quotes
	line       int
}

func (s *section) String() string {
	if !s.named {
		return "[" + s.word + "]"
	}
	return title(s.word, s.name)
}

// key is what stands once in a file.
func (s *section) key() string { return s.word + "\x00" + s.name }

func title(word, name string) string { return "[" + word + ` "` + cut(name) + `"]` }

// cut shortens what a message quotes.
func cut(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// maxProblems bounds what is said of one policy.
const maxProblems = 50

// problems collects what is wrong.
type problems []Problem

func (p *problems) add(line int, rule, format string, args ...any) {
	switch n := len(*p); {
	case n < maxProblems:
		*p = append(*p, Problem{line, rule, fmt.Sprintf(format, args...)})
	case n == maxProblems:
		*p = append(*p, Problem{0, ProblemMany, fmt.Sprintf("there are more than %d problems; mend these first", maxProblems)})
	}
}

// A scanner splits a file into sections.
type scanner struct {
	problems
	sections []section
	lines    map[string]int // of the sections, by their keys
}

// scan reads the file line by line. Sections come with all of their lines that
// could be read.
func (s *scanner) scan(data []byte) {
	if !s.scannable(data) {
		return
	}
	s.lines = map[string]int{}
	text := string(data)
	for n := 1; text != ""; n++ {
		line, rest, ended := strings.Cut(text, "\n")
		if ended {
			line = strings.TrimSuffix(line, "\r")
		}
		text = rest
		if c := invisible(line); c >= 0 {
			s.add(n, ProblemCharacter, "the character %U cannot be seen; remove it", c)
			s.damage()
			continue
		}
		s.line(n, strings.Trim(line, blank))
	}
	for i := range s.sections {
		if t := &s.sections[i]; len(t.entries) == 0 && !t.damaged {
			t.damaged = true
			s.add(t.line, ProblemEmpty, "%s is empty; remove it, or say what it is to say", t)
		}
	}
}

// blank are the blanks inside of a line.
const blank = " \t"

// scannable holds the file as a whole against what is a text.
func (s *scanner) scannable(data []byte) bool {
	lineOf := func(at int) int { return 1 + bytes.Count(data[:at], []byte("\n")) }
	switch nul := bytes.IndexByte(data, 0); {
	case len(data) > MaxSize:
		s.add(0, ProblemSize, "the policy has %d bytes; at most %d are read", len(data), MaxSize)
	case bytes.HasPrefix(data, []byte("\uFEFF")):
		s.add(1, ProblemEncoding, "the policy begins with a byte order mark; store it as UTF-8 without one")
	case nul >= 0:
		s.add(lineOf(nul), ProblemEncoding, "a NUL is in the policy; store it as UTF-8 text")
	case !utf8.Valid(data):
		at := 0
		for {
			c, n := utf8.DecodeRune(data[at:])
			if c == utf8.RuneError && n <= 1 {
				break
			}
			at += n
		}
		s.add(lineOf(at), ProblemEncoding, "the policy is not UTF-8; store it as UTF-8")
	default:
		return true
	}
	return false
}

// invisible returns the first character that a reader of the line would not
// see for what it is, -1 if there is none.
func invisible(line string) rune {
	for i := 0; i < len(line); i++ {
		if c := line[i]; c >= ' ' && c < 0x7f || c == '\t' {
			continue
		}
		for _, c := range line[i:] {
			if c != '\t' && !unicode.IsPrint(c) || c == utf8.RuneError {
				return c
			}
		}
		return -1
	}
	return -1
}

func (s *scanner) line(n int, line string) {
	switch {
	case line == "" || isComment(line):
	case line[0] == '[':
		s.header(n, line)
	case len(s.sections) == 0:
		s.add(n, ProblemSyntax, "nothing may stand before the first section; begin with [policy]")
	default:
		e, ok := s.entry(n, line)
		if !ok {
			s.damage()
			return
		}
		t := &s.sections[len(s.sections)-1]
		t.entries = append(t.entries, e)
	}
}

// damage remembers that the section at hand said more than could be read.
func (s *scanner) damage() {
	if len(s.sections) > 0 {
		s.sections[len(s.sections)-1].damaged = true
	}
}

func isComment(s string) bool { return s[0] == '#' || s[0] == ';' }

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
	case line[end] != ']' && rest[0] == '"':
		var closed bool
		t.named = true
		if t.name, rest, closed = strings.Cut(rest[1:], `"`); !closed || strings.Contains(t.name, `\`) {
			wrong = "has a name that does not end, or a backslash"
		}
	case line[end] != ']':
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
