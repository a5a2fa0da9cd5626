package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The files of an instance's cache, in the order in which they are replaced.
const (
	tufSuffix  = ".tuf.json"
	rootSuffix = ".root.json"
)

// errNotWhole is a file whose rest is not what its head says.
var errNotWhole = errors.New("it is not whole")

// Versions are those of an instance's TUF metadata. Zero: TUF brought nothing.
type Versions struct {
	Root      int64 `json:"root"`
	Timestamp int64 `json:"timestamp"`
	Snapshot  int64 `json:"snapshot"`
	Targets   int64 `json:"targets"`
}

func (v Versions) String() string {
	return fmt.Sprintf("root %d, timestamp %d, snapshot %d, targets %d", v.Root, v.Timestamp, v.Snapshot, v.Targets)
}

// Follow reports whether v may come after old. Under a newer root the others
// may begin anew: its owners may have had to (TUF specification, 5.3.11,
// fast-forward attack).
func (v Versions) Follow(old Versions) bool {
	if v.Root != old.Root {
		return v.Root > old.Root
	}
	return v.Timestamp >= old.Timestamp && v.Snapshot >= old.Snapshot && v.Targets >= old.Targets
}

// A State says what TUF knew of an instance, and when.
type State struct {
	Versions Versions `json:"versions"`
	// Checked is when TUF last said so. Expires is when the first of the
	// metadata ends by which it did.
	Checked time.Time `json:"checked"`
	Expires time.Time `json:"expires"`
}

// A Copy is all that TUF brought of an instance.
type Copy struct {
	State
	Documents
}

// Documents are an instance's TUF metadata and targets, byte for byte.
type Documents struct {
	Root      []byte `json:"root"`
	Timestamp []byte `json:"timestamp"`
	Snapshot  []byte `json:"snapshot"`
	Targets   []byte `json:"targets"`

	TrustedRoot []byte `json:"trustedRoot"`
	// Not every instance has these.
	SigningConfig   []byte `json:"signingConfig,omitempty"`
	SigningConfigV2 []byte `json:"signingConfigRekorV2,omitempty"`
}

// head is the first line of both files of the cache. In NAME.tuf.json the
// documents follow as JSON; in NAME.root.json the trusted root as it is, which
// saves it from being read twice.
type head struct {
	Schema   int    `json:"schema"`
	Instance string `json:"instance"`
	Anchor   string `json:"anchor"`
	State
	// Digest is the SHA-256 of all that follows the line, in hex.
	Digest string `json:"sha256"`
}

// encode puts the head before what follows it.
func (i *Instance) encode(s State, rest []byte) ([]byte, error) {
	sum := sha256.Sum256(rest)
	line, err := json.Marshal(head{schema, i.Name, i.anchor(), s, hex.EncodeToString(sum[:])})
	return append(append(line, '\n'), rest...), err
}

// check refuses a file that was not written for this instance.
func (h *head) check(i *Instance) error {
	switch {
	case h.Schema != schema:
		return fmt.Errorf("schema %d, this version knows %d", h.Schema, schema)
	case h.Instance != i.Name:
		return fmt.Errorf("it is a file of instance %q", h.Instance)
	case h.Anchor != i.anchor():
		return errors.New("trust in it began with another TUF root")
	case h.Versions.Root <= 0 || h.Checked.IsZero():
		return errors.New("it does not say what TUF knew")
	}
	return nil
}

// split reads a file of the cache. That the rest is whole is left to the
// caller, who may know its digest anyway.
func (s Store) split(i *Instance, suffix string, limit int64) (*head, []byte, error) {
	data, err := read(s.cache, i.Name+suffix, limit)
	if err != nil {
		return nil, nil, err
	}
	line, rest, found := bytes.Cut(data, []byte{'\n'})
	var h head
	if !found || json.Unmarshal(line, &h) != nil {
		return nil, nil, errors.New("it does not begin with a line that says what it is")
	}
	return &h, rest, h.check(i)
}

// readRoot reads NAME.root.json.
func (s Store) readRoot(i *Instance) (*head, []byte, error) {
	return s.split(i, rootSuffix, maxRoot)
}

// readTUF reads NAME.tuf.json.
func (s Store) readTUF(i *Instance) (*head, *Documents, error) {
	h, rest, err := s.split(i, tufSuffix, maxTUF)
	if err != nil {
		return nil, nil, err
	}
	var c Documents
	if sum := sha256.Sum256(rest); hex.EncodeToString(sum[:]) != h.Digest {
		return nil, nil, errNotWhole
	}
	if err := json.Unmarshal(rest, &c); err != nil {
		return nil, nil, err
	}
	return h, &c, nil
}

// Load returns all that TUF brought of an instance before. An error says why
// there is nothing, or nothing of use.
func (s Store) Load(i *Instance) (*Copy, error) {
	if s.cache == "" {
		return nil, errNoCache
	}
	h, c, err := s.readTUF(i)
	if err != nil {
		return nil, err
	}
	return &Copy{h.State, *c}, nil
}

// Versions returns the highest versions that the files of an instance tell.
func (s Store) Versions(i *Instance) (v Versions) {
	if s.cache == "" {
		return v
	}
	if h, _, err := s.readRoot(i); err == nil {
		v = h.Versions
	}
	if h, _, err := s.readTUF(i); err == nil && h.Versions.Follow(v) {
		v = h.Versions
	}
	return v
}

// Save keeps what TUF brought. The caller has checked all of it, and holds
// the lock. Nothing takes the place of something newer.
func (s Store) Save(i *Instance, c *Copy) error {
	if old := s.Versions(i); !c.Versions.Follow(old) {
		return fmt.Errorf("instance %s: the versions that TUF brought (%v) are older than those in hand (%v): roll-back", i.Name, c.Versions, old)
	}
	documents, err := json.Marshal(c.Documents)
	if err != nil {
		return err
	}
	tuf, err := i.encode(c.State, documents)
	if err != nil {
		return err
	}
	root, err := i.encode(c.State, c.TrustedRoot)
	if err != nil {
		return err
	}
	if len(root) > maxRoot || len(tuf) > maxTUF {
		return fmt.Errorf("instance %s: what TUF brought has %d and %d bytes, at most %d and %d are kept", i.Name, len(root), len(tuf), maxRoot, maxTUF)
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{i.Name + tufSuffix, tuf}, {i.Name + rootSuffix, root}} {
		if err := errors.Join(removeRests(s.cache, f.name), write(s.cache, f.name, f.data)); err != nil {
			return fmt.Errorf("keeping what TUF brought of instance %s: %w", i.Name, err)
		}
	}
	return nil
}

// LockFile returns the file whose lock whoever writes an instance's files must
// hold, and makes its folder. Who locks it is the writer's business.
func (s Store) LockFile(instance string) (string, error) {
	if err := CheckName(instance); err != nil {
		return "", err
	}
	if s.cache == "" {
		return "", errNoCache
	}
	if err := os.MkdirAll(s.cache, 0o700); err != nil {
		return "", err
	}
	return filepath.Join(s.cache, instance+".lock"), checkDir(s.cache)
}
