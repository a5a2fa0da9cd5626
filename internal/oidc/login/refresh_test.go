package login

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
)

// offline logs in for longer than one token lives.
func offline(t *testing.T) (*fixture, *Login) {
	t.Helper()
	f := newFixture(t)
	f.config.Offline = true
	return f, f.succeed()
}

func (f *fixture) refresh(k Kept) (*Login, error) {
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	return Refresh(ctx, f.config, f.world, k)
}

// Every way to log in gives a refresh token where one is asked for, and none
// where not.
func TestOffline(t *testing.T) {
	for _, way := range []string{Browser, Device, Paste} {
		for _, want := range []bool{true, false} {
			f := newFixture(t)
			f.config.Way, f.config.Offline = way, want
			if way == Paste {
				f.terminal.Reader = typed(func() string { return f.get(f.shown()) + "\n" })
			}
			l := f.succeed()
			if (l.Refresh != "") != want || strings.Contains(f.terminal.String(), "cannot be renewed") {
				t.Errorf("%s, offline %t: refresh token %q: %s", way, want, l.Refresh, f.terminal)
			}
			if (l.Nonce == "") != (way == Device) || l.Identity != "alice@example.com" || l.Subject != "alice@example.com" || l.Issuer != f.config.Issuer || !slices.Equal(l.Audience, []string{"sigstore"}) {
				t.Errorf("%s: %+v", way, l.Kept)
			}
		}
	}
}

// An issuer without refresh tokens is logged in at all the same.
func TestNoOffline(t *testing.T) {
	for name, tt := range map[string]struct {
		login testpki.Login
		want  string // on the terminal
	}{
		"not among its scopes":     {testpki.Login{Metadata: map[string]any{"scopes_supported": []string{"openid", "email"}}}, "gives no refresh tokens (offline_access)"},
		"says nothing, gives none": {testpki.Login{Metadata: map[string]any{"scopes_supported": nil}, Tokens: map[string]any{"refresh_token": nil}}, "gave no refresh token"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.config.Offline = true
			f.servers.Issuer.Set(testpki.LogIn(tt.login))
			if l := f.succeed(); l.Refresh != "" || strings.Count(f.terminal.String(), "cannot be renewed") != 1 || !strings.Contains(f.terminal.String(), tt.want) {
				t.Errorf("refresh token %q: %s", l.Refresh, f.terminal)
			}
		})
	}
}

func TestRefresh(t *testing.T) {
	f, first := offline(t)
	f.pki.Clock.Advance(time.Hour)
	l := first
	for range 3 {
		next, err := f.refresh(l.Kept)
		if err != nil {
			t.Fatal(err)
		}
		if next.Refresh == l.Refresh || next.Nonce != first.Nonce || next.Token.ProofSubject() != "alice@example.com" {
			t.Errorf("%+v after %+v", next.Kept, l.Kept)
		}
		l = next
	}
	if got := f.pki.Logins(); got != (testpki.Logins{Logins: 1, Refreshes: 3}) {
		t.Errorf("%+v", got)
	}
	if got, err := f.refresh(first.Kept); got != nil || !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "invalid_grant") {
		t.Errorf("a token that was used: %v, %v", got, err)
	}
	if _, err := f.refresh(l.Kept); !errors.Is(err, ErrEnded) {
		t.Errorf("after that: %v", err)
	}
}

// An issuer that does not rotate: the old refresh token stays.
func TestRefreshWithoutRotation(t *testing.T) {
	f, first := offline(t)
	f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Tokens: map[string]any{"refresh_token": nil}}))
	if l, err := f.refresh(first.Kept); err != nil || l.Refresh != first.Refresh {
		t.Errorf("%+v, %v", l, err)
	}
}

// A renewed token is verified like any, and is the first login's.
func TestRefreshIsVerified(t *testing.T) {
	claim := func(name string, value any) testpki.Login {
		return testpki.Login{Claims: map[string]any{name: value}}
	}
	for name, tt := range map[string]struct {
		login testpki.Login
		want  string // "" renews
		ended bool
	}{
		"nonce of another":       {claim("nonce", "x"), "its nonce differs", true},
		"subject of another":     {claim("sub", "bob"), "its subject differs", true},
		"e-mail of another":      {claim("email", "bob@example.com"), "its e-mail address differs", true},
		"no e-mail":              {testpki.Login{Claims: map[string]any{"email": nil, "sub": "alice@example.com"}}, "", false},
		"audience, one more":     {testpki.Login{Claims: map[string]any{"aud": []string{"sigstore", "x"}, "azp": "sigstore"}}, "its audience differs", true},
		"audience of another":    {claim("aud", "somebody"), "expected audience", false},
		"issuer is another":      {claim("iss", "https://evil.example"), "issued by a different provider", false},
		"expired":                {claim("exp", testpki.DefaultTime.Unix()-1), "expired", false},
		"at_hash of another":     {claim("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "its at_hash differs", false},
		"e-mail is not verified": {claim("email_verified", false), "email_verified", false},
		"no ID token":            {testpki.Login{Tokens: map[string]any{"id_token": nil}}, "answered without an ID token", true},
		"not a token":            {testpki.Login{Tokens: map[string]any{"id_token": "x"}}, "cannot be used", false},
	} {
		t.Run(name, func(t *testing.T) {
			f, first := offline(t)
			f.servers.Issuer.Set(testpki.LogIn(tt.login))
			l, err := f.refresh(first.Kept)
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if l != nil || err == nil || !strings.Contains(err.Error(), tt.want) || errors.Is(err, ErrEnded) != tt.ended {
				t.Errorf("%v, %v, want ...%s..., ended %t", l, err, tt.want, tt.ended)
			}
		})
	}
}

// The nonce may come again, if it is the first one's.
func TestRefreshRepeatsNonce(t *testing.T) {
	f, first := offline(t)
	f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Claims: map[string]any{"nonce": first.Nonce}}))
	if _, err := f.refresh(first.Kept); err != nil {
		t.Error(err)
	}
}

// What comes to nothing before the issuer was asked for a token does not use
// the old one up, and no secret stands in an error.
func TestRefreshFails(t *testing.T) {
	post := func(status int, body string) testpki.Fault { return testpki.Only("POST", testpki.Refuse(status, body)) }
	for name, tt := range map[string]struct {
		fault testpki.Fault
		want  string
		ended bool
	}{
		"no discovery":       {testpki.Refuse(404, ""), "asking the issuer how to log in", false},
		"no keys":            {testpki.LogIn(testpki.Login{Metadata: map[string]any{"jwks_uri": "http://127.0.0.1:1/"}}), "asking for the issuer's keys", false},
		"invalid_grant":      {post(400, `{"error":"invalid_grant","error_description":"refresh-2 is unknown"}`), "the issuer says invalid_grant ([secret] is unknown)", true},
		"another error":      {post(400, `{"error":"invalid_client"}`), "the issuer says invalid_client", false},
		"broken":             {post(502, "what is refresh-2?"), "what is [secret]?", false},
		"a megabyte":         {testpki.Only("POST", testpki.HugeBody(1<<20)), "too large", false},
		"garbage":            {testpki.Only("POST", testpki.Garbage()), "in a form that is not its own", false},
		"a refresh token, 7": {testpki.LogIn(testpki.Login{Tokens: map[string]any{"refresh_token": 7}}), "in a form that is not its own", false},
	} {
		t.Run(name, func(t *testing.T) {
			f, first := offline(t)
			if first.Refresh != "refresh-2" {
				t.Fatalf("the refresh token is %q", first.Refresh)
			}
			f.servers.Issuer.Set(tt.fault)
			l, err := f.refresh(first.Kept)
			if l != nil || err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), first.Refresh) || errors.Is(err, ErrEnded) != tt.ended {
				t.Errorf("%v, %v, want ...%s..., ended %t", l, err, tt.want, tt.ended)
			}
			f.servers.Issuer.Set(testpki.Fault{})
			if _, err := f.refresh(first.Kept); err != nil && name != "a refresh token, 7" {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
	f := newFixture(t)
	if _, err := f.refresh(Kept{}); !errors.Is(err, ErrEnded) || f.servers.Issuer.Requests() != 0 {
		t.Errorf("nothing was kept: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	f.servers.Issuer.Set(testpki.Only("POST", testpki.Stall()))
	if _, err := Refresh(ctx, f.config, f.world, Kept{Refresh: "x"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("slow: %v", err)
	}
}

func TestRevoke(t *testing.T) {
	f, first := offline(t)
	if ok, err := Revoke(t.Context(), f.config, f.world, first.Refresh); !ok || err != nil {
		t.Errorf("%t, %v", ok, err)
	}
	if _, err := f.refresh(first.Kept); !errors.Is(err, ErrEnded) {
		t.Errorf("after that: %v", err)
	}
	if ok, err := Revoke(t.Context(), f.config, f.world, "unknown"); !ok || err != nil {
		t.Errorf("unknown: %t, %v", ok, err)
	}
	for name, tt := range map[string]struct {
		fault     testpki.Fault
		supported bool
		want      string // "" is no error
	}{
		"no endpoint":         {testpki.LogIn(testpki.Login{Metadata: map[string]any{"revocation_endpoint": nil}}), false, ""},
		"not such tokens":     {testpki.Only("POST", testpki.Refuse(400, `{"error":"unsupported_token_type"}`)), false, ""},
		"refuses":             {testpki.Only("POST", testpki.Refuse(401, `{"error":"invalid_client"}`)), true, "the issuer says invalid_client"},
		"is broken":           {testpki.Only("POST", testpki.Refuse(http.StatusServiceUnavailable, first.Refresh)), true, "503 Service Unavailable: [secret]"},
		"endpoint by http":    {testpki.LogIn(testpki.Login{Metadata: map[string]any{"revocation_endpoint": "http://evil.example"}}), false, "revocation_endpoint: http is for loopback"},
		"nobody is there now": {testpki.HangUp(), false, "asking the issuer"},
	} {
		f.servers.Issuer.Set(tt.fault)
		ok, err := Revoke(t.Context(), f.config, f.world, first.Refresh)
		if ok != tt.supported || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %t, %v", name, ok, err)
		}
	}
}
