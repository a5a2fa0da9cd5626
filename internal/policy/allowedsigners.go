package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Why a line of an allowed_signers file became no signer, or another one than
// it says.
const (
	NoteLeftOut   = "left-out"   // what paraph does not do, or cannot read
	NoteNamespace = "namespace"  // not for git
	NotePattern   = "pattern"    // who may use the key is not kept: a policy names keys
	NoteLocalTime = "local-time" // read as UTC
)

// maxImported bounds the signers of one import.
const maxImported = maxSections / 2

// ImportAllowedSigners makes sections of signers of a file for
// gpg.ssh.allowedSignersFile (ssh-keygen(1), "ALLOWED SIGNERS"). notes are what
// is lost on the way, and which lines. Lines of one principal and one time
// become one signer.
func ImportAllowedSigners(data []byte) (signers []byte, notes []Problem, err error) {
	if len(data) > MaxSize || !utf8.Valid(data) {
		return nil, nil, fmt.Errorf("this is no allowed_signers file: it is not text, or longer than %d bytes", MaxSize)
	}
	var said problems
	var all []*allowed
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.Trim(line, blank+"\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		a, rule, wrong := readAllowed(line)
		if wrong != "" {
			said.add(n, rule, "%s", wrong)
			continue
		}
		a.note(&said, n)
		if i := slices.IndexFunc(all, a.same); i >= 0 {
			all[i].keys = append(all[i].keys, a.keys...)
		} else if all = append(all, a); len(all) > maxImported {
			return nil, nil, fmt.Errorf("there are more than %d signers in the file", maxImported)
		}
	}
	if len(all) == 0 && len(said) == 0 {
		return nil, nil, fmt.Errorf("there is no signer in the file")
	}
	var w writer
	for _, a := range all {
		w.section("signer", w.name(shortName(a.principals[0])))
		w.comment("%+q", cut(strings.Join(a.principals, ",")))
		for _, k := range a.keys {
			w.set("ssh", k)
		}
		a.times(&w)
	}
	return []byte(w.String()), said, nil
}

// An allowed is one line of the file.
type allowed struct {
	principals          []string
	keys                []string // type and base64
	notBefore, notAfter time.Time
	local               bool // a time has no zone
}

func (a *allowed) same(b *allowed) bool {
	return slices.Equal(a.principals, b.principals) && a.notBefore.Equal(b.notBefore) && a.notAfter.Equal(b.notAfter)
}

func (a *allowed) times(w *writer) {
	if !a.notBefore.IsZero() {
		w.set("notBefore", a.notBefore.Format(time.RFC3339))
	}
	if !a.notAfter.IsZero() {
		w.set("notAfter", a.notAfter.Format(time.RFC3339))
	}
}

// note says what of a line is not kept.
func (a *allowed) note(said *problems, line int) {
	if slices.ContainsFunc(a.principals, func(p string) bool { return strings.ContainsAny(p, "*?!") }) {
		said.add(line, NotePattern, "the principal %q is a pattern; the key becomes one signer, add `email =` for the committers that it may be", cut(strings.Join(a.principals, ",")))
	}
	if a.local {
		said.add(line, NoteLocalTime, "the time has no zone and is read as UTC; ssh-keygen takes this machine's")
	}
}

// readAllowed reads `principals [options] type base64 [comment]`.
func readAllowed(line string) (a *allowed, rule, wrong string) {
	who, rest := cutField(line)
	a = new(allowed)
	for p := range strings.SplitSeq(strings.ReplaceAll(who, `"`, ""), ",") {
		if p != "" {
			a.principals = append(a.principals, p)
		}
	}
	field, after := cutField(rest)
	if !strings.HasPrefix(field, "ssh-") && !strings.HasPrefix(field, "ecdsa-") && !strings.HasPrefix(field, "sk-") {
		if rule, wrong = a.options(field); wrong != "" {
			return nil, rule, wrong
		}
		field, after = cutField(after)
	}
	encoded, _ := cutField(after)
	key := field + " " + encoded
	if _, not := parseSSH(key); not != "" {
		return nil, NoteLeftOut, "this is not " + not
	}
	if len(a.principals) == 0 {
		return nil, NoteLeftOut, "the line names no principal"
	}
	if !a.notAfter.IsZero() && a.notAfter.Before(a.notBefore) {
		return nil, NoteLeftOut, "the key ends before it begins"
	}
	a.keys = []string{key}
	return a, "", ""
}

// cutField cuts the first field off a line: up to a blank outside of quotes.
func cutField(s string) (field, rest string) {
	quoted := false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(blank, c) >= 0:
			return s[:i], strings.TrimLeft(s[i:], blank)
		}
	}
	return s, ""
}

// options reads the options of a line, which commas join.
func (a *allowed) options(s string) (rule, wrong string) {
	for _, option := range splitOptions(s) {
		name, value, _ := strings.Cut(option, "=")
		value = strings.Trim(value, `"`)
		var ok, local bool
		switch strings.ToLower(name) {
		case "cert-authority":
			return NoteLeftOut, "the key is a certificate authority's, and certificates of SSH are not in this version of paraph; list the keys themselves"
		case "namespaces":
			if ok = forGit(value); !ok {
				return NoteNamespace, fmt.Sprintf("the key is for %q and not for git", cut(value))
			}
		case "valid-after":
			a.notBefore, local, ok = sshTime(value)
		case "valid-before":
			a.notAfter, local, ok = sshTime(value)
		}
		if !ok {
			return NoteLeftOut, fmt.Sprintf("the option %q is unknown, or its value is", cut(option))
		}
		a.local = a.local || local
	}
	return "", ""
}

// splitOptions splits at commas outside of quotes.
func splitOptions(s string) (options []string) {
	quoted, from := false, 0
	for i := range len(s) {
		if s[i] == '"' {
			quoted = !quoted
		} else if s[i] == ',' && !quoted {
			options, from = append(options, s[from:i]), i+1
		}
	}
	return append(options, s[from:])
}

// forGit reports whether a list of patterns has the namespace of git's
// signatures; one that a ! denies counts before all others.
func forGit(list string) (ok bool) {
	for text := range strings.SplitSeq(list, ",") {
		text, denied := strings.CutPrefix(text, "!")
		p := namePattern(text)
		if checkPattern(text) != "" || !p.match("git") {
			continue
		}
		if denied {
			return false
		}
		ok = true
	}
	return ok
}

// sshTime reads YYYYMMDD[HHMM[SS]][Z].
func sshTime(s string) (t time.Time, local, ok bool) {
	digits, utc := strings.CutSuffix(s, "Z")
	for _, layout := range []string{"20060102", "200601021504", "20060102150405"} {
		if len(layout) == len(digits) {
			t, err := time.Parse(layout, digits)
			return t, !utc, err == nil
		}
	}
	return t, false, false
}
