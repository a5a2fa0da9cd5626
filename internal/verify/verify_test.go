package verify_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// checks are the names of all checks in the order of the report.
var checks = []string{
	"format", "digest", "signature", "chain", "sct", "entry",
	"inclusion", "checkpoint", "set", "timestamp", "time", "policy",
}

// holds reports whether a result says that the signature itself holds.
func holds(r *verify.Result) bool {
	return slices.Contains([]verdict.Verdict{verdict.Trusted, verdict.Valid, verdict.Refused}, r.Verdict)
}

// judge verifies a signature twice, with the root as it is for many
// signatures and as it is for a single one, which must agree.
func judge(t *testing.T, s *signed) *verify.Result {
	t.Helper()
	many := verify.Signature(s.payload, s.armored, verify.Trust{Roots: []*trust.Root{s.trustedRoot(t)}})
	root := s.trustedRoot(t)
	root.ForOne()
	one := verify.Signature(s.payload, s.armored, verify.Trust{Roots: []*trust.Root{root}})
	if many.Verdict != one.Verdict || (many.Err == nil) != (one.Err == nil) || many.Err != nil && many.Err.Rule != one.Err.Rule {
		t.Errorf("%s (%v) with a root for many signatures, %s (%v) with one for one", many.Verdict, many.Err, one.Verdict, one.Err)
	}
	for i, c := range many.Checks {
		if len(one.Checks) != len(many.Checks) || c != one.Checks[i] {
			t.Errorf("check %+v with a root for many signatures, %+v with one for one", c, one.Checks)
			break
		}
	}
	return many
}

// vectors are signatures with one defect each, by what is wrong with them.
type vectors map[string]struct {
	spec
	verdict verdict.Verdict
	class   verdict.Class
	rule    string
}

// run expects of each vector its verdict, and that the rule named decided it.
func (v vectors) run(t *testing.T) {
	t.Helper()
	if len(v) == 0 {
		t.Fatal("there are no vectors")
	}
	for name, want := range v {
		t.Run(name, func(t *testing.T) {
			r := judge(t, sign(t, want.spec))
			if r.Verdict != want.verdict || r.Err == nil || r.Err.Class != want.class || r.Err.Rule != want.rule {
				t.Fatalf("%s: %s\nwant %s: %s/%s", r.Verdict, describe(r.Err), want.verdict, want.class, want.rule)
			}
			expectFailure(t, r)
		})
	}
}

func describe(e *verdict.Error) string {
	if e == nil {
		return "no error"
	}
	return e.Class.String() + "/" + e.Rule + ": " + e.Message
}

// expectFailure checks what holds for every result that does not hold.
func expectFailure(t *testing.T, r *verify.Result) {
	t.Helper()
	if holds(r) {
		t.Error("the result says that it holds")
	}
	if r.Verdict != r.Err.Class.Verdict() {
		t.Errorf("class %s leads to %q, not %q", r.Err.Class, r.Err.Class.Verdict(), r.Verdict)
	}
	if r.Signer != nil && (r.Verdict == verdict.Bad || r.Verdict == verdict.Malformed) {
		t.Errorf("a signature that is %s has signer %+v", r.Verdict, r.Signer)
	}
	// The policy's line is one that nobody has written yet.
	failed := slices.ContainsFunc(r.Checks, func(c verify.Check) bool {
		return !c.OK && !c.Skipped && c.Name != verify.CheckPolicy && c.Detail == r.Err.Message
	})
	if !failed {
		t.Errorf("no check says %q: %+v", r.Err.Message, r.Checks)
	}
	if c := find(r, verify.CheckTime); c.OK && r.Verdict == verdict.Unproven {
		t.Error("time is proven in an unproven result")
	}
	r.Judge(nil, "allowed")
	if r.Verdict == verdict.Trusted || holds(r) {
		t.Error("a policy made it trusted")
	}
}

func find(r *verify.Result, name string) verify.Check {
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	return verify.Check{}
}

func TestGoodSignatures(t *testing.T) {
	start := testpki.DefaultTime
	for name, tt := range map[string]struct {
		spec
		kind    payload.Kind
		skipped []string
		logTime time.Time
		stamps  []time.Time
		entry   string
	}{
		"Rekor v1": {
			spec: spec{log: 1}, kind: payload.Commit, skipped: []string{"timestamp", "policy"},
			logTime: start.Add(loggedAfter), entry: "hashedrekord 0.0.1",
		},
		"Rekor v1 and a timestamp": {
			spec: spec{log: 1, stamp: true}, kind: payload.Commit, skipped: []string{"policy"},
			logTime: start.Add(loggedAfter), stamps: []time.Time{start.Add(stampedAfter)}, entry: "hashedrekord 0.0.1",
		},
		"Rekor v2": {
			spec: spec{log: 2, stamp: true}, kind: payload.Commit, skipped: []string{"set", "policy"},
			stamps: []time.Time{start.Add(stampedAfter)}, entry: "hashedrekord 0.0.2",
		},
		"Rekor v2 under the label of v1, as gitsign writes it": {
			spec: spec{log: 2, stamp: true, entry: func(_ *signed, e *testpki.Entry) { e.Version = "0.0.1" }},
			kind: payload.Commit, skipped: []string{"set", "policy"},
			stamps: []time.Time{start.Add(stampedAfter)}, entry: "hashedrekord 0.0.1",
		},
		"Rekor v2 with a P-256 key": {
			spec: spec{log: 2, stamp: true, options: []testpki.Option{testpki.Rekor2ECDSA()}},
			kind: payload.Commit, skipped: []string{"set", "policy"},
			stamps: []time.Time{start.Add(stampedAfter)}, entry: "hashedrekord 0.0.2",
		},
		"timestamp by a P-256 key": {
			spec: spec{log: 2, stamp: true, options: []testpki.Option{testpki.TSAKeyP256()}},
			kind: payload.Commit, skipped: []string{"set", "policy"},
			stamps: []time.Time{start.Add(stampedAfter)}, entry: "hashedrekord 0.0.2",
		},
		"the first entry of a log": {
			spec: spec{log: 1, options: []testpki.Option{testpki.EarlierEntries(0)}}, kind: payload.Commit,
			skipped: []string{"timestamp", "policy"}, logTime: start.Add(loggedAfter), entry: "hashedrekord 0.0.1",
		},
		"an entry with its own body, and the right one": {
			spec: spec{log: 1, bytesOfEntry: (*testpki.Entry).BytesWithBody}, kind: payload.Commit,
			skipped: []string{"timestamp", "policy"}, logTime: start.Add(loggedAfter), entry: "hashedrekord 0.0.1",
		},
		"a tag": {
			spec: spec{log: 1, payload: tagA}, kind: payload.Tag, skipped: []string{"timestamp", "policy"},
			logTime: start.Add(loggedAfter), entry: "hashedrekord 0.0.1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := sign(t, tt.spec)
			r := judge(t, s)
			if r.Verdict != verdict.Valid || r.Err != nil || !holds(r) {
				t.Fatalf("%s: %s", r.Verdict, describe(r.Err))
			}
			expectStory(t, r, tt.skipped)
			expectSigner(t, r, s)
			if r.Kind != tt.kind {
				t.Errorf("it is a %s, want %s", r.Kind, tt.kind)
			}
			if !r.LogTime.Equal(tt.logTime) || !slices.EqualFunc(r.Timestamps, tt.stamps, time.Time.Equal) {
				t.Errorf("times %v and %v, want %v and %v", r.LogTime, r.Timestamps, tt.logTime, tt.stamps)
			}
			first := append([]time.Time{tt.logTime}, tt.stamps...)
			first = slices.DeleteFunc(first, time.Time.IsZero)
			if !r.Time().Equal(first[0]) {
				t.Errorf("time %v, want %v", r.Time(), first[0])
			}
			log := s.pki.Rekor1
			if tt.spec.log == 2 {
				log = s.pki.Rekor2
			}
			index := int64(log.Size() - 1)
			if tt.spec.log == 1 {
				index += log.Entry(0).LogIndex
			}
			if r.Log == nil || r.Log.Kind != tt.entry || r.Log.Major != tt.spec.log || r.Log.Index != index || !bytes.Equal(r.Log.LogID, log.ID()) {
				t.Errorf("log entry %+v, want index %d of %x, %s", r.Log, index, log.ID(), tt.entry)
			}
		})
	}
}

// expectStory checks that all checks are listed, and held but for those.
func expectStory(t *testing.T, r *verify.Result, skipped []string) {
	t.Helper()
	var names []string
	for _, c := range r.Checks {
		names = append(names, c.Name)
		if c.Skipped != slices.Contains(skipped, c.Name) || c.OK == c.Skipped || c.Detail == "" {
			t.Errorf("check %+v", c)
		}
	}
	if !slices.Equal(names, checks) {
		t.Errorf("checks %v, want %v", names, checks)
	}
}

func expectSigner(t *testing.T, r *verify.Result, s *signed) {
	t.Helper()
	if r.Signer == nil {
		t.Fatal("no signer")
	}
	if r.Signer.Name != alice.Email || r.Signer.Issuer != alice.Issuer || r.Signer.Instance != instance {
		t.Errorf("signer %+v, want %+v", r.Signer, alice)
	}
	if !r.NotBefore.Equal(s.leaf.NotBefore) || !r.NotAfter.Equal(s.leaf.NotAfter) {
		t.Errorf("certificate from %v to %v, want %v to %v", r.NotBefore, r.NotAfter, s.leaf.NotBefore, s.leaf.NotAfter)
	}
	if r.Fingerprint != sha256.Sum256(s.leaf.Raw) {
		t.Errorf("fingerprint %x", r.Fingerprint)
	}
	// printf 'test\0https://accounts.example.com\0alice@example.com' | sha256sum
	const id = "57959454465ed48076b74c0ff75e780fe41490b4f1e03dc89ebffca60b04d551"
	if got := r.Signer.PrimaryID(); hex.EncodeToString(got[:]) != id {
		t.Errorf("primary id %x, want %s", got, id)
	}
}

// A long name never pushes the issuer out of what is shown.
func TestDisplay(t *testing.T) {
	const issuer = "https://accounts.example.com"
	if got := verify.Display("alice@example.com", issuer); got != "alice@example.com ["+issuer+"]" {
		t.Errorf("got %q", got)
	}
	got := verify.Display("alice@example.com [https://accounts.google.com]"+strings.Repeat(" ", 4000), issuer)
	if !strings.HasSuffix(got, "... ["+issuer+"]") || len(got) > 1000 {
		t.Errorf("%d bytes: %.80q", len(got), got)
	}
}
