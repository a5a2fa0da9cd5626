package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/polite"
	"github.com/paraph/paraph/internal/testpki"
)

// named has a search answer n names, of which only the first three are logged.
func named(n int) testpki.Fault {
	return testpki.Only(http.MethodPost, testpki.ChangeBody(func(data []byte) []byte {
		var names []string
		_ = json.Unmarshal(data, &names)
		for i := len(names); i < n; i++ {
			names = append(names, hex.EncodeToString(fmt.Appendf(nil, "%032d", i)))
		}
		data, _ = json.Marshal(names)
		return data
	}))
}

func get(f testpki.Fault) testpki.Fault  { return testpki.Only(http.MethodGet, f) }
func post(f testpki.Fault) testpki.Fault { return testpki.Only(http.MethodPost, f) }

// A log does something wrong to one who looks up three entries.
func TestLookupFaults(t *testing.T) {
	const s = time.Second
	busy := func(after string) testpki.Fault {
		return testpki.Header("Retry-After", after, testpki.Refuse(http.StatusTooManyRequests, ""))
	}
	broken := testpki.Refuse(http.StatusInternalServerError, "\x1b[31moh")
	padded := testpki.ChangeBody(func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 120<<10)...) })
	for name, test := range map[string]struct {
		fault    testpki.Fault
		most     int // entries
		least    int
		requests int
		slept    time.Duration // at least
		want     string        // in the error
	}{
		"none":                      {testpki.Fault{}, 3, 3, 4, 0, ""},
		"busy once":                 {testpki.Times(1, busy("")), 3, 3, 5, s / 2, ""},
		"busy once, for a while":    {testpki.Times(1, busy("90")), 3, 3, 5, 90 * s, ""},
		"broken three times":        {testpki.Times(3, broken), 3, 3, 7, 3500 * time.Millisecond, ""},
		"broken for ever":           {broken, 0, 0, 5, 7500 * time.Millisecond, `asked 5 times: rekor: POST URL/api/v1/index/retrieve: status 500 Internal Server Error: \x1b[31moh`},
		"hangs up":                  {testpki.HangUp(), 0, 0, 5, 7500 * time.Millisecond, "asked 5 times: "},
		"entries hang up, twice":    {get(testpki.Times(2, testpki.HangUp())), 3, 3, 6, s / 2, ""},
		"no index":                  {testpki.Refuse(http.StatusNotImplemented, ""), 0, 0, 1, 0, "status 501"},
		"forbids":                   {testpki.Refuse(http.StatusForbidden, ""), 0, 0, 1, 0, "status 403"},
		"garbage":                   {testpki.Garbage(), 0, 0, 1, 0, "the log's answer to a search cannot be parsed"},
		"huge":                      {testpki.HugeBody(2 << 20), 0, 0, 1, 0, "too large"},
		"10,000 names":              {named(10_000), 0, 0, 1, 0, "the log names 10000 entries of one certificate"},
		"names of what is not":      {named(13), 3, 3, 14, 0, ""},
		"one entry is garbage":      {get(testpki.Times(1, testpki.Garbage())), 2, 2, 4, 0, ""},
		"one entry is huge":         {get(testpki.Times(1, testpki.HugeBody(1<<20))), 2, 2, 4, 0, ""},
		"entries of another kind":   {get(testpki.Mangle(func(e *testpki.Entry) { e.Body = []byte("[]") })), 0, 0, 4, 0, ""},
		"one entry is forbidden":    {get(testpki.Times(1, testpki.Refuse(http.StatusForbidden, ""))), 2, 0, 0, 0, "status 403"},
		"one entry is slow":         {get(testpki.Times(1, testpki.Stall())), 3, 3, 5, s / 2, ""},
		"an entry that proves less": {get(testpki.WrongKey()), 3, 3, 4, 0, ""},
		"large entries":             {get(padded), 3, 3, 4, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTalk(t)
			if strings.Contains(name, "slow") {
				k.env.Limits.Rekor = 200 * time.Millisecond
			}
			leaf := k.leaf("alice")
			k.log(t, "alice", leaf, 3)
			k.s.Rekor1.Set(test.fault)
			a := k.run(t, 0, public(leaf)...)[0]
			if n := len(bodies(t, a)); n < test.least || n > test.most {
				t.Errorf("%d entries", n)
			}
			want := strings.ReplaceAll(test.want, "URL", k.s.Rekor1.URL)
			if (a.Error == "") != (want == "") || !strings.Contains(a.Error, want) || strings.ContainsAny(a.Error, "\n\x1b") {
				t.Errorf("%q, want ...%s...", a.Error, want)
			}
			if got := k.s.Rekor1.Requests(); test.requests != 0 && got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
			if d := k.slept(); d < test.slept || d > 2*test.slept+10*s {
				t.Errorf("slept for %s", d)
			}
		})
	}
}

// Only so much is passed on; what is left out is said.
func TestLookupRoom(t *testing.T) {
	k := newTalk(t)
	leaf := k.leaf("alice")
	const each = 120 << 10
	n := agent.MaxEntries/each + 10
	k.log(t, "alice", leaf, n)
	k.s.Rekor1.Set(get(testpki.ChangeBody(func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), each-len(b))...) })))
	a := k.run(t, 0, public(leaf)...)[0]
	if got := len(a.Entries); got == 0 || got > agent.MaxEntries/each || !strings.Contains(a.Error, "have more than 8388608 bytes") {
		t.Errorf("%d entries, %q", got, a.Error)
	}
}

// An incomplete answer is not remembered: who asks again is told what is new.
func TestLookupAgain(t *testing.T) {
	k := newTalk(t)
	k.env.Args[4] = "1"
	leaf := k.leaf("alice")
	k.log(t, "alice", leaf, 3)
	k.s.Rekor1.Set(post(testpki.Times(1, testpki.Refuse(http.StatusForbidden, ""))))
	answers := k.run(t, 0, public(leaf, leaf, leaf)...)
	if a := answers[0]; !strings.Contains(a.Error, "403") || len(a.Entries) != 0 {
		t.Errorf("%+v", a)
	}
	for n := 1; n < 3; n++ {
		if a := answers[n]; a.Error != "" || len(a.Entries) != 3 {
			t.Errorf("%d: %d entries, %q", n, len(a.Entries), a.Error)
		}
	}
	if got := k.s.Rekor1.Requests(); got != 1+4 {
		t.Errorf("%d requests", got)
	}
}

// A log that is down for good is let alone after a few certificates; those
// that follow are not answered, and the last word says why.
func TestLookupGivesUp(t *testing.T) {
	for name, test := range map[string]struct {
		fault    testpki.Fault
		answers  int
		requests int
		want     string
	}{
		"broken":             {testpki.Refuse(http.StatusServiceUnavailable, "maintenance"), 4, 5 * 5, "5 certificates in a row could not be looked up: asked 5 times: rekor: POST URL/api/v1/index/retrieve: status 503 Service Unavailable: maintenance"},
		"forbids":            {testpki.Refuse(http.StatusForbidden, ""), 4, 5, "5 certificates in a row could not be looked up: rekor: "},
		"wants a day's rest": {testpki.Header("Retry-After", "86400", testpki.Refuse(429, "")), 0, 1, "more rest than is waited for (it asks for 24h0m0s): rekor: "},
		"has no time":        {testpki.Stall(), 4, 5, "5 certificates in a row could not be looked up: looking the certificate up takes too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTalk(t)
			k.env.Args[4] = "1"
			if name == "has no time" {
				k.env.Limits.Lookup = 50 * time.Millisecond
			}
			k.s.Rekor1.Set(test.fault)
			var leaves [][]byte
			for range 20 {
				leaves = append(leaves, k.leaf("alice"))
			}
			answers := k.run(t, 1, public(leaves...)...)
			for n, a := range answers {
				if n >= test.answers || a.Error == "" {
					t.Errorf("%d: %+v", n, a)
				}
			}
			if got := k.s.Rekor1.Requests(); len(answers) != test.answers || got != test.requests {
				t.Errorf("%d answers, %d requests", len(answers), got)
			}
			if want := strings.ReplaceAll(test.want, "URL", k.s.Rekor1.URL); !strings.HasPrefix(k.last.Error, want) {
				t.Errorf("%q, want %q...", k.last.Error, want)
			}
		})
	}
}

// Only certificates that fail in a row, and because of the log or the way
// there, are a reason to give up.
func TestCount(t *testing.T) {
	down := fmt.Errorf("asked 5 times: %w", &httpclient.Error{Status: 503})
	many := errors.New("the log names 10000 entries")
	for name, test := range map[string]struct {
		found []error
		stop  bool
	}{
		"none":                   {nil, false},
		"four":                   {[]error{down, down, down, down}, false},
		"five":                   {[]error{down, down, down, down, down}, true},
		"slow ones too":          {[]error{down, errSlow, down, errSlow, down}, true},
		"one between that works": {[]error{down, down, down, down, nil, down, down, down, down}, false},
		"the log has too many":   {[]error{many, many, many, many, many, many}, false},
		"one that rests":         {[]error{fmt.Errorf("%w: %w", polite.ErrRest, down)}, true},
	} {
		ctx, stop := context.WithCancelCause(t.Context())
		f := &finder{stop: stop}
		for _, err := range test.found {
			f.count(err)
		}
		if got := ctx.Err() != nil; got != test.stop {
			t.Errorf("%s: stopped %t, %v", name, got, context.Cause(ctx))
		}
		stop(nil)
	}
}

// The zero Limits leave no time for anything.
func TestLookupZeroLimits(t *testing.T) {
	k := newTalk(t)
	k.env.Limits = Limits{}
	if a := k.run(t, 0, public(k.leaf("alice"))...)[0]; a.Error == "" {
		t.Errorf("%+v", a)
	}
}
