package e2e

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

const (
	neighbours   = 2                      // clients that hang up
	maxPosts     = 200                    // by each of them
	patience     = 100 * time.Millisecond // of theirs; Rekor v2 takes up to a second
	maxCommits   = 8                      // until one of them is hit
	statusClosed = 499                    // Rekor v2 to all who wait when one client hangs up
)

// A clumsy client adds entries to Rekor v2 and does not wait for the answer.
type clumsy struct {
	key  *ecdsa.PrivateKey
	leaf []byte
}

func newClumsy(t *testing.T) *clumsy {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &clumsy{key, leaf}
}

// post adds a new entry and hangs up, unless peace is done by then. An answer
// in that time is a log that hands out another client's failure, or a
// checkpoint that came just then.
func (c *clumsy) post(peace context.Context) error {
	digest := sha256.Sum256([]byte(rand.Text()))
	signature, err := c.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"hashedRekordRequestV002": map[string]any{
		"digest": digest[:],
		"signature": map[string]any{"content": signature, "verifier": map[string]any{
			"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": map[string]any{"rawBytes": c.leaf},
		}},
	}})
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	impatience := time.AfterFunc(patience, leave)
	defer context.AfterFunc(peace, func() { impatience.Stop() })()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, servers.Endpoints.Rekor2+"/api/v2/log/entries", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil // hung up
	}
	defer resp.Body.Close()
	if resp.StatusCode != statusClosed && resp.StatusCode != http.StatusCreated {
		answer, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return nil
}

// hangUp posts again and again until peace is done, at most maxPosts times.
func (c *clumsy) hangUp(peace context.Context) error {
	pace := time.NewTicker(patience) // answers may come at once
	defer pace.Stop()
	for range maxPosts {
		if err := c.post(peace); err != nil {
			return err
		}
		select {
		case <-pace.C:
		case <-peace.Done():
			return nil
		}
	}
	return nil
}

// A window is Rekor v2 as one client sees it: a proxy that keeps the statuses.
type window struct {
	*httptest.Server
	mu       sync.Mutex
	statuses []int
}

// newWindow calls hit at each status 499.
func newWindow(t *testing.T, hit func()) *window {
	t.Helper()
	backend, err := url.Parse(servers.Endpoints.Rekor2)
	if err != nil {
		t.Fatal(err)
	}
	w := new(window)
	w.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(backend) },
		ModifyResponse: func(r *http.Response) error {
			w.mu.Lock()
			w.statuses = append(w.statuses, r.StatusCode)
			w.mu.Unlock()
			if r.StatusCode == statusClosed {
				hit()
			}
			return nil
		},
	})
	t.Cleanup(w.Close)
	return w
}

// seen returns the statuses so far.
func (w *window) seen() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.statuses)
}

// Rekor v2 hands the failure of a client that hangs up to all who wait beside
// it. Whoever signs meanwhile waits longer, and has a signature. The clumsy
// clients learn manners once they have done harm: a log whose clients hang up
// every second serves nobody.
func TestNeighboursHangUp(t *testing.T) { // not parallel: it would be a neighbour to the others
	peace, hit := context.WithCancel(t.Context())
	var group sync.WaitGroup
	defer group.Wait()
	defer hit()
	w := newWindow(t, hit)
	defer func() { t.Logf("Rekor v2 answered %v", w.seen()) }()
	u := newUser(t, logVersions[1], mint(t, nil))
	u.configure("paraph.rekor", w.URL)
	u.configure("paraph.rekorVersion", "2")
	u.trust(alice, servers.Endpoints.Issuer)
	for range neighbours {
		c := newClumsy(t)
		group.Go(func() {
			if err := c.hangUp(peace); err != nil {
				t.Error(err)
			}
		})
	}
	for i := range maxCommits {
		id := u.commit(fmt.Sprintf("file-%d", i))
		if got, status := u.verify(id); status != 0 {
			t.Errorf("exit status %d: %+v", status, got.Results[0])
		}
		if slices.Contains(w.seen(), statusClosed) {
			return
		}
	}
	t.Errorf("%d commits, and none was hit", maxCommits)
}
