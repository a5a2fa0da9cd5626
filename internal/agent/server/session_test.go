package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/oidc/keyring"
	"github.com/paraph/paraph/internal/oidc/login"
	"github.com/paraph/paraph/internal/testpki"
)

// A memoryStore is a keyring in memory.
type memoryStore map[string]string

func (m memoryStore) Get(name string) (string, error) {
	if v, ok := m[name]; ok {
		return v, nil
	}
	return "", keyring.ErrAbsent
}

func (m memoryStore) Set(name, value string) error {
	m[name] = value
	return nil
}

func (m memoryStore) Delete(name string) error {
	delete(m, name)
	return nil
}

// revoker is an issuer that ends logins, and keeps what it was sent.
func revoker(t *testing.T) (url string, sent *string) {
	t.Helper()
	sent = new(string)
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": s.URL, "authorization_endpoint": s.URL + "/a", "token_endpoint": s.URL + "/t", "jwks_uri": s.URL + "/k", "revocation_endpoint": s.URL + "/revoke",
		})
	})
	mux.HandleFunc("POST /revoke", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		*sent = r.Header.Get("Authorization") + " " + r.PostForm.Encode()
		_, _ = w.Write([]byte("{}"))
	})
	return s.URL, sent
}

// A client's secret goes to the issuer that it is for and to no other, where
// the client has the same name too; and one that cannot be read leaves no login
// behind.
func TestLogoutSecret(t *testing.T) {
	for name, tt := range map[string]struct {
		secret string
		basic  bool // for the first issuer
	}{"a secret": {"open sesame", true}, "one that cannot be read": {"", false}} {
		t.Run(name, func(t *testing.T) {
			c, _, _ := newCall(t)
			file := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(file, []byte(tt.secret), 0o600); err != nil {
				t.Fatal(err)
			}
			mine, toMine := revoker(t)
			other, toOther := revoker(t)
			store := memoryStore{}
			c.env.Keyring = store
			c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN=", "PARAPH_KEYRING=true", "PARAPH_ISSUER="+mine, "PARAPH_CLIENT_SECRET_FILE="+file)
			k := c.env.keyring(new(config.Signing))
			for _, issuer := range []string{mine, other} {
				l := &login.Login{Token: new(oidc.Token), Kept: login.Kept{Refresh: "refresh", Issuer: issuer, Subject: "alice", Audience: []string{"sigstore"}, Identity: "alice@example.com"}}
				if err := k.Keep(t.Context(), keyring.Session{Instance: "public", Issuer: issuer, Client: "sigstore"}, l); err != nil {
					t.Fatal(err)
				}
			}
			r := c.ask(t, agent.SessionRequest{Do: agent.Logout})
			if len(r.Sessions) != 2 || len(store) != 0 {
				t.Errorf("%+v, and the keyring keeps %d items", r, len(store))
			}
			if got := strings.HasPrefix(*toMine, "Basic "); got != tt.basic || !strings.Contains(*toMine, "token=refresh") {
				t.Errorf("its own issuer got %q", *toMine)
			}
			if strings.HasPrefix(*toOther, "Basic ") || strings.Contains(*toOther, "secret") || !strings.Contains(*toOther, "token=refresh") {
				t.Errorf("the other issuer got %q", *toOther)
			}
		})
	}
}

// ask runs the agent for a request about sessions.
func (c *call) ask(t *testing.T, request agent.SessionRequest) (r agent.SessionReply) {
	t.Helper()
	data, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	c.env.Args = []string{"session", "--client-version", c.env.Args[2]}
	c.env.Stdin = strings.NewReader(string(data))
	c.stdout.Reset()
	if status := Run(t.Context(), c.env); status != 0 {
		t.Errorf("status %d: %s", status, c.stdout.String())
	}
	if err := json.Unmarshal(c.stdout.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// A login that came by another way than paraph.connectorID names is nobody's
// to sign with; one without a connector is its issuer's own.
func TestRememberedConnector(t *testing.T) {
	const google, github = "https://accounts.google.com", "https://github.com/login/oauth"
	for _, tt := range []struct {
		came, wanted string
		refreshes    int
	}{{google, "", 1}, {google, google, 1}, {google, github, 0}, {"", github, 1}} {
		c, p, s := newCall(t)
		claims := map[string]any{}
		if tt.came != "" {
			claims["federated_claims"] = map[string]any{"connector_id": tt.came}
		}
		s.Issuer.Set(testpki.LogIn(testpki.Login{Claims: claims}))
		c.env.Keyring = memoryStore{}
		c.env.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
		c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN=", "PARAPH_KEYRING=true", "PARAPH_ISSUER="+s.URLs.Issuer, "PARAPH_CONNECTOR_ID="+tt.wanted)
		w, err := c.prepare(t)
		if err != nil {
			t.Fatal(err)
		}
		way, err := w.loginConfig(w.cfg, w.issuers)
		if err != nil {
			t.Fatal(err)
		}
		way.Way = login.Device
		l, err := login.Get(t.Context(), way, w.world(silence{}))
		if err != nil {
			t.Fatal(err)
		}
		w.remember(t.Context(), way, l)
		token, err := w.remembered(t.Context())
		if err != nil || (token != nil) != (tt.refreshes == 1) || p.Logins().Refreshes != tt.refreshes {
			t.Errorf("%+v: %v, %v, %+v", tt, token, err, p.Logins())
		}
	}
}
