package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/hack/sigstore/tufserver"
)

func (u *user) cacheDir() string {
	return filepath.Join(u.root, "home", ".cache", "paraph", "trust")
}

// Each file of the cache, cut anywhere, does no harm; all of them cut, and the
// user learns what to do. The next update mends it.
func TestTUFHalfWrittenCache(t *testing.T) {
	t.Parallel()
	i := newInstanceUser(t)
	files := filesBelow(t, i.cacheDir())
	whole := map[string][]byte{}
	for name, data := range files {
		if len(data) > 0 { // not the lock
			whole[name] = data
		}
	}
	if len(whole) == 0 {
		t.Fatalf("no files in %s", i.cacheDir())
	}
	cuts := func(n int) []int { return []int{0, 1, n / 100, n / 2, n - 2, n - 1} }
	for name, data := range whole {
		for _, cut := range cuts(len(data)) {
			writeFile(t, name, data[:cut])
			i.wants("valid")
			i.updates("")
			i.wants("valid")
			if bytes.Equal(readFile(t, name), data[:cut]) {
				t.Errorf("%s is still cut at %d", name, cut)
			}
			writeFile(t, name, data)
		}
	}
	for _, n := range []int{0, 2, 3} {
		for name, data := range whole {
			writeFile(t, name, data[:len(data)*n/4])
		}
		r := i.run("", "paraph", "verify", i.first)
		if r.status == 0 || !strings.Contains(r.stdout+r.stderr, "paraph trust update") {
			t.Errorf("exit status %d, nothing about what to do: %s%s", r.status, r.stdout, r.stderr)
		}
		i.updates("")
		i.wants("valid")
	}
}

// updaters is how many updates run at once.
const updaters = 10

func TestTUFUpdatesAtOnce(t *testing.T) {
	t.Parallel()
	i := newInstanceUser(t)
	for _, useless := range []bool{true, false} {
		i.do(replace(tufserver.Root), publishRoot(t, useless))
		var all sync.WaitGroup
		for range updaters {
			all.Go(func() {
				if r, err := i.try("", "paraph", "trust", "update"); err != nil || r.status != 0 {
					t.Errorf("exit status %d, %v: %s", r.status, err, r.stderr)
				}
			})
		}
		all.Wait()
		i.wants(map[bool]string{true: "unknown", false: "valid"}[useless])
	}
	i.checkCache()
}

// checkCache wants nothing in the cache but an instance's two files and its
// lock.
func (i *instanceUser) checkCache() {
	i.t.Helper()
	entries, err := os.ReadDir(i.cacheDir())
	if err != nil {
		i.t.Fatal(err)
	}
	for _, e := range entries {
		switch strings.TrimPrefix(e.Name(), instance+".") {
		case "root.json", "tuf.json", "lock":
		default:
			i.t.Errorf("left behind: %s", e.Name())
		}
	}
}

// deaths is how many times an update is killed, each a little later.
const deaths = 15

// An update that dies at any moment loses nothing, and stands in nobody's way.
func TestTUFKilledUpdates(t *testing.T) {
	t.Parallel()
	i := newInstanceUser(t)
	for n := range deaths {
		i.do(replace(tufserver.Root), publishRoot(t, false))
		i.killed(time.Duration(n)*10*time.Millisecond, "trust", "update")
		i.wants("valid")
	}
	i.do(publishRoot(t, true))
	i.updates("")
	i.wants("unknown")
	i.checkCache()
}
