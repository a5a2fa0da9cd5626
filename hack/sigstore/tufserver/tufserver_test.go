package tufserver

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

const document = "trusted_root.json"

func newServer(t *testing.T) *Server {
	t.Helper()
	r, err := New(map[string][]byte{document: []byte("first"), "other.json": []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// A client is go-tuf's, with a cache that outlives an update.
type client struct {
	t     *testing.T
	r     *Server
	root  []byte
	cache string
}

func newClient(t *testing.T, r *Server) *client {
	t.Helper()
	return &client{t, r, r.Root(), t.TempDir()}
}

// update brings the client up to date and returns the document.
func (c *client) update() (string, error) {
	c.t.Helper()
	cfg, err := config.New(c.r.URL, c.root)
	if err != nil {
		c.t.Fatal(err)
	}
	cfg.RemoteTargetsURL = c.r.URL + "/targets"
	cfg.LocalMetadataDir, cfg.LocalTargetsDir = c.cache, filepath.Join(c.cache, "targets")
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
type step func(s *Server)

func publish(text string) step {
	return func(s *Server) { s.Publish(document, []byte(text)) }
}

func replace(role string) step {
	return func(s *Server) { s.Replace(role) }
}

// stolen has the role's key revoked and then used.
func stolen(role string) step {
	return func(s *Server) { s.PublishWith(s.Replace(role), role) }
}

func expire(role string) step {
	return func(s *Server) { s.SetExpiry(role, time.Now().Add(-time.Hour)) }
}

func rollBack(role string) step {
	return func(s *Server) { s.RollBack(role) }
}

func threshold(role string) step {
	return func(s *Server) { s.SetThreshold(role, 2) }
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
		{"another document", []step{func(s *Server) { s.Publish("new.json", []byte("{}")) }}, "first"},
		{"three roots in a row", []step{replace(Root), replace(Root), replace(Root), publish("second")}, "second"},
		{"new key of targets", []step{replace(Targets), publish("second")}, "second"},
		{"new key of snapshot", []step{replace(Snapshot)}, "first"},
		{"new key of timestamp", []step{replace(Timestamp), publish("second")}, "second"},
		{"all keys new", []step{replace(Root), replace(Targets), replace(Snapshot), replace(Timestamp)}, "first"},
		{"expired and renewed", []step{expire(Timestamp), func(s *Server) { s.SetExpiry(Timestamp, time.Now().Add(time.Hour)) }}, "first"},
		{"rolled back and gone on", []step{publish("second"), rollBack(Targets), publish("third")}, "third"},
		{"root of a thief, withdrawn", []step{stolen(Root), (*Server).WithdrawRoot, replace(Root), publish("second")}, "second"},
		{"frozen and thawed", []step{(*Server).Freeze, publish("second"), (*Server).Thaw}, "second"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newServer(t)
			old := newClient(t, r)
			old.wants("first")
			for _, take := range tt.steps {
				take(r)
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
			publish("third"), func(s *Server) { s.Spoil(document) },
		}, as[*metadata.ErrLengthOrHashMismatch]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newServer(t)
			c := newClient(t, r)
			c.wants("first")
			publish("second")(r)
			c.wants("second")
			for _, take := range tt.steps {
				take(r)
			}
			if got, err := c.update(); err == nil || !tt.is(err) {
				t.Errorf("%q, %v (%T)", got, err, err)
			}
		})
	}
}

func TestFreezeHoldsBackWhatIsNew(t *testing.T) {
	r := newServer(t)
	c := newClient(t, r)
	r.Freeze()
	publish("second")(r)
	c.wants("first")
}

func TestDown(t *testing.T) {
	r := newServer(t)
	c := newClient(t, r)
	c.wants("first")
	r.Down()
	if _, err := c.update(); err == nil {
		t.Error("somebody answers")
	}
	if err := r.Up(); err != nil {
		t.Fatal(err)
	}
	c.wants("first") // at the same address
	if r.Up() == nil {
		t.Error("two listen at one address")
	}
}
