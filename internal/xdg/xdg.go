// Package xdg says where a user's files belong.
//
// Specification: XDG Base Directory, version 0.8. Paths that are not absolute
// count as not set; a user without a home has no folder, "".
package xdg

import (
	"path/filepath"
	"strings"
)

// Config is the folder of what the user decided.
func Config(env []string) string { return dir(env, "XDG_CONFIG_HOME", ".config") }

// Cache is the folder of what can be fetched again.
func Cache(env []string) string { return dir(env, "XDG_CACHE_HOME", ".cache") }

// State is the folder of what happened.
func State(env []string) string { return dir(env, "XDG_STATE_HOME", ".local/state") }

// dir is the program's part of the folder that a variable names.
func dir(env []string, variable, below string) string {
	var base, home string
	for _, e := range env { // of two, the last counts
		if v, ok := strings.CutPrefix(e, variable+"="); ok {
			base = v
		}
		if v, ok := strings.CutPrefix(e, "HOME="); ok {
			home = v
		}
	}
	if !filepath.IsAbs(base) {
		if !filepath.IsAbs(home) {
			return ""
		}
		base = filepath.Join(home, filepath.FromSlash(below))
	}
	return filepath.Join(base, "paraph")
}
