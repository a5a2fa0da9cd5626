package login

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
)

// Whatever does not belong to the login is answered, and the login waits on.
func TestStrangers(t *testing.T) {
	// Each request is the right answer with one change.
	calls := map[string]struct {
		change func(r *http.Request, q url.Values)
		status int
	}{
		"favicon":             {func(r *http.Request, _ url.Values) { r.URL.Path = "/favicon.ico" }, 404},
		"another path":        {func(r *http.Request, _ url.Values) { r.URL.Path += "/" }, 404},
		"POST":                {func(r *http.Request, _ url.Values) { r.Method = http.MethodPost }, 404},
		"HEAD, to look ahead": {func(r *http.Request, _ url.Values) { r.Method = http.MethodHead }, 404},
		"DNS rebinding":       {func(r *http.Request, _ url.Values) { r.Host = "evil.example" }, 404},
		"another state":       {func(_ *http.Request, q url.Values) { q.Set("state", "x") }, 400},
		"no state":            {func(_ *http.Request, q url.Values) { q.Del("state") }, 400},
		"state twice":         {func(_ *http.Request, q url.Values) { q.Add("state", q.Get("state")) }, 400},
		"code twice":          {func(_ *http.Request, q url.Values) { q.Add("code", "x") }, 400},
		"no code":             {func(_ *http.Request, q url.Values) { q.Del("code") }, 400},
		"code and error":      {func(_ *http.Request, q url.Values) { q.Set("error", "access_denied") }, 400},
		"denied by a stranger": {func(_ *http.Request, q url.Values) {
			q.Del("code")
			q.Set("error", "access_denied")
			q.Set("state", "x")
		}, 400},
	}
	f := newFixture(t)
	f.visit = func(page string) {
		back := f.redirected(page)
		for name, c := range calls {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, back.String(), nil)
			if err != nil {
				t.Error(err)
				break
			}
			q := back.Query()
			c.change(r, q)
			r.URL.RawQuery = q.Encode()
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			resp.Body.Close()
			if resp.StatusCode != c.status {
				t.Errorf("%s: status %d, want %d", name, resp.StatusCode, c.status)
			}
		}
		f.pages <- f.get(back.String())
	}
	f.succeed()
	f.showed("<h1>Logged in</h1>")
}

// redirected is where the issuer sends the browser back to.
func (f *fixture) redirected(page string) *url.URL {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(page)
	if err != nil {
		f.t.Error(err)
		return new(url.URL)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		f.t.Errorf("the issuer does not redirect: status %d", resp.StatusCode)
		return new(url.URL)
	}
	return back
}

// A code is used once, whoever brings it again meanwhile.
func TestCodeTwice(t *testing.T) {
	f := newFixture(t)
	second := make(chan string, 1)
	f.visit = func(page string) {
		back := f.redirected(page).String()
		f.servers.Issuer.Set(testpki.Only("POST", testpki.Hold(func() { second <- f.get(back) })))
		f.pages <- f.get(back)
	}
	f.succeed()
	f.showed("<h1>Logged in</h1>")
	if page := <-second; !strings.Contains(page, "<h1>Answered before</h1>") || len(second) != 0 {
		t.Errorf("the second time the browser shows %s", page)
	}
}

// The issuer's no ends the login, and the page says so without its markup.
func TestDenied(t *testing.T) {
	f := newFixture(t)
	f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Error: "access_denied"}))
	f.fail("login: it was denied (<b>no</b>)")
	f.showed("<title>Not logged in - paraph</title>", "it was denied (&lt;b&gt;no&lt;/b&gt;)")
}

// An answer by another issuer than the one that was asked (RFC 9207).
func TestMixUp(t *testing.T) {
	for name, tt := range map[string]struct {
		iss      []string
		promised bool
	}{"another": {[]string{"https://evil.example"}, false}, "none, though promised": {nil, true}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Metadata: map[string]any{"authorization_response_iss_parameter_supported": tt.promised}}))
			f.visit = func(page string) {
				back := f.redirected(page)
				q := back.Query()
				q["iss"] = tt.iss
				back.RawQuery = q.Encode()
				f.get(back.String())
			}
			f.fail("by another issuer than the one that was asked")
		})
	}
}

// A page fetches nothing, and lets nobody fetch, keep or embed it.
func TestPage(t *testing.T) {
	f := newFixture(t)
	header := make(chan http.Header, 1)
	f.visit = func(page string) {
		resp, err := http.Get(page)
		if err != nil {
			t.Error(err)
			header <- nil
			return
		}
		resp.Body.Close()
		header <- resp.Header
	}
	f.succeed()
	h := <-header
	if !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; ") || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%v", h)
	}
	if outside := regexp.MustCompile(`(?i)(src|href)="([^d]|$)|url\(|@import|<script`).FindString(body + style); outside != "" {
		t.Errorf("the page has %q", outside)
	}
}

// The listener is where it was asked for, and the request names it.
func TestRedirectURL(t *testing.T) {
	for redirect, want := range map[string]string{
		"":                            `^http://localhost:[1-9]\d+/auth/callback$`,
		"http://localhost:0/":         `^http://localhost:[1-9]\d+/$`,
		"http://127.0.0.1:0/callback": `^http://127\.0\.0\.1:[1-9]\d+/callback$`,
		"http://localhost:0":          `^http://localhost:[1-9]\d+$`,
	} {
		t.Run(redirect, func(t *testing.T) {
			f := newFixture(t)
			f.config.RedirectURL, f.config.ConnectorID = redirect, "https://github.com/login/oauth"
			f.visit = func(page string) {
				u, err := url.Parse(page)
				if err != nil || !regexp.MustCompile(want).MatchString(u.Query().Get("redirect_uri")) || u.Query().Get("connector_id") != f.config.ConnectorID {
					t.Errorf("%s, %v", page, err)
				}
				f.get(page)
			}
			f.succeed()
		})
	}
	for _, wrong := range []string{"https://localhost/", "http://example.com/", "http://a:b@localhost/", "localhost:0", "http://localhost/?x=1", oob} {
		if _, err := listen(wrong); err == nil {
			t.Errorf("%s was taken", wrong)
		}
	}
}

func TestPortIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f := newFixture(t)
	f.config.RedirectURL = "http://" + l.Addr().String() + "/"
	f.fail("waiting for the browser's answer: listen tcp")
}

// Where no browser starts the page can be opened by hand: its URL stands on
// the terminal, which it does anyway.
func TestNoBrowserStarts(t *testing.T) {
	f := newFixture(t)
	f.world.System.Start = func(words []string) error {
		go f.visit(words[len(words)-1])
		return errors.New("it is not there")
	}
	f.succeed()
	for _, want := range []string{"no browser could be opened: browser: it is not there", "\n    " + f.config.Issuer + "/authorize?", waiting} {
		if !strings.Contains(f.terminal.String(), want) {
			t.Errorf("the terminal has no %q: %s", want, f.terminal)
		}
	}
}
