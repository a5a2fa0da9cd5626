// Package version says which build this is. paraph and paraph-agent work
// together only when they are of one build.
package version

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
)

// release is set by the linker for released builds.
var release string

// String returns the version of this build: a release's number, or the module
// version with the revision it was built from.
func String() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && v == "(devel)":
			v += "-" + s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			v += "+dirty"
		}
	}
	return v
}

// Build is String for comparing: of a build that String does not tell from
// others, made of sources that nobody has committed, it says which file it is.
func Build() string {
	v := String()
	if release != "" || v != "unknown" && v != "(devel)" && !strings.Contains(v, "dirty") {
		return v
	}
	path, err := os.Executable()
	if err != nil {
		return v
	}
	info, err := os.Stat(path)
	if err != nil {
		return v
	}
	return fmt.Sprintf("%s, %d bytes of %d", v, info.Size(), info.ModTime().UnixNano())
}
