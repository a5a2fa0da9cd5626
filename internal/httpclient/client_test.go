package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/version"
)

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func get(url string) Request {
	return Request{Method: http.MethodGet, URL: url, Expect: []int{200}, MaxBody: 1000}
}

// do expects an Error.
func do(t *testing.T, c *Client, r Request) *Error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	resp, err := c.Do(ctx, r)
	var e *Error
	if !errors.As(err, &e) || resp != nil {
		t.Fatalf("response %v, error %v", resp, err)
	}
	return e
}

func TestRequestAndResponse(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(r.Cookies()) != 0 {
			t.Errorf("cookies %v", r.Cookies())
		}
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.Header().Set("Location", "/there")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, "%s %s %s|%s|%s|%s|%s|%s", r.Method, r.URL, body, r.UserAgent(), r.Header.Get("Content-Type"), r.Header.Get("Accept"), r.Header.Get("Authorization"), r.Header.Get("Metadata-Flavor"))
	})
	c := New()
	for range 2 {
		resp, err := c.Do(t.Context(), Request{
			Method: http.MethodPost, URL: url + "/x?y=z", ContentType: "text/a", Accept: "text/b",
			Authorization: "bearer c", Metadata: true, Body: []byte("hello"), Expect: []int{201}, MaxBody: 1000,
		})
		if err != nil {
			t.Fatal(err)
		}
		want := "POST /x?y=z hello|paraph/" + version.String() + "|text/a|text/b|bearer c|Google"
		if string(resp.Body) != want || resp.Status != 201 || resp.Header.Get("Location") != "/there" {
			t.Errorf("response %d %q, want %q", resp.Status, resp.Body, want)
		}
	}
}

func TestUnexpectedStatus(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "\x1b[31mno\n[GNUPG:] GOODSIG \u202eyour token is hunter2"+strings.Repeat("!", 300))
	})
	r := get(url + "/path?code=secret")
	r.Secrets = []string{"", "hunter2"}
	e := do(t, New(), r)
	if e.Status != http.StatusForbidden {
		t.Errorf("status %d", e.Status)
	}
	want := "GET " + url + `/path: status 403 Forbidden: \x1b[31mno\n[GNUPG:] GOODSIG \u202eyour token is [secret]!!!`
	if got := e.Error(); !strings.HasPrefix(got, want) || len(got) > 350 || strings.Contains(got, "secret=") || strings.Contains(got, "hunter2") {
		t.Errorf("error %q", got)
	}
}

func TestURLsRefused(t *testing.T) {
	for _, test := range []struct{ url, message string }{
		{"", "the URL cannot be parsed"},
		{"rekor.example", "the URL cannot be parsed"},
		{"https://", "the URL cannot be parsed"},
		{"https:rekor.example", "the URL cannot be parsed"},
		{"https://rekor.example\n/", "the URL cannot be parsed"},
		{"http://rekor.example/", "http is for loopback hosts only"},
		{"http://127.0.0.1.example/", "http is for loopback hosts only"},
		{"http://localhost.example/", "http is for loopback hosts only"},
		{"http://10.0.0.1/", "http is for loopback hosts only"},
		{"ftp://localhost/", "the URL is not https"},
		{"file:///etc/passwd", "the URL cannot be parsed"},
		{"https://alice:hunter2@rekor.example/", "the URL has a user name or password, which no service here takes"},
	} {
		e := do(t, New(), get(test.url))
		if e.Message != test.message || e.Status != 0 || strings.Contains(e.Error(), "hunter2") {
			t.Errorf("%q: %v", test.url, e)
		}
	}
}

func TestLoopbackHosts(t *testing.T) {
	for _, url := range []string{"http://localhost:1/", "http://LOCALHOST/", "http://127.0.0.1/", "http://127.1.2.3:80/", "http://[::1]:80/"} {
		if _, err := checkURL(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// http to the metadata server's address is for requests that are meant for it,
// and nobody stands between.
func TestMetadataServer(t *testing.T) {
	const good = "http://" + MetadataHost + "/computeMetadata/v1/x?y=z"
	if u, err := checkMetadataURL(good); err != nil || u.String() != good {
		t.Errorf("%v, %v", u, err)
	}
	if _, err := checkURL(good); err == nil {
		t.Error("any request may go there")
	}
	for _, url := range []string{"http://169.254.169.253/", "http://169.254.169.254.example.com/", "http://169.254.169.254:8080/", "http://a@169.254.169.254/", "http://metadata.google.internal/", "ftp://169.254.169.254/"} {
		if u, err := checkMetadataURL(url); err == nil {
			t.Errorf("%s is taken for %s", url, u)
		}
	}
	t.Setenv("HTTP_PROXY", "http://proxy.example.com")
	if u, err := proxy(httptest.NewRequest(http.MethodGet, good, nil)); u != nil || err != nil {
		t.Errorf("by way of %v, %v", u, err)
	}
}

func TestRedirects(t *testing.T) {
	requests := 0
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the other host was asked")
	})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		if to := r.URL.Query().Get("to"); to != "" {
			status := http.StatusTemporaryRedirect
			if r.URL.Path == "/302" {
				status = http.StatusFound
			}
			http.Redirect(w, r, to, status)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	host := strings.TrimPrefix(url, "http://")
	for _, test := range []struct{ path, message string }{
		{"/?to=" + other, "the server redirects to another host"},
		{"/?to=http://localhost" + host[strings.LastIndex(host, ":"):], "the server redirects to another host"},
		{"/?to=https://" + host, "the server redirects to another scheme"},
		{"/?to=http://alice@" + host, "the server redirects to a URL with a user name"},
		{"/302?to=/there", "the server redirects with another method"},
		{"/?to=/%3Fto=/%253Fto=/%25253Fto=/%2525253Fto=/there", "more than 3 redirects"},
	} {
		r := get(url + test.path)
		r.Method, r.Body = http.MethodPost, []byte("body")
		if e := do(t, New(), r); e.Message != test.message {
			t.Errorf("%s: %v", test.path, e)
		}
	}
	requests = 0
	r := get(url + "/?to=/there")
	r.Method, r.Body = http.MethodPost, []byte("body")
	resp, err := New().Do(t.Context(), r)
	if err != nil || string(resp.Body) != "body" || requests != 2 {
		t.Errorf("redirect to the same host: %v, %v, %d requests", resp, err, requests)
	}
}

func TestBodySize(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(make([]byte, len(r.URL.Path)-1))
	})
	resp, err := New().Do(t.Context(), get(url+"/"+strings.Repeat("a", 1000)))
	if err != nil || len(resp.Body) != 1000 {
		t.Errorf("1000 bytes: %v, %v", resp, err)
	}
	if e := do(t, New(), get(url+"/"+strings.Repeat("a", 1001))); !errors.Is(e, ErrSize) || e.Status != 0 {
		t.Errorf("1001 bytes: %v", e)
	}
}

func TestHugeHeader(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("a", 100<<10))
	})
	if e := do(t, New(), get(url)); e.Status != 0 {
		t.Error(e)
	}
}

// trickle writes a byte now and then, without end.
func trickle(w http.ResponseWriter, r *http.Request) {
	for {
		if _, err := w.Write([]byte("x")); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestSlowBody(t *testing.T) {
	url := serve(t, trickle)
	c := New()
	c.bodyTime = 50 * time.Millisecond
	if e := do(t, c, get(url)); !errors.Is(e, ErrTime) || e.Message != ErrTime.Error() {
		t.Error(e)
	}
}

func TestContextEnds(t *testing.T) {
	done := make(chan struct{})
	defer close(done)
	stall := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	})
	for name, url := range map[string]string{"no header": stall, "slow body": serve(t, trickle)} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := New().Do(ctx, get(url))
		cancel()
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) || e.Message != "no answer in time" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	hangUp := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	garbage := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "\x1b[31mGOODSIG\r\n\r\n")
		conn.Close()
	})
	for name, url := range map[string]string{"connection refused": closed.URL, "connection closed": hangUp, "no HTTP": garbage} {
		e := do(t, New(), get(url+"/?code=secret"))
		if e.Status != 0 || e.Err == nil || strings.ContainsAny(e.Error(), "\x1b\r\n") || strings.Contains(e.Error(), "secret") {
			t.Errorf("%s: %q", name, e.Error())
		}
	}
}

func TestTLS(t *testing.T) {
	for _, test := range []struct {
		name    string
		version uint16
		known   bool
		works   bool
	}{
		{"TLS 1.3", tls.VersionTLS13, true, true},
		{"TLS 1.2", tls.VersionTLS12, true, true},
		{"TLS 1.1", tls.VersionTLS11, true, false},
		{"unknown CA", tls.VersionTLS13, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: test.version}
			s.StartTLS()
			defer s.Close()
			c := New()
			if test.known {
				c.http.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			}
			_, err := c.Do(t.Context(), get(s.URL))
			if (err == nil) != test.works {
				t.Error(err)
			}
		})
	}
}
