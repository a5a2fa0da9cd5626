package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
)

// closed is what Rekor v2 answers when another client hung up.
func closed() testpki.Fault {
	return testpki.Refuse(499, `{"code":1,"message":"add entry: await: context canceled","details":[]}`)
}

// status is the HTTP status of a request that failed, or 0.
func status(err error) int {
	var e *httpclient.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Status
}

// TestAddV2AsksAgain has the log refuse some requests. Only status 499, and
// only from Rekor v2, is a reason to ask again.
func TestAddV2AsksAgain(t *testing.T) {
	for _, test := range []struct {
		name     string
		major    int
		fault    testpki.Fault
		requests int
		status   int // of the error; 0 is an entry
	}{
		{"no 499", 2, testpki.Fault{}, 1, 0},
		{"one 499", 2, testpki.Times(1, closed()), 2, 0},
		{"two 499", 2, testpki.Times(2, closed()), 3, 0},
		{"three 499", 2, testpki.Times(3, closed()), 3, 499},
		{"one 503", 2, testpki.Times(1, testpki.Refuse(503, "")), 1, 503},
		{"one 429", 2, testpki.Times(1, testpki.Refuse(429, "")), 1, 429},
		{"one 400", 2, testpki.Times(1, testpki.Refuse(400, "")), 1, 400},
		{"one 500", 2, testpki.Times(1, testpki.Refuse(500, "")), 1, 500},
		{"one 499 of Rekor v1", 1, testpki.Times(1, closed()), 1, 499},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			v := f.versions[test.major-1]
			v.server.Set(test.fault)
			e, err := f.add(t.Context(), v, v.server.URL)
			if got := v.server.Requests(); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
			if test.status != 0 {
				if e != nil || status(err) != test.status {
					t.Errorf("is there an entry: %v, error: %v", e != nil, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := f.verify(t, e); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAddV2SendsTheSame compares the requests.
func TestAddV2SendsTheSame(t *testing.T) {
	f := newFixture(t)
	var bodies [][]byte
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, body)
		w.WriteHeader(499)
	}))
	defer s.Close()
	if _, err := f.add(t.Context(), f.versions[1], s.URL); status(err) != 499 || !strings.Contains(err.Error(), "asked 3 times") {
		t.Error(err)
	}
	if len(bodies) != 3 || len(bodies[0]) == 0 || !bytes.Equal(bodies[0], bodies[1]) || !bytes.Equal(bodies[0], bodies[2]) {
		t.Errorf("requests: %q", bodies)
	}
}

// TestAddV2PauseEnds: neither the user nor the time limit waits for a pause.
func TestAddV2PauseEnds(t *testing.T) {
	f := newFixture(t)
	v := f.versions[1]
	v.server.Set(closed())
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	e, err := f.add(ctx, v, v.server.URL)
	if e != nil || !errors.Is(err, context.DeadlineExceeded) || status(err) != 499 {
		t.Errorf("is there an entry: %v, error: %v", e != nil, err)
	}
	if got := v.server.Requests(); got != 1 {
		t.Errorf("%d requests, want 1", got)
	}
}

// TestAddV2Exists: an entry that the log has cannot be had, whether it was
// added before or by the very request that got no answer.
func TestAddV2Exists(t *testing.T) {
	for _, test := range []struct {
		name     string
		fault    testpki.Fault
		requests int
	}{
		{"before", testpki.Fault{}, 1},
		{"by a request that got 499", testpki.Times(1, closed()), 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			v := f.versions[1]
			f.p.LogV2(f.digest, f.signature, f.leaf)
			v.server.Set(test.fault)
			e, err := f.add(t.Context(), v, v.server.URL)
			if e != nil || !errors.Is(err, rekor.ErrExists) || status(err) != http.StatusConflict {
				t.Errorf("is there an entry: %v, error: %v", e != nil, err)
			}
			if got := v.server.Requests(); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
		})
	}
}
