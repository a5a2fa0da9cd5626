//go:build unix

package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/testpki/tufrepo"
)

func init() { scriptCommands["tuf"] = tufCommand }

// A served is the TUF repository of a script's instance.
type served struct {
	repo *tufrepo.Repo
	down atomic.Bool
}

func (s *served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.down.Load() {
		http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
		return
	}
	s.repo.ServeHTTP(w, r)
}

type servedKey struct{}

// tufCommand is the script's TUF repository:
//
//	tuf start      serve it at $TUF; its first root.json is $TUF_ROOT
//	tuf renew      publish a trusted root in which the log has another URL
//	tuf rotate     publish a new root with new keys for all roles
//	tuf roll-back  publish a timestamp of version 1
//	tuf expire     publish a timestamp that has ended
//	tuf down, up   answer nothing, and all again
//	tuf copy DIR   copy it to a folder
func tufCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || (len(args) == 2) != (args[0] == "copy") {
		ts.Fatalf("usage: tuf {start | renew | rotate | roll-back | expire | down | up | copy DIR}")
	}
	s, _ := ts.Value(servedKey{}).(*served)
	if args[0] == "start" {
		startTUF(ts)
		return
	}
	switch args[0] {
	case "renew":
		s.repo.Target("trusted_root.json", instanceOf(ts).pki.TrustedRoot(func(r *testpki.Root) { r.CTLogs[0].BaseURL = "https://renewed.example" }))
		s.repo.Publish()
	case "rotate":
		s.repo.Rotate(tufrepo.Root, tufrepo.Targets, tufrepo.Snapshot, tufrepo.Timestamp)
		s.repo.Publish()
	case "roll-back":
		s.repo.Version[tufrepo.Timestamp] = 0
		s.repo.PublishTimestamp()
	case "expire":
		s.repo.Expires[tufrepo.Timestamp] = time.Now().Add(-time.Minute)
		s.repo.PublishTimestamp()
	case "down", "up":
		s.down.Store(args[0] == "down")
	case "copy":
		ts.Check(s.repo.Write(ts.MkAbs(args[1])))
	default:
		ts.Fatalf("tuf %s is none of its words", args[0])
	}
}

// startTUF is tuf start.
func startTUF(ts *testscript.TestScript) {
	i := instanceOf(ts)
	s, ok := ts.Value(servedKey{}).(*served)
	if !ok {
		ts.Fatalf("the script has no place for a repository")
	}
	s.repo = tufrepo.New(time.Now())
	s.repo.Target("trusted_root.json", i.pki.TrustedRoot())
	s.repo.Target("signing_config.v0.2.json", i.pki.SigningConfig(i.servers.URLs, 1))
	s.repo.Target("signing_config_rekor_v2.v0.2.json", i.pki.SigningConfig(i.servers.URLs, 2))
	s.repo.Publish()
	server := httptest.NewServer(s)
	ts.Defer(server.Close)
	root := filepath.Join(ts.Getenv("WORK"), "tuf_root.json")
	ts.Check(os.WriteFile(root, s.repo.RootFile(), 0o600))
	ts.Setenv("TUF", server.URL)
	ts.Setenv("TUF_ROOT", root)
}
