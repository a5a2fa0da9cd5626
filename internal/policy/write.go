package policy

import (
	"fmt"
	"strings"
)

// A writer writes sections that Parse reads back.
type writer struct {
	strings.Builder
	names map[string]int // how often each was asked for, in small letters
}

// section begins one.
func (w *writer) section(word, name string) {
	if name == "" {
		fmt.Fprintf(w, "[%s]\n", word)
		return
	}
	fmt.Fprintf(w, "[%s \"%s\"]\n", word, name)
}

// set writes one key of a section; value is writable.
func (w *writer) set(key, value string) {
	if strings.ContainsAny(value, "#;") || strings.Trim(value, blank) != value {
		value = `"` + value + `"`
	}
	fmt.Fprintf(w, "\t%s = %s\n", key, value)
}

// comment writes a line for people. What others chose in it is escaped.
func (w *writer) comment(format string, args ...any) {
	fmt.Fprintf(w, "; "+format+"\n", args...)
}

// writable reports whether a value can stand in a policy.
func writable(s string) bool {
	return s != "" && invisible(s) < 0 && !strings.ContainsAny(s, "\"\\\t")
}

// name makes the name of a signer of what it is known by, and keeps it.
func (w *writer) name(from string) string {
	const most = maxName - 10 // so that a number fits behind it
	name := strings.Map(func(c rune) rune {
		if c < 0x80 && isName("a"+string(c)) {
			return c
		}
		return '-'
	}, from)
	name = strings.Trim(name, "._-+@")
	if len(name) > most {
		name = strings.TrimRight(name[:most], "._-+@")
	}
	if name == "" {
		name = "signer"
	}
	if w.names == nil {
		w.names = map[string]int{}
	}
	for {
		w.names[strings.ToLower(name)]++
		n := w.names[strings.ToLower(name)]
		if n == 1 {
			return name
		}
		name = fmt.Sprintf("%s-%d", name, n)
	}
}
