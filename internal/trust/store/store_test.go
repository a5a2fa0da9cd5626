package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust/builtin"
)

var (
	pki   = testpki.New()
	added = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	later = builtin.Checked().Add(30 * time.Hour)
)

// home is an empty home and its store.
func home(t *testing.T) Store {
	t.Helper()
	return New([]string{"HOME=" + t.TempDir()})
}

// byTUF is an instance that a user added by its TUF repository.
func byTUF() *Instance {
	return &Instance{Name: "mine", Repository: "https://tuf.example.com", TUFRoot: []byte("{}"), Added: added}
}

// byFile is an instance that a user added by files.
func byFile() *Instance {
	return &Instance{Name: "filed", TrustedRoot: pki.TrustedRoot(), SigningConfig: pki.SigningConfig(pki.URLs(), 1), Added: added}
}

// copyOf is what TUF brought, under versions of the metadata that are all n.
func copyOf(root, n int64, checked time.Time) *Copy {
	return &Copy{
		State: State{Versions{root, n, n, n}, checked, checked.Add(7 * 24 * time.Hour)},
		Documents: Documents{
			Root: []byte("root"), Timestamp: []byte("timestamp"), Snapshot: []byte("snapshot"), Targets: []byte("targets"),
			TrustedRoot: pki.TrustedRoot(), SigningConfig: pki.SigningConfig(pki.URLs(), 1), SigningConfigV2: pki.SigningConfig(pki.URLs(), 2),
		},
	}
}

func save(t *testing.T, s Store, i *Instance, c *Copy) {
	t.Helper()
	if err := s.Save(i, c); err != nil {
		t.Fatal(err)
	}
}

func public(t *testing.T, s Store) *Instance {
	t.Helper()
	i, err := s.Instance("public")
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// origin asserts what the best root of an instance in hand says of itself.
func origin(t *testing.T, s Store, name, want string) *InHand {
	t.Helper()
	h, err := s.InHand(name)
	if err != nil {
		t.Fatal(err)
	}
	if h.Root.Instance != name || !strings.HasPrefix(h.Root.Origin, want) || strings.Contains(h.Root.Origin, "\n") {
		t.Errorf("%s: %q, want %q", h.Root.Instance, h.Root.Origin, want)
	}
	return h
}

func TestBuiltInWithoutAnything(t *testing.T) {
	for _, s := range []Store{{}, New(nil), home(t)} {
		h := origin(t, s, "public", "built in, taken on "+builtin.Taken)
		if h.Versions.Root != builtin.PublicVersion || !h.Root.Checked.Equal(builtin.Checked()) || !h.Root.Expires.IsZero() {
			t.Errorf("%+v, checked %s, expires %s", h.Versions, h.Root.Checked, h.Root.Expires)
		}
		if _, err := s.TrustedRoot("staging"); err == nil || !strings.Contains(err.Error(), "run paraph trust update staging") {
			t.Errorf("staging: %v", err)
		}
		if _, err := s.SigningConfig("public", false); err == nil {
			t.Error("a signing config from nowhere")
		}
		if _, err := s.TrustedRoot("mine"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "paraph trust add") {
			t.Errorf("mine: %v", err)
		}
	}
	if err := (Store{}).Keep(byTUF()); err == nil {
		t.Error("kept without a home")
	}
	if err := (Store{}).Save(byTUF(), copyOf(1, 1, later)); err == nil {
		t.Error("saved without a home")
	}
}

// Of cached and built-in the higher version of the TUF root wins, and then
// what was checked later.
func TestBestRootWins(t *testing.T) {
	for name, tt := range map[string]struct {
		root    int64
		checked time.Time
		cached  bool
	}{
		"newer root, checked before": {builtin.PublicVersion + 1, builtin.Checked().Add(-time.Hour), true},
		"same root, checked later":   {builtin.PublicVersion, later, true},
		"same root, checked before":  {builtin.PublicVersion, builtin.Checked().Add(-time.Second), false},
		"older root, checked later":  {builtin.PublicVersion - 1, later, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := home(t)
			c := copyOf(tt.root, 3, tt.checked)
			save(t, s, public(t, s), c)
			if !tt.cached {
				origin(t, s, "public", "built in")
				return
			}
			h := origin(t, s, "public", "updated by TUF on "+tt.checked.Format(time.DateOnly))
			if h.Versions != c.Versions || !h.Root.Checked.Equal(c.Checked) || !h.Root.Expires.Equal(c.Expires) {
				t.Errorf("%+v, checked %s, expires %s", h.Versions, h.Root.Checked, h.Root.Expires)
			}
		})
	}
}

func TestAdded(t *testing.T) {
	s := home(t)
	for _, i := range []*Instance{byTUF(), byFile()} {
		if err := s.Keep(i); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := s.Names(); err != nil || !slices.Equal(names, []string{"public", "staging", "filed", "mine"}) {
		t.Errorf("%q, %v", names, err)
	}
	h := origin(t, s, "filed", "added by file on 2026-11-20")
	if !h.Root.Checked.Equal(added) || h.Versions != (Versions{}) {
		t.Errorf("%+v", h)
	}
	if _, err := s.TrustedRoot("mine"); err == nil || !strings.Contains(err.Error(), "run paraph trust update mine") {
		t.Errorf("nothing in hand: %v", err)
	}
	save(t, s, byTUF(), copyOf(1, 1, later))
	origin(t, s, "mine", "updated by TUF on 2026-11-25")

	// The same name added anew, elsewhere: what the first one's repository
	// said is nothing now.
	again := byTUF()
	again.TUFRoot = []byte("[]")
	if err := s.Keep(again); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TrustedRoot("mine"); err == nil || !strings.Contains(err.Error(), "another TUF root") {
		t.Errorf("another beginning: %v", err)
	}
	// And removed: its files in the cache are nobody's.
	if err := os.Remove(filepath.Join(s.instances, "mine.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.TrustedRoot("mine"); !errors.Is(err, ErrUnknown) {
		t.Errorf("removed: %v", err)
	}
}

func TestSigningConfig(t *testing.T) {
	s := home(t)
	if err := s.Keep(byFile()); err != nil {
		t.Fatal(err)
	}
	c := copyOf(builtin.PublicVersion, 1, later)
	save(t, s, public(t, s), c)
	for _, tt := range []struct {
		name string
		v2   bool
		want string
	}{
		{"public", false, pki.URLs().Rekor1}, {"public", true, pki.URLs().Rekor2}, {"filed", false, pki.URLs().Rekor1}, {"filed", true, pki.URLs().Rekor1},
	} {
		if sc, err := s.SigningConfig(tt.name, tt.v2); err != nil || sc.Logs[0].URL != tt.want {
			t.Errorf("%s, %t: %+v, %v", tt.name, tt.v2, sc, err)
		}
	}
	c.SigningConfigV2 = nil
	save(t, s, public(t, s), c)
	if _, err := s.SigningConfig("public", true); err == nil || !strings.Contains(err.Error(), "no signing config for Rekor v2") {
		t.Errorf("%v", err)
	}
}

func TestKeepRefuses(t *testing.T) {
	change := func(f func(*Instance)) *Instance {
		i := byTUF()
		f(i)
		return i
	}
	for name, i := range map[string]*Instance{
		"public": change(func(i *Instance) { i.Name = "public" }), "staging": change(func(i *Instance) { i.Name = "staging" }),
		"smime": change(func(i *Instance) { i.Name = "smime" }), "a path": change(func(i *Instance) { i.Name = "../x" }),
		"no root": change(func(i *Instance) { i.TUFRoot = nil }), "no repository": change(func(i *Instance) { i.Repository = "" }),
		"no time": change(func(i *Instance) { i.Added = time.Time{} }), "both": change(func(i *Instance) { i.TrustedRoot = []byte("x") }),
	} {
		s := home(t)
		if err := s.Keep(i); err == nil {
			t.Errorf("%s was kept", name)
		}
		if names, err := s.Names(); err != nil || len(names) != 2 {
			t.Errorf("%s: %q, %v", name, names, err)
		}
	}
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "a-1": true, "9": true, strings.Repeat("a", 31): true,
		"": false, "-a": false, "A": false, "a.b": false, "a/b": false, "..": false, "ä": false, "a\n": false, strings.Repeat("a", 32): false,
	} {
		if (CheckName(name) == nil) != good {
			t.Errorf("%q: %v", name, CheckName(name))
		}
	}
}

func TestTooManyInstances(t *testing.T) {
	s := home(t)
	if err := os.MkdirAll(s.instances, 0o700); err != nil {
		t.Fatal(err)
	}
	for n := range maxInstances {
		if err := os.WriteFile(filepath.Join(s.instances, fmt.Sprintf("i%d.json", n)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Names(); err == nil {
		t.Error("all were listed")
	}
}
