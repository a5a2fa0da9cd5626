package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxPattern bounds a pattern, in bytes.
const maxPattern = 512

// A pattern matches a whole text: `*` is any characters but separators, `?`
// one such character, `**` any characters but walls; all else is itself.
// Matching takes time in the product of the two lengths at worst.
//
// In an identity `/` and `@` separate, and `@` is a wall: whoever may choose
// what stands before it never moves it; so is what cannot be seen. In the names of refs and in paths `/`
// separates, and there is no wall: a section that is to protect protects
// `v1@rc` too.
type pattern struct {
	text           string
	prefix, suffix string // what is literal at the ends
	middle         []token
	identity       bool
}

// A token is a character, or one of the negative numbers below.
type token rune

const (
	anyOne  token = -1 - iota // ?
	anySome                   // *
	anyAll                    // **
)

// identityPattern and namePattern make patterns of texts that checkPattern
// accepts.
func identityPattern(text string) pattern { return newPattern(text, true) }

func namePattern(text string) pattern { return newPattern(text, false) }

func newPattern(text string, identity bool) pattern {
	p := pattern{text: text, identity: identity}
	first := strings.IndexAny(text, "*?")
	if first < 0 {
		p.prefix = text
		return p
	}
	last := strings.LastIndexAny(text, "*?")
	p.prefix, p.suffix = text[:first], text[last+1:]
	p.middle = make([]token, 0, last+1-first)
	for _, c := range text[first : last+1] {
		n := len(p.middle)
		switch {
		case c == '*' && n > 0 && p.middle[n-1] == anySome:
			p.middle[n-1] = anyAll
		case c == '*':
			p.middle = append(p.middle, anySome)
		case c == '?':
			p.middle = append(p.middle, anyOne)
		default:
			p.middle = append(p.middle, token(c))
		}
	}
	return p
}

// checkPattern says what is wrong with a pattern, "" if nothing is.
func checkPattern(text string) string {
	switch {
	case len(text) > maxPattern:
		return "it is longer than a pattern may be"
	case strings.Contains(text, "***"):
		return "`***` is none of `*`, `**` and `?`"
	}
	return ""
}

// literal reports whether the pattern matches itself alone.
func (p *pattern) literal() bool { return p.middle == nil }

func (p *pattern) match(s string) bool {
	if p.literal() {
		return s == p.text
	}
	if len(s) < len(p.prefix)+len(p.suffix) || !strings.HasPrefix(s, p.prefix) || !strings.HasSuffix(s, p.suffix) {
		return false
	}
	var live states
	return p.run(&live, s[len(p.prefix):len(s)-len(p.suffix)]) && live[len(p.middle)]
}

// states are the places in the middle of a pattern at which a match may be.
type states [maxPattern + 1]bool

// run reads s from the beginning of the middle on. It reports whether any
// place is left.
func (p *pattern) run(live *states, s string) bool {
	live[0] = true
	p.skip(live)
	for _, c := range s {
		alive := false
		for i := len(p.middle); i >= 0; i-- { // from behind: a character moves each place once
			was := live[i]
			live[i] = was && i < len(p.middle) && p.middle[i].repeats() && p.takes(p.middle[i], c)
			if was && i < len(p.middle) && !p.middle[i].repeats() && p.takes(p.middle[i], c) {
				live[i+1] = true
			}
			alive = alive || live[i] || i < len(p.middle) && live[i+1]
		}
		if !alive {
			return false
		}
		p.skip(live)
	}
	return true
}

// skip adds the places behind those that may match nothing.
func (p *pattern) skip(live *states) {
	for i, t := range p.middle {
		if live[i] && t.repeats() {
			live[i+1] = true
		}
	}
}

func (t token) repeats() bool { return t == anySome || t == anyAll }

// takes reports whether a token may stand for c.
func (p *pattern) takes(t token, c rune) bool {
	switch {
	case t >= 0:
		return token(c) == t
	case p.identity && (c == '@' || c == utf8.RuneError || !unicode.IsPrint(c)):
		return false
	}
	return c != '/' || t == anyAll
}

// within reports whether the pattern could match something in the folder,
// which ends in a slash.
func (p *pattern) within(folder string) bool {
	if n := min(len(p.prefix), len(folder)); p.prefix[:n] != folder[:n] {
		return false
	}
	if len(p.prefix) > len(folder) || p.literal() {
		return len(p.prefix) > len(folder)
	}
	// What is left of the folder may end in the middle, or in the suffix.
	whole := pattern{identity: p.identity, middle: p.middle}
	for _, c := range p.suffix {
		whole.middle = append(whole.middle[:len(whole.middle):len(whole.middle)], token(c))
	}
	var live states
	return whole.run(&live, folder[len(p.prefix):])
}

// covers reports whether the pattern surely matches all that begins with
// prefix.
func (p *pattern) covers(prefix string) bool {
	head, ok := strings.CutSuffix(p.text, "**")
	if !ok || p.identity {
		return false
	}
	q := namePattern(head)
	for i := range len(prefix) + 1 {
		if q.match(prefix[:i]) {
			return true
		}
	}
	return false
}
