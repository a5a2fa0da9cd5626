// Package config turns flags, environment and git's configuration into one
// Config, in the order of docs/configuration.md: a flag counts before PARAPH_*
// variables, these before paraph.* keys; for signing, SIGSTORE_*, GITSIGN_*
// and gitsign.* come after that. A wrong value is an error that names key,
// value, source and what would be right.
package config

import (
	"fmt"
	"net"
	neturl "net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A Level says where a setting came from; the lower one counts.
type Level int

// The levels, strongest first.
const (
	FromFlag Level = iota + 1
	FromEnvironment
	FromGit
	FromOthers // SIGSTORE_*, GITSIGN_* and gitsign.*, for signing only
)

// A Setting is one value and its origin, in words a user can act on.
type Setting struct {
	Value  string
	Level  Level // zero: not set
	Source string
}

// Set reports whether the setting was given at all.
func (s Setting) Set() bool { return s.Level != 0 }

// An Error is a setting that cannot be used.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// A Source is the outside world of a configuration.
type Source struct {
	Env []string
	// Git holds the entries of git's configuration, in git's order.
	Git []Entry
	// Flags holds the flags that were given, by key name.
	Flags map[string]string
}

// An Entry is one value of git's configuration.
type Entry struct {
	Key    string // section and variable in lower case, subsections as they are
	Value  string
	Origin string // "file:/home/a/.gitconfig"
}

// values resolves every key of one use.
type values map[string]Setting

func resolve(src Source, u use) (values, error) {
	out := values{}
	for _, k := range keys {
		if k.use&u == 0 {
			continue
		}
		s := lookup(src, k, u)
		if !s.Set() {
			continue
		}
		if err := k.check(&s, src.Env); err != nil {
			return nil, err
		}
		out[k.name] = s
	}
	return out, nil
}

// lookup finds a key's value at the strongest level that has one. An empty
// variable of the environment counts as not set.
func lookup(src Source, k key, u use) Setting {
	if v, ok := src.Flags[k.name]; ok {
		return Setting{v, FromFlag, "--" + strings.TrimPrefix(flagName(k.name), "hook-")}
	}
	if name := EnvName(k.name); getenv(src.Env, name) != "" {
		return Setting{getenv(src.Env, name), FromEnvironment, name}
	}
	read := lookupGit
	if k.kind == names {
		read = joinGit
	}
	if s := read(src.Git, "paraph."+k.name); s.Set() && !k.envOnly {
		return s
	}
	if u&forSign == 0 {
		return Setting{}
	}
	for _, name := range k.environ {
		if v := getenv(src.Env, name); v != "" {
			return Setting{v, FromOthers, name}
		}
	}
	if k.gitsign != "" {
		if s := lookupGit(src.Git, "gitsign."+k.gitsign); s.Set() {
			s.Level = FromOthers
			return s
		}
	}
	return Setting{}
}

func lookupGit(entries []Entry, name string) (s Setting) {
	for _, e := range entries {
		if strings.EqualFold(e.Key, name) {
			s = Setting{e.Value, FromGit, fmt.Sprintf("%s in %s", name, strings.TrimPrefix(e.Origin, "file:"))}
		}
	}
	return s
}

// joinGit reads a key that may stand several times: the values in git's order.
// An empty one empties the list, as for git's own keys of that sort
// (git-config(1), credential.helper).
func joinGit(entries []Entry, name string) (s Setting) {
	for _, e := range entries {
		if !strings.EqualFold(e.Key, name) {
			continue
		}
		one := lookupGit([]Entry{e}, name)
		if one.Value != "" && s.Value != "" {
			one.Value = s.Value + "," + one.Value
		}
		s = one
	}
	if s.Value == "" {
		return Setting{}
	}
	return s
}

// check holds a setting against its key, and normalises its value.
func (k key) check(s *Setting, env []string) error {
	wrong := func(allowed string) error {
		return errorf("%s: %q is not %s", s.Source, s.Value, allowed)
	}
	switch k.kind {
	case boolean:
		b, ok := parseBool(s.Value)
		if !ok {
			return wrong("true or false")
		}
		s.Value = strconv.FormatBool(b)
	case one:
		if !slices.Contains(k.words, s.Value) {
			return wrong("one of " + strings.Join(k.words, ", "))
		}
	case path:
		p, err := absolute(s.Value, s.Level, env)
		if err != nil {
			return wrong("an absolute path")
		}
		s.Value = p
	case spec:
		if s.Level == FromFlag || IsPinned(s.Value) {
			break
		}
		p, err := absolute(s.Value, s.Level, env)
		if err != nil {
			return wrong("an absolute path or COMMITID:PATH with the commit's whole id, which paraph policy pin writes: a branch moves with whoever may push to it")
		}
		s.Value = p
	case url:
		if err := CheckURL(s.Value); err != nil {
			return wrong(err.Error())
		}
		s.Value = strings.TrimRight(s.Value, "/")
	case duration:
		if d, err := ParseDuration(s.Value); err != nil || d <= 0 {
			return wrong("a duration such as 12h or 30d")
		}
	case names:
		list := strings.FieldsFunc(s.Value, func(c rune) bool { return c == ',' || c == ' ' })
		if i := slices.IndexFunc(list, func(name string) bool { return !IsInstanceName(name) }); len(list) == 0 || i >= 0 {
			return wrong("names of Sigstore instances: small letters, digits and hyphens, joined by commas")
		}
		s.Value = strings.Join(list, ",")
	case text:
		if k.name != "idToken" && strings.ContainsFunc(s.Value, unicode.IsControl) {
			return wrong("text without control characters")
		}
	}
	if k.pending && !slices.Contains(k.ready, s.Value) {
		return errorf("%s: %s is not in this version of paraph yet%s", s.Source, k.name, only(k.ready))
	}
	return nil
}

// IsPinned reports whether a policy is that of one commit for ever:
// COMMITID:PATH, with all digits of the id.
func IsPinned(s string) bool {
	id, path, found := strings.Cut(s, ":")
	return found && path != "" && (len(id) == 40 || len(id) == 64) && strings.Trim(id, "0123456789abcdef") == ""
}

func only(ready []string) string {
	if len(ready) == 0 {
		return "; remove it"
	}
	return "; what works is " + strings.Join(ready, ", ")
}

// IsInstanceName reports whether s can be the name of a Sigstore instance: 1
// to 31 small letters, digits and hyphens, no hyphen first. It is a file's name
// too.
func IsInstanceName(s string) bool {
	return s != "" && len(s) <= 31 && s[0] != '-' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// ParseDuration reads a duration as Go writes it, or a number of days: 30d.
func ParseDuration(s string) (time.Duration, error) {
	days, ok := strings.CutSuffix(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	const most = 100 * 366 // days; a duration ends after 292 years
	n, err := strconv.Atoi(days)
	if err != nil || n < 0 || n > most {
		return 0, errorf("%q is not a number of days", s)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// CheckURL accepts https, and http where the host is a loopback one.
func CheckURL(s string) error {
	u, err := neturl.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "" {
		return errorf("a URL of the form https://host/path")
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return errorf("an https URL (http is for loopback hosts only)")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// absolute expands ~/ and insists on an absolute path, but for flags: what is
// typed at a prompt is relative to where it is typed.
func absolute(p string, level Level, env []string) (string, error) {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		p = filepath.Join(getenv(env, "HOME"), rest)
	}
	if p == "" || !filepath.IsAbs(p) && level != FromFlag {
		return "", errorf("not absolute")
	}
	return p, nil
}

// parseBool reads a boolean as git does (git-config(1), "Values"). A key
// without a value is true and reads as "true" here already.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, true
	case "false", "no", "off", "0", "":
		return false, true
	}
	return false, false
}

// EnvName returns the variable for a key: certificateOIDCIssuer is
// PARAPH_CERTIFICATE_OIDC_ISSUER, hook.mode is PARAPH_HOOK_MODE.
func EnvName(key string) string {
	return "PARAPH_" + strings.ToUpper(words(key, '_'))
}

func flagName(key string) string { return strings.ToLower(words(key, '-')) }

// words splits a key where a word begins: before a capital that follows a
// small letter, and before the last capital of a run that goes on in small
// letters (URL stays one word, OIDCIssuer is two).
func words(key string, sep rune) string {
	var b strings.Builder
	r := []rune(key)
	for i, c := range r {
		if c == '.' {
			b.WriteRune(sep)
			continue
		}
		if i > 0 && unicode.IsUpper(c) && r[i-1] != '.' &&
			(unicode.IsLower(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			b.WriteRune(sep)
		}
		b.WriteRune(c)
	}
	return b.String()
}

func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}
