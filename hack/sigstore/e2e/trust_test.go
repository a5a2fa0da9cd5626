package e2e

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/hack/sigstore/stack"
	"github.com/paraph/paraph/hack/sigstore/tufserver"
)

const instance = "acme"

// An instanceUser signs with an instance that she added by its TUF repository;
// no file of it is configured.
type instanceUser struct {
	*user
	repo  *tufserver.Server
	first string // a commit, signed before anything happened
}

func newInstanceUser(t *testing.T) *instanceUser {
	t.Helper()
	repo, err := servers.NewTUF()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(repo.Close)
	u := newHome(t).with("PARAPH_AGENT=false", "PARAPH_ID_TOKEN="+mint(t, nil))
	u.must("paraph", "init", "--global")
	u.must("paraph", "trust", "add", instance, "--tuf", repo.URL, "--root", u.tufRoot(repo))
	u.configure("paraph.instance", instance)
	i := &instanceUser{u, repo, u.commit("first")}
	i.wants("valid")
	return i
}

// tufRoot is a file with the root to start from.
func (u *user) tufRoot(repo *tufserver.Server) string {
	u.t.Helper()
	name := filepath.Join(u.t.TempDir(), "root.json")
	writeFile(u.t, name, repo.Root())
	return name
}

// wants holds the first commit's verdict against what is expected, where there
// is no network.
func (i *instanceUser) wants(verdict string) {
	i.t.Helper()
	got, _ := i.verifyOffline(i.first)
	if v := got.Results[0]; v.Verdict != verdict {
		i.t.Errorf("it is %s, want %s: %+v", v.Verdict, verdict, v.Error)
	} else if verdict == "valid" && (v.Signer == nil || v.Signer.Instance != instance) {
		i.t.Errorf("signer %+v, want one of %s", v.Signer, instance)
	}
}

// updates runs an update that must succeed, or must not and say why.
func (i *instanceUser) updates(refused string) {
	i.t.Helper()
	r := i.run("", "paraph", "trust", "update")
	if (r.status != 0) != (refused != "") || !strings.Contains(r.stderr, refused) {
		i.t.Errorf("update: exit status %d, want a refusal that says %q: %s%s", r.status, refused, r.stdout, r.stderr)
	}
}

// do takes steps with the repository.
func (i *instanceUser) do(steps ...repoStep) {
	for _, take := range steps {
		take(i.repo)
	}
}

// A repoStep is something done to a TUF repository.
type repoStep func(r *tufserver.Server)

func replace(role string) repoStep {
	return func(r *tufserver.Server) { r.Replace(role) }
}

// stolen has a role's key revoked, and then used to publish.
func stolen(role string) repoStep {
	return func(r *tufserver.Server) { r.PublishWith(r.Replace(role), role) }
}

func expires(role string, after time.Duration) repoStep {
	return func(r *tufserver.Server) { r.SetExpiry(role, time.Now().Add(after)) }
}

func rollBack(role string) repoStep {
	return func(r *tufserver.Server) { r.RollBack(role) }
}

func threshold(role string, n int) repoStep {
	return func(r *tufserver.Server) { r.SetThreshold(role, n) }
}

func spoilRoot(r *tufserver.Server) { r.Spoil(stack.TrustedRootFile) }

// publishRoot publishes the stack's trusted root, or one that knows no CT log:
// by it no commit is valid, so that everybody can see whether it arrived.
func publishRoot(t *testing.T, useless bool) repoStep {
	t.Helper()
	document := readFile(t, trustedRoot())
	if useless {
		var root map[string]any
		if err := json.Unmarshal(document, &root); err != nil {
			t.Fatal(err)
		}
		delete(root, "ctlogs")
		var err error
		if document, err = json.Marshal(root); err != nil {
			t.Fatal(err)
		}
	}
	return func(r *tufserver.Server) { r.Publish(stack.TrustedRootFile, document) }
}

// Whatever a repository does, the last good root stays, and the owner's next
// step arrives.
func TestTUFUpdate(t *testing.T) {
	tests := []struct {
		name    string
		steps   []repoStep
		refused string     // what the update says, "" if it succeeds
		amends  []repoStep // the owner's, before the next update
	}{
		{"new root of trust", nil, "", nil},
		{"three new TUF roots in a row", []repoStep{replace(tufserver.Root), replace(tufserver.Root), replace(tufserver.Root)}, "", nil},
		{"all keys new", []repoStep{
			replace(tufserver.Root), replace(tufserver.Targets), replace(tufserver.Snapshot), replace(tufserver.Timestamp),
		}, "", nil},
		{"revoked key of root", []repoStep{stolen(tufserver.Root)}, "TUF threshold", []repoStep{(*tufserver.Server).WithdrawRoot}},
		{"revoked key of targets", []repoStep{stolen(tufserver.Targets)}, "TUF threshold", nil},
		{"revoked key of snapshot", []repoStep{stolen(tufserver.Snapshot)}, "TUF threshold", nil},
		{"revoked key of timestamp", []repoStep{stolen(tufserver.Timestamp)}, "TUF threshold", nil},
		{"expired root", []repoStep{expires(tufserver.Root, -time.Hour)}, "TUF expiry", []repoStep{expires(tufserver.Root, time.Hour)}},
		{"expired targets", []repoStep{expires(tufserver.Targets, -time.Hour)}, "TUF expiry", []repoStep{expires(tufserver.Targets, time.Hour)}},
		{"expired snapshot", []repoStep{expires(tufserver.Snapshot, -time.Hour)}, "TUF expiry", []repoStep{expires(tufserver.Snapshot, time.Hour)}},
		{"expired timestamp", []repoStep{expires(tufserver.Timestamp, -time.Hour)}, "TUF expiry", []repoStep{expires(tufserver.Timestamp, time.Hour)}},
		{"too few signatures", []repoStep{threshold(tufserver.Timestamp, 2)}, "TUF threshold", []repoStep{threshold(tufserver.Timestamp, 1)}},
		{"another document under the hash", []repoStep{spoilRoot}, "TUF hash", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := newInstanceUser(t)
			i.do(publishRoot(t, true))
			i.do(tt.steps...)
			i.updates(tt.refused)
			if tt.refused == "" {
				i.wants("unknown") // what was published arrived
			} else {
				i.wants("valid")
			}
			i.do(tt.amends...)
			i.do(publishRoot(t, false))
			i.updates("")
			i.wants("valid")
			i.commit("second") // and it is good for signing
		})
	}
}

// A client that has seen the new one does not go back.
func TestTUFRollBack(t *testing.T) {
	for _, role := range []string{tufserver.Timestamp, tufserver.Snapshot, tufserver.Targets} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			i := newInstanceUser(t)
			i.do(publishRoot(t, true), publishRoot(t, false))
			i.updates("")
			i.do(rollBack(role))
			i.updates("TUF roll-back")
			i.wants("valid")
			i.do(publishRoot(t, true))
			i.updates("")
			i.wants("unknown")
		})
	}
}

// moment is how long metadata lives that a test waits for.
const moment = 3 * time.Second

// A repository that stands still is believed until its timestamp ends.
func TestTUFFreeze(t *testing.T) {
	t.Parallel()
	i := newInstanceUser(t)
	i.do(expires(tufserver.Timestamp, moment), (*tufserver.Server).Freeze, publishRoot(t, true))
	ended := time.After(moment)
	i.updates("")
	i.wants("valid")
	<-ended
	i.updates("TUF expiry")
	i.wants("valid")
	i.repo.Thaw()
	i.do(expires(tufserver.Timestamp, time.Hour))
	i.updates("")
	i.wants("unknown")
}

// Where the metadata in hand has ended and nobody can be asked, the old root
// serves on, for signing too, and who asks learns of it.
func TestTUFOldRootServesOn(t *testing.T) {
	t.Parallel()
	i := newInstanceUser(t)
	i.do(expires(tufserver.Timestamp, moment))
	ended := time.After(moment)
	i.updates("")
	i.showsEnded(false)
	i.repo.Down()
	<-ended
	i.updates(instance)
	i.wants("valid")
	i.commit("second")
	i.showsEnded(true)
	if err := i.repo.Up(); err != nil {
		t.Fatal(err)
	}
	i.do(expires(tufserver.Timestamp, time.Hour))
	i.updates("")
	i.showsEnded(false)
}

// showsEnded wants trust show to tell whether the instance's metadata has ended.
func (i *instanceUser) showsEnded(want bool) {
	i.t.Helper()
	if shown := i.must("paraph", "trust", "show"); strings.Contains(shown, "which is over: the root serves on") != want {
		i.t.Errorf("whether the metadata has ended is told otherwise than %t: %s", want, shown)
	}
}

// What cannot be checked is not added, and what is known by name stays.
func TestTUFAddRefuses(t *testing.T) {
	t.Parallel()
	other, err := servers.NewTUF()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	i := newInstanceUser(t)
	root := i.tufRoot(i.repo)
	for _, tt := range []struct{ name, url, root string }{
		{"beta", i.repo.URL, i.tufRoot(other)},
		{"beta", nowhere, root},
		{"beta", servers.Endpoints.TSA, root},
		{"beta", strings.Replace(i.repo.URL, "127.0.0.1", "tuf.example", 1), root},
		{"public", i.repo.URL, root},
		{"staging", i.repo.URL, root},
		{instance, other.URL, i.tufRoot(other)},
		{"../beta", i.repo.URL, root},
		{"beta", i.repo.URL, filepath.Join(i.root, "missing.json")},
	} {
		if r := i.run("", "paraph", "trust", "add", tt.name, "--tuf", tt.url, "--root", tt.root); r.status == 0 || r.stderr == "" {
			t.Errorf("%+v was added: %s", tt, r.stdout)
		}
	}
	if shown := i.must("paraph", "trust", "show"); strings.Contains(shown, "beta") {
		t.Errorf("something is left: %s", shown)
	}
	i.updates("")
	i.wants("valid")
}
