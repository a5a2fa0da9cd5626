package tufrepo

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

const document = "trusted_root.json"

func newRepository(t *testing.T) *Repository {
	t.Helper()
	r, err := New(filepath.Join(t.TempDir(), "tuf"), map[string][]byte{document: []byte("first"), "other.json": []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// A client is go-tuf's, with a cache that outlives an update.
type client struct {
	t     *testing.T
	r     *Repository
	root  []byte
	cache string
}

func newClient(t *testing.T, r *Repository) *client {
	t.Helper()
	root, err := r.Root(1)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t, r, root, t.TempDir()}
}

// update brings the client up to date and returns the document.
func (c *client) update() (string, error) {
	c.t.Helper()
	cfg, err := config.New(c.r.URL, c.root)
	if err != nil {
		c.t.Fatal(err)
	}
	cfg.RemoteTargetsURL = c.r.URL + "/" + targetsDir
	cfg.LocalMetadataDir, cfg.LocalTargetsDir = c.cache, filepath.Join(c.cache, targetsDir)
	if err := cfg.SetDefaultFetcherRetry(time.Millisecond, 1); err != nil {
		c.t.Fatal(err)
	}
	u, err := updater.New(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := u.Refresh(); err != nil {
		return "", err
	}
	target, err := u.GetTargetInfo(document)
	if err != nil {
		return "", err
	}
	_, b, err := u.DownloadTarget(target, filepath.Join(c.t.TempDir(), document), "")
	return string(b), err
}

func (c *client) wants(want string) {
	c.t.Helper()
	if got, err := c.update(); err != nil || got != want {
		c.t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// A step is something done to a repository.
type step func(r *Repository) error

func publish(s string) step {
	return func(r *Repository) error { return r.Publish(document, []byte(s)) }
}

func replace(role string) step {
	return func(r *Repository) error {
		_, err := r.Replace(role)
		return err
	}
}

// stolen has the role's key revoked and then used.
func stolen(role string) step {
	return func(r *Repository) error {
		key, err := r.Replace(role)
		if err != nil {
			return err
		}
		return r.PublishWith(key, role)
	}
}

func expire(role string) step {
	return func(r *Repository) error { return r.SetExpiry(role, time.Now().Add(-time.Hour)) }
}

func rollBack(role string) step {
	return func(r *Repository) error { return r.RollBack(role) }
}

func threshold(role string) step {
	return func(r *Repository) error { return r.SetThreshold(role, 2) }
}

// do runs the steps.
func do(t *testing.T, r *Repository, steps ...step) {
	t.Helper()
	for _, s := range steps {
		if err := s(r); err != nil {
			t.Fatal(err)
		}
	}
}

// What the owner does reaches a client that was there before, and a new one.
func TestOwner(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
		want  string
	}{
		{"nothing", nil, "first"},
		{"new document", []step{publish("second")}, "second"},
		{"another document", []step{func(r *Repository) error { return r.Publish("new.json", nil) }}, "first"},
		{"three roots in a row", []step{replace(Root), replace(Root), replace(Root), publish("second")}, "second"},
		{"new key of targets", []step{replace(Targets), publish("second")}, "second"},
		{"new key of snapshot", []step{replace(Snapshot)}, "first"},
		{"new key of timestamp", []step{replace(Timestamp), publish("second")}, "second"},
		{"all keys new", []step{replace(Root), replace(Targets), replace(Snapshot), replace(Timestamp)}, "first"},
		{"expired and renewed", []step{expire(Timestamp), func(r *Repository) error {
			return r.SetExpiry(Timestamp, time.Now().Add(time.Hour))
		}}, "first"},
		{"rolled back and gone on", []step{publish("second"), rollBack(Targets), publish("third")}, "third"},
		{"root of a thief, withdrawn", []step{stolen(Root), (*Repository).WithdrawRoot, replace(Root), publish("second")}, "second"},
		{"frozen and thawed", []step{(*Repository).Freeze, publish("second"), func(r *Repository) error {
			r.Thaw()
			return nil
		}}, "second"},
		{"down and up", []step{func(r *Repository) error {
			r.Down()
			return r.Up()
		}}, "first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			old := newClient(t, r)
			old.wants("first")
			url := r.URL
			do(t, r, tt.steps...)
			if r.URL != url {
				t.Errorf("it moved from %s to %s", url, r.URL)
			}
			old.wants(tt.want)
			newClient(t, r).wants(tt.want)
		})
	}
}

// as says whether an error is one of go-tuf's.
func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// Each attack is noticed by a client that has seen the second document, for
// the reason that it was made for.
func TestAttacks(t *testing.T) {
	unsigned, lower, expired := as[*metadata.ErrUnsignedMetadata], as[*metadata.ErrBadVersionNumber], as[*metadata.ErrExpiredMetadata]
	tests := []struct {
		name  string
		steps []step
		is    func(error) bool
	}{
		{"stolen key of root", []step{stolen(Root)}, unsigned},
		{"stolen key of targets", []step{stolen(Targets)}, unsigned},
		{"stolen key of snapshot", []step{stolen(Snapshot)}, unsigned},
		{"stolen key of timestamp", []step{stolen(Timestamp)}, unsigned},
		{"expired root", []step{expire(Root)}, expired},
		{"expired targets", []step{expire(Targets)}, expired},
		{"expired snapshot", []step{expire(Snapshot)}, expired},
		{"expired timestamp", []step{expire(Timestamp)}, expired},
		{"older timestamp", []step{rollBack(Timestamp)}, lower},
		{"older snapshot", []step{rollBack(Snapshot)}, lower},
		{"older targets", []step{rollBack(Targets)}, lower},
		{"too few signatures of root", []step{threshold(Root)}, unsigned},
		{"too few signatures of targets", []step{threshold(Targets), publish("third")}, unsigned},
		{"too few signatures of snapshot", []step{threshold(Snapshot), publish("third")}, unsigned},
		{"too few signatures of timestamp", []step{threshold(Timestamp)}, unsigned},
		{"another document under the hash", []step{
			publish("third"), func(r *Repository) error { return r.Spoil(document) },
		}, as[*metadata.ErrLengthOrHashMismatch]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			c := newClient(t, r)
			c.wants("first")
			do(t, r, publish("second"))
			c.wants("second")
			do(t, r, tt.steps...)
			if got, err := c.update(); err == nil || !tt.is(err) {
				t.Errorf("%q, %v (%T)", got, err, err)
			}
		})
	}
}

func TestFreezeHoldsBackWhatIsNew(t *testing.T) {
	r := newRepository(t)
	c := newClient(t, r)
	do(t, r, (*Repository).Freeze, publish("second"))
	c.wants("first")
}

func TestDown(t *testing.T) {
	r := newRepository(t)
	c := newClient(t, r)
	c.wants("first")
	r.Down()
	if _, err := c.update(); err == nil {
		t.Error("somebody answers")
	}
	if err := r.Up(); err != nil {
		t.Fatal(err)
	}
	c.wants("first")
}

// A name that leads out of the repository is told to clients, and no file is
// written there.
func TestTargetOutsideIsOnlyNamed(t *testing.T) {
	r := newRepository(t)
	do(t, r, func(r *Repository) error { return r.Publish("../../escaped", []byte("x")) })
	newClient(t, r).wants("first")
	if _, ok := r.targets.Signed.Targets["../../escaped"]; !ok {
		t.Error("it is not named")
	}
	outside, err := filepath.Glob(filepath.Join(r.dir, "..", "*"))
	if err != nil || len(outside) != 1 {
		t.Errorf("beside the repository: %q, %v", outside, err)
	}
}

// Clients must get the file that they were promised: whole, and no other.
func TestNothingIsLeftHalfWritten(t *testing.T) {
	r := newRepository(t)
	do(t, r, publish("second"), replace(Root), expire(Snapshot))
	err := filepath.WalkDir(r.dir, func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".new") {
			t.Errorf("left behind: %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(r.URL + "/3.root.json") // the specification: clients stop at the first that is missing
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("a root that was never made: %s", resp.Status)
	}
}

func TestMistakesAreErrors(t *testing.T) {
	r := newRepository(t)
	for name, s := range map[string]step{
		"expiry of no role":            expire("mirrors"),
		"key of no role":               replace("mirrors"),
		"threshold of no role":         threshold("mirrors"),
		"roll-back of no role":         rollBack("mirrors"),
		"roll-back of the root":        rollBack(Root),
		"roll-back of the first":       rollBack(Timestamp),
		"no target to spoil":           func(r *Repository) error { return r.Spoil("mirrors.json") },
		"withdrawal of the first root": (*Repository).WithdrawRoot,
		"publishing as no role":        func(r *Repository) error { return r.PublishWith(r.keys[Root], "mirrors") },
		"up while it is up":            (*Repository).Up,
	} {
		if s(r) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	newClient(t, r).wants("first")
	if _, err := New(r.dir, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("a second repository in one folder: %v", err)
	}
}
