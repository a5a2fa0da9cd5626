package login

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/testpki"
)

// A screen is what was said, and what is typed.
type screen struct {
	io.Reader
	mu   sync.Mutex
	said bytes.Buffer
}

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

// A fixture is an issuer, and somebody with a browser who wants to log in.
type fixture struct {
	t        *testing.T
	pki      *testpki.PKI
	servers  *testpki.Servers
	config   Config
	world    World
	terminal *screen
	slept    []time.Duration

	visit func(page string) // what the browser does with the page it is to open
	pages chan string       // what it showed at last
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, pki: testpki.New(), terminal: &screen{Reader: strings.NewReader("")}, pages: make(chan string, 1)}
	f.servers = f.pki.Serve(t)
	f.config = Config{Issuer: f.servers.URLs.Issuer, ClientID: oidc.DefaultAudience, Browser: "browser", Way: Browser}
	f.visit = func(page string) { f.pages <- f.get(page) }
	f.world = World{
		HTTP: httpclient.New(), Terminal: f.terminal, Now: f.pki.Clock.Now,
		Sleep: func(ctx context.Context, d time.Duration) error {
			f.slept = append(f.slept, d)
			f.pki.Clock.Advance(d)
			return ctx.Err()
		},
		System: System{
			OS: "linux", Files: fstest.MapFS{},
			Find: func(name string) (string, error) { return name, nil },
			Start: func(words []string) error {
				go f.visit(words[len(words)-1])
				return nil
			},
		},
	}
	return f
}

// get fetches a page as a browser does, redirects and all, and returns what it
// shows.
func (f *fixture) get(page string) string {
	resp, err := http.Get(page)
	if err != nil {
		return "error: " + err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(body)
}

func (f *fixture) login() (*Login, error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	return Get(ctx, f.config, f.world)
}

// succeed logs in as alice.
func (f *fixture) succeed() *Login {
	f.t.Helper()
	l, err := f.login()
	if err != nil {
		f.t.Fatalf("%v\n%s", err, f.terminal)
	}
	if t := l.Token; t.ProofSubject() != "alice@example.com" || !strings.Contains(f.terminal.String(), "logged in as alice@example.com") {
		f.t.Errorf("logged in as %s: %s", t.ProofSubject(), f.terminal)
	}
	return l
}

// fail must not log in, and say why.
func (f *fixture) fail(want string) {
	f.t.Helper()
	t, err := f.login()
	if t != nil || err == nil || !strings.Contains(err.Error(), want) {
		f.t.Errorf("got %v, %v, want ...%s...", t, err, want)
	}
	if err != nil && (strings.Contains(err.Error(), "code-1") || strings.Contains(err.Error(), "eyJ")) {
		f.t.Errorf("the error shows a secret: %v", err)
	}
}

// showed is the page that the browser ended at.
func (f *fixture) showed(want ...string) {
	f.t.Helper()
	page := <-f.pages
	for _, w := range want {
		if !strings.Contains(page, w) {
			f.t.Errorf("the browser shows no %q: %s", w, page)
		}
	}
}

func TestBrowser(t *testing.T) {
	f := newFixture(t)
	f.succeed()
	f.showed("<title>Logged in - paraph</title>", "alice@example.com")
}

func TestBrowserWithSecret(t *testing.T) {
	f := newFixture(t)
	f.config.ClientID, f.config.ClientSecret = testpki.SecretClient, testpki.ClientSecret
	f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Claims: map[string]any{"aud": testpki.SecretClient}}))
	f.succeed()
	f.showed("Logged in")
	f.config.ClientSecret = "wrong"
	f.fail("the issuer says invalid_client")
}

// What the issuer answers is held against this login, whichever way it was.
func TestTokenIsVerified(t *testing.T) {
	for name, tt := range map[string]struct {
		claims    map[string]any
		want      string // "" logs in
		onlyNonce bool   // a device has none
	}{
		"nonce missing":           {map[string]any{"nonce": nil}, "its nonce differs", true},
		"nonce of another":        {map[string]any{"nonce": "x"}, "its nonce differs", true},
		"audience of another":     {map[string]any{"aud": "somebody"}, "expected audience", false},
		"audience of two":         {map[string]any{"aud": []string{"sigstore", "somebody"}}, "for another client too", false},
		"two, for the other":      {map[string]any{"aud": []string{"sigstore", "somebody"}, "azp": "somebody"}, "for another client too", false},
		"two, for this one":       {map[string]any{"aud": []string{"sigstore", "somebody"}, "azp": "sigstore"}, "", false},
		"party is another":        {map[string]any{"azp": "somebody"}, "for another client too", false},
		"party is a number":       {map[string]any{"azp": 7}, "its azp is no text", false},
		"issuer is another":       {map[string]any{"iss": "https://evil.example"}, "issued by a different provider", false},
		"expired":                 {map[string]any{"exp": testpki.DefaultTime.Unix() - 1}, "expired", false},
		"not yet valid":           {map[string]any{"nbf": testpki.DefaultTime.Unix() + 120}, "is the clock right?", false},
		"at_hash of another":      {map[string]any{"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "its at_hash differs", false},
		"no at_hash":              {map[string]any{"at_hash": nil}, "", false},
		"e-mail is not verified":  {map[string]any{"email_verified": false}, "email_verified", false},
		"e-mail, nothing is said": {map[string]any{"email_verified": nil}, "email_verified", false},
		"verified as a word":      {map[string]any{"email_verified": "true"}, "", false},
		"nobody":                  {map[string]any{"email": nil, "sub": nil}, "neither e-mail nor subject", false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, way := range []string{Browser, Device} {
				if way == Device && tt.onlyNonce {
					continue
				}
				f := newFixture(t)
				f.config.Way = way
				f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Claims: tt.claims}))
				title := "<h1>Not logged in</h1>"
				if tt.want == "" {
					title = "<h1>Logged in</h1>"
					f.succeed()
				} else {
					f.fail(tt.want)
				}
				if way == Browser {
					f.showed(title)
				}
			}
		})
	}
}

// A token that another key signed is refused, whoever it says it is from.
func TestTokenOfAnotherKey(t *testing.T) {
	f := newFixture(t)
	keys := f.pki.Other().Serve(t).URLs.Issuer + "/keys"
	f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Metadata: map[string]any{"jwks_uri": keys}}))
	f.fail("failed to verify signature")
}

// An issuer that cannot be logged in at is told apart, with what to do.
func TestIssuer(t *testing.T) {
	metadata := func(name string, value any) testpki.Fault {
		return testpki.LogIn(testpki.Login{Metadata: map[string]any{name: value}})
	}
	post := func(status int, body string) testpki.Fault { return testpki.Only("POST", testpki.Refuse(status, body)) }
	for name, tt := range map[string]struct {
		fault testpki.Fault
		want  string
	}{
		"no discovery":            {testpki.Refuse(404, "what?"), "asking the issuer how to log in: GET "},
		"garbage":                 {testpki.Garbage(), "in a form that is not its own"},
		"a megabyte":              {testpki.HugeBody(1 << 20), "too large"},
		"hangs up":                {testpki.HangUp(), "asking the issuer"},
		"another name":            {metadata("issuer", "https://evil.example"), "set paraph.issuer to its name"},
		"no PKCE":                 {metadata("code_challenge_methods_supported", nil), "set paraph.tokenSource = device"},
		"PKCE, plain only":        {metadata("code_challenge_methods_supported", []string{"plain"}), "does not support PKCE with S256"},
		"no token endpoint":       {metadata("token_endpoint", nil), "the issuer's token_endpoint: "},
		"keys by plain http":      {metadata("jwks_uri", "http://keys.example"), "the issuer's jwks_uri: http is for loopback"},
		"a page that is a script": {metadata("authorization_endpoint", "javascript:alert(1)"), "the issuer's authorization_endpoint: "},
		"algorithm none":          {metadata("id_token_signing_alg_values_supported", []string{"none", "HS256"}), "the issuer's token cannot be used"},
		"token endpoint breaks":   {post(502, "code-1"), "redeeming the code: POST "},
		"token endpoint, garbage": {testpki.Only("POST", testpki.Garbage()), "in a form that is not its own"},
		"token endpoint, nothing": {post(200, "{}"), "without an ID token"},
		"an error with escapes":   {post(400, `{"error":"x\u001b[31m","error_description":"y"}`), `the issuer says x\u001b[31m (y)`},
		"an error without an end": {post(400, `{"error":"`+strings.Repeat("x", 1000)+`"}`), strings.Repeat("x", maxQuoted) + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.servers.Issuer.Set(tt.fault)
			f.fail(tt.want)
		})
	}
}

// An issuer at an https URL that sends its users to this machine is not
// followed there.
func TestIssuerLeadsNobodyHere(t *testing.T) {
	i := &issuer{config: Config{Issuer: "https://issuer.example"}}
	if err := i.checkURL("http://127.0.0.1/authorize"); err == nil {
		t.Error("the URL was taken")
	}
	if err := i.checkURL("https://issuer.example/authorize"); err != nil {
		t.Error(err)
	}
}

// Waiting ends with the context: a slow issuer, and somebody who never comes.
func TestWaitingEnds(t *testing.T) {
	for name, change := range map[string]func(f *fixture){
		"nobody comes":        func(f *fixture) { f.visit = func(string) {} },
		"slow token endpoint": func(f *fixture) { f.servers.Issuer.Set(testpki.Only("POST", testpki.Stall())) },
		"slow discovery":      func(f *fixture) { f.servers.Issuer.Set(testpki.Stall()) },
		"nothing is pasted":   func(f *fixture) { f.config.Way, f.terminal.Reader = Paste, silence{f.t.Context()} },
		"nobody enters the code": func(f *fixture) {
			f.config.Way = Device
			f.world.Sleep = func(ctx context.Context, _ time.Duration) error {
				<-ctx.Done()
				return ctx.Err()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			change(f)
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			if got, err := Get(ctx, f.config, f.world); got != nil || err == nil || !strings.Contains(err.Error(), "nobody logged in in time") {
				t.Errorf("%v, %v", got, err)
			}
			f = newFixture(t)
			change(f)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			time.AfterFunc(100*time.Millisecond, interrupt)
			if got, err := Get(ctx, f.config, f.world); got != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("interrupted: %v, %v", got, err)
			}
		})
	}
}

// silence is a terminal at which nobody types before the test ends.
type silence struct{ ctx context.Context }

func (s silence) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, io.EOF
}
