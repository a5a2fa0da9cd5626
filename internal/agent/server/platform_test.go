package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paraph/paraph/internal/testpki"
)

// ci makes a call in a job of GitHub Actions, whose endpoint gives this token.
func ci(t *testing.T, token func(p *testpki.PKI) string) (*call, *testpki.Servers) {
	t.Helper()
	c, p, s := newCall(t)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("audience") != "sigstore" || r.Header.Get("Authorization") != "bearer s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": token(p)})
	}))
	t.Cleanup(endpoint.Close)
	c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN=", "GITHUB_ACTIONS=true",
		"ACTIONS_ID_TOKEN_REQUEST_URL="+endpoint.URL+"/?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=s3cret")
	return c, s
}

func workflow(p *testpki.PKI) string { return p.WorkflowToken(nil) }

// A job signs as its workflow, by itself and where its row is named.
func TestSignInCI(t *testing.T) {
	for _, source := range []string{"auto", "github"} {
		c, _ := ci(t, workflow)
		c.env.Environ = append(c.env.Environ, "PARAPH_TOKEN_SOURCE="+source, "PARAPH_MATCH_COMMITTER=true")
		if r := c.reply(t, 0); r.Armored == "" {
			t.Errorf("%s: %+v", source, r)
		}
	}
}

// A pod signs with the token that is mounted into it.
func TestSignInPod(t *testing.T) {
	c, p, _ := newCall(t)
	c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN=")
	c.env.Files = fstest.MapFS{"var/run/sigstore/cosign/oidc-token": {Data: []byte(p.IDToken(nil))}}
	c.reply(t, 0)
}

// What is wrong with a platform's token is told before the CA hears of it.
func TestPlatformFails(t *testing.T) {
	for name, tt := range map[string]struct {
		token  func(p *testpki.PKI) string
		change func(c *call)
		want   string
	}{
		"another audience": {
			func(p *testpki.PKI) string { return p.WorkflowToken(map[string]any{"aud": "https://github.com/acme"}) }, nil,
			`the identity token of github: identity token: it is for the audience "https://github.com/acme", not for "sigstore"`,
		},
		"expired": {
			func(p *testpki.PKI) string { return p.WorkflowToken(map[string]any{"exp": 1}) }, nil,
			"the identity token of github: identity token: it expired at",
		},
		"garbage":       {func(*testpki.PKI) string { return "garbage" }, nil, "the identity token of github: identity token: it is not a JWT"},
		"no permission": {workflow, func(c *call) { c.env.Environ = append(c.env.Environ, "ACTIONS_ID_TOKEN_REQUEST_URL=") }, "`permissions: id-token: write`"},
		"another row":   {workflow, func(c *call) { c.env.Environ = append(c.env.Environ, "PARAPH_TOKEN_SOURCE=gitlab") }, "asking gitlab for an identity token: SIGSTORE_ID_TOKEN is not set"},
		"only a file":   {workflow, func(c *call) { c.env.Environ = append(c.env.Environ, "PARAPH_TOKEN_SOURCE=file") }, "no identity token"},
		"no time":       {workflow, func(c *call) { c.env.Limits.Token = 0 * time.Second }, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := ci(t, tt.token)
			if tt.change != nil {
				tt.change(c)
			}
			r := c.reply(t, 1)
			if !strings.Contains(r.Error, tt.want) || strings.Contains(r.Error, "s3cret") || s.Fulcio.Requests() != 0 {
				t.Errorf("%+v, want ...%s...; Fulcio had %d requests", r, tt.want, s.Fulcio.Requests())
			}
		})
	}
}
