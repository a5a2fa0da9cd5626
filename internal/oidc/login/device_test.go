package login

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
)

func TestDevice(t *testing.T) {
	f := newFixture(t)
	f.config.Way = Device
	f.succeed()
	for _, want := range []string{"\n    " + f.config.Issuer + "/device\n", "\n    WDJB-MJHT\n", "/device?user_code=WDJB-MJHT", waiting} {
		if !strings.Contains(f.terminal.String(), want) {
			t.Errorf("the terminal has no %q: %s", want, f.terminal)
		}
	}
}

// Polls come in the rhythm that the issuer beats, and end when it says so.
func TestPolls(t *testing.T) {
	device := func(name string, value any) testpki.Login {
		return testpki.Login{Device: map[string]any{name: value}}
	}
	for name, tt := range map[string]struct {
		login testpki.Login
		slept []time.Duration // in seconds
		want  string          // "" logs in
	}{
		"five seconds, if nothing is said": {testpki.Login{Polls: []string{"authorization_pending"}}, []time.Duration{5, 5}, ""},
		"as it says":                       {testpki.Login{Polls: []string{"authorization_pending"}, Device: map[string]any{"interval": 2}}, []time.Duration{2, 2}, ""},
		"slower": {
			testpki.Login{Polls: []string{"slow_down", "authorization_pending", "slow_down"}, Device: map[string]any{"interval": 1}},
			[]time.Duration{1, 6, 6, 11},
			"",
		},
		"an hour":          {device("interval", 3600), []time.Duration{60}, ""},
		"denied":           {testpki.Login{Polls: []string{"access_denied"}}, []time.Duration{5}, "it was denied"},
		"expired, it says": {testpki.Login{Polls: []string{"expired_token"}}, []time.Duration{5}, "has expired before it was entered"},
		"expired, we know": {
			testpki.Login{Polls: slices.Repeat([]string{"authorization_pending"}, 9), Device: map[string]any{"expires_in": 11}},
			[]time.Duration{5, 5, 5},
			"has expired before it was entered",
		},
		"no lifetime":                 {device("expires_in", nil), nil, "expires_in or interval makes no sense"},
		"interval below zero":         {device("interval", -1), nil, "expires_in or interval makes no sense"},
		"no code":                     {device("user_code", nil), nil, "user_code is missing"},
		"a code like a page":          {device("user_code", strings.Repeat("x", 65)), nil, "user_code is missing, or too long"},
		"page by plain http":          {device("verification_uri", "http://evil.example"), nil, "verification_uri: http is for loopback"},
		"complete page by plain http": {device("verification_uri_complete", "http://evil.example"), []time.Duration{5}, ""},
		"no such grant": {
			testpki.Login{Metadata: map[string]any{"device_authorization_endpoint": nil}},
			nil,
			"set paraph.tokenSource to browser or paste",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.config.Way = Device
			f.servers.Issuer.Set(testpki.LogIn(tt.login))
			if tt.want == "" {
				f.succeed()
			} else {
				f.fail(tt.want)
			}
			for i := range f.slept {
				f.slept[i] /= time.Second
			}
			if !slices.Equal(f.slept, tt.slept) {
				t.Errorf("slept %v, want %v", f.slept, tt.slept)
			}
			if strings.Contains(f.terminal.String(), "evil") {
				t.Error("the terminal shows the page")
			}
		})
	}
}

// An issuer that is down for a moment is asked again, later each time.
func TestPollsThroughTrouble(t *testing.T) {
	f := newFixture(t)
	f.config.Way = Device
	sleep, n := f.world.Sleep, 0
	f.world.Sleep = func(ctx context.Context, d time.Duration) error {
		if n++; n == 1 {
			f.servers.Issuer.Set(testpki.Times(2, testpki.Refuse(http.StatusBadGateway, "")))
		}
		return sleep(ctx, d)
	}
	f.succeed()
	if want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second}; !slices.Equal(f.slept, want) {
		t.Errorf("slept %v, want %v", f.slept, want)
	}
}

// A code is pasted as the issuer shows it.
func TestPaste(t *testing.T) {
	f := newFixture(t)
	f.config.Way = Paste
	f.terminal.Reader = typed(func() string { return f.get(f.shown()) + "\n" })
	f.succeed()
}

// shown is the page that the terminal says to open.
func (f *fixture) shown() string {
	_, rest, _ := strings.Cut(f.terminal.String(), "\n    ")
	page, _, _ := strings.Cut(rest, "\n")
	return page
}

// typed types a line when somebody reads.
type typed func() string

func (r typed) Read(p []byte) (int, error) { return copy(p, r()), nil }

// With a redirect URL the address of the page is pasted, of which only one of
// this login counts.
func TestPasteAddress(t *testing.T) {
	changed := func(back *url.URL, q url.Values) string {
		back.RawQuery = q.Encode()
		return back.String() + "\n"
	}
	for name, tt := range map[string]struct {
		paste func(back *url.URL, q url.Values) string
		want  string // "" logs in
	}{
		"as it is": {changed, ""},
		"another state": {func(back *url.URL, q url.Values) string {
			q.Set("state", "x")
			return changed(back, q)
		}, "belongs to another login"},
		"denied": {func(back *url.URL, q url.Values) string {
			q.Del("code")
			q.Set("error", "access_denied")
			return changed(back, q)
		}, "it was denied"},
		"the code alone": {func(_ *url.URL, q url.Values) string { return q.Get("code") + "\n" }, "is no address"},
		"nothing":        {func(*url.URL, url.Values) string { return "\n" }, "nothing was pasted"},
		"half of it":     {func(*url.URL, url.Values) string { return "http://localhost:1/%zz\n" }, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.config.Way, f.config.RedirectURL = Paste, "http://localhost:1/auth/callback"
			f.terminal.Reader = typed(func() string {
				back := f.redirected(f.shown())
				return tt.paste(back, back.Query())
			})
			if tt.want == "" {
				f.succeed()
			} else {
				f.fail(tt.want)
			}
		})
	}
}

func TestPasteWrongCode(t *testing.T) {
	f := newFixture(t)
	f.config.Way, f.terminal.Reader = Paste, strings.NewReader("code-9")
	f.fail("the issuer says invalid_grant")
	f.terminal.Reader = strings.NewReader("")
	f.fail("reading from the terminal: EOF")
}
