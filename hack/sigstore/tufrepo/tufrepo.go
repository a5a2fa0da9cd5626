// Package tufrepo is a TUF repository on loopback whose owner, and whose
// attacker, is a test:
//
//	r, err := tufrepo.New(dir, documents)
//	defer r.Close()
//	client starts with r.Root(1) and asks r.URL
//	err = r.Publish("trusted_root.json", changed)
//
// The metadata is that of the specification, version 1.0, with consistent
// snapshots and one key for each role; what a step writes is complete before a
// client can see it, the timestamp last. Steps of the owner are in this file
// and in keys.go, what an attacker can do is in attack.go. After an attack the
// owner's next Publish is good again, of a higher version; but a root that
// nobody can accept stands in the way until WithdrawRoot.
//
// Any number of repositories can run in a process: one costs four signatures.
package tufrepo

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// The roles, for the methods that take one.
const (
	Root      = metadata.ROOT
	Targets   = metadata.TARGETS
	Snapshot  = metadata.SNAPSHOT
	Timestamp = metadata.TIMESTAMP
)

// lifetime is how long metadata lives, unless SetExpiry says otherwise.
const lifetime = 365 * 24 * time.Hour

const (
	targetsDir    = "targets"
	timestampFile = Timestamp + suffix
	suffix        = ".json"
)

const (
	folderMode = 0o700
	fileMode   = 0o644
)

// A Repository is a TUF repository and the server in front of it. Its methods
// may be called while clients ask.
type Repository struct {
	// URL is the base of the metadata; targets are below URL/targets. It stays
	// the same for the repository's whole life.
	URL string

	dir    string
	server server

	mu        sync.Mutex
	keys      map[string]*Key
	root      *metadata.Metadata[metadata.RootType]
	targets   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
}

// New makes a repository in dir, which must not exist, and serves it. The
// documents are its targets, by name.
func New(dir string, documents map[string][]byte) (*Repository, error) {
	if err := os.Mkdir(dir, folderMode); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(dir, targetsDir), folderMode); err != nil {
		return nil, err
	}
	expires := time.Now().Add(lifetime).UTC().Truncate(time.Second)
	r := &Repository{
		dir: dir, keys: map[string]*Key{},
		root: metadata.Root(expires), targets: metadata.Targets(expires),
		snapshot: metadata.Snapshot(expires), timestamp: metadata.Timestamp(expires),
	}
	r.root.Signed.ConsistentSnapshot = true
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		if _, err := r.replaceKey(role); err != nil {
			return nil, err
		}
	}
	for name, document := range documents {
		if err := r.addTarget(name, document); err != nil {
			return nil, err
		}
	}
	// The first versions: there is nothing yet that renew could raise.
	if err := r.writeRoot(r.keys[Root]); err != nil {
		return nil, err
	}
	if err := r.writeFrom(Targets, r.keys); err != nil {
		return nil, err
	}
	return r, r.start()
}

// Root returns a version of the root metadata: what a client starts from.
func (r *Repository) Root(version int) ([]byte, error) {
	return os.ReadFile(r.path(numbered(int64(version), Root)))
}

// Publish adds a target, or replaces it.
func (r *Repository) Publish(name string, document []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.addTarget(name, document); err != nil {
		return err
	}
	return r.renew(Targets)
}

// SetExpiry publishes a role with another end, which may be in the past.
func (r *Repository) SetExpiry(role string, expires time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	expires = expires.UTC().Truncate(time.Second) // TUF has no fractions, section 4.2.1
	switch role {
	case Root:
		r.root.Signed.Expires = expires
	case Targets:
		r.targets.Signed.Expires = expires
	case Snapshot:
		r.snapshot.Signed.Expires = expires
	case Timestamp:
		r.timestamp.Signed.Expires = expires
	default:
		return unknownRole(role)
	}
	return r.renew(role)
}

// addTarget writes a document to where clients of consistent snapshots look, a
// file per hash (section 6.2), and names it. A name that leads out of the
// repository is named only: what a client makes of it is for a test to see.
func (r *Repository) addTarget(name string, document []byte) error {
	target, err := metadata.TargetFile().FromBytes(name, document, "sha256", "sha512")
	if err != nil {
		return err
	}
	r.targets.Signed.Targets[name] = target
	if !filepath.IsLocal(name) {
		return nil
	}
	for _, hash := range target.Hashes {
		if err := r.write(targetFile(name, hash), document); err != nil {
			return err
		}
	}
	return nil
}

// targetFile is the path of a target with this hash, below the repository.
func targetFile(name string, hash []byte) string {
	folder, base := filepath.Split(filepath.FromSlash(name))
	return filepath.Join(targetsDir, folder, hex.EncodeToString(hash)+"."+base)
}

// renew publishes the next version of a role, and of each that leads to it.
func (r *Repository) renew(role string) error { return r.renewWith(role, r.keys) }

// renewWith is renew with the keys of somebody else.
func (r *Repository) renewWith(role string, keys map[string]*Key) error {
	if role == Root {
		r.root.Signed.Version++
		return r.writeRoot(keys[Root])
	}
	switch role {
	case Targets:
		r.targets.Signed.Version++
		r.snapshot.Signed.Meta[Targets+suffix] = metadata.MetaFile(r.targets.Signed.Version)
		fallthrough
	case Snapshot:
		r.snapshot.Signed.Version++
		r.timestamp.Signed.Meta[Snapshot+suffix] = metadata.MetaFile(r.snapshot.Signed.Version)
		fallthrough
	case Timestamp:
		r.timestamp.Signed.Version++
	default:
		return unknownRole(role)
	}
	return r.writeFrom(role, keys)
}

// writeRoot signs the root as it is with the given keys, and writes it.
func (r *Repository) writeRoot(keys ...*Key) error {
	b, err := sign(r.root, keys...)
	if err != nil {
		return err
	}
	return r.write(numbered(r.root.Signed.Version, Root), b)
}

// writeFrom signs and writes a role and each that leads to it, as they are.
func (r *Repository) writeFrom(role string, keys map[string]*Key) error {
	if role == Targets {
		b, err := sign(r.targets, keys[Targets])
		if err != nil {
			return err
		}
		if err := r.write(numbered(r.targets.Signed.Version, Targets), b); err != nil {
			return err
		}
	}
	if role == Targets || role == Snapshot {
		b, err := sign(r.snapshot, keys[Snapshot])
		if err != nil {
			return err
		}
		if err := r.write(numbered(r.snapshot.Signed.Version, Snapshot), b); err != nil {
			return err
		}
	}
	b, err := sign(r.timestamp, keys[Timestamp])
	if err != nil {
		return err
	}
	// Clients ask for the name without a number; the other is for RollBack.
	if err := r.write(numbered(r.timestamp.Signed.Version, Timestamp), b); err != nil {
		return err
	}
	return r.write(timestampFile, b)
}

// write puts a file in its place at once.
func (r *Repository) write(name string, data []byte) error {
	path := r.path(name)
	if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", data, fileMode); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (r *Repository) path(name string) string { return filepath.Join(r.dir, name) }

// numbered is the name of a role's file in a consistent snapshot.
func numbered(version int64, role string) string {
	return strconv.FormatInt(version, 10) + "." + role + suffix
}

func unknownRole(role string) error { return fmt.Errorf("TUF has no role %q here", role) }
