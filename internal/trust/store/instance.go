package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/builtin"
)

// schema is the version of every file of this package.
const schema = 1

// An Instance is a Sigstore instance that this machine knows by name. Either
// TUF says what it is trusted for, or the user did, by file.
type Instance struct {
	Name string
	// Repository is the URL of its TUF repository, TUFRoot the root.json with
	// which trust in it begins. Both are empty where the user gave files.
	Repository string
	TUFRoot    []byte
	// TrustedRoot and SigningConfig are the files that the user gave.
	TrustedRoot, SigningConfig []byte
	// Added is when the user added it. Zero: it is known by name.
	Added time.Time
}

// ByFile reports whether the instance has no TUF repository.
func (i *Instance) ByFile() bool { return i.Repository == "" }

// anchor stands for where trust in the instance begins: files in the cache
// that began elsewhere are not the instance's, whatever their name.
func (i *Instance) anchor() string {
	if i.Added.IsZero() {
		return "built in" // the root in hand changes with the program
	}
	sum := sha256.Sum256(bytes.Join([][]byte{[]byte(i.Repository), i.TUFRoot}, []byte{0}))
	return hex.EncodeToString(sum[:])
}

// instanceJSON is an instance's file.
type instanceJSON struct {
	Schema        int       `json:"schema"`
	Name          string    `json:"name"`
	Added         time.Time `json:"added"`
	Repository    string    `json:"tuf,omitempty"`
	TUFRoot       []byte    `json:"root,omitempty"`
	TrustedRoot   []byte    `json:"trustedRoot,omitempty"`
	SigningConfig []byte    `json:"signingConfig,omitempty"`
}

// ErrUnknown is an instance that nobody added.
var ErrUnknown = errors.New("the instance is not known here")

// Instance returns what is known of an instance.
func (s Store) Instance(name string) (*Instance, error) {
	if r, known := builtin.TUF(name); known {
		return &Instance{Name: name, Repository: r.URL, TUFRoot: r.Root}, nil
	}
	if err := CheckName(name); err != nil {
		return nil, err
	}
	unknown := fmt.Errorf("instance %s: %w; paraph trust add adds it, paraph trust show lists those that are", name, ErrUnknown)
	if s.instances == "" || Known(name) {
		return nil, unknown
	}
	data, err := read(s.instances, name+".json", maxInstance)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, unknown
	}
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", name, err)
	}
	i, err := parseInstance(data, name)
	if err != nil {
		return nil, fmt.Errorf("instance %s: %s: %w; remove it, and add the instance again", name, s.InstanceFile(name), err)
	}
	return i, nil
}

func parseInstance(data []byte, name string) (*Instance, error) {
	var j instanceJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("not the JSON of an instance: %w", err)
	}
	i := &Instance{j.Name, j.Repository, j.TUFRoot, j.TrustedRoot, j.SigningConfig, j.Added}
	switch {
	case j.Schema != schema:
		return nil, fmt.Errorf("schema %d, this version knows %d", j.Schema, schema)
	case j.Name != name:
		return nil, fmt.Errorf("it is the file of instance %q", j.Name)
	case j.Added.IsZero():
		return nil, errors.New("it does not say when it was added")
	case (len(j.TUFRoot) == 0) != i.ByFile() || (len(j.TrustedRoot) == 0) == i.ByFile():
		return nil, errors.New("it has neither a TUF repository with its root nor a trusted root, or both")
	}
	return i, nil
}

// InstanceFile is the file of an instance that was added.
func (s Store) InstanceFile(name string) string {
	return filepath.Join(s.instances, name+".json")
}

// Keep writes the file of an instance that was added, or added anew. The
// caller has checked all of it, and holds the lock.
func (s Store) Keep(i *Instance) error {
	if err := CheckName(i.Name); err != nil {
		return err
	}
	if Known(i.Name) {
		return fmt.Errorf("instance %s is known by name and cannot be another one", i.Name)
	}
	data, err := json.Marshal(instanceJSON{
		Schema: schema, Name: i.Name, Added: i.Added.UTC().Truncate(time.Second),
		Repository: i.Repository, TUFRoot: i.TUFRoot, TrustedRoot: i.TrustedRoot, SigningConfig: i.SigningConfig,
	})
	if err != nil {
		return err
	}
	if _, err := parseInstance(data, i.Name); err != nil {
		return fmt.Errorf("instance %s: %w", i.Name, err)
	}
	if err := errors.Join(removeRests(s.instances, i.Name+".json"), write(s.instances, i.Name+".json", data)); err != nil {
		return fmt.Errorf("keeping instance %s: %w", i.Name, err)
	}
	return nil
}

// root is the trusted root of an instance that was added by file.
func (i *Instance) root(parse trust.Parser) (*trust.Root, error) {
	r, err := parse(i.TrustedRoot, i.Name)
	if err != nil {
		return nil, fmt.Errorf("instance %s: %w", i.Name, err)
	}
	r.Origin = "added by file on " + i.Added.UTC().Format(time.DateOnly)
	r.Checked = i.Added
	return r, nil
}
