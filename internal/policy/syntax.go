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

// Bounds of one policy: what it holds, and what is said of it.
const (
	maxSections = 10000
	maxProblems = 50
)

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
	const usual = 1000 // sections, for which room is made at once
	room := min(bytes.Count(data, []byte("[")), usual)
	s.sections, s.lines = make([]section, 0, room), make(map[string]int, room)
	text := string(data)
	for n := 1; text != "" && len(s.sections) <= maxSections; n++ {
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
	if len(s.sections) > maxSections {
		s.add(s.sections[maxSections].line, ProblemSize, "there are more than %d sections; more are not read", maxSections)
		s.sections = s.sections[:maxSections]
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
