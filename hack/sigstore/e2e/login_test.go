package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

const commitMessage = "Say hello"

// newPerson is alice without a token, with git set up to sign.
func newPerson(t *testing.T) *user {
	t.Helper()
	u := newUser(t, logVersions[1], "")
	u.trust(alice, servers.Endpoints.Issuer)
	return u
}

// startCommit has git make a signed commit, which begins with a login.
func (u *user) startCommit() *session {
	u.t.Helper()
	return u.atTerminal("", "git", "commit", "-q", "-S", "--allow-empty", "-m", commitMessage)
}

// signed makes sure that the command made a commit by alice, and that git said
// nothing of the login.
func (u *user) signed(s *session) {
	u.t.Helper()
	if status := s.end(); status != 0 || s.stdout.Len()+s.stderr.Len() != 0 {
		u.t.Fatalf("exit status %d\n%s%s%s", status, s.stdout.String(), s.stderr.String(), s.screen())
	}
	if !strings.Contains(s.screen(), "paraph: logged in as "+alice) {
		u.t.Errorf("the terminal says %s", s.screen())
	}
	if got, status := u.verify("HEAD"); status != 0 || got.Results[0].Signer.Identity != alice {
		u.t.Errorf("exit status %d: %+v", status, got.Results[0])
	}
}

// notSigned makes sure that the command made no commit, and said why.
func (u *user) notSigned(s *session, why string) {
	u.t.Helper()
	if status := s.end(); status == 0 || s.stdout.Len() != 0 {
		u.t.Errorf("exit status %d, %s", status, s.stdout.String())
	}
	if !strings.Contains(s.screen(), "paraph: not signed: login: "+why) {
		u.t.Errorf("the terminal says %s, want ...%s...", s.screen(), why)
	}
	if r := u.run("", "git", "rev-parse", "--verify", "HEAD"); r.status == 0 {
		u.t.Error("there is a commit")
	}
}

// enter does with the device code what alice would do at the issuer's page.
func enter(t *testing.T, page, code, action string) {
	t.Helper()
	enterBy(t, page, code, action, alice)
}

// enterBy is enter by somebody.
func enterBy(t *testing.T, page, code, action, name string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	read := func(resp *http.Response, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	read(c.PostForm(page+"/login", url.Values{"user_code": {code}, "username": {name}, "password": {"password"}}))
	if answer := read(c.Get(page + "/confirm?action=" + action)); !strings.Contains(answer, "Device authorization "+action) {
		t.Fatalf("the issuer answers %s", answer)
	}
}

// Where no browser can be, git's own commit shows a code, and is made when it
// was entered elsewhere.
func TestDeviceLogin(t *testing.T) {
	t.Parallel()
	u := newPerson(t)
	s := u.startCommit()
	enter(t, s.after("open this page on any device"), s.after("and enter the code"), "allowed")
	u.signed(s)
}

func TestDeviceLoginDenied(t *testing.T) {
	t.Parallel()
	u := newPerson(t).with("PARAPH_TOKEN_SOURCE=device")
	s := u.startCommit()
	enter(t, s.after("open this page on any device"), s.after("and enter the code"), "denied")
	u.notSigned(s, "it was denied")
}

const payload = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
	"author Alice <alice@example.com> 1777896000 +0000\n" +
	"committer Alice <alice@example.com> 1777896000 +0000\n\nsigned\n"

// As git calls it: standard output holds the signature and nothing else,
// standard error git's own lines.
func TestLoginKeepsStreamsClean(t *testing.T) {
	t.Parallel()
	s := newPerson(t).atTerminal(payload, "paraph", "--status-fd=2", "-bsau", "KEY")
	enter(t, s.after("open this page on any device"), s.after("and enter the code"), "allowed")
	if status := s.end(); status != 0 {
		t.Fatalf("exit status %d: %s", status, s.screen())
	}
	out := s.stdout.String()
	if !strings.HasPrefix(out, "-----BEGIN SIGNED MESSAGE-----\n") || !strings.HasSuffix(out, "-----END SIGNED MESSAGE-----\n") || strings.Count(out, "-----") != 4 {
		t.Errorf("standard output: %s", out)
	}
	for line := range strings.Lines(s.stderr.String()) {
		if !strings.HasPrefix(line, "[GNUPG:] ") {
			t.Errorf("standard error has %q", line)
		}
	}
}

// Ctrl-C ends the waiting, however somebody was to log in: nothing is signed.
func TestLoginInterrupted(t *testing.T) {
	for source, waits := range map[string]string{
		"device": "waiting for the login there", "browser": "waiting for the login there", "paste": "and paste here",
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			u := newPerson(t).with("PARAPH_TOKEN_SOURCE="+source, "PARAPH_BROWSER=true")
			s := u.atTerminal(payload, "paraph", "--status-fd=2", "-bsau", "KEY")
			s.await(waits)
			if _, err := s.keyboard.WriteString("\x03"); err != nil {
				t.Fatal(err)
			}
			if status := s.end(); status != 130 || s.stdout.Len() != 0 || strings.Contains(s.stderr.String(), "SIG_CREATED") {
				t.Errorf("exit status %d, %q, %q", status, s.stdout.String(), s.stderr.String())
			}
		})
	}
}

// A code is pasted at the terminal, from the page that the browser could not
// open.
func TestPastedLogin(t *testing.T) {
	t.Parallel()
	const redirect = "http://localhost:1/auth/callback"
	u := newPerson(t).with("PARAPH_TOKEN_SOURCE=paste", "PARAPH_REDIRECT_URL="+redirect)
	s := u.startCommit()
	page := s.after("log in at")
	s.await("and paste here the address")
	if _, err := s.keyboard.WriteString(logInAt(t, page, redirect) + "\n"); err != nil {
		t.Fatal(err)
	}
	u.signed(s)
}

// logInAt fills in the issuer's form and returns where that leads to.
func logInAt(t *testing.T, page, redirect string) string {
	t.Helper()
	c := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	form, err := c.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	form.Body.Close()
	resp, err := c.PostForm(servers.Endpoints.Issuer+"/login/username", url.Values{
		"id": {form.Request.URL.Query().Get("authRequestID")}, "username": {alice}, "password": {"password"},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("Location")
}

// Without a terminal no login is tried: the error says what there is, and
// nothing waits.
func TestNoTerminal(t *testing.T) {
	t.Parallel()
	r := newPerson(t).run(payload, "paraph", "--status-fd=2", "-bsau", "KEY") // git 2.39 hides the words
	for _, want := range []string{"PARAPH_ID_TOKEN", "paraph.tokenFile", "run git at a terminal"} {
		if r.status == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("exit status %d, %s, want ...%s...", r.status, r.stderr, want)
		}
	}
}
