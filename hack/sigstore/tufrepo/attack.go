package tufrepo

import (
	"bytes"
	"fmt"
	"maps"
	"os"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// PublishWith publishes the next version of a role with another key than the
// role's, such as one that Replace has revoked. Everything else is in order.
// A root is signed by that key alone.
func (r *Repository) PublishWith(key *Key, role string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := maps.Clone(r.keys)
	keys[role] = key
	return r.renewWith(role, keys)
}

// WithdrawRoot takes back the root that PublishWith or SetThreshold made: a
// client that refused it can go on from the one before.
func (r *Repository) WithdrawRoot() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	version := r.root.Signed.Version
	before, err := new(metadata.Metadata[metadata.RootType]).FromFile(r.path(numbered(version-1, Root)))
	if err != nil {
		return err
	}
	r.root = before
	return os.Remove(r.path(numbered(version, Root)))
}

// SetThreshold publishes a root that wants n signatures for a role, which has
// one key. With n above one, metadata of that role has too few: of the root
// itself, this very version.
func (r *Repository) SetThreshold(role string, n int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	of, ok := r.root.Signed.Roles[role]
	if !ok {
		return unknownRole(role)
	}
	of.Threshold = n
	return r.renew(Root)
}

// RollBack serves the version before the current one of timestamp, snapshot or
// targets. Whatever leads to it is new and signed, so that nothing but the
// number is wrong.
func (r *Repository) RollBack(role string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch role {
	case Timestamp:
		b, err := os.ReadFile(r.path(numbered(r.timestamp.Signed.Version-1, Timestamp)))
		if err != nil {
			return err
		}
		return r.write(timestampFile, b)
	case Snapshot:
		r.timestamp.Signed.Meta[Snapshot+suffix] = metadata.MetaFile(r.snapshot.Signed.Version - 1)
		return r.renew(Timestamp)
	case Targets:
		r.snapshot.Signed.Meta[Targets+suffix] = metadata.MetaFile(r.targets.Signed.Version - 1)
		return r.renew(Snapshot)
	}
	return unknownRole(role)
}

// Spoil changes the last byte of a target's files and leaves the metadata as
// it is: the length is right, the hash is wrong.
func (r *Repository) Spoil(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	target, ok := r.targets.Signed.Targets[name]
	if !ok {
		return fmt.Errorf("no target %q", name)
	}
	for _, hash := range target.Hashes {
		file := targetFile(name, hash)
		b, err := os.ReadFile(r.path(file))
		if err != nil {
			return err
		}
		b = bytes.Clone(b)
		b[len(b)-1] ^= 1
		if err := r.write(file, b); err != nil {
			return err
		}
	}
	return nil
}
