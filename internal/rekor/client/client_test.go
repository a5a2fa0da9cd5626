package client_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/rekor/client"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// A version is one of the two logs and how to add to it.
type version struct {
	major  int
	server *testpki.Server
	add    func(context.Context, *httpclient.Client, string, [32]byte, []byte, []byte) (*rekor.Entry, error)
}

type fixture struct {
	p         *testpki.PKI
	versions  []version
	hc        *httpclient.Client
	digest    [32]byte
	signature []byte
	leaf      []byte
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := testpki.New()
	s := p.Serve(t)
	f := &fixture{
		p:        p,
		versions: []version{{1, s.Rekor1, client.AddV1}, {2, s.Rekor2, client.AddV2}},
		hc:       httpclient.New(),
	}
	f.sign(t, "artifact")
	f.leaf = p.Certificate(testpki.Key("alice").Public(), testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"})
	return f
}

// sign makes the signature that is added next: no log has it yet.
func (f *fixture) sign(t *testing.T, artifact string) {
	t.Helper()
	f.digest = sha256.Sum256([]byte(artifact))
	var err error
	if f.signature, err = testpki.Key("alice").Sign(nil, f.digest[:], crypto.SHA256); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) add(ctx context.Context, v version, base string) (*rekor.Entry, error) {
	return v.add(ctx, f.hc, base, f.digest, f.signature, f.leaf)
}

// verify runs the checks that the caller of the client runs.
func (f *fixture) verify(t *testing.T, e *rekor.Entry) error {
	t.Helper()
	root, err := trust.Parse(f.p.TrustedRoot(), "test")
	if err != nil {
		t.Fatal(err)
	}
	e.Body = nil
	parsed, err := rekor.ParseEntry(e.Bytes())
	if err != nil {
		return err
	}
	result, checks := rekor.Verify(parsed, f.digest, f.signature, f.leaf, root)
	for _, c := range checks {
		if c.Err != nil {
			return c.Err
		}
	}
	if result == nil {
		t.Fatal("no result")
	}
	return nil
}

func TestAdd(t *testing.T) {
	f := newFixture(t)
	for _, v := range f.versions {
		for _, base := range []string{v.server.URL, v.server.URL + "/"} {
			f.sign(t, base)
			e, err := f.add(t.Context(), v, base)
			if err != nil {
				t.Fatalf("v%d: %v", v.major, err)
			}
			if e.MajorVersion() != v.major || len(e.Body) == 0 {
				t.Errorf("v%d: entry %+v", v.major, e)
			}
			if err := f.verify(t, e); err != nil {
				t.Errorf("v%d: %v", v.major, err)
			}
		}
	}
}

func TestAddV1Twice(t *testing.T) {
	f := newFixture(t)
	first, err := f.add(t.Context(), f.versions[0], f.versions[0].server.URL)
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.add(t.Context(), f.versions[0], f.versions[0].server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if first.LogIndex != second.LogIndex || !bytes.Equal(first.Body, second.Body) {
		t.Errorf("entries %+v and %+v", first, second)
	}
	if err := f.verify(t, second); err != nil {
		t.Error(err)
	}
}

// TestConflictElsewhere has a log say that the entry is somewhere else.
func TestConflictElsewhere(t *testing.T) {
	f := newFixture(t)
	var location string
	asked := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			asked = r.URL.Path
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusConflict)
	}))
	defer s.Close()
	uuid := strings.Repeat("0a", 40)
	for _, test := range []struct {
		location, asked string
	}{
		{"/api/v1/log/entries/" + uuid, "/api/v1/log/entries/" + uuid},
		{"https://evil.example/x/" + uuid, "/api/v1/log/entries/" + uuid},
		{"/api/v1/log/entries/" + uuid[16:], "/api/v1/log/entries/" + uuid[16:]},
		{"", ""},
		{"/api/v1/log/entries/..", ""},
		{"/api/v1/log/entries/" + uuid + "0a", ""},
		{"/api/v1/log/entries/x\x1b[31m", ""},
		{"://", ""},
	} {
		location, asked = test.location, ""
		_, err := f.add(t.Context(), f.versions[0], s.URL)
		if err == nil || asked != test.asked || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: asked for %q, %v", test.location, asked, err)
		}
	}
}

// TestFaults sets what a service can do wrong.
func TestFaults(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("another host was asked")
	}))
	defer elsewhere.Close()
	f := newFixture(t)
	for _, test := range []struct {
		name    string
		fault   testpki.Fault
		check   func(error) bool
		timeout time.Duration // long without one
	}{
		{"refuses", testpki.Refuse(http.StatusServiceUnavailable, "come back later"), func(err error) bool {
			var e *httpclient.Error
			return errors.As(err, &e) && e.Status == http.StatusServiceUnavailable && e.Message == "come back later"
		}, 0},
		{"stalls", testpki.Stall(), isTimeout, 100 * time.Millisecond},
		{"hangs up", testpki.HangUp(), isNetwork, 0},
		{"answers slowly", testpki.SlowBody(20 * time.Millisecond), isTimeout, 100 * time.Millisecond},
		{"answers with too much", testpki.HugeBody(1 << 20), isUnexpected, 0},
		{"answers with garbage", testpki.Garbage(), isUnexpected, 0},
		{"answers with 201 and no JSON", testpki.Refuse(http.StatusCreated, "}"), isSyntax("response-form"), 0},
		{"answers with 201 and nothing", testpki.Refuse(http.StatusCreated, "{}"), func(err error) bool {
			return isSyntax("response-entries")(err) || isSyntax("entry-log-id")(err)
		}, 0},
		{"redirects to another host", testpki.Redirect(elsewhere.URL), isNetwork, 0},
		{"redirects to another scheme", testpki.Redirect("https://127.0.0.1/"), isNetwork, 0},
		{"logs something else", testpki.WrongEntry(), isRule(verdict.Log, "entry-body"), 0},
		{"answers without a proof", testpki.Mangle(func(e *testpki.Entry) { e.Proof.Checkpoint = "" }), isSyntax("entry-checkpoint"), 0},
	} {
		for _, v := range f.versions {
			t.Run(fmt.Sprintf("v%d %s", v.major, test.name), func(t *testing.T) {
				f.sign(t, t.Name())
				v.server.Set(test.fault)
				defer v.server.Set(testpki.Fault{})
				timeout := cmp.Or(test.timeout, 20*time.Second)
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				e, err := f.add(ctx, v, v.server.URL)
				if err == nil || e != nil || !test.check(err) {
					t.Errorf("is there an entry: %v, error: %v", e != nil, err)
				}
			})
		}
	}
}

// TestUnprovenAnswer has a log answer with a well-formed entry that proves
// nothing: the client passes it on, verification refuses it.
func TestUnprovenAnswer(t *testing.T) {
	for i := range 2 {
		f := newFixture(t)
		v := f.versions[i]
		v.server.Set(testpki.WrongKey())
		e, err := f.add(t.Context(), v, v.server.URL)
		if err != nil {
			t.Fatalf("v%d: %v", v.major, err)
		}
		if err := f.verify(t, e); verdict.As(err, 0, "").Class != verdict.Log {
			t.Errorf("v%d: %v", v.major, err)
		}
	}
}

// TestOtherVersion asks each log in the other's way of the other's answer.
func TestOtherVersion(t *testing.T) {
	f := newFixture(t)
	v2 := f.p.LogV2(f.digest, f.signature, f.leaf)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"logIndex":"%d","logId":{"keyId":%q},"kindVersion":{"kind":"hashedrekord","version":"0.0.1"},`+
			`"inclusionPromise":{"signedEntryTimestamp":"AAAA"},"inclusionProof":{"rootHash":%q,"treeSize":"1","checkpoint":{"envelope":"x"}}}`,
			v2.LogIndex, base64.StdEncoding.EncodeToString(v2.LogID), base64.StdEncoding.EncodeToString(v2.LogID))
	}))
	defer s.Close()
	_, err := f.add(t.Context(), f.versions[1], s.URL)
	if err == nil || !strings.Contains(err.Error(), "of Rekor v1, it was asked as v2") {
		t.Error(err)
	}
}

func TestBadBase(t *testing.T) {
	f := newFixture(t)
	for _, v := range f.versions {
		for _, base := range []string{"", "://", "rekor.example", "http://rekor.example"} {
			if _, err := f.add(t.Context(), v, base); err == nil {
				t.Errorf("v%d: %q was asked", v.major, base)
			}
		}
	}
}

func isTimeout(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// isNetwork: no status to look at.
func isNetwork(err error) bool {
	var e *httpclient.Error
	return errors.As(err, &e) && e.Status == 0 && !isTimeout(err)
}

// isUnexpected: status 200 where only 201 is an answer, or an answer that is
// too large, or nothing that can be parsed.
func isUnexpected(err error) bool {
	var e *httpclient.Error
	return errors.As(err, &e) && e.Status == http.StatusOK || errors.Is(err, httpclient.ErrSize) || isSyntax("response-form")(err)
}

func isSyntax(rule string) func(error) bool { return isRule(verdict.Syntax, rule) }

func isRule(class verdict.Class, rule string) func(error) bool {
	return func(err error) bool {
		var e *verdict.Error
		return errors.As(err, &e) && e.Class == class && e.Rule == rule
	}
}
