package stack

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

const redirectURL = "http://127.0.0.1:1/auth/callback" // nobody listens: the client stops there

// claimsOf reads a token without checking it.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a token: %q", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(b, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestMintEndpoint(t *testing.T) {
	issuer := running.Endpoints.Issuer
	tests := []struct {
		name, path, body string
		status           int
		want             map[string]any
	}{
		{"defaults", "/mint", "", 200, map[string]any{"iss": issuer, "aud": "sigstore", "sub": "alice@example.com", "email": "alice@example.com", "email_verified": true}},
		{"one replaced", "/mint", `{"email":"bob@example.com"}`, 200, map[string]any{"email": "bob@example.com", "sub": "alice@example.com"}},
		{"all kinds of values", "/mint", `{"aud":["a","b"],"exp":1,"email_verified":false,"x":{"y":1}}`, 200, map[string]any{"exp": 1.0, "email_verified": false}},
		{"null takes away", "/mint", `{"email":null}`, 200, map[string]any{"email": nil}},
		{"workflow", "/ci/mint", "{}", 200, map[string]any{"iss": issuer + "/ci", "aud": "sigstore", "repository": "acme/widget", "email": nil}},
		{"no object", "/mint", `["x"]`, 400, nil},
		{"two objects", "/mint", `{} {}`, 400, nil},
		{"no JSON", "/mint", `email=bob`, 400, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := http.Post(issuer+tt.path, "application/json", strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != tt.status {
				t.Fatalf("%s: %s", resp.Status, body)
			}
			if tt.status != http.StatusOK {
				return
			}
			if ct := resp.Header.Get("Content-Type"); ct != "text/plain" {
				t.Errorf("content type %q", ct)
			}
			claims := claimsOf(t, string(body))
			for name, want := range tt.want {
				if claims[name] != want {
					t.Errorf("%s is %v, want %v", name, claims[name], want)
				}
			}
		})
	}
}

func TestMintedTokenLivesFiveMinutes(t *testing.T) {
	token, err := running.Mint(nil)
	if err != nil {
		t.Fatal(err)
	}
	claims := claimsOf(t, token)
	if d := claims["exp"].(float64) - claims["iat"].(float64); d != 300 || claims["nbf"] != claims["iat"] {
		t.Errorf("issued %v, valid from %v to %v", claims["iat"], claims["nbf"], claims["exp"])
	}
}

// browser is a client with cookies that stops at the redirect URL.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirectURL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// postForm posts a form and returns the response, its body read.
func postForm(t *testing.T, c *http.Client, target string, form url.Values) (*http.Response, string) {
	t.Helper()
	resp, err := c.PostForm(target, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

type tokens struct {
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

func requestTokens(t *testing.T, form url.Values) tokens {
	t.Helper()
	form.Set("client_id", clientID)
	_, body := postForm(t, http.DefaultClient, running.Endpoints.Issuer+"/oauth/token", form)
	var got tokens
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return got
}

// login runs the code flow with PKCE (RFC 7636) up to the code, through the
// form that a person sees.
func login(t *testing.T, name, secret string) (code, verifier string, err error) {
	t.Helper()
	verifier = rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	b := browser(t)
	page, err := b.Get(running.Endpoints.Issuer + "/auth?" + url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURL},
		"scope": {"openid email offline_access"}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	id := page.Request.URL.Query().Get("authRequestID")
	if page.Request.URL.Path != "/login/username" || id == "" {
		t.Fatalf("led to %s instead of the login form", page.Request.URL)
	}
	resp, body := postForm(t, b, running.Endpoints.Issuer+"/login/username", url.Values{"id": {id}, "username": {name}, "password": {secret}})
	back, err := resp.Location()
	if err != nil {
		return "", "", errors.New(body)
	}
	if back.Query().Get("state") != "s" {
		t.Errorf("state %q", back.Query().Get("state"))
	}
	return back.Query().Get("code"), verifier, nil
}

func TestCodeFlowAndRefresh(t *testing.T) {
	code, verifier, err := login(t, "bob@example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURL}, "code_verifier": {verifier}}
	got := requestTokens(t, form)
	claims := claimsOf(t, got.ID)
	if claims["email"] != "bob@example.com" || claims["email_verified"] != true || claims["nonce"] != "n" {
		t.Errorf("claims %v", claims)
	}
	if _, _, err := certify(t, got.ID); err != nil {
		t.Errorf("Fulcio: %v", err)
	}
	if again := requestTokens(t, form); again.Error == "" {
		t.Error("the code was taken twice")
	}

	renewed := requestTokens(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}})
	if _, _, err := certify(t, renewed.ID); err != nil {
		t.Errorf("Fulcio, after a refresh: %v", err)
	}
	if again := requestTokens(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}}); again.Error == "" {
		t.Error("the refresh token was taken twice")
	}
}

func TestCodeFlowRefusals(t *testing.T) {
	if _, _, err := login(t, "bob@example.com", "guess"); err == nil {
		t.Error("wrong password accepted")
	}
	if _, _, err := login(t, "zoe@example.com", password); err == nil {
		t.Error("unknown person accepted")
	}
	code, _, err := login(t, "bob@example.com", password)
	if err != nil {
		t.Fatal(err)
	}
	got := requestTokens(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURL}, "code_verifier": {rand.Text() + rand.Text()}})
	if got.Error == "" {
		t.Error("wrong PKCE verifier accepted")
	}
}

// RFC 8628, with the pages that a person clicks through.
func TestDeviceFlow(t *testing.T) {
	issuer := running.Endpoints.Issuer
	_, body := postForm(t, http.DefaultClient, issuer+"/device_authorization", url.Values{"client_id": {clientID}, "scope": {"openid email offline_access"}})
	var device struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
	}
	if err := json.Unmarshal([]byte(body), &device); err != nil || device.UserCode == "" {
		t.Fatalf("%v: %s", err, body)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {device.DeviceCode}}
	if got := requestTokens(t, form); got.Error != "authorization_pending" {
		t.Fatalf("before the login: %+v", got)
	}
	b := browser(t)
	postForm(t, b, issuer+"/device/login", url.Values{"user_code": {device.UserCode}, "username": {"carol@example.com"}, "password": {password}})
	resp, err := b.Get(issuer + "/device/confirm?action=allowed")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	before := running.Counts()
	got := requestTokens(t, form)
	renewed := requestTokens(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.Refresh}})
	for _, token := range []string{got.ID, renewed.ID} {
		if claims := claimsOf(t, token); claims["email"] != "carol@example.com" || claims["sub"] != "carol@example.com" {
			t.Errorf("claims %v", claims)
		}
		if _, _, err := certify(t, token); err != nil {
			t.Errorf("Fulcio: %v", err)
		}
	}
	if resp, body := postForm(t, http.DefaultClient, issuer+"/revoke", url.Values{"client_id": {clientID}, "token": {renewed.Refresh}, "token_type_hint": {"refresh_token"}}); resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", resp.Status, body)
	}
	if again := requestTokens(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {renewed.Refresh}}); again.Error != "invalid_grant" {
		t.Errorf("after it was revoked: %q", again.Error)
	}
	answer, err := (request{url: issuer + countsPath}).do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var counts Counts
	if err := json.Unmarshal(answer, &counts); err != nil {
		t.Fatal(err)
	}
	want := Counts{before.Logins + 1, before.Refreshes + 1, before.Revoked + 1, before.Certificates + 2}
	if counts != want || counts != running.Counts() {
		t.Errorf("%+v, want %+v", counts, want)
	}
}

func TestAutoLoginIsOffUnlessAskedFor(t *testing.T) {
	if _, err := (request{url: running.Endpoints.Issuer + autoLoginPath + "?id=x"}).do(t.Context()); err == nil {
		t.Error("it answers")
	}
}
