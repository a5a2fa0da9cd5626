package tuf

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/testpki/tufrepo"
)

// chainless is a trusted root whose CA does not chain to its root.
func chainless() []byte {
	return pki.TrustedRoot(func(r *testpki.Root) {
		r.CertificateAuthorities[0].CertChain.Certificates[1].RawBytes = pki.Other().CARoot.Raw
	})
}

// Whatever a repository sends, the last good root stays, with all that
// protects it; the error names the rule.
func TestRefuses(t *testing.T) {
	past := start.Add(-time.Minute)
	ends := func(role string) func(*bench) {
		return func(b *bench) { b.repo.Expires[role] = past; b.repo.Rotate(); b.publish() }
	}
	target := func(name string, data []byte) func(*bench) {
		return func(b *bench) { b.repo.Target(name, data); b.repo.Publish() }
	}
	for name, tt := range map[string]struct {
		change func(b *bench)
		want   string
	}{
		"timestamp has ended": {ends(tufrepo.Timestamp), "TUF expiry"},
		"snapshot has ended":  {ends(tufrepo.Snapshot), "TUF expiry"},
		"targets have ended":  {ends(tufrepo.Targets), "TUF expiry"},
		"root has ended":      {ends(tufrepo.Root), "TUF expiry"},
		"timestamp rolled back": {func(b *bench) {
			b.repo.Version[tufrepo.Timestamp] = 0
			b.repo.PublishTimestamp()
		}, "TUF roll-back"},
		"snapshot rolled back": {func(b *bench) {
			b.repo.OnTimestamp = func(m *metadata.TimestampType) { m.Meta["snapshot.json"].Version = 1 }
			b.publish()
		}, "TUF roll-back"},
		"targets rolled back": {func(b *bench) {
			b.repo.OnSnapshot = func(m *metadata.SnapshotType) { m.Meta["targets.json"].Version = 1 }
			b.publish()
		}, "TUF roll-back"},
		"another snapshot than named": {func(b *bench) {
			b.repo.OnTimestamp = func(m *metadata.TimestampType) {
				m.Meta["snapshot.json"].Hashes = metadata.Hashes{"sha256": make([]byte, 32)}
			}
			b.publish()
		}, "TUF hash"},
		"targets lost from snapshot": {func(b *bench) {
			b.repo.OnSnapshot = func(m *metadata.SnapshotType) { delete(m.Meta, "targets.json") }
			b.publish()
		}, "TUF consistency"},
		"threshold not met": {func(b *bench) { b.repo.Threshold(tufrepo.Timestamp, 2); b.repo.Rotate() }, "TUF threshold"},
		"threshold of zero": {func(b *bench) { b.repo.Threshold(tufrepo.Timestamp, 0); b.repo.Rotate() }, "insufficient threshold"},
		"root of somebody else": {func(b *bench) {
			other := tufrepo.New(start)
			other.Rotate(tufrepo.Root)
			files := b.repo.Files()
			files["2.root.json"] = other.File("2.root.json")
			b.repo.Restore(files)
		}, "TUF threshold"},
		"root left out": {func(b *bench) {
			b.repo.Rotate()
			b.repo.Rotate()
			files := b.repo.Files()
			files["2.root.json"] = files["3.root.json"]
			b.repo.Restore(files)
		}, "TUF roll-back"},
		"timestamp signed by nobody": {func(b *bench) {
			b.repo.PublishTimestamp()
			b.repo.Change("timestamp.json", func(d []byte) []byte {
				return bytes.Replace(d, []byte(`"sig":"`), []byte(`"sig":"00`), 1)
			})
		}, "TUF threshold"},
		"target changed": {func(b *bench) {
			b.publish()
			b.repo.Change("trusted_root.json", func(d []byte) []byte { return append(bytes.Clone(d[:len(d)-1]), ' ') })
		}, "TUF hash"},
		"target cut": {func(b *bench) {
			b.publish()
			b.repo.Change("trusted_root.json", func(d []byte) []byte { return d[:len(d)-1] })
		}, "TUF hash"},
		"target is gone":            {func(b *bench) { b.publish(); b.repo.Change("trusted_root.json", func([]byte) []byte { return nil }) }, "status 404"},
		"no trusted root":           {target(trustedRoot, nil), "the repository has no target trusted_root.json"},
		"trusted root of garbage":   {target(trustedRoot, []byte("{}")), "media type"},
		"trusted root, empty":       {target(trustedRoot, pki.TrustedRoot(func(r *testpki.Root) { r.CertificateAuthorities = nil })), "names no certificate authority"},
		"trusted root, no chain":    {target(trustedRoot, chainless()), "is not signed by the next"},
		"signing config of garbage": {target(signingConfig, []byte("{")), "signing config"},
		"second of garbage":         {target(signingConfigV2, []byte("{")), "signing config"},
		"target of two megabytes":   {target(trustedRoot, make([]byte, 2<<20)), "the answer is too large"},
		"timestamp of two megabytes": {func(b *bench) {
			b.repo.Change("timestamp.json", func(d []byte) []byte { return append(d, make([]byte, 2<<20)...) })
		}, "the answer is too large"},
		"length below zero": {func(b *bench) {
			b.repo.OnTimestamp = func(m *metadata.TimestampType) { m.Meta["snapshot.json"].Length = -1 }
			b.publish()
		}, "TUF hash"},
		"timestamp names no snapshot": {func(b *bench) {
			b.repo.OnTimestamp = func(m *metadata.TimestampType) { delete(m.Meta, "snapshot.json") }
			b.publish()
		}, "malformed"},
		"target is null": {func(b *bench) {
			b.repo.OnTargets = func(m *metadata.TargetsType) { m.Targets[trustedRoot] = nil }
			b.publish()
		}, "malformed"},
		"timestamp of garbage": {func(b *bench) {
			b.repo.Change("timestamp.json", func([]byte) []byte { return []byte("<html>") })
		}, "invalid character"},
		"root of garbage": {func(b *bench) {
			b.repo.Rotate()
			b.repo.Change("2.root.json", func(d []byte) []byte { return d[:len(d)/2] })
		}, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			b := used(t)
			b.publish()
			b.updates(t) // version 2 of everything but the root
			before := b.files(t)
			tt.change(b)
			if _, err := b.update(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "instance mine") {
				t.Errorf("%v, want ...%s...", err, tt.want)
			}
			if !maps.Equal(b.files(t), before) {
				t.Error("what was in hand has changed")
			}
			emptied(t)
		})
	}
}

// The same for servers that do not answer, and for first use: an instance
// whose repository cannot be had is not known afterwards.
func TestServerFails(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"error": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "\x1b[31moh", 500) }, "status 500"},
		"another host": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "redirects to another host"},
		"stalls":   {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
		"trickles": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(" "))
				w.(http.Flusher).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		}, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			b := used(t)
			before := b.files(t)
			b.handler = tt.answer
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if _, err := b.update(ctx); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%v, want ...%s...", err, tt.want)
			}
			if !maps.Equal(b.files(t), before) {
				t.Error("what was in hand has changed")
			}
			b.instance.Name = "other"
			ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if _, err := b.updater().Add(ctx, b.instance, b.fetch()); err == nil {
				t.Error("added without its repository")
			}
			if names, err := b.store.Names(); err != nil || len(names) != 3 {
				t.Errorf("%q, %v", names, err)
			}
			emptied(t)
		})
	}
}

// A delegated role's name is its delegator's to choose, and would be a path
// and a file: delegations are not followed at all.
func TestNoDelegations(t *testing.T) {
	for _, role := range []string{"../../../../etc/passwd", "timestamp", "..", "a\nb"} {
		b := used(t)
		before := b.files(t)
		b.repo.OnTargets = func(m *metadata.TargetsType) {
			delete(m.Targets, trustedRoot)
			m.Delegations = &metadata.Delegations{
				Keys:  map[string]*metadata.Key{},
				Roles: []metadata.DelegatedRole{{Name: role, KeyIDs: []string{}, Threshold: 1, Paths: []string{"*"}}},
			}
		}
		b.repo.Publish()
		b.requests = nil
		if _, err := b.update(t.Context()); err == nil || !strings.Contains(err.Error(), "no target trusted_root.json") {
			t.Errorf("%q: %v", role, err)
		}
		for _, path := range b.requests {
			if !plain(strings.TrimPrefix(strings.TrimPrefix(path, "/"), "targets/")) {
				t.Errorf("%q was asked for", path)
			}
		}
		if !maps.Equal(b.files(t), before) {
			t.Error("what was in hand has changed")
		}
	}
}
