//go:build linux || darwin || freebsd

package daemon

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/testpki"
)

const commit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
	"author Alice <alice@example.com> 1777896000 +0000\n" +
	"committer Alice <alice@example.com> 1777896000 +0000\n\nsigned\n"

// An agent is one that runs within the test, with a clock that stands.
type agent struct {
	t            *testing.T
	p            *testpki.PKI
	path, remote string
	ticks        chan time.Time
	stop         context.CancelFunc
	ended        chan struct{} // closed when Serve has returned
	err          error         // of Serve, after that
}

// start starts an agent in a folder of its own.
func start(t *testing.T, changes ...func(w *World)) *agent {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	a := &agent{
		t: t, p: testpki.New(testpki.CAKeyP256()), ticks: make(chan time.Time), ended: make(chan struct{}),
		path: filepath.Join(dir, "a", socket.LocalName), remote: filepath.Join(dir, "a", socket.RemoteName),
	}
	w := World{
		Now: a.p.Clock.Now, Every: func(time.Duration) (<-chan time.Time, func()) { return a.ticks, func() {} },
		Rand: rand.Reader, Build: "test", PID: os.Getpid(), Limits: DefaultLimits(),
		Confirm: func(context.Context, Question) (bool, error) { return true, nil },
	}
	for _, change := range changes {
		change(&w)
	}
	place, err := Open(a.path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	go func() {
		defer close(a.ended)
		a.err = Serve(ctx, w, place)
	}()
	t.Cleanup(func() {
		stop()
		<-a.ended
		if a.err != nil {
			t.Error(a.err)
		}
	})
	return a
}

// dial connects, until the test ends.
func (a *agent) dial(path string) *socket.Client {
	a.t.Helper()
	c, err := socket.Dial(a.t.Context(), path)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = c.Close() })
	return c
}

// login stores a certificate, and returns its key.
func (a *agent) login(c *socket.Client, email, token string, options ...testpki.CertOption) *socket.Key {
	a.t.Helper()
	k := a.proven(c, email)
	if err := c.Store(a.t.Context(), k, "public", a.p.URLs().Issuer, a.certificate(k, email, options...), token); err != nil {
		a.t.Fatal(err)
	}
	return k
}

// proven makes a key and proves it.
func (a *agent) proven(c *socket.Client, subject string) *socket.Key {
	a.t.Helper()
	k, err := c.NewKey(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	if _, err := k.Prove(a.t.Context(), subject); err != nil {
		a.t.Fatal(err)
	}
	return k
}

func (a *agent) certificate(k *socket.Key, email string, options ...testpki.CertOption) *x509.Certificate {
	a.t.Helper()
	leaf, err := x509.ParseCertificate(a.p.Certificate(k.Public(), testpki.Identity{Email: email, Issuer: a.p.URLs().Issuer}, options...))
	if err != nil {
		a.t.Fatal(err)
	}
	return leaf
}

// tick has the agent look at its clock, and reports whether it goes on. The
// second tick is taken when the first one's work is done.
func (a *agent) tick() bool {
	for range 2 {
		select {
		case a.ticks <- time.Time{}:
		case <-a.ended:
			return false
		}
	}
	return true
}

// ends has the agent tick until it ends, which it does not at once: that a
// connection is closed takes a moment to be noticed.
func (a *agent) ends() {
	a.t.Helper()
	for begin := time.Now(); a.tick(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			a.t.Fatal("the agent goes on")
		}
	}
}

// endsIdle has time go by until the agent ends because nobody uses it.
func (a *agent) endsIdle() {
	a.t.Helper()
	for begin := time.Now(); a.tick(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			a.t.Fatal("the agent goes on")
		}
		a.p.Clock.Advance(11 * time.Second)
	}
}

// talk sends bytes as they are, and returns all that is answered until the
// agent hangs up.
func (a *agent) talk(path, sent string) string {
	a.t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		_, _ = conn.Write([]byte(sent))
		_ = conn.(*net.UnixConn).CloseWrite()
	}()
	var out []byte
	for b := make([]byte, 4096); ; {
		n, err := conn.Read(b)
		out = append(out, b[:n]...)
		if err != nil {
			if os.IsTimeout(err) {
				a.t.Errorf("%.60q: no end of the answer", sent)
			}
			return string(out)
		}
	}
}
