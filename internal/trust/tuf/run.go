package tuf

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"

	"github.com/paraph/paraph/internal/trust/store"
)

// fetchAll runs the client workflow from what is in hand.
func fetchAll(ctx context.Context, i *store.Instance, old *store.Copy, fetch Fetcher, now time.Time) (c *store.Copy, err error) {
	defer func() {
		if p := recover(); p != nil { // go-tuf takes members for granted that a repository may leave out
			c, err = nil, fmt.Errorf("the repository's metadata is malformed: %v", p)
		}
	}()
	dir, err := os.MkdirTemp("", "paraph-tuf-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	root, err := firstRoot(i, old)
	if err != nil {
		return nil, err
	}
	if err := fill(dir, old); err != nil {
		return nil, err
	}
	up, err := updater.New(&config.UpdaterConfig{
		MaxRootRotations: maxRoots, RootMaxLength: maxFile, TimestampMaxLength: maxTimestamp,
		SnapshotMaxLength: maxFile, TargetsMaxLength: maxFile,
		Fetcher: fetcher{ctx, fetch}, LocalTrustedRoot: root,
		LocalMetadataDir: dir, LocalTargetsDir: filepath.Join(dir, "targets"),
		RemoteMetadataURL: base, RemoteTargetsURL: base + "/targets", PrefixTargetsWithHash: true,
	})
	if err != nil {
		return nil, refused(err)
	}
	up.UnsafeSetRefTime(now)
	if err := up.Refresh(); err != nil {
		return nil, refused(err)
	}
	c = &store.Copy{State: stateOf(up, now)}
	if err := takeMetadata(dir, c); err != nil {
		return nil, err
	}
	return c, takeTargets(up, i.Name, c)
}

// firstRoot is the root with which the update begins: of the cached one and
// the one with which trust in the instance began the newer one.
func firstRoot(i *store.Instance, old *store.Copy) ([]byte, error) {
	first, err := metadata.Root().FromBytes(i.TUFRoot)
	if err != nil {
		return nil, fmt.Errorf("the TUF root of instance %s: %w", i.Name, err)
	}
	if len(old.Root) > 0 && old.Versions.Root >= first.Signed.Version {
		return old.Root, nil
	}
	return i.TUFRoot, nil
}

// fill gives go-tuf what it would have kept itself: by it roll-back is found.
func fill(dir string, old *store.Copy) error {
	for role, data := range map[string][]byte{
		metadata.TIMESTAMP: old.Timestamp, metadata.SNAPSHOT: old.Snapshot, metadata.TARGETS: old.Targets,
	} {
		if len(data) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, role+".json"), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// takeMetadata reads back what holds now.
func takeMetadata(dir string, c *store.Copy) (err error) {
	for role, data := range map[string]*[]byte{
		metadata.ROOT: &c.Root, metadata.TIMESTAMP: &c.Timestamp, metadata.SNAPSHOT: &c.Snapshot, metadata.TARGETS: &c.Targets,
	} {
		if *data, err = os.ReadFile(filepath.Join(dir, role+".json")); err != nil {
			return err
		}
	}
	return nil
}

// stateOf says what TUF knows now. The metadata ends with the first of it.
func stateOf(up *updater.Updater, now time.Time) store.State {
	set := up.GetTrustedMetadataSet()
	targets := set.Targets[metadata.TARGETS]
	s := store.State{
		Versions: store.Versions{
			Root: set.Root.Signed.Version, Timestamp: set.Timestamp.Signed.Version,
			Snapshot: set.Snapshot.Signed.Version, Targets: targets.Signed.Version,
		},
		Checked: now.UTC(),
		Expires: set.Root.Signed.Expires,
	}
	for _, t := range []time.Time{set.Timestamp.Signed.Expires, set.Snapshot.Signed.Expires, targets.Signed.Expires} {
		if t.Before(s.Expires) {
			s.Expires = t
		}
	}
	s.Expires = s.Expires.UTC()
	return s
}

// takeTargets fetches the targets and holds them against the metadata, and
// against the rules of whoever will read them.
func takeTargets(up *updater.Updater, instance string, c *store.Copy) error {
	for name, data := range map[string]*[]byte{
		trustedRoot: &c.TrustedRoot, signingConfig: &c.SigningConfig, signingConfigV2: &c.SigningConfigV2,
	} {
		target := up.GetTopLevelTargets()[name]
		if target == nil {
			continue
		}
		target.Path = name
		_, got, err := up.DownloadTarget(target, "", "")
		if err != nil {
			return refused(fmt.Errorf("target %s: %w", name, err))
		}
		*data = got
	}
	if len(c.TrustedRoot) == 0 {
		return fmt.Errorf("the repository has no target %s", trustedRoot)
	}
	return checkDocuments(instance, c.TrustedRoot, c.SigningConfig, c.SigningConfigV2)
}

// refused names the rule of the TUF specification that an update broke.
func refused(err error) error {
	rules := []struct {
		of   error
		rule string
	}{
		{&metadata.ErrExpiredMetadata{}, "expiry: the repository sends metadata that has ended"},
		{&metadata.ErrUnsignedMetadata{}, "threshold: too few of the keys that count have signed"},
		{&metadata.ErrBadVersionNumber{}, "roll-back: the repository sends an older version than is known"},
		{&metadata.ErrLengthOrHashMismatch{}, "hash: a file is not the one that the metadata names"},
		{&metadata.ErrRepository{}, "consistency: the metadata contradicts itself"},
	}
	for _, r := range rules {
		if errors.Is(err, r.of) {
			return fmt.Errorf("TUF %s (%w)", r.rule, err)
		}
	}
	return err
}
