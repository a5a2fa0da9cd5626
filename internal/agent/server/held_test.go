//go:build linux || darwin || freebsd

package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent/daemon"
	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/testpki"
)

// socketPath is where an agent of the test may be.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "agent.sock")
}

// newHeld is a call at a terminal, without a token, and an agent, by the same
// clock. The issuer's tokens live as long as said.
func newHeld(t *testing.T, tokens time.Duration, environ ...string) (*call, *screen, *testpki.PKI, *testpki.Servers) {
	t.Helper()
	c, y, s, _ := newMortal(t, tokens, environ...)
	return c, y, c.pki, s
}

// newMortal is newHeld, and a way to have the agent end.
func newMortal(t *testing.T, tokens time.Duration, environ ...string) (c *call, y *screen, s *testpki.Servers, kill func()) {
	t.Helper()
	path := socketPath(t)
	c, y, s = newLogin(t, append([]string{"PARAPH_AGENT=true", "PARAPH_AGENT_SOCKET=" + path}, environ...)...)
	tokensLive(c.pki, s, tokens)
	place, err := daemon.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		defer close(done)
		done <- daemon.Serve(ctx, daemon.World{
			Now: c.env.Now, Every: every, Rand: c.env.Rand, Build: "test", Limits: daemon.DefaultLimits(),
		}, place)
	}()
	kill = func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(kill)
	return c, y, s, kill
}

// tokensLive says how long the issuer's next tokens do.
func tokensLive(p *testpki.PKI, s *testpki.Servers, d time.Duration) {
	s.Issuer.Set(testpki.LogIn(testpki.Login{Claims: map[string]any{"exp": p.Clock.Now().Add(d).Unix()}}))
}

// prepare prepares a signature that is not made.
func (c *call) prepare(t *testing.T) (*work, error) {
	t.Helper()
	cfg, err := c.env.settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.env.prepare(t.Context(), cfg)
}

// again runs the agent for the same commit, by somebody.
func (c *call) again(t *testing.T, committer string, status int) string {
	t.Helper()
	c.env.Stdin = request(strings.Replace(commit, "committer Alice <alice@", "committer Alice <"+committer+"@", 1))
	c.stdout.Reset()
	return c.reply(t, status).Error
}

// One login and one certificate for many signatures, the next certificate
// without a login, and a login when the token has ended too.
func TestSignByAgent(t *testing.T) {
	c, y, p, s := newHeld(t, time.Hour)
	check := func(logins, certificates int) {
		t.Helper()
		if got := strings.Count(y.String(), "logged in as alice"); got != logins || s.Fulcio.Requests() != certificates {
			t.Errorf("%d logins, %d certificates, want %d and %d:\n%s", got, s.Fulcio.Requests(), logins, certificates, y)
		}
	}
	for range 3 {
		c.again(t, "alice", 0)
		check(1, 1)
	}
	p.Clock.Advance(testpki.CertificateLifetime - maxMargin - time.Minute)
	c.again(t, "alice", 0)
	check(1, 1)
	p.Clock.Advance(time.Minute + time.Second) // within its margin
	c.again(t, "alice", 0)
	check(1, 2)
	p.Clock.Advance(2 * time.Hour)
	tokensLive(p, s, time.Minute)
	c.again(t, "alice", 0)
	check(2, 3)
}

// Who is not the committer signs where there is nobody else, and says so; not
// where it must be the committer.
func TestCommitterChooses(t *testing.T) {
	c, y, _, s := newHeld(t, time.Hour)
	c.again(t, "alice", 0)
	c.again(t, "bob", 0)
	if !strings.Contains(y.String(), "signing as alice@example.com [") || !strings.Contains(y.String(), "the committer is bob@example.com") {
		t.Errorf("%s", y)
	}
	c.env.Environ = append(c.env.Environ, "PARAPH_MATCH_COMMITTER=true")
	if err := c.again(t, "bob", 1); !strings.Contains(err, `the committer is "bob@example.com", and the identity token is for "alice@example.com"`) {
		t.Error(err)
	}
	c.again(t, "alice", 0)
	if s.Fulcio.Requests() != 1 {
		t.Errorf("%d certificates", s.Fulcio.Requests())
	}
}

// Of several, none of whom is the committer, somebody chooses.
func TestChosenAtTheTerminal(t *testing.T) {
	c, y, p, s := newHeld(t, time.Hour)
	for _, name := range []string{"bob", "carol"} {
		c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN="+p.IDToken(map[string]any{"sub": name, "email": name + "@example.com"}))
		c.again(t, name, 0)
	}
	c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN=")
	for typed, want := range map[string]string{"": "EOF", "x\n": "none of the numbers", "3\n": "none of the numbers", "-1\n": "none of the numbers"} {
		c.env.Terminal = func() (io.ReadWriteCloser, error) { return typing{y, strings.NewReader(typed)}, nil }
		if err := c.again(t, "alice", 1); !strings.Contains(err, want) {
			t.Errorf("%q: %s", typed, err)
		}
	}
	if s.Fulcio.Requests() != 2 {
		t.Errorf("%d certificates", s.Fulcio.Requests())
	}
	c.env.Terminal = func() (io.ReadWriteCloser, error) { return typing{y, strings.NewReader("1\n")}, nil }
	c.again(t, "alice", 0)
	if s.Fulcio.Requests() != 2 || !strings.Contains(y.String(), "    1  bob@example.com [") || !strings.Contains(y.String(), "    2  carol@example.com [") {
		t.Errorf("%d certificates: %s", s.Fulcio.Requests(), y)
	}
	c.env.Terminal = func() (io.ReadWriteCloser, error) { return typing{y, strings.NewReader("0\n")}, nil }
	c.again(t, "alice", 0)
	if s.Fulcio.Requests() != 3 || !strings.Contains(y.String(), "logged in as alice@example.com") {
		t.Errorf("%d certificates: %s", s.Fulcio.Requests(), y)
	}
}

// typing is a terminal at which something was typed.
type typing struct {
	*screen
	typed io.Reader
}

func (y typing) Read(p []byte) (int, error) { return y.typed.Read(p) }

// An agent that cannot be used is no reason not to sign: the terminal says
// why, and every signature gets a certificate.
func TestSignWithoutAgent(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(t *testing.T, path string)
		says string
	}{
		"another version": {func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					nc, err := l.Accept()
					if err != nil {
						return
					}
					fmt.Fprintln(nc, `{"version":2}`)
					_, _ = io.Copy(io.Discard, nc)
					nc.Close()
				}
			}()
		}, "the agent that runs speaks 2, and paraph 1: end it with"},
		"open to others":      {func(t *testing.T, path string) { chmod(t, filepath.Dir(path), 0o777) }, "is open to others: `chmod 700` it"},
		"a file in its place": {func(t *testing.T, path string) { write(t, path) }, "is no socket: remove it"},
		"a link in its place": {func(t *testing.T, path string) {
			if err := os.Symlink("/nowhere", path); err != nil {
				t.Fatal(err)
			}
		}, "is no socket: remove it"},
		"no program to start": {func(*testing.T, string) {}, "the path of this program is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			path := socketPath(t)
			tt.make(t, path)
			c, y, s := newLogin(t, "PARAPH_AGENT=true", "PARAPH_AGENT_SOCKET="+path)
			c.reply(t, 0)
			if !strings.Contains(y.String(), "paraph: signing without an agent: ") || !strings.Contains(y.String(), tt.says) || s.Fulcio.Requests() != 1 {
				t.Errorf("%d certificates: %s", s.Fulcio.Requests(), y)
			}
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// While the committer's certificate is about to end nobody else signs, though
// theirs is good for longer.
func TestNobodyElseTakesOver(t *testing.T) {
	c, y, p, s := newHeld(t, time.Hour)
	c.again(t, "alice", 0)
	p.Clock.Advance(testpki.CertificateLifetime - maxMargin + time.Second)
	c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN="+p.IDToken(map[string]any{"sub": "bob", "email": "bob@example.com"}))
	c.again(t, "bob", 0)
	c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN=")
	c.again(t, "alice", 0)
	if strings.Contains(y.String(), "signing as") || strings.Count(y.String(), "logged in as alice") != 1 || s.Fulcio.Requests() != 3 {
		t.Errorf("%d certificates: %s", s.Fulcio.Requests(), y)
	}
}

// A certificate or token under one trusted root by file is of no use under
// another: each is an instance of its own.
func TestRootsByFileAreInstances(t *testing.T) {
	names := map[string]bool{}
	for _, seed := range []string{"one", "two"} {
		c, _, _ := newCall(t, testpki.Seed(seed))
		w, err := c.prepare(t)
		if err != nil {
			t.Fatal(err)
		}
		names[w.instance()] = true
	}
	if len(names) != 2 || names["public"] {
		t.Errorf("%v", names)
	}
}

// An agent that ends while somebody logs in does not take the login with it.
func TestLoginOutlivesAgent(t *testing.T) {
	c, y, s, kill := newMortal(t, time.Hour)
	sleep := c.env.Sleep
	c.env.Sleep = func(ctx context.Context, d time.Duration) error {
		kill()
		return sleep(ctx, d)
	}
	c.again(t, "alice", 0)
	if got := strings.Count(y.String(), "logged in as alice"); got != 1 || s.Fulcio.Requests() != 1 || !strings.Contains(y.String(), "signing without an agent") {
		t.Errorf("%d logins, %d certificates: %s", got, s.Fulcio.Requests(), y)
	}
}

// lease waits for what one signature at a time does, as another one would, and
// gives it back. It is in line when lease returns.
func (c *call) lease(t *testing.T) (ended chan error) {
	t.Helper()
	w, err := c.prepare(t)
	if err != nil {
		t.Fatal(err)
	}
	client, err := socket.Dial(t.Context(), w.cfg.AgentSocket.Value)
	if err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() {
		defer client.Close()
		release, err := client.Acquire(context.Background(), w.lease(nil))
		if err == nil {
			release(nil)
		}
		ended <- err
	}()
	time.Sleep(200 * time.Millisecond) // to be in line
	return ended
}

// Whoever waits for a login inherits that it was refused, and nothing else: for
// a terminal that the first one had not, the second one may be better off.
func TestWhatWaitersInherit(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(c *call, s *testpki.Servers)
		want   string // "" for a turn of its own
	}{
		"denied":            {func(_ *call, s *testpki.Servers) { s.Issuer.Set(testpki.LogIn(testpki.Login{Error: "access_denied"})) }, "it was denied"},
		"a CA that is down": {func(_ *call, s *testpki.Servers) { s.Fulcio.Set(testpki.HangUp()) }, "asking for a certificate"},
		"no terminal": {func(c *call, _ *testpki.Servers) {
			c.env.Terminal = func() (io.ReadWriteCloser, error) { return nil, errors.New("no such device") }
		}, ""},
		"all well": {func(*call, *testpki.Servers) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, _, s := newHeld(t, time.Hour, "PARAPH_BROWSER=here")
			tt.change(c, s)
			var ended chan error
			inLine := func() { // the lease is held whenever one of these is called
				if ended == nil {
					ended = c.lease(t)
				}
			}
			open, tty := c.env.System.Start, c.env.Terminal
			c.env.System.Start = func(words []string) error {
				inLine()
				return open(words)
			}
			if name == "no terminal" {
				c.env.Terminal = func() (io.ReadWriteCloser, error) {
					inLine()
					return tty()
				}
			}
			status := 1
			if name == "all well" {
				status = 0
			}
			c.again(t, "alice", status)
			err := <-ended
			var inherited *socket.LeaseError
			if errors.As(err, &inherited) != (tt.want != "") || tt.want != "" && !strings.Contains(err.Error(), tt.want) || tt.want == "" && err != nil {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// Somebody who holds the lease and does nothing, as in a terminal that was
// stopped, is waited for with a word, and not for ever.
func TestStoppedLogin(t *testing.T) {
	c, y, _, s := newHeld(t, time.Hour)
	c.env.Limits.Login, c.env.Limits.Whole = 0, silentWait+2*time.Second
	w, err := c.prepare(t)
	if err != nil {
		t.Fatal(err)
	}
	client, err := socket.Dial(t.Context(), w.cfg.AgentSocket.Value)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Acquire(t.Context(), w.lease(nil)); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if err := c.again(t, "alice", 1); !strings.Contains(err, "does not end: is it stopped (Ctrl-Z)?") || time.Since(begin) > time.Minute {
		t.Errorf("%s, after %s", err, time.Since(begin))
	}
	if !strings.Contains(y.String(), "paraph: waiting for another paraph") || s.Fulcio.Requests() != 0 {
		t.Errorf("%d certificates: %s", s.Fulcio.Requests(), y)
	}
}
