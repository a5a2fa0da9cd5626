package client_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/rekor/client"
	"github.com/paraph/paraph/internal/testpki"
)

// uuids are n names of entries that nobody logged.
func uuids(n int) []string {
	out := make([]string, n)
	for i := range out {
		sum := sha256.Sum256(fmt.Append(nil, i))
		out[i] = "108e9186e8c5677a" + hex.EncodeToString(sum[:])
	}
	return out
}

// answered is a log that finds this.
func answered(t *testing.T, v any) testpki.Fault {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return testpki.Refuse(http.StatusOK, string(data))
}

// What was logged under a certificate is found by it, and by no other.
func TestSearchAndGet(t *testing.T) {
	f := newFixture(t)
	base := f.versions[0].server.URL
	var want []string
	for _, artifact := range []string{"first", "second"} {
		f.sign(t, artifact)
		want = append(want, f.p.LogV1(f.digest, f.signature, f.leaf).UUID())
	}
	bob := f.p.Certificate(testpki.Key("bob").Public(), testpki.Identity{Email: "bob@example.com", Issuer: "https://accounts.example.com"})
	for _, base := range []string{base, base + "/"} {
		got, err := client.Search(t.Context(), f.hc, base, f.leaf)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	if got, err := client.Search(t.Context(), f.hc, base, bob); err != nil || len(got) != 0 {
		t.Errorf("of somebody who signed nothing: %v, %v", got, err)
	}
	raw, err := client.Get(t.Context(), f.hc, base, want[1])
	if err != nil {
		t.Fatal(err)
	}
	e, err := rekor.ParseV1Response(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.verify(t, e); err != nil {
		t.Error(err)
	}
}

// A log that is no Rekor v1 has no candidates.
func TestSearchOtherLog(t *testing.T) {
	f := newFixture(t)
	if got, err := client.Search(t.Context(), f.hc, f.versions[1].server.URL, f.leaf); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestSearchAnswers(t *testing.T) {
	f := newFixture(t)
	server := f.versions[0].server
	most := uuids(client.MaxCandidates)
	for name, test := range map[string]struct {
		fault testpki.Fault
		want  []string
		err   string
	}{
		"each once":        {answered(t, append(uuids(3), uuids(4)...)), uuids(4), ""},
		"without a tree":   {answered(t, []string{most[0][16:]}), []string{most[0][16:]}, ""},
		"null":             {answered(t, nil), nil, ""},
		"as many as may":   {answered(t, most), most, ""},
		"one more":         {answered(t, uuids(len(most)+1)), nil, "names 2001 entries of one certificate, at most 2000 are looked at"},
		"10,000":           {answered(t, uuids(10_000)), nil, "names 10000 entries"},
		"too many to read": {answered(t, uuids(20_000)), nil, httpclient.ErrSize.Error()},
		"huge":             {testpki.HugeBody(2 << 20), nil, httpclient.ErrSize.Error()},
		"garbage":          {testpki.Garbage(), nil, "cannot be parsed"},
		"nothing":          {testpki.Refuse(http.StatusOK, ""), nil, "cannot be parsed"},
		"an object":        {answered(t, map[string]int{"a": 1}), nil, "cannot be parsed"},
		"numbers":          {answered(t, []int{1}), nil, "cannot be parsed"},
		"a way out":        {answered(t, []string{most[0], "../../../admin"}), nil, `what is no entry: "../../../admin"`},
		"colours":          {answered(t, []string{"\x1b[31m"}), nil, `what is no entry: "\x1b[31m"`},
		"busy":             {testpki.Refuse(http.StatusTooManyRequests, ""), nil, "status 429"},
		"no index":         {testpki.Refuse(http.StatusNotImplemented, ""), nil, "status 501"},
		"redirect":         {testpki.Redirect("http://127.0.0.1:1/"), nil, "redirects to another host"},
	} {
		t.Run(name, func(t *testing.T) {
			server.Set(test.fault)
			got, err := client.Search(t.Context(), f.hc, server.URL, f.leaf)
			if (err == nil) != (test.err == "") || err != nil && (!strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\x1b")) {
				t.Fatalf("%v, want ...%s...", err, test.err)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%d names, want %d", len(got), len(test.want))
			}
		})
	}
}

// What cannot be one of ours is told from a log that does not answer.
func TestGetAnswers(t *testing.T) {
	f := newFixture(t)
	server := f.versions[0].server
	uuid := f.p.LogV1(f.digest, f.signature, f.leaf).UUID()
	for name, test := range map[string]struct {
		uuid    string
		fault   testpki.Fault
		noEntry bool
		err     string
	}{
		"well":              {uuid, testpki.Fault{}, false, ""},
		"without a tree":    {uuid[16:], testpki.Fault{}, false, ""},
		"not there":         {uuids(1)[0], testpki.Fault{}, true, "status 404"},
		"garbage":           {uuid, testpki.Garbage(), true, "cannot be parsed"},
		"huge":              {uuid, testpki.HugeBody(1 << 20), true, httpclient.ErrSize.Error()},
		"without a proof":   {uuid, testpki.Mangle(func(e *testpki.Entry) { e.Proof.Checkpoint = "" }), true, "checkpoint"},
		"another kind":      {uuid, testpki.Mangle(func(e *testpki.Entry) { e.Body = []byte("[]") }), true, "cannot be parsed"},
		"busy":              {uuid, testpki.Refuse(http.StatusTooManyRequests, ""), false, "status 429"},
		"broken":            {uuid, testpki.Refuse(http.StatusInternalServerError, ""), false, "status 500"},
		"hangs up":          {uuid, testpki.HangUp(), false, "EOF"},
		"not a name":        {"..", testpki.Fault{}, false, `".." is no name of an entry`},
		"not a name either": {uuid + "?x", testpki.Fault{}, false, "is no name of an entry"},
	} {
		t.Run(name, func(t *testing.T) {
			server.Set(test.fault)
			raw, err := client.Get(t.Context(), f.hc, server.URL, test.uuid)
			if (err == nil) != (test.err == "") || (err == nil) != json.Valid(raw) {
				t.Fatalf("%.100q, %v", raw, err)
			}
			if err != nil && (!strings.Contains(err.Error(), test.err) || errors.Is(err, client.ErrNoEntry) != test.noEntry) {
				t.Errorf("%v, want ...%s..., no entry %t", err, test.err, test.noEntry)
			}
		})
	}
}

func TestSearchAndGetEnd(t *testing.T) {
	f := newFixture(t)
	server := f.versions[0].server
	server.Set(testpki.Stall())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Search(ctx, f.hc, server.URL, f.leaf); !isTimeout(err) {
		t.Error(err)
	}
	if _, err := client.Get(ctx, f.hc, server.URL, uuids(1)[0]); !isTimeout(err) {
		t.Error(err)
	}
	for _, base := range []string{"", "://", "http://rekor.example"} {
		if _, err := client.Search(t.Context(), f.hc, base, f.leaf); err == nil {
			t.Errorf("%q was searched", base)
		}
		if _, err := client.Get(t.Context(), f.hc, base, uuids(1)[0]); err == nil {
			t.Errorf("%q was asked", base)
		}
	}
}
