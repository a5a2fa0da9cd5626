package ambient

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/paraph/paraph/internal/config"
)

// Every row recognises its platform, and gets its token by itself and by name.
func TestToken(t *testing.T) {
	if len(platforms) != len(Names()) {
		t.Errorf("%d platforms are tested, there are %q", len(platforms), Names())
	}
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			w := platforms[name](t)
			for _, how := range []string{Auto, name} {
				platform, token, err := w.Token(t.Context(), how)
				if platform != name || token != want || err != nil {
					t.Errorf("%s: %q, %q, %v", how, platform, token, err)
				}
			}
		})
	}
}

// The words of paraph.tokenSource are the rows, in order.
func TestConfigNames(t *testing.T) {
	_, err := config.ForSigning(config.Source{Env: []string{"PARAPH_TOKEN_SOURCE=bogus"}})
	if want := "auto, env, file, " + strings.Join(Names(), ", ") + ", browser"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want ...%s...", err, want)
	}
	for _, name := range Names() {
		if _, err := config.ForSigning(config.Source{Env: []string{"PARAPH_TOKEN_SOURCE=" + name}}); err != nil {
			t.Error(err)
		}
	}
}

// On a laptop nothing is found, and nothing is read but the product's name:
// there is no client that could ask anybody.
func TestLaptop(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"no firmware":     {},
		"a laptop":        {productName: {Data: []byte("ThinkPad X1\n")}},
		"a name like it":  {productName: {Data: []byte("Google Pixelbook\n")}},
		"firmware is odd": {productName: {Mode: fs.ModeDir}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{FS: files}
			e := Env{Environ: []string{"PATH=/bin", "CI=true", "GITHUB_ACTIONS=false", "HOME=/home/alice"}, Files: r, Audience: "sigstore"}
			platform, token, err := e.Token(t.Context(), Auto)
			if platform != "" || token != "" || err != nil {
				t.Errorf("%q, %q, %v", platform, token, err)
			}
			if !slices.Equal(r.statted, []string{projected, productName}) || len(r.opened) > 1 || len(r.opened) == 1 && r.opened[0] != productName {
				t.Errorf("looked at %q, opened %q", r.statted, r.opened)
			}
		})
	}
}

// Google's machines are known by their firmware; no service is asked for it.
func TestGoogleByFirmware(t *testing.T) {
	for _, name := range []string{"Google\n", "Google Compute Engine\n", "Google"} {
		e := Env{Files: fstest.MapFS{productName: {Data: []byte(name)}}}
		if got := e.Detect(); got != "google" {
			t.Errorf("%q is %q", name, got)
		}
	}
}

// The machine comes after what runs on it, and a platform that lacks
// something does not make way for another identity.
func TestOrder(t *testing.T) {
	e := Env{Audience: "sigstore", Files: fstest.MapFS{
		productName: {Data: []byte("Google\n")},
		projected:   {Data: []byte(want)},
	}}
	if platform, token, err := e.Token(t.Context(), Auto); platform != "kubernetes" || token != want || err != nil {
		t.Errorf("%q, %q, %v", platform, token, err)
	}
	e.Environ = []string{"GITHUB_ACTIONS=true"}
	if platform, token, err := e.Token(t.Context(), Auto); platform != "" || token != "" || err == nil || !strings.Contains(err.Error(), "asking github for") {
		t.Errorf("%q, %q, %v", platform, token, err)
	}
}

// A platform that looks right and lacks something: the error names what to
// grant, and what was missing.
func TestMissingPermission(t *testing.T) {
	for name, tt := range map[string]struct {
		environ []string
		want    []string
	}{
		"github":    {[]string{"GITHUB_ACTIONS=true"}, []string{"ACTIONS_ID_TOKEN_REQUEST_URL is not set", "`permissions: id-token: write`", "enable-openid-connect"}},
		"gitlab":    {[]string{"GITLAB_CI=true"}, []string{"SIGSTORE_ID_TOKEN is not set", "`id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`"}},
		"buildkite": {[]string{"BUILDKITE=true"}, []string{`"buildkite-agent": executable file not found`, "mount-buildkite-agent"}},
		"circleci":  {[]string{"CIRCLECI=true", "CIRCLE_OIDC_TOKEN_V2=" + secret}, []string{`"circleci": executable file not found`, "the circleci program"}},
		"codefresh": {[]string{"CF_BUILD_ID=1"}, []string{"CF_OIDC_REQUEST_URL is not set"}},
		"spiffe":    {[]string{"SPIFFE_ENDPOINT_SOCKET=unix:///nowhere/agent.sock"}, []string{"/nowhere/agent.sock: dial unix", "registration entry"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			e := Env{Environ: tt.environ, Files: fstest.MapFS{}, Audience: "sigstore"}
			platform, token, err := e.Token(t.Context(), Auto)
			if platform != "" || token != "" || err == nil {
				t.Fatalf("%q, %q, %v", platform, token, err)
			}
			for _, want := range append(tt.want, "another paraph.tokenSource does without") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want ...%s...", err, want)
				}
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

// An endpoint's answer that is wrong in one way gives no token, in time, and
// shows neither token nor what was sent for it.
func TestEndpointFails(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"forbidden": {func(rw http.ResponseWriter, r *http.Request) {
			http.Error(rw, "\x1b[2J"+r.Header.Get("Authorization"), http.StatusForbidden)
		}, "status 403 Forbidden"},
		"not found": {http.NotFound, "status 404"},
		"garbage":   {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("\xff" + want)) }, "the answer "},
		"empty":     {func(http.ResponseWriter, *http.Request) {}, "the answer "},
		"huge":      {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(make([]byte, maxAnswer+1)) }, "too large"},
		"elsewhere": {func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "redirects to another host"},
		"never": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
		"no token": {func(rw http.ResponseWriter, _ *http.Request) {
			check(rw, true, map[string]any{"value": 7, "id_token": ""})
		}, "the answer "},
	} {
		for _, platform := range []string{"github", "codefresh", "google"} {
			t.Run(platform+", "+name, func(t *testing.T) {
				w := platforms[platform](t)
				if platform == "google" && (name == "garbage" || name == "no token") {
					t.Skip("any text is a token to be parsed")
				}
				w.answer = func(rw http.ResponseWriter, r *http.Request) {
					rw.Header().Set("Metadata-Flavor", "Google")
					tt.answer(rw, r)
				}
				w.fails(moment(t, name == "never"), t, tt.want)
			})
		}
	}
}

// fails asserts that there is no token, and an error that shows no secret.
func (w *world) fails(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	platform, token, err := w.Token(ctx, Auto)
	if platform != "" || token != "" || err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("%q, %.40q, %v, want ...%s...", platform, token, err, want)
	}
	if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "aGVhZA") || strings.ContainsFunc(err.Error(), func(c rune) bool { return c < ' ' }) {
		t.Errorf("the error shows what it must not: %q", err)
	}
}

// Nobody is asked for a token that is for anybody, or by a name that is none.
func TestNothingToAsk(t *testing.T) {
	w := platforms["github"](t)
	w.Audience = ""
	w.fails(t.Context(), t, "no audience")
	w.Audience = "sigstore"
	if platform, token, err := w.Token(t.Context(), "browser"); platform != "" || token != "" || err == nil || w.requests != 0 {
		t.Errorf("%q, %q, %v, %d requests", platform, token, err, w.requests)
	}
}

// The audience is part of a query, of a program's argument, of a name.
func TestAnotherAudience(t *testing.T) {
	w := newWorld(t)
	w.Audience = "my client&x=1"
	w.Environ = []string{"GITLAB_CI=true", "SIGSTORE_ID_TOKEN=another", "MY_CLIENT_X_1_ID_TOKEN=" + want}
	if _, token, err := w.Token(t.Context(), Auto); token != want || err != nil {
		t.Errorf("%q, %v", token, err)
	}
	host := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
		check(rw, r.URL.Query().Get("audience") == w.Audience, map[string]any{"id_token": want})
	})
	w.Environ = []string{"CF_OIDC_REQUEST_URL=http://" + host, "CF_OIDC_REQUEST_TOKEN=x"}
	if _, token, err := w.Token(t.Context(), Auto); token != want || err != nil {
		t.Errorf("%q, %v", token, err)
	}
}

// An endpoint without TLS on another machine is not told the request token.
func TestPlainHTTP(t *testing.T) {
	w := newWorld(t)
	w.Environ = []string{"GITHUB_ACTIONS=true", actionsURL + "=http://ci.example.com/token?x=1", actionsToken + "=" + secret}
	w.fails(t.Context(), t, "http is for loopback hosts only")
}

// docs/signing.md lists the rows, in order, with what they are known by.
func TestDocumentedRows(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/signing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(doc), "| known by |\n|---|---|---|\n")
	if !found {
		t.Fatal("there is no such table")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var names []string
	for line := range strings.SplitSeq(table, "\n") {
		cells := strings.Split(line, " | ")
		name := strings.Trim(cells[0], "| `")
		names = append(names, name)
		// Each word of the last cell that is a variable, or a file, is enough.
		for i, word := range strings.Split(cells[len(cells)-1], "`") {
			e := Env{Files: fstest.MapFS{}}
			switch {
			case i%2 == 0 || word == "true":
				continue
			case strings.HasPrefix(word, "/"):
				e.Files = fstest.MapFS{word[1:]: {Data: []byte("Google\n")}}
			default:
				e.Environ = []string{word + "=true"}
			}
			if got := e.Detect(); got != name {
				t.Errorf("%s is known by %s, which is taken for %q", name, word, got)
			}
		}
	}
	if !slices.Equal(names, Names()) {
		t.Errorf("documented are %q, there are %q", names, Names())
	}
}
