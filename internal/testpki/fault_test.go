package testpki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/mod/sumdb/note"

	"github.com/paraph/paraph/internal/testpki"
)

// ask sends GET to a server, stops after a while and does not follow redirects.
func ask(t *testing.T, url string, patience time.Duration) (*http.Response, []byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	hc := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := hc.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func TestTransportFaults(t *testing.T) {
	c := newClient(t)
	server, url := c.s.Rekor1, c.s.URLs.Rekor1+"/api/v1/log/publicKey"
	_, good, err := ask(t, url, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	const short = 50 * time.Millisecond
	for _, test := range []struct {
		name     string
		fault    testpki.Fault
		patience time.Duration
		shows    func(*http.Response, []byte, error) bool
	}{
		{"refuse", testpki.Refuse(503, "busy"), time.Minute, func(r *http.Response, b []byte, _ error) bool { return r.StatusCode == 503 && string(b) == "busy" }},
		{"stall", testpki.Stall(), short, func(_ *http.Response, _ []byte, err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
		{"hang up", testpki.HangUp(), time.Minute, func(_ *http.Response, _ []byte, err error) bool {
			return err != nil && !errors.Is(err, context.DeadlineExceeded)
		}},
		{"garbage", testpki.Garbage(), time.Minute, func(r *http.Response, b []byte, _ error) bool { return r.StatusCode == 200 && !bytes.Equal(b, good) }},
		{"changed", testpki.ChangeBody(bytes.ToLower), time.Minute, func(r *http.Response, b []byte, _ error) bool {
			return r.StatusCode == 200 && bytes.Equal(b, bytes.ToLower(good))
		}},
		{"slow", testpki.SlowBody(time.Second), short, func(r *http.Response, b []byte, err error) bool {
			return r != nil && len(b) > 0 && len(b) < len(good) && errors.Is(err, context.DeadlineExceeded)
		}},
		{"huge", testpki.HugeBody(1 << 20), time.Minute, func(r *http.Response, b []byte, _ error) bool { return r.StatusCode == 200 && len(b) == 1<<20 }},
		{"redirect", testpki.Redirect("http://other.example/x"), time.Minute, func(r *http.Response, _ []byte, _ error) bool {
			return r.StatusCode == 307 && r.Header.Get("Location") == "http://other.example/x"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server.Set(test.fault)
			defer server.Set(testpki.Fault{})
			if r, b, err := ask(t, url, test.patience); !test.shows(r, b, err) {
				t.Errorf("%+v %.80q %v", r, b, err)
			}
		})
	}
	if got := server.Requests(); got != 9 {
		t.Errorf("%d requests, want 9", got)
	}
	if _, b, err := ask(t, url, time.Minute); err != nil || !bytes.Equal(b, good) {
		t.Errorf("after the faults: %q %v", b, err)
	}
}

func TestFaultForSomeRequests(t *testing.T) {
	c := newClient(t)
	c.s.TSA.Set(testpki.Times(2, testpki.Refuse(503, "")))
	for i, want := range []int{503, 503, 200, 200} {
		if status, _ := c.stamp(t, crypto.SHA256); status != want {
			t.Errorf("request %d: status %d, want %d", i, status, want)
		}
	}
}

// A fault for one method leaves the others alone, and its count too.
func TestFaultForOneMethod(t *testing.T) {
	c := newClient(t)
	c.s.Rekor1.Set(testpki.Only(http.MethodGet, testpki.Times(1, testpki.Header("Retry-After", "7", testpki.Refuse(429, "")))))
	if status, answer := c.postV1(t, c.v1Request()); status != 201 {
		t.Errorf("POST: %d %s", status, answer)
	}
	for i, want := range []string{"7", ""} {
		r, _, err := ask(t, c.s.URLs.Rekor1+"/api/v1/log/publicKey", time.Minute)
		if err != nil || (r.StatusCode == 429) != (want != "") || r.Header.Get("Retry-After") != want {
			t.Errorf("GET %d: %+v %v", i, r, err)
		}
	}
}

// TestStallEndsWithTheTest would hang if a stalled request could keep the
// server from closing.
func TestStallEndsWithTheTest(t *testing.T) {
	done := make(chan struct{})
	t.Run("stalled", func(t *testing.T) {
		c := newClient(t)
		c.s.Fulcio.Set(testpki.Stall())
		go func() {
			defer close(done)
			if r, err := http.Post(c.s.Fulcio.URL, "text/plain", strings.NewReader("x")); err == nil {
				r.Body.Close()
			}
		}()
		for c.s.Fulcio.Requests() == 0 {
			time.Sleep(time.Millisecond)
		}
	})
	<-done
}

func TestFulcioFaults(t *testing.T) {
	c := newClient(t)
	for _, test := range []struct {
		name  string
		fault testpki.Fault
		check func(chainErr error, sct bool, email string, sameKey bool) bool
	}{
		{"none", testpki.Fault{}, func(err error, sct bool, email string, key bool) bool {
			return err == nil && sct && email == alice.Email && key
		}},
		{"wrong key", testpki.WrongKey(), func(err error, _ bool, email string, key bool) bool {
			return err != nil && email == alice.Email && key
		}},
		{"wrong identity", testpki.WrongIdentity(testpki.Identity{Email: "mallory@example.com", Issuer: alice.Issuer}), func(err error, sct bool, email string, key bool) bool {
			return err == nil && sct && email == "mallory@example.com" && key
		}},
		{"wrong public key", testpki.WrongPublicKey(), func(err error, sct bool, email string, key bool) bool {
			return err == nil && sct && email == alice.Email && !key
		}},
		{"forged SCT", testpki.Certify(testpki.SCTForged()), func(err error, sct bool, email string, key bool) bool {
			return err == nil && !sct && email == alice.Email && key
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.s.Fulcio.Set(test.fault)
			status, answer := c.fulcio(t, c.p.IDToken(nil), alice.Email)
			if status != 200 {
				t.Fatalf("status %d: %s", status, answer)
			}
			leaf := certified(t, answer)[0]
			if !test.check(chain(c.p, leaf, c.p.Clock.Now()), sctHolds(t, c.p.CT, c.p.CAIntermediate, leaf),
				leaf.EmailAddresses[0], c.key.PublicKey.Equal(leaf.PublicKey)) {
				t.Error("not exactly this defect")
			}
		})
	}
}

// logged is an entry with what is true about it.
type logged struct{ included, asked, checkpoint, set bool }

func TestRekorFaults(t *testing.T) {
	good := logged{true, true, true, true}
	for _, test := range []struct {
		name  string
		fault testpki.Fault
		want  logged
	}{
		{"none", testpki.Fault{}, good},
		{"wrong key", testpki.WrongKey(), logged{included: true, asked: true}},
		{"wrong entry", testpki.WrongEntry(), logged{included: true, checkpoint: true, set: true}},
		{"mangled", testpki.Mangle(func(e *testpki.Entry) { e.Proof.Hashes[0][0] ^= 1 }), logged{asked: true, checkpoint: true, set: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newClient(t)
			c.s.Rekor1.Set(test.fault)
			c.s.Rekor2.Set(test.fault)

			_, answer := c.postV1(t, c.v1Request())
			_, e := entryV1(t, answer)
			set := sha256.Sum256(setPayload(e))
			if got := (logged{
				included(e) == nil, bytes.Equal(e.Body, testpki.BodyV1(c.digest, c.signature, c.leaf)), opens(t, c.p.Rekor1, e),
				ecdsa.VerifyASN1(c.p.Rekor1.Public().(*ecdsa.PublicKey), set[:], e.SET),
			}); got != test.want {
				t.Errorf("v1: %+v, want %+v", got, test.want)
			}

			_, answer = c.postV2(t, nil)
			e = entryV2(t, answer)
			want := test.want
			want.set = false
			if got := (logged{
				included(e) == nil, bytes.Equal(e.Body, testpki.BodyV2(c.digest, c.signature, c.leaf)), opens(t, c.p.Rekor2, e), false,
			}); got != want {
				t.Errorf("v2: %+v, want %+v", got, want)
			}
		})
	}
}

// opens reports whether the log signed the entry's checkpoint; a signature
// that names another key than the log's is an error of the test.
func opens(t *testing.T, l *testpki.Log, e *testpki.Entry) bool {
	t.Helper()
	_, err := note.Open([]byte(e.Proof.Checkpoint), note.VerifierList(verifier(t, l)))
	var invalid *note.InvalidSignatureError
	if err != nil && !errors.As(err, &invalid) {
		t.Error(err)
	}
	return err == nil
}

func TestTSAFaults(t *testing.T) {
	c := newClient(t)
	for _, test := range []struct {
		name                      string
		fault                     testpki.Fault
		signature, imprint, nonce bool
	}{
		{"none", testpki.Fault{}, true, true, true},
		{"wrong key", testpki.WrongKey(), false, true, true},
		{"wrong entry", testpki.WrongEntry(), true, false, true},
		{"wrong nonce", testpki.WrongNonce(), true, true, false},
		{"forged", testpki.Stamp(testpki.ForgedToken()), false, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.s.TSA.Set(test.fault)
			_, answer := c.stamp(t, crypto.SHA256)
			got, err := timestamp.ParseResponse(answer)
			if (err == nil) != test.signature {
				t.Fatalf("parsing says %v", err)
			}
			if err != nil {
				return
			}
			sum := sha256.Sum256(c.signature)
			if bytes.Equal(got.HashedMessage, sum[:]) != test.imprint || (got.Nonce.Int64() == 77) != test.nonce {
				t.Errorf("%+v", got)
			}
		})
	}
}
