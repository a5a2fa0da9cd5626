package server

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/version"
)

// examined has the agent look at what is wrong, and returns the checks as
// lines of status, name, detail and what to do.
func (c *call) examined(t *testing.T, online bool) string {
	t.Helper()
	c.env.Args = []string{"doctor", "--client-version", version.String()}
	c.env.Stdin = strings.NewReader(fmt.Sprintf(`{"online":%t}`, online))
	c.stdout.Reset()
	var r agent.DoctorReply
	if status := Run(t.Context(), c.env); status != 0 || c.stderr.Len() != 0 {
		t.Errorf("status %d: %s%s", status, c.stdout.String(), c.stderr.String())
	}
	if err := json.Unmarshal(c.stdout.Bytes(), &r); err != nil || r.Version != version.String() {
		t.Fatalf("%+v, %v", r, err)
	}
	var b strings.Builder
	for _, k := range r.Checks {
		fmt.Fprintf(&b, "%s %s: %s -> %s\n", k.Status, k.Name, k.Detail, k.Next)
	}
	return b.String()
}

func (s servers) asked() int {
	return s.Issuer.Requests() + s.Fulcio.Requests() + s.Rekor1.Requests() + s.Rekor2.Requests() + s.TSA.Requests()
}

type servers struct{ *testpki.Servers }

// Each state of the machine has its words, and nobody is asked for them.
func TestDoctor(t *testing.T) {
	for name, tt := range map[string]struct {
		environ []string
		want    []string
	}{
		"a token": {nil, []string{
			"ok token env: PARAPH_ID_TOKEN, for alice@example.com", "skip token file: paraph.tokenFile is not set", "skip token github: not here: GITHUB_ACTIONS",
			"ok token: token env is used", "skip login: there is no terminal", "ok service: certificate authority: http://127.0.0.1", "not asked (--online does)",
		}},
		"no token":                   {[]string{"PARAPH_ID_TOKEN="}, []string{"skip token env: ", "ok token: none is here: somebody logs in", "fail login: there is no token, and no terminal to log in at -> set PARAPH_ID_TOKEN"}},
		"garbage":                    {[]string{"PARAPH_ID_TOKEN=s3cret"}, []string{"fail token env: PARAPH_ID_TOKEN: identity token: it is not a JWT"}},
		"no permission":              {[]string{"PARAPH_ID_TOKEN=", "GITHUB_ACTIONS=true"}, []string{"fail token github: ACTIONS_ID_TOKEN_REQUEST_URL is not set -> the job needs `permissions: id-token: write`", "ok token: token github is used"}},
		"no permission, not its say": {[]string{"GITHUB_ACTIONS=true"}, []string{"skip token github: ACTIONS_ID_TOKEN_REQUEST_URL is not set -> \n", "ok token: token env is used"}},
		"asked for, not here":        {[]string{"PARAPH_TOKEN_SOURCE=gitlab"}, []string{"fail token gitlab: not here: GITLAB_CI = true -> paraph.tokenSource is gitlab", "ok token env: "}},
		"a file that is not there":   {[]string{"PARAPH_ID_TOKEN=", "PARAPH_TOKEN_FILE=/nowhere"}, []string{"fail token file: PARAPH_TOKEN_FILE: "}},
		"no services":                {[]string{"PARAPH_SIGNING_CONFIG="}, []string{"fail services: no certificate authority is configured"}},
		"by TUF, later":              {[]string{"PARAPH_SIGNING_CONFIG=", "PARAPH_TRUSTED_ROOT="}, []string{"warn services: signing config of instance public: none is in hand", "-> paraph trust update"}},
		"settings":                   {[]string{"PARAPH_REKOR_VERSION=9"}, []string{"skip signing: the settings cannot be used"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, _, s := newCall(t)
			c.env.Environ = append(c.env.Environ, tt.environ...)
			got := c.examined(t, false)
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in\n%s", want, got)
				}
			}
			if n := (servers{s}).asked(); n != 0 || strings.Contains(got, "s3cret") || strings.Contains(got, "eyJ") {
				t.Errorf("%d requests, or a secret, in\n%s", n, got)
			}
		})
	}
}

// How somebody would log in, where they would have to.
func TestDoctorLogin(t *testing.T) {
	for want, environ := range map[string][]string{
		"ok login: by device code, or paste where the issuer has none; no browser is opened: there is no display": nil,
		"ok login: by paste, as paraph.tokenSource says":                                                          {"PARAPH_TOKEN_SOURCE=paste"},
		"ok login: in a browser (here)":                                                                           {"PARAPH_BROWSER=here {url}"},
		"warn login: paraph.tokenSource is browser, and none is opened: there is no display":                      {"PARAPH_TOKEN_SOURCE=browser"},
	} {
		c, y, s := newLogin(t, environ...)
		c.env.System.Find = func(name string) (string, error) { return name, nil }
		if got := c.examined(t, false); !strings.Contains(got, want) || y.String() != "" || (servers{s}).asked() != 0 {
			t.Errorf("no %q in\n%s%s", want, got, y)
		}
	}
	c, _, _ := newPublic(t, "public", "")
	if got := c.examined(t, false); !strings.Contains(got, "; the first one asks whether the identity may be public") {
		t.Error(got)
	}
}

// Online each service is asked once, and its clock is held against this one.
func TestDoctorOnline(t *testing.T) {
	for name, tt := range map[string]struct {
		off  time.Duration
		want string
	}{
		"right":     {0, "ok service: transparency log (Rekor v2): http://127.0.0.1"},
		"a little":  {2 * time.Minute, "warn service: issuer: http://127.0.0.1"},
		"very much": {-time.Hour, "fail service: timestamp authority: http://127.0.0.1"},
	} {
		c, _, s := newCall(t, testpki.RealClock())
		c.env.Now = func() time.Time { return time.Now().Add(tt.off) }
		got := c.examined(t, true)
		if !strings.Contains(got, tt.want) || strings.Contains(got, "clock") != (tt.off != 0) || (servers{s}).asked() != 4 {
			t.Errorf("%s: %d requests\n%s", name, (servers{s}).asked(), got)
		}
	}
	c, _, s := newCall(t, testpki.RealClock())
	s.Fulcio.Set(testpki.Refuse(503, "\x1b[2J"))
	s.TSA.Set(testpki.HangUp())
	got := c.examined(t, true)
	for _, want := range []string{"warn service: certificate authority: " + s.URLs.Fulcio + " answers with status 503 -> try again later", "fail service: timestamp authority: GET " + s.URLs.TSA} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// What TLS and names do wrong is explained.
func TestDoctorWhy(t *testing.T) {
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	defer stranger.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for url, want := range map[string]string{
		stranger.URL: "SSL_CERT_FILE",
		"https://" + strings.TrimPrefix(plain.URL, "http://"): "does not speak TLS",
		"https://nowhere.invalid":                             "its name leads nowhere",
		"http://127.0.0.1:1":                                  "look at the network",
	} {
		c, _, _ := newCall(t)
		c.env.Environ = append(c.env.Environ, "PARAPH_FULCIO="+url)
		got := c.examined(t, true)
		line, _, _ := strings.Cut(got[strings.Index(got, "fail service: certificate authority"):], "\n")
		if !strings.Contains(line, want) {
			t.Errorf("%s: no %q in %s", url, want, line)
		}
	}
}

// What is no request, or another build's, is answered with an error.
func TestNotADoctorRequest(t *testing.T) {
	for want, change := range map[string]func(c *call){
		"paraph is version v0.0.1":    func(c *call) { c.env.Args[2] = "v0.0.1" },
		"reading the request: ":       func(c *call) { c.env.Stdin = strings.NewReader("{") },
		"the pipe broke":              func(c *call) { c.env.Stdin = io.MultiReader(strings.NewReader("{"), lost{}) },
		"reading git's configuration": func(c *call) { c.env.Limits = Limits{} },
	} {
		c, _, _ := newCall(t)
		c.env.Args, c.env.Stdin = []string{"doctor", "--client-version", version.String()}, strings.NewReader("{}")
		change(c)
		var r agent.DoctorReply
		status := Run(t.Context(), c.env)
		if err := json.Unmarshal(c.stdout.Bytes(), &r); err != nil || status != 1 || !strings.Contains(r.Error, want) {
			t.Errorf("status %d, %+v, %v, want ...%s...", status, r, err, want)
		}
	}
}
