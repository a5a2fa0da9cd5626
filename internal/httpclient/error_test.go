package httpclient

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Temporary tells a server that is broken or busy from one that means it.
func TestTemporaryStatus(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("Retry-After", "in a while")
		w.WriteHeader(status)
	})
	for status, want := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 409: false, 418: false, 499: false, 501: false,
		429: true, 500: true, 502: true, 503: true, 504: true,
	} {
		e := do(t, New(), get(url+"/"+strconv.Itoa(status)))
		if e.Temporary() != want || e.RetryAfter != "in a while" || strings.Contains(e.Error(), "while") {
			t.Errorf("%d: %t, %q, %v", status, e.Temporary(), e.RetryAfter, e)
		}
	}
}

// Without a status, what is against the rules stays so, and what the user
// ended is not asked again; the network may come back.
func TestTemporaryWithoutStatus(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	hangUp := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	huge := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1001)) })
	away := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example/", http.StatusTemporaryRedirect)
	})
	loop := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
	})
	unknown := httptest.NewUnstartedServer(nil)
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	t.Cleanup(unknown.Close)
	slow := New()
	slow.bodyTime = 20 * time.Millisecond
	for name, test := range map[string]struct {
		c    *Client
		url  string
		want bool
	}{
		"connection refused": {New(), closed.URL, true},
		"connection closed":  {New(), hangUp, true},
		"slow body":          {slow, serve(t, trickle), true},
		"huge body":          {New(), huge, false},
		"redirect":           {New(), away, false},
		"redirects":          {New(), loop, false},
		"plain http":         {New(), "http://rekor.example", false},
		"no URL":             {New(), "", false},
		"unknown CA":         {New(), unknown.URL, false},
	} {
		if e := do(t, test.c, get(test.url)); e.Status != 0 || e.Temporary() != test.want {
			t.Errorf("%s: %t, %v", name, e.Temporary(), e)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New().Do(ctx, get(hangUp)); err == nil || err.(*Error).Temporary() {
		t.Errorf("the user ended it: %v", err)
	}
}
