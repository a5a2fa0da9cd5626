package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/testpki"
)

// A screen is what was said at a terminal; nobody types. Several may talk at
// once, as at a real one.
type screen struct {
	mu     sync.Mutex
	said   bytes.Buffer
	closed bool
}

func (y *screen) Read([]byte) (int, error) { return 0, io.EOF }

func (y *screen) Write(p []byte) (int, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.said.Write(p)
}

func (y *screen) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.said.String()
}

func (y *screen) Close() error {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.closed = true
	return nil
}

// newLogin is a call at a terminal, without a token, on a machine whose only
// browser fetches what it is to open.
func newLogin(t *testing.T, environ ...string) (*call, *screen, *testpki.Servers) {
	t.Helper()
	c, p, s := newCall(t)
	y := new(screen)
	c.env.Environ = append(append(c.env.Environ, "PARAPH_ID_TOKEN="), environ...)
	c.env.Files = fstest.MapFS{}
	c.env.Terminal = func() (io.ReadWriteCloser, error) { return y, nil }
	c.env.Sleep = func(ctx context.Context, d time.Duration) error {
		p.Clock.Advance(d)
		return ctx.Err()
	}
	c.env.System = login.System{OS: "linux", Files: fstest.MapFS{}, Start: func(words []string) error {
		go func() {
			resp, err := http.Get(words[len(words)-1])
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		}()
		return nil
	}}
	return c, y, s
}

// Without a token somebody logs in by themselves, or as the setting says. What
// git reads has nothing of it.
func TestLogin(t *testing.T) {
	for name, tt := range map[string]struct {
		environ []string
		want    string // on the terminal
	}{
		"by itself, no browser": {nil, "and enter the code"},
		"by itself, a browser":  {[]string{"PARAPH_BROWSER=here {url}"}, "log in in the browser (here)"},
		"browser":               {[]string{"PARAPH_TOKEN_SOURCE=browser", "PARAPH_BROWSER=here"}, "log in in the browser (here)"},
		"device, not a browser": {[]string{"PARAPH_TOKEN_SOURCE=device", "PARAPH_BROWSER=here"}, "and enter the code"},
		"a token not asked for": {[]string{"PARAPH_TOKEN_SOURCE=device", "PARAPH_ID_TOKEN=x"}, "and enter the code"},
	} {
		t.Run(name, func(t *testing.T) {
			c, y, _ := newLogin(t, tt.environ...)
			c.reply(t, 0)
			if !strings.Contains(y.String(), tt.want) || !strings.Contains(y.String(), "logged in as alice@example.com") || !y.closed {
				t.Errorf("the terminal has no %q, closed %t: %s", tt.want, y.closed, y)
			}
			if c.stderr.Len() != 0 {
				t.Errorf("standard error: %s", c.stderr.String())
			}
		})
	}
}

// A client's secret comes from its file, and another issuer than the signing
// config's from its key.
func TestLoginSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(testpki.ClientSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, s := newLogin(t, "PARAPH_CLIENT_ID="+testpki.SecretClient, "PARAPH_CLIENT_SECRET_FILE="+file, "PARAPH_BROWSER=here")
	s.Issuer.Set(testpki.LogIn(testpki.Login{Claims: map[string]any{"aud": testpki.SecretClient}}))
	// The CA takes tokens for sigstore only: this far the login went.
	if r := c.reply(t, 1); !strings.Contains(r.Error, "asking for a certificate: ") {
		t.Errorf("%+v", r)
	}
	c, _, _ = newLogin(t, "PARAPH_ISSUER=http://127.0.0.1:1")
	if r := c.reply(t, 1); !strings.Contains(r.Error, "asking the issuer how to log in: GET http://127.0.0.1:1/") {
		t.Errorf("%+v", r)
	}
}

// No login, no signature, and the answer says what to do.
func TestLoginFails(t *testing.T) {
	nobody := func() (io.ReadWriteCloser, error) { return nil, errors.New("no such device") }
	for name, tt := range map[string]struct {
		environ []string
		change  func(c *call, s *testpki.Servers)
		want    string
		usage   bool
	}{
		"no terminal":                          {nil, func(c *call, _ *testpki.Servers) { c.env.Terminal = nobody }, "set PARAPH_ID_TOKEN or SIGSTORE_ID_TOKEN, or paraph.tokenFile; or run git at a terminal, to log in: here is none (no such device)", false},
		"no terminal, and a browser asked for": {[]string{"PARAPH_TOKEN_SOURCE=browser"}, func(c *call, _ *testpki.Servers) { c.env.Terminal = nobody }, "paraph.tokenSource is browser, which takes a terminal", false},
		"the zero Env has none":                {nil, func(c *call, _ *testpki.Servers) { c.env.Terminal = nil }, "here is none", false},
		"a source is asked for":                {[]string{"PARAPH_TOKEN_SOURCE=env"}, nil, "no identity token: set PARAPH_ID_TOKEN", false},
		"a token that is none":                 {[]string{"PARAPH_ID_TOKEN=x"}, nil, "it is not a JWT", false},
		"denied":                               {[]string{"PARAPH_BROWSER=here"}, func(_ *call, s *testpki.Servers) { s.Issuer.Set(testpki.LogIn(testpki.Login{Error: "access_denied"})) }, "login: it was denied", false},
		"no time to log in":                    {nil, func(c *call, _ *testpki.Servers) { c.env.Limits.Login = 0 }, "nobody logged in in time", false},
		"redirect to elsewhere":                {[]string{"PARAPH_REDIRECT_URL=http://example.com/"}, nil, `PARAPH_REDIRECT_URL: "http://example.com/" is not a URL of the form`, true},
		"no file with the secret":              {[]string{"PARAPH_CLIENT_SECRET_FILE=/nowhere"}, nil, "PARAPH_CLIENT_SECRET_FILE: ", true},
		"a secret that is none":                {[]string{"PARAPH_CLIENT_SECRET_FILE=/dev/null"}, nil, "PARAPH_CLIENT_SECRET_FILE: ", true},
		"no issuer": {nil, func(c *call, _ *testpki.Servers) {
			c.env.Environ = append(c.env.Environ, "PARAPH_SIGNING_CONFIG=", "PARAPH_FULCIO=http://127.0.0.1:1", "PARAPH_REKOR=http://127.0.0.1:1")
		}, "no issuer is configured: set paraph.issuer or paraph.signingConfig", true},
	} {
		t.Run(name, func(t *testing.T) {
			c, y, s := newLogin(t, tt.environ...)
			if tt.change != nil {
				tt.change(c, s)
			}
			if r := c.reply(t, 1); !strings.Contains(r.Error, tt.want) || r.Usage != tt.usage {
				t.Errorf("%+v, want ...%s...", r, tt.want)
			}
			if strings.Contains(y.String(), "logged in") || s.Fulcio.Requests() != 0 {
				t.Errorf("%d certificates were asked for: %s", s.Fulcio.Requests(), y)
			}
		})
	}
}

// The limit of a whole signature begins when somebody has logged in, however
// long they took.
func TestLoginTakesItsTime(t *testing.T) {
	c, _, _ := newLogin(t)
	c.env.Limits.Whole = time.Second
	sleep := c.env.Sleep
	c.env.Sleep = func(ctx context.Context, d time.Duration) error {
		time.Sleep(1200 * time.Millisecond)
		return sleep(ctx, d)
	}
	c.reply(t, 0)
}
