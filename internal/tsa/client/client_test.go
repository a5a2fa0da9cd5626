package client_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/tsa"
	"github.com/paraph/paraph/internal/tsa/client"
)

var message = []byte("signature")

func parseRoot(t *testing.T, p *testpki.PKI) *trust.Root {
	t.Helper()
	root, err := trust.Parse(p.TrustedRoot(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestTimestamp(t *testing.T) {
	p := testpki.New()
	s := p.Serve(t)
	hc := httpclient.New()
	seen := map[string]bool{}
	for range 3 {
		token, nonce, err := client.Timestamp(t.Context(), hc, s.URLs.TSA, message)
		if err != nil {
			t.Fatal(err)
		}
		ts, err := tsa.Verify(token, message, parseRoot(t, p))
		if err != nil {
			t.Fatal(err)
		}
		if ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0 || !ts.Time.Equal(testpki.DefaultTime) {
			t.Errorf("nonce %v, token %+v", nonce, ts)
		}
		if seen[nonce.String()] || nonce.BitLen() < 32 {
			t.Errorf("nonce %v is not fresh", nonce)
		}
		seen[nonce.String()] = true
	}
}

// TestRequest reads the request with another implementation.
func TestRequest(t *testing.T) {
	var got []byte
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
		if r.Header.Get("Content-Type") != "application/timestamp-query" || r.URL.Path != "/some/path" || r.Method != http.MethodPost {
			t.Errorf("%s %s, %s", r.Method, r.URL, r.Header)
		}
	}))
	defer s.Close()
	if _, _, err := client.Timestamp(t.Context(), httpclient.New(), s.URL+"/some/path", message); err == nil {
		t.Error("an empty answer is a token")
	}
	q, err := timestamp.ParseRequest(got)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(message)
	if !bytes.Equal(q.HashedMessage, sum[:]) || !q.Certificates || q.TSAPolicyOID != nil || len(q.Extensions) != 0 {
		t.Errorf("request %+v", q)
	}
}

// answer makes a TimeStampResp.
func answer(status int64, texts []string, failure, token []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(status)
			if texts != nil {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, s := range texts {
						b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) })
					}
				})
			}
			if failure != nil {
				b.AddASN1BitString(failure)
			}
		})
		b.AddBytes(token)
	})
	return b.BytesOrPanic()
}

func TestAnswers(t *testing.T) {
	token := []byte{0x30, 0x03, 0x02, 0x01, 0x07}
	granted := answer(0, nil, nil, token)
	const form = "the answer is not a TimeStampResp"
	for _, test := range []struct {
		name   string
		answer []byte
		error  string
	}{
		{"granted", granted, ""},
		{"granted with modifications", answer(1, []string{"ok"}, nil, token), ""},
		{"rejected", answer(2, []string{"no", "\x1b[31m"}, []byte{0x20, 0, 0, 0x40}, nil), `status 2 (rejection), "no \x1b[31m", failure 2 (badRequest), failure 25 (systemFailure)`},
		{"rejected, and a token", answer(2, nil, nil, token), "status 2 (rejection)"},
		{"waiting", answer(3, nil, nil, nil), "status 3 (waiting)"},
		{"unknown status", answer(9, nil, []byte{0x40}, nil), "status 9, failure 1"},
		{"negative status", answer(-1, nil, nil, token), "status -1"},
		{"a long text", answer(2, []string{strings.Repeat("a", 5000)}, nil, nil), strings.Repeat("a", 200) + `"`},
		{"granted without a token", answer(0, nil, nil, nil), form},
		{"two tokens", answer(0, nil, nil, append(bytes.Clone(token), token...)), form},
		{"token of another type", answer(0, nil, nil, []byte{0x04, 0x00}), form},
		{"bytes after it", append(bytes.Clone(granted), 0), form},
		{"cut", granted[:len(granted)-1], form},
		{"a bare token", token, form},
		{"indefinite length", append(append([]byte{0x30, 0x80}, granted[2:]...), 0, 0), form},
		{"empty", nil, form},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(test.answer) }))
			defer s.Close()
			got, nonce, err := client.Timestamp(t.Context(), httpclient.New(), s.URL, message)
			if test.error == "" {
				if err != nil || !bytes.Equal(got, token) || nonce == nil {
					t.Errorf("token %x, nonce %v, %v", got, nonce, err)
				}
				return
			}
			if err == nil || got != nil || nonce != nil || !strings.HasSuffix(err.Error(), test.error) {
				t.Errorf("token %x, nonce %v, error %v, expected %s", got, nonce, err, test.error)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	p := testpki.New()
	s := p.Serve(t)
	status := func(want int) func(error) bool {
		return func(err error) bool {
			var e *httpclient.Error
			return errors.As(err, &e) && e.Status == want
		}
	}
	timeout := func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
	for _, test := range []struct {
		name  string
		fault testpki.Fault
		wait  time.Duration
		check func(error) bool
	}{
		{"refuses", testpki.Refuse(http.StatusBadRequest, "no"), time.Minute, status(http.StatusBadRequest)},
		{"stalls", testpki.Stall(), 100 * time.Millisecond, timeout},
		{"answers slowly", testpki.SlowBody(20 * time.Millisecond), 100 * time.Millisecond, timeout},
		{"hangs up", testpki.HangUp(), time.Minute, status(0)},
		{"answers with too much", testpki.HugeBody(1 << 20), time.Minute, func(err error) bool { return errors.Is(err, httpclient.ErrSize) }},
		{"answers with garbage", testpki.Garbage(), time.Minute, func(err error) bool { return strings.HasSuffix(err.Error(), "is not a TimeStampResp") }},
		{"redirects to another host", testpki.Redirect("http://localhost/"), time.Minute, status(0)},
		{"redirects to another scheme", testpki.Redirect("https://127.0.0.1/"), time.Minute, status(0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.TSA.Set(test.fault)
			ctx, cancel := context.WithTimeout(t.Context(), test.wait)
			defer cancel()
			token, _, err := client.Timestamp(ctx, httpclient.New(), s.URLs.TSA, message)
			if err == nil || token != nil || !test.check(err) {
				t.Errorf("token %x, error %v", token, err)
			}
		})
	}
}

// TestUnprovenToken passes tokens on that the caller must refuse.
func TestUnprovenToken(t *testing.T) {
	for name, fault := range map[string]testpki.Fault{
		"wrong key": testpki.WrongKey(), "wrong imprint": testpki.WrongEntry(), "wrong nonce": testpki.WrongNonce(),
	} {
		p := testpki.New()
		s := p.Serve(t)
		s.TSA.Set(fault)
		token, nonce, err := client.Timestamp(t.Context(), httpclient.New(), s.URLs.TSA, message)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		ts, err := tsa.Verify(token, message, parseRoot(t, p))
		if err == nil && ts.Nonce.Cmp(nonce) == 0 {
			t.Errorf("%s: the token holds", name)
		}
	}
}
