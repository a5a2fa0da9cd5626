package tuf

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki/tufrepo"
	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/trust/store"
)

func TestFirstUse(t *testing.T) {
	b := used(t)
	h := b.inHand(t)
	want := store.Versions{Root: 1, Timestamp: 1, Snapshot: 1, Targets: 1}
	if h.Versions != want || h.Root.Digest != sha256.Sum256(pki.TrustedRoot()) || !h.Root.Checked.Equal(start) || !h.Root.Expires.Equal(start.AddDate(0, 0, 7)) {
		t.Errorf("%v, checked %s, expires %s", h.Versions, h.Root.Checked, h.Root.Expires)
	}
	for _, v2 := range []bool{false, true} {
		if sc, err := b.store.SigningConfig("mine", v2); err != nil || len(sc.CAs) != 1 {
			t.Errorf("signing config: %+v, %v", sc, err)
		}
	}
	emptied(t)
}

// Every other target is optional, and no other target is taken.
func TestOptionalTargets(t *testing.T) {
	b := newBench(t)
	b.repo.Target(signingConfig, nil)
	b.repo.Target(signingConfigV2, nil)
	b.repo.Target("ctfe.pub", []byte("old"))
	b.repo.Publish()
	if _, err := b.updater().Add(t.Context(), b.instance, b.fetch()); err != nil {
		t.Fatal(err)
	}
	if b.inHand(t).Versions.Targets != 2 {
		t.Error("not taken")
	}
	if _, err := b.store.SigningConfig("mine", false); err == nil || !strings.Contains(err.Error(), "has no signing config") {
		t.Errorf("%v", err)
	}
	if slices.ContainsFunc(b.requests, func(path string) bool { return strings.HasSuffix(path, "ctfe.pub") }) {
		t.Error("a target that nobody needs was fetched")
	}
}

func TestNewRoot(t *testing.T) {
	b := used(t)
	digest := b.publish()
	b.now = start.Add(time.Hour)
	change, err := b.update(t.Context())
	if err != nil || !change.RootChanged || change.Before.Versions.Targets != 1 || change.After.Versions.Targets != 2 {
		t.Errorf("%+v, %v", change, err)
	}
	if h := b.inHand(t); h.Root.Digest != digest || !h.Root.Checked.Equal(b.now) {
		t.Errorf("%x, %s", h.Root.Digest, h.Root.Checked)
	}
	if change, err = b.update(t.Context()); err != nil || change.RootChanged {
		t.Errorf("nothing new: %+v, %v", change, err)
	}
}

// Three roots in a row, each with all keys new.
func TestRootRotation(t *testing.T) {
	b := used(t)
	for range 3 {
		b.repo.Rotate(tufrepo.Root, tufrepo.Targets, tufrepo.Snapshot, tufrepo.Timestamp)
	}
	digest := b.publish()
	if h := b.updates(t); h.Versions.Root != 4 || h.Root.Digest != digest {
		t.Errorf("%v", h.Versions)
	}
	// From here on the cache is where trust begins: the older roots may go.
	b.repo.Change(".root.json", func([]byte) []byte { return nil })
	b.repo.PublishTimestamp()
	if h := b.updates(t); h.Versions.Root != 4 {
		t.Errorf("%v", h.Versions)
	}
}

// A root that has ended on the way is no hindrance, if the last one has not.
func TestExpiredRootOnTheWay(t *testing.T) {
	b := used(t)
	b.repo.Expires[tufrepo.Root] = start.Add(-time.Hour)
	b.repo.Rotate(tufrepo.Root)
	b.repo.Expires[tufrepo.Root] = start.AddDate(1, 0, 0)
	b.repo.Rotate()
	if h := b.updates(t); h.Versions.Root != 3 {
		t.Errorf("%v", h.Versions)
	}
}

// A key that is revoked signs nothing any more; what its successor signs
// counts, even if it begins anew.
func TestKeyRevocation(t *testing.T) {
	b := used(t)
	for range 5 {
		b.repo.PublishTimestamp()
	}
	b.updates(t)
	b.repo.Rotate(tufrepo.Timestamp)
	if _, err := b.update(t.Context()); err == nil || !strings.Contains(err.Error(), "threshold") {
		t.Errorf("signed by the revoked key: %v", err)
	}
	if h := b.inHand(t); h.Versions.Root != 1 || h.Versions.Timestamp != 6 {
		t.Errorf("%v", h.Versions)
	}
	b.repo.Version[tufrepo.Timestamp] = 1
	b.repo.PublishTimestamp()
	if h := b.updates(t); h.Versions.Root != 2 || h.Versions.Timestamp != 2 {
		t.Errorf("%v", h.Versions)
	}
}

// A repository that stands still counts as checked until its timestamp ends.
func TestFreeze(t *testing.T) {
	b := used(t)
	b.now = start.AddDate(0, 0, 6)
	if h := b.updates(t); !h.Root.Checked.Equal(b.now) || h.Versions.Timestamp != 1 {
		t.Errorf("checked %s, %v", h.Root.Checked, h.Versions)
	}
	b.now = start.AddDate(0, 0, 8)
	if _, err := b.update(t.Context()); err == nil || !strings.Contains(err.Error(), "TUF expiry") {
		t.Errorf("%v", err)
	}
	if h := b.inHand(t); !h.Root.Checked.Equal(start.AddDate(0, 0, 6)) {
		t.Errorf("checked %s", h.Root.Checked)
	}
	b.repo.Expires[tufrepo.Timestamp], b.repo.Expires[tufrepo.Snapshot] = start.AddDate(0, 0, 15), start.AddDate(0, 0, 15)
	b.repo.PublishSnapshot()
	b.updates(t)
}

// An update mends files that were cut, and loses no protection that is left.
func TestBrokenCache(t *testing.T) {
	for name, files := range map[string][]string{
		"root.json": {"mine.root.json"}, "tuf.json": {"mine.tuf.json"}, "both": {"mine.root.json", "mine.tuf.json"},
	} {
		t.Run(name, func(t *testing.T) {
			b := used(t)
			first := b.repo.Files()
			b.publish()
			want := b.updates(t)
			cut := func() {
				for _, name := range files {
					path := filepath.Join(b.home, ".cache/paraph/trust", name)
					if err := os.Truncate(path, 1000); err != nil {
						t.Fatal(err)
					}
				}
			}
			cut()
			last := b.repo.Files()
			b.repo.Restore(first)
			if _, err := b.update(t.Context()); name != "both" && (err == nil || !strings.Contains(err.Error(), "roll-back")) {
				t.Errorf("rolled back over the broken file: %v", err)
			}
			b.repo.Restore(last)
			if h := b.updates(t); h.Versions != want.Versions || strings.Contains(h.Root.Origin, "cannot") {
				t.Errorf("%v, %s", h.Versions, h.Root.Origin)
			}
		})
	}
}

// A crash between the two files: the next update writes both.
func TestCrashBetweenTheFiles(t *testing.T) {
	b := used(t)
	path := filepath.Join(b.home, ".cache/paraph/trust/mine.root.json")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	digest := b.publish()
	b.updates(t)
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if h := b.inHand(t); h.Versions.Targets != 1 {
		t.Errorf("%v", h.Versions)
	}
	if h := b.updates(t); h.Versions.Targets != 2 || h.Root.Digest != digest {
		t.Errorf("%v", h.Versions)
	}
}

// The public instance's built-in root is one that updates can begin with. It
// counts before a cached one that is older.
func TestBuiltInRootsBegin(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, name := range []string{builtin.Instance, builtin.Staging} {
		s := store.New([]string{"HOME=" + t.TempDir()})
		i, err := s.Instance(name)
		if err != nil {
			t.Fatal(err)
		}
		now := func() time.Time { return time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC) }
		_, err = Updater{s, now}.Update(t.Context(), i, Folder(t.TempDir()))
		if err == nil || !strings.Contains(err.Error(), "timestamp.json: no such file") {
			t.Errorf("%s: %v", name, err)
		}
		root, err := firstRoot(i, &store.Copy{State: store.State{Versions: store.Versions{Root: 1}}, Documents: store.Documents{Root: []byte("old")}})
		if err != nil || string(root) != string(i.TUFRoot) {
			t.Errorf("%s: it begins with another root, %v", name, err)
		}
	}
}
