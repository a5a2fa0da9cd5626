// Package store is what this machine knows of Sigstore instances: files, read
// by both programs. Who fetches them is not its business.
//
//   - $XDG_CONFIG_HOME/paraph/instances/NAME.json: an instance that the user
//     added.
//   - $XDG_CACHE_HOME/paraph/trust/NAME.root.json: what TUF brought, as much of
//     it as verification needs: one small file for each instance.
//   - $XDG_CACHE_HOME/paraph/trust/NAME.tuf.json: all that TUF brought. The
//     next update begins with it, and signing takes the services from it.
//
// Each file is replaced whole: whoever reads sees the old one or the new one.
// NAME.tuf.json is replaced first. A crash between the two leaves a root that
// is one update behind, which the next update mends; a root.json that cannot
// be used is made up for by its tuf.json.
//
// What is not a regular file is refused, and all reading is bounded.
package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/xdg"
)

// Bounds on what is read.
const (
	maxName      = 31       // bytes of an instance's name
	maxInstances = 64       // instances that a user added
	maxInstance  = 4 << 20  // bytes of an instance's file
	maxRoot      = 1 << 20  // bytes of NAME.root.json
	maxTUF       = 12 << 20 // bytes of NAME.tuf.json
)

// A Store is where the files of one user are. The zero Store has none, and
// knows what is built in.
type Store struct {
	instances string // folder, "" if the user has none
	cache     string // folder, "" if the user has none
}

// New returns the store of the user whose environment it is.
func New(env []string) Store {
	var s Store
	if dir := xdg.Config(env); dir != "" {
		s.instances = filepath.Join(dir, "instances")
	}
	if dir := xdg.Cache(env); dir != "" {
		s.cache = filepath.Join(dir, "trust")
	}
	return s
}

// CheckName refuses what is not the name of an instance.
func CheckName(name string) error {
	valid := name != "" && len(name) <= maxName && name[0] != '-'
	for _, c := range []byte(name) {
		valid = valid && ('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-')
	}
	if !valid {
		return fmt.Errorf("%q is not the name of an instance: one to %d of a-z, 0-9 and -, not beginning with -", name, maxName)
	}
	return nil
}

// Known reports whether a name is the program's own: no user can add an
// instance under it. The last stands for certificates that are not Sigstore's.
func Known(name string) bool {
	return name == builtin.Instance || name == builtin.Staging || name == "smime"
}

// Names lists the instances: those that are known by name first, then those
// that the user added, in order.
func (s Store) Names() ([]string, error) {
	names := []string{builtin.Instance, builtin.Staging}
	if s.instances == "" {
		return names, nil
	}
	entries, err := os.ReadDir(s.instances)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return names, err
	}
	for _, e := range entries {
		name, isJSON := strings.CutSuffix(e.Name(), ".json")
		if !isJSON || CheckName(name) != nil || Known(name) {
			continue
		}
		if names = append(names, name); len(names) > maxInstances {
			return names, fmt.Errorf("%s has more than %d instances", s.instances, maxInstances)
		}
	}
	slices.Sort(names[2:])
	return names, nil
}
