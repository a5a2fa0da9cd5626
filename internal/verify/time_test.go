package verify_test

import (
	"crypto"
	"slices"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// stamped is a spec of v2 whose timestamp differs.
func stamped(options ...testpki.TSAOption) spec { return spec{log: 2, stamp: true, tsa: options} }

const (
	lifetime = testpki.CertificateLifetime
	second   = time.Second
)

// Verdicts expired and unproven.
func TestTimes(t *testing.T) {
	start := testpki.DefaultTime
	vectors{
		"logged after the certificate's end":   {spec{log: 1, logged: lifetime + second}, verdict.Expired, verdict.Window, "certificate-window"},
		"logged before the certificate":        {spec{log: 1, logged: -second}, verdict.Expired, verdict.Window, "certificate-window"},
		"stamped after the certificate's end":  {spec{log: 2, stamp: true, stamped: lifetime + second}, verdict.Expired, verdict.Window, "certificate-window"},
		"stamped before the certificate":       {spec{log: 2, stamp: true, stamped: -second}, verdict.Expired, verdict.Window, "certificate-window"},
		"stamped a moment after":               {stamped(testpki.GenTime(start.Add(lifetime + second))), verdict.Expired, verdict.Window, "certificate-window"},
		"logged inside, stamped outside":       {spec{log: 1, stamp: true, stamped: lifetime + second}, verdict.Expired, verdict.Window, "certificate-window"},
		"logged outside, stamped inside":       {spec{log: 1, stamp: true, logged: lifetime + second}, verdict.Expired, verdict.Window, "certificate-window"},
		"nothing but the signature":            {spec{}, verdict.Unproven, verdict.Proof, "no-entry"},
		"a timestamp and no entry":             {spec{stamp: true}, verdict.Unproven, verdict.Proof, "no-entry"},
		"v2 without a timestamp":               {spec{log: 2}, verdict.Unproven, verdict.Proof, "no-timestamp"},
		"a timestamp outside, and no entry":    {spec{stamp: true, stamped: lifetime + second}, verdict.Expired, verdict.Window, "certificate-window"},
		"certificate that ends before it does": {spec{log: 1, cert: []testpki.CertOption{testpki.Window(start, start.Add(-second))}}, verdict.Bad, verdict.Chain, "chain"},
	}.run(t)
}

// An unproven signature has a signer: what is missing can be looked up.
func TestUnprovenSigner(t *testing.T) {
	for name, how := range map[string]spec{"nothing": {}, "v2 without a timestamp": {log: 2}, "timestamp": {stamp: true}} {
		t.Run(name, func(t *testing.T) {
			s := sign(t, how)
			r := judge(t, s)
			expectSigner(t, r, s)
			if holds(r) || (r.Log != nil) != (how.log != 0) || len(r.Timestamps) > 0 != how.stamp {
				t.Errorf("log %+v, timestamps %v", r.Log, r.Timestamps)
			}
		})
	}
}

// Attacks 45 and 46: internal/tsa has all of them, these arrive.
func TestTimestamps(t *testing.T) {
	vectors{
		"over the commit": {
			spec{log: 2, token: func(s *signed) []byte { return s.pki.Timestamp(s.payload) }},
			verdict.Bad, verdict.Time, "timestamp-imprint",
		},
		"over the signed attributes": {
			spec{log: 2, token: func(s *signed) []byte { return s.pki.Timestamp(s.digest[:]) }},
			verdict.Bad, verdict.Time, "timestamp-imprint",
		},
		"over another signature": {stamped(testpki.WrongImprint()), verdict.Bad, verdict.Time, "timestamp-imprint"},
		"by SHA-1":               {stamped(testpki.SHA1Imprint()), verdict.Bad, verdict.Time, "timestamp-hash"},
		"forged":                 {stamped(testpki.ForgedToken()), verdict.Bad, verdict.Time, "timestamp-signature"},
		"by another key":         {stamped(testpki.WrongTSAKey()), verdict.Bad, verdict.Time, "timestamp-signature"},
		"by a foreign authority": {stamped(testpki.ForeignTSA()), verdict.Unknown, verdict.Material, "unknown-tsa"},
		"by a certificate that only the token brings": {
			stamped(testpki.SignerTemplate(nil)), verdict.Unknown, verdict.Material, "unknown-tsa",
		},
		"by a CA that only the token brings": {stamped(testpki.SignerIsCA()), verdict.Unknown, verdict.Material, "unknown-tsa"},
		"by a CA": {
			spec{log: 2, stamp: true, options: []testpki.Option{testpki.TSATemplate(testpki.TSAIsCA)}},
			verdict.Bad, verdict.Time, "timestamp-key-usage",
		},
		"by a key for something else too": {
			spec{log: 2, stamp: true, options: []testpki.Option{testpki.TSATemplate(testpki.TSAExtraEKU)}},
			verdict.Bad, verdict.Time, "timestamp-key-usage",
		},
		"with a certificate of somebody else": {
			spec{log: 2, token: func(s *signed) []byte { return s.pki.Timestamp(s.signature, testpki.ExtraCertificates(s.leaf.Raw)) }},
			verdict.Bad, verdict.Time, "timestamp-certificates",
		},
		"without its certificate": {stamped(testpki.NoCertificates()), verdict.Malformed, verdict.Syntax, "timestamp-form"},
		"as the authority answers": {
			spec{log: 2, token: func(s *signed) []byte { return testpki.TimeStampResp(s.pki.Timestamp(s.signature)) }},
			verdict.Malformed, verdict.Syntax, "timestamp-form",
		},
		"no token at all": {
			spec{log: 2, token: func(*signed) []byte { return []byte{5, 0} }}, verdict.Malformed, verdict.Syntax, "timestamp-form",
		},
	}.run(t)
	for name, h := range map[string]crypto.Hash{"SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512} {
		t.Run("by "+name+", and good", func(t *testing.T) {
			if r := judge(t, sign(t, stamped(testpki.Imprint(h), testpki.SignatureHash(h)))); r.Verdict != verdict.Valid {
				t.Errorf("%s: %s", r.Verdict, describe(r.Err))
			}
		})
	}
}

// A token by an authority that the root does not know makes a signature
// unknown, beside good proof too; a false one condemns it.
func TestSeveralDefects(t *testing.T) {
	foreignEntry := func(s *signed, e *testpki.Entry) { *e = *s.pki.Other().LogV1(s.digest, s.signature, s.leaf.Raw) }
	falseEntry := func(_ *signed, e *testpki.Entry) { e.SET[len(e.SET)-1] ^= 1 }
	foreignToken := []testpki.TSAOption{testpki.ForeignTSA()}
	falseToken := []testpki.TSAOption{testpki.WrongImprint()}
	unknownCA := func(_ *signed, r *testpki.Root) { r.CertificateAuthorities = nil }
	noToken := func(*signed) []byte { return []byte{5, 0} }
	vectors{
		"foreign token, good entry":     {spec{log: 1, stamp: true, tsa: foreignToken}, verdict.Unknown, verdict.Material, "unknown-tsa"},
		"foreign token, no entry":       {spec{stamp: true, tsa: foreignToken}, verdict.Unknown, verdict.Material, "unknown-tsa"},
		"foreign entry, good token":     {spec{log: 1, stamp: true, entry: foreignEntry}, verdict.Unknown, verdict.Material, "unknown-log"},
		"false token, good entry":       {spec{log: 1, stamp: true, tsa: falseToken}, verdict.Bad, verdict.Time, "timestamp-imprint"},
		"false token, foreign entry":    {spec{log: 1, stamp: true, entry: foreignEntry, tsa: falseToken}, verdict.Bad, verdict.Time, "timestamp-imprint"},
		"false entry, foreign token":    {spec{log: 1, stamp: true, entry: falseEntry, tsa: foreignToken}, verdict.Bad, verdict.Log, "set-signature"},
		"false entry and token":         {spec{log: 1, stamp: true, entry: falseEntry, tsa: falseToken}, verdict.Bad, verdict.Log, "set-signature"},
		"unknown CA, false entry":       {spec{log: 1, entry: falseEntry, root: unknownCA}, verdict.Bad, verdict.Log, "set-signature"},
		"unknown CA, false token":       {spec{log: 1, stamp: true, tsa: falseToken, root: unknownCA}, verdict.Bad, verdict.Time, "timestamp-imprint"},
		"unknown CA, no proof":          {spec{root: unknownCA}, verdict.Unknown, verdict.Material, "unknown-ca"},
		"unknown CT log, false entry":   {spec{log: 1, cert: []testpki.CertOption{testpki.SCTFromUnknownLog()}, entry: falseEntry}, verdict.Bad, verdict.Log, "set-signature"},
		"unknown CT log, too late":      {spec{log: 1, cert: []testpki.CertOption{testpki.SCTFromUnknownLog()}, logged: lifetime + second}, verdict.Expired, verdict.Window, "certificate-window"},
		"false entry, no token":         {spec{log: 1, entry: falseEntry, token: noToken}, verdict.Malformed, verdict.Syntax, "timestamp-form"},
		"unknown CA, no token":          {spec{log: 1, root: unknownCA, token: noToken}, verdict.Malformed, verdict.Syntax, "timestamp-form"},
		"foreign token, too late":       {spec{log: 1, stamp: true, tsa: foreignToken, logged: lifetime + second}, verdict.Expired, verdict.Window, "certificate-window"},
		"false certificate, no token":   {spec{log: 1, cert: []testpki.CertOption{testpki.NoSCT()}, token: noToken}, verdict.Bad, verdict.Chain, "sct-missing"},
		"another commit, unknown CA":    {spec{log: 1, moved: commitB, root: unknownCA}, verdict.Bad, verdict.Binding, "message-digest-value"},
		"an entry of an unknown log v2": {spec{log: 2, entry: foreignEntry}, verdict.Unknown, verdict.Material, "unknown-log"},
	}.run(t)
}

// Judge and Reject are what callers add to a result.
func TestJudge(t *testing.T) {
	refusal := verdict.Errorf(verdict.Policy, "signer", "alice may not")
	good := func() *verify.Result { return judge(t, sign(t, spec{log: 1})) }

	r := good()
	r.Judge(nil, "alice may")
	if r.Verdict != verdict.Trusted || r.Err != nil || !holds(r) || !find(r, verify.CheckPolicy).OK {
		t.Errorf("allowed: %s, %v, %+v", r.Verdict, r.Err, find(r, verify.CheckPolicy))
	}
	r.Judge(refusal, "")
	if r.Verdict != verdict.Trusted {
		t.Errorf("judged twice: %s", r.Verdict)
	}
	r = good()
	r.Judge(refusal, "alice may")
	if c := find(r, verify.CheckPolicy); r.Verdict != verdict.Refused || r.Err != refusal || !holds(r) || c.OK || c.Detail != refusal.Message {
		t.Errorf("not allowed: %s, %v, %+v", r.Verdict, r.Err, c)
	}
	r = good()
	r.Judge(nil, "alice may")
	name := verdict.Errorf(verdict.Binding, "tag-name", "another name")
	r.Reject(name)
	if r.Verdict != verdict.Bad || r.Err != name || r.Signer != nil || holds(r) || find(r, verify.CheckFormat).OK {
		t.Errorf("rejected: %s, %v, %+v", r.Verdict, r.Err, r.Signer)
	}
	r = verify.Failed("tag", verdict.Errorf(verdict.Syntax, "form", "no form"))
	r.Reject(name)
	if r.Verdict != verdict.Malformed || r.Err.Rule != "form" || slices.ContainsFunc(r.Checks, func(c verify.Check) bool { return c.OK }) {
		t.Errorf("malformed and rejected: %s, %v", r.Verdict, r.Err)
	}
	r = &verify.Result{Verdict: verdict.Unsigned}
	r.Reject(name)
	r.Judge(nil, "alice may")
	if r.Verdict != verdict.Unsigned || r.Err != nil || holds(r) {
		t.Errorf("unsigned, rejected and judged: %s, %v", r.Verdict, r.Err)
	}
}
