// Package tufrepo makes TUF repositories, for tests only: real metadata, with
// keys and expiry that tests change, and consistent snapshots.
//
//	r := tufrepo.New(now)
//	r.Target("trusted_root.json", root)
//	r.Publish()
//	client begins with r.Root()
//
// Arguments come from tests, so what cannot be made panics.
package tufrepo

import (
	"crypto"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// The four top roles.
const (
	Root      = metadata.ROOT
	Timestamp = metadata.TIMESTAMP
	Snapshot  = metadata.SNAPSHOT
	Targets   = metadata.TARGETS
)

// A Repo is a TUF repository. What it serves changes with Publish and Rotate
// only, and with what tests do to its files. It is safe for concurrent use
// where it serves.
type Repo struct {
	// Expires is when the next metadata of a role ends.
	Expires map[string]time.Time
	// Version is that of the last metadata of a role.
	Version map[string]int64
	// What is to be signed passes through these before it is.
	OnTimestamp func(*metadata.TimestampType)
	OnSnapshot  func(*metadata.SnapshotType)
	OnTargets   func(*metadata.TargetsType)

	root    *metadata.Metadata[metadata.RootType]
	keys    map[string]signature.Signer // by role
	targets map[string][]byte

	mu    sync.Mutex
	files map[string][]byte // by path
}

// New makes a repository without targets whose metadata ends a week after now,
// the root's and the targets' a year after.
func New(now time.Time) *Repo {
	week, year := now.AddDate(0, 0, 7).UTC().Truncate(time.Second), now.AddDate(1, 0, 0).UTC().Truncate(time.Second)
	r := &Repo{
		Expires: map[string]time.Time{Root: year, Targets: year, Snapshot: week, Timestamp: week},
		Version: map[string]int64{}, keys: map[string]signature.Signer{},
		targets: map[string][]byte{}, files: map[string][]byte{},
	}
	r.root = metadata.Root(year)
	r.root.Signed.Version = 0
	r.root.Signed.ConsistentSnapshot = true
	r.Rotate(Root, Targets, Snapshot, Timestamp)
	return r
}

// Target sets a target of the next Publish. Nil takes it away.
func (r *Repo) Target(name string, data []byte) {
	if r.targets[name] = data; data == nil {
		delete(r.targets, name)
	}
}

// Rotate publishes a new root in which these roles have new keys in the place
// of the old ones. The old root's key signs it too.
func (r *Repo) Rotate(roles ...string) {
	old := r.keys[Root]
	for _, role := range roles {
		pub, key, err := ed25519.GenerateKey(nil)
		must(err)
		signer := must1(signature.LoadSigner(key, crypto.Hash(0)))
		for _, id := range r.root.Signed.Roles[role].KeyIDs {
			must(r.root.Signed.RevokeKey(id, role))
		}
		must(r.root.Signed.AddKey(must1(metadata.KeyFromPublicKey(pub)), role))
		r.keys[role] = signer
	}
	r.root.Signed.Version++
	r.root.Signed.Expires = r.Expires[Root]
	r.Version[Root] = r.root.Signed.Version
	r.root.ClearSignatures()
	must1(r.root.Sign(r.keys[Root]))
	if old != nil && old != r.keys[Root] {
		must1(r.root.Sign(old))
	}
	r.put(fmt.Sprintf("%d.root.json", r.root.Signed.Version), must1(r.root.ToBytes(false)))
}

// Key is what signs for a role.
func (r *Repo) Key(role string) signature.Signer { return r.keys[role] }

// SetKey has another key sign for a role from now on. No root learns of it.
func (r *Repo) SetKey(role string, key signature.Signer) { r.keys[role] = key }

// WithdrawRoot takes the last root away; the next one has its number.
func (r *Repo) WithdrawRoot() {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.files, fmt.Sprintf("%d.root.json", r.root.Signed.Version))
	r.root.Signed.Version--
	r.Version[Root] = r.root.Signed.Version
}

// Threshold changes how many keys must sign for a role, in the next root.
func (r *Repo) Threshold(role string, n int) { r.root.Signed.Roles[role].Threshold = n }

// Publish signs the targets, a snapshot and a timestamp, each of the next
// version.
func (r *Repo) Publish() {
	targets := metadata.Targets(r.Expires[Targets])
	targets.Signed.Version = r.next(Targets)
	for name, data := range r.targets {
		t := must1(metadata.TargetFile().FromBytes(name, data, "sha256"))
		targets.Signed.Targets[name] = t
		r.put("targets/"+hex.EncodeToString(t.Hashes["sha256"])+"."+name, data)
	}
	if r.OnTargets != nil {
		r.OnTargets(&targets.Signed)
	}
	sign(r, targets, Targets, fmt.Sprintf("%d.targets.json", targets.Signed.Version))
	r.PublishSnapshot()
}

// PublishSnapshot signs a snapshot and a timestamp of the last targets.
func (r *Repo) PublishSnapshot() {
	snapshot := metadata.Snapshot(r.Expires[Snapshot])
	snapshot.Signed.Version = r.next(Snapshot)
	snapshot.Signed.Meta["targets.json"] = metadata.MetaFile(r.Version[Targets])
	if r.OnSnapshot != nil {
		r.OnSnapshot(&snapshot.Signed)
	}
	sign(r, snapshot, Snapshot, fmt.Sprintf("%d.snapshot.json", snapshot.Signed.Version))
	r.PublishTimestamp()
}

// PublishTimestamp signs a timestamp of the last snapshot.
func (r *Repo) PublishTimestamp() {
	timestamp := metadata.Timestamp(r.Expires[Timestamp])
	timestamp.Signed.Version = r.next(Timestamp)
	timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(r.Version[Snapshot])
	if r.OnTimestamp != nil {
		r.OnTimestamp(&timestamp.Signed)
	}
	sign(r, timestamp, Timestamp, "timestamp.json")
}

func (r *Repo) next(role string) int64 {
	r.Version[role]++
	return r.Version[role]
}

func sign[T metadata.Roles](r *Repo, m *metadata.Metadata[T], role, name string) {
	must1(m.Sign(r.keys[role]))
	r.put(name, must1(m.ToBytes(false)))
}

// RootFile is the first root.json, with which trust begins.
func (r *Repo) RootFile() []byte { return r.File("1.root.json") }

// File returns a file by its path, nil if there is none.
func (r *Repo) File(path string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files[path]
}

// Change rewrites the files whose path contains a text. A nil result takes the
// file away.
func (r *Repo) Change(part string, f func([]byte) []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for path, data := range r.files {
		if !strings.Contains(path, part) {
			continue
		}
		if r.files[path] = f(data); r.files[path] == nil {
			delete(r.files, path)
		}
	}
}

// Files returns all files as they are, by path; Restore brings them back.
func (r *Repo) Files() map[string][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.files)
}

// Restore serves these files, and no others.
func (r *Repo) Restore(files map[string][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = maps.Clone(files)
}

func (r *Repo) put(path string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[path] = data
}

// ServeHTTP serves the files.
func (r *Repo) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	data := r.File(strings.TrimPrefix(req.URL.Path, "/"))
	if data == nil {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(data)
}

// Write copies the repository to a folder.
func (r *Repo) Write(dir string) error {
	for path, data := range r.Files() {
		name := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func must1[T any](v T, err error) T {
	must(err)
	return v
}
