package tuf

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/testpki/tufrepo"
	"github.com/paraph/paraph/internal/trust/store"
)

var (
	pki   = testpki.New()
	start = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
)

// A bench is an instance with a repository on loopback, and an empty home.
type bench struct {
	repo     *tufrepo.Repo
	url      string
	instance *store.Instance
	store    store.Store
	home     string
	now      time.Time
	handler  http.Handler // answers, repo unless a test says otherwise

	mu       sync.Mutex
	requests []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{repo: tufrepo.New(start), home: t.TempDir(), now: start}
	t.Setenv("TMPDIR", t.TempDir())
	b.handler = b.repo
	b.repo.Target(trustedRoot, pki.TrustedRoot())
	b.repo.Target(signingConfig, pki.SigningConfig(pki.URLs(), 1))
	b.repo.Target(signingConfigV2, pki.SigningConfig(pki.URLs(), 2))
	b.repo.Publish()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.requests = append(b.requests, r.URL.Path)
		h := b.handler
		b.mu.Unlock()
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	b.url = s.URL
	b.instance = &store.Instance{Name: "mine", Repository: b.url, TUFRoot: b.repo.RootFile(), Added: start}
	b.store = store.New([]string{"HOME=" + b.home})
	return b
}

// used is a bench whose instance was added.
func used(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	if _, err := b.updater().Add(t.Context(), b.instance, b.fetch()); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) updater() Updater { return Updater{b.store, func() time.Time { return b.now }} }

func (b *bench) fetch() Fetcher { return HTTP(httpclient.New(), b.url) }

func (b *bench) update(ctx context.Context) (*Change, error) {
	return b.updater().Update(ctx, b.instance, b.fetch())
}

// updates asserts that an update holds, and returns what is in hand then.
func (b *bench) updates(t *testing.T) *store.InHand {
	t.Helper()
	if _, err := b.update(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.inHand(t)
}

func (b *bench) inHand(t *testing.T) *store.InHand {
	t.Helper()
	h, err := b.store.InHand("mine")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// renewed is a trusted root other than the first.
func renewed() []byte {
	return pki.TrustedRoot(func(r *testpki.Root) { r.Tlogs[0].BaseURL = "https://renewed.example.com" })
}

// publish makes a new trusted root the repository's.
func (b *bench) publish() [sha256.Size]byte {
	b.repo.Target(trustedRoot, renewed())
	b.repo.Publish()
	return sha256.Sum256(renewed())
}

// files are all files of the home, by name.
func (b *bench) files(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(b.home, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, b.home)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// emptied asserts that nothing is left of the folder that go-tuf worked in.
func emptied(t *testing.T) {
	t.Helper()
	if rests, err := os.ReadDir(os.TempDir()); err != nil || len(rests) != 0 {
		t.Errorf("%v is left, %v", rests, err)
	}
}
