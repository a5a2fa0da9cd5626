package e2e

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// A browser is Chromium without a window, and all that it asked for.
type browser struct {
	ctx context.Context

	mu   sync.Mutex
	urls []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: nothing is known about a login in a browser")
	}
	profile, err := os.MkdirTemp("", "paraph-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // its last processes write for a moment after its end
		for range 50 {
			if err = os.RemoveAll(profile); err == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Error(err)
	})
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	b := new(browser)
	b.ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel) // waits for the browser's end
	chromedp.ListenTarget(b.ctx, func(event any) {
		if r, ok := event.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			b.urls = append(b.urls, r.Request.URL)
			b.mu.Unlock()
		}
	})
	b.do(t, network.Enable())
	return b
}

func (b *browser) do(t *testing.T, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// asked are the hosts that the browser asked for something, but for the data
// in a page itself.
func (b *browser) asked(t *testing.T) (hosts []string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, raw := range b.urls {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if u.Scheme != "data" && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}

// withBrowser is the same user with a browser that keeps the page that it is to
// open in a file.
func (u *user) withBrowser() *user {
	u.t.Helper()
	script := filepath.Join(u.root, "keep-page")
	writeFile(u.t, script, []byte("#!/bin/sh\nprintf %s \"$2\" >'"+u.page()+".new' && mv '"+u.page()+".new' '"+u.page()+"'\n"))
	if err := os.Chmod(script, 0o700); err != nil {
		u.t.Fatal(err)
	}
	return u.with("PARAPH_BROWSER=" + script + " --new-tab {url}")
}

func (u *user) page() string { return filepath.Join(u.root, "page") }

// opened is the page that paraph had the browser open.
func (u *user) opened(s *session) string {
	u.t.Helper()
	s.await("waiting for the login there")
	for start := time.Now(); time.Since(start) < terminalTime; time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(u.page()); err == nil {
			return string(data)
		}
	}
	u.t.Fatal("no page was opened")
	return ""
}

// In a real browser: the form, the last page, which says what happened and
// fetches nothing, and a commit, or none.
func TestBrowserLogin(t *testing.T) {
	for name, tt := range map[string]struct {
		answer      chromedp.Action // what alice does at the form
		title, text string
		check       func(u *user, s *session)
	}{
		"yes": {
			chromedp.Tasks{
				chromedp.SendKeys("#username", alice, chromedp.ByQuery),
				chromedp.SendKeys("#password", "password\r", chromedp.ByQuery),
			},
			"Logged in - paraph", alice + "\n\ngit goes on in your terminal. You can close this page.", (*user).signed,
		},
		"no": {
			chromedp.Evaluate("location.pathname = '/deny'", nil),
			"Not logged in - paraph", "it was denied (alice said no)", func(u *user, s *session) { u.notSigned(s, "it was denied (alice said no)") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBrowser(t)
			u := newPerson(t).withBrowser()
			s := u.startCommit()
			page := u.opened(s)
			var title, text string
			var picture []byte
			b.do(t, chromedp.Navigate(page), chromedp.WaitVisible("#username", chromedp.ByQuery), tt.answer,
				chromedp.WaitVisible("main h1", chromedp.ByQuery),
				chromedp.Title(&title), chromedp.Text("main", &text, chromedp.ByQuery), chromedp.FullScreenshot(&picture, 100))
			if title != tt.title || !strings.Contains(text, tt.text) {
				t.Errorf("the page %q says %q, want %q and ...%s...", title, text, tt.title, tt.text)
			}
			tt.check(u, s)
			redirect := hostOf(t, queryOf(t, page).Get("redirect_uri"))
			if got, want := b.asked(t), []string{hostOf(t, servers.Endpoints.Issuer), redirect}; !slices.Equal(got, want) {
				t.Errorf("the browser asked %q, want %q", got, want)
			}
			keepPicture(t, name, picture)
		})
	}
}

func queryOf(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func hostOf(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// keepPicture writes what the browser showed into the folder that
// PARAPH_PICTURES names, for people to look at.
func keepPicture(t *testing.T, name string, picture []byte) {
	t.Helper()
	if dir := os.Getenv("PARAPH_PICTURES"); dir != "" {
		writeFile(t, filepath.Join(dir, "login-"+name+".png"), picture)
	}
}
