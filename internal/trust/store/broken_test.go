package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/trust/builtin"
)

// change rewrites a file of the cache.
func change(t *testing.T, s Store, name string, f func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(s.cache, name)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, f(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A root.json that cannot be used falls back to the tuf.json, then to what is
// built in; the origin says so.
func TestBrokenCache(t *testing.T) {
	cut := func(b []byte) []byte { return b[:len(b)/2] }
	flip := func(b []byte) []byte { b[len(b)-100] ^= 1; return b }
	empty := func([]byte) []byte { return nil }
	zeros := func(b []byte) []byte { return make([]byte, len(b)) }
	foreign := func(b []byte) []byte { return bytes.Replace(b, []byte(`"public"`), []byte(`"staging"`), 1) }
	future := func(b []byte) []byte { return bytes.Replace(b, []byte(`"schema":1`), []byte(`"schema":2`), 1) }
	huge := func(b []byte) []byte { return append(b, make([]byte, maxTUF)...) }
	line := func(b []byte) []byte { return b[:bytes.IndexByte(b, '\n')+1] }
	for name, f := range map[string]func([]byte) []byte{
		"cut": cut, "flip": flip, "empty": empty, "zeros": zeros, "foreign": foreign, "future": future, "huge": huge, "line alone": line,
	} {
		t.Run(name, func(t *testing.T) {
			s := home(t)
			save(t, s, public(t, s), copyOf(builtin.PublicVersion+1, 1, later))
			change(t, s, "public.root.json", f)
			h := origin(t, s, "public", "updated by TUF on 2026-11-25; the cached root cannot be used (public.root.json: ")
			if h.Versions.Root != builtin.PublicVersion+1 {
				t.Errorf("%v", h.Versions)
			}
			change(t, s, "public.tuf.json", f)
			h = origin(t, s, "public", "built in, taken on "+builtin.Taken+"; the cached root cannot be used (public.root.json: ")
			if !strings.Contains(h.Root.Origin, "public.tuf.json: ") || !strings.HasSuffix(h.Root.Origin, "paraph trust update mends it") {
				t.Errorf("%q", h.Root.Origin)
			}
			if _, err := s.SigningConfig("public", false); err == nil {
				t.Error("a signing config out of a broken file")
			}
			save(t, s, public(t, s), copyOf(builtin.PublicVersion+1, 1, later)) // an update mends it
			origin(t, s, "public", "updated by TUF on 2026-11-25")
		})
	}
}

// However short a root.json was cut, it is not used.
func TestEveryPrefix(t *testing.T) {
	s := home(t)
	save(t, s, public(t, s), copyOf(builtin.PublicVersion+1, 1, later))
	if err := os.Remove(filepath.Join(s.cache, "public.tuf.json")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.cache, "public.root.json")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 97 {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if h, err := s.InHand("public"); err != nil || !strings.HasPrefix(h.Root.Origin, "built in") {
			t.Fatalf("%d bytes of %d: %+v, %v", n, len(whole), h, err)
		}
	}
}

// An instance that was added has nothing to fall back to.
func TestBrokenCacheOfAddedInstance(t *testing.T) {
	s := home(t)
	if err := s.Keep(byTUF()); err != nil {
		t.Fatal(err)
	}
	save(t, s, byTUF(), copyOf(1, 1, later))
	for _, name := range []string{"mine.root.json", "mine.tuf.json"} {
		change(t, s, name, func(b []byte) []byte { return b[:10] })
	}
	if _, err := s.TrustedRoot("mine"); err == nil || !strings.Contains(err.Error(), "run paraph trust update mine") {
		t.Errorf("%v", err)
	}
}

// A crash between the two files leaves the older root, which serves; on first
// use the tuf.json alone does.
func TestCrashBetweenTheFiles(t *testing.T) {
	s := home(t)
	i := public(t, s)
	save(t, s, i, copyOf(builtin.PublicVersion+1, 1, later))
	path := filepath.Join(s.cache, "public.root.json")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	next := copyOf(builtin.PublicVersion+2, 1, later.Add(time.Hour))
	save(t, s, i, next)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	rest := filepath.Join(s.cache, "public.root.json.123.tmp")
	if err := os.WriteFile(rest, old[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if h := origin(t, s, "public", "updated by TUF"); h.Versions.Root != builtin.PublicVersion+1 {
		t.Errorf("%v", h.Versions)
	}
	if got := s.Versions(i); got != next.Versions {
		t.Errorf("the next update begins at %v", got)
	}
	if err := s.Save(i, copyOf(builtin.PublicVersion+1, 9, later)); err == nil {
		t.Error("rolled back behind the tuf.json")
	}
	save(t, s, i, next)
	if h := origin(t, s, "public", "updated by TUF"); h.Versions != next.Versions {
		t.Errorf("not mended: %v", h.Versions)
	}
	if _, err := os.Stat(rest); err == nil {
		t.Error("what the crash left is still there")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if h := origin(t, s, "public", "updated by TUF"); h.Versions != next.Versions {
		t.Errorf("first use: %v", h.Versions)
	}
}

// What a crash left is removed whatever the folder is called, and nothing
// beside it.
func TestRestsInOddFolders(t *testing.T) {
	for _, name := range []string{"a[b", "a[b]c", `a\b`, "*"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			other := filepath.Join(filepath.Dir(dir), "abc", "paraph", "trust", "public.root.json.1.tmp")
			s := New([]string{"XDG_CACHE_HOME=" + dir, "XDG_CONFIG_HOME=" + dir})
			rest := filepath.Join(s.cache, "public.root.json.1.tmp")
			for _, f := range []string{other, rest} {
				if err := errors.Join(os.MkdirAll(filepath.Dir(f), 0o700), os.WriteFile(f, []byte("x"), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			save(t, s, public(t, s), copyOf(builtin.PublicVersion+1, 1, later))
			origin(t, s, "public", "updated by TUF on 2026-11-25")
			if _, err := os.Lstat(rest); err == nil {
				t.Error("the rest is still there")
			}
			if _, err := os.Lstat(other); err != nil {
				t.Error(err)
			}
			if err := s.Keep(byTUF()); err != nil {
				t.Error(err)
			}
		})
	}
}

// No version goes down but under a newer root.
func TestSaveRefusesRollBack(t *testing.T) {
	base := Versions{Root: 20, Timestamp: 5, Snapshot: 5, Targets: 5}
	for name, tt := range map[string]struct {
		next  Versions
		holds bool
	}{
		"the same": {base, true}, "all newer": {Versions{21, 6, 6, 6}, true}, "newer root, others anew": {Versions{21, 1, 1, 1}, true},
		"root": {Versions{19, 6, 6, 6}, false}, "timestamp": {Versions{20, 4, 6, 6}, false},
		"snapshot": {Versions{20, 6, 4, 6}, false}, "targets": {Versions{20, 6, 6, 4}, false},
	} {
		s := home(t)
		i := public(t, s)
		c := copyOf(base.Root, base.Targets, later)
		save(t, s, i, c)
		c.Versions = tt.next
		if err := s.Save(i, c); (err == nil) != tt.holds || err != nil && !strings.Contains(err.Error(), "roll-back") {
			t.Errorf("%s: %v", name, err)
		}
		if h := origin(t, s, "public", "updated"); (h.Versions == tt.next) != tt.holds {
			t.Errorf("%s: %v in hand", name, h.Versions)
		}
	}
}

func TestNotRegularFiles(t *testing.T) {
	for name, f := range map[string]func(t *testing.T, s Store) error{
		"file is a link": func(t *testing.T, s Store) error {
			path := filepath.Join(s.cache, "public.root.json")
			moved := filepath.Join(t.TempDir(), "root.json")
			if err := os.Rename(path, moved); err != nil {
				return err
			}
			return os.Symlink(moved, path)
		},
		"file is a folder": func(_ *testing.T, s Store) error {
			path := filepath.Join(s.cache, "public.root.json")
			if err := os.Remove(path); err != nil {
				return err
			}
			return os.Mkdir(path, 0o700)
		},
		"folder is a link": func(t *testing.T, s Store) error {
			moved := filepath.Join(t.TempDir(), "trust")
			if err := os.Rename(s.cache, moved); err != nil {
				return err
			}
			return os.Symlink(moved, s.cache)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := home(t)
			save(t, s, public(t, s), copyOf(builtin.PublicVersion+1, 1, later))
			if err := os.Remove(filepath.Join(s.cache, "public.tuf.json")); err != nil {
				t.Fatal(err)
			}
			if err := f(t, s); err != nil {
				t.Fatal(err)
			}
			h := origin(t, s, "public", "built in")
			if !strings.Contains(h.Root.Origin, "is not a") {
				t.Errorf("%q", h.Root.Origin)
			}
		})
	}
}

// What is kept is the user's alone, and nothing is left beside it.
func TestModes(t *testing.T) {
	s := home(t)
	if err := s.Keep(byTUF()); err != nil {
		t.Fatal(err)
	}
	save(t, s, byTUF(), copyOf(1, 1, later))
	for dir, want := range map[string]int{s.cache: 2, s.instances: 1} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, info.Mode(), err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != want {
			t.Errorf("%s: %d files, %v", dir, len(entries), err)
		}
		for _, e := range entries {
			if info, err := e.Info(); err != nil || info.Mode() != 0o600 {
				t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
			}
		}
	}
}

func BenchmarkInHand(b *testing.B) {
	for name, cached := range map[string]bool{"built in": false, "cached": true} {
		b.Run(name, func(b *testing.B) {
			s := New([]string{"HOME=" + b.TempDir()})
			if cached {
				i, err := s.Instance("public")
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Save(i, copyOf(builtin.PublicVersion+1, 1, later)); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if _, err := s.InHand("public"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
