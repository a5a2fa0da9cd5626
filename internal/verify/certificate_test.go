package verify_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

const year = 365 * 24 * time.Hour

// certified is a spec that differs by the signer's certificate.
func certified(options ...testpki.CertOption) spec { return spec{log: 1, cert: options} }

// Attack 32: only the trusted root's certificates make a chain.
func TestChains(t *testing.T) {
	vectors{
		"another CA under the same names": {certified(testpki.FromOtherCA()), verdict.Unknown, verdict.Material, "unknown-ca"},
		"another CA under the same names and key id": {
			spec{log: 1, cert: []testpki.CertOption{testpki.FromOtherCA()}, options: []testpki.Option{sameKeyID}},
			verdict.Bad, verdict.Chain, "chain",
		},
		"a CA that the root does not have": {
			spec{log: 1, root: func(_ *signed, r *testpki.Root) { r.CertificateAuthorities = nil }},
			verdict.Unknown, verdict.Material, "unknown-ca",
		},
		"an intermediate that only the signature brings": {
			spec{log: 1, root: func(s *signed, r *testpki.Root) {
				chain := &r.CertificateAuthorities[0].CertChain
				chain.Certificates = chain.Certificates[1:] // the root alone
			}, finished: func(s *signed, m *message) {
				m.certificates().kids = append(m.certificates().kids, parseNode(s.pki.CAIntermediate.Raw))
			}}, verdict.Unknown, verdict.Material, "unknown-ca",
		},
		"a chain in the trusted root that is none": {
			spec{log: 1, root: func(s *signed, r *testpki.Root) {
				chain := &r.CertificateAuthorities[0].CertChain
				chain.Certificates[1] = testpki.Cert{RawBytes: s.pki.Other().CARoot.Raw}
			}}, verdict.Bad, verdict.Chain, "ca-chain",
		},
		"a chain in the trusted root without its root": {
			spec{log: 1, root: func(_ *signed, r *testpki.Root) {
				chain := &r.CertificateAuthorities[0].CertChain
				chain.Certificates = chain.Certificates[:1]
			}}, verdict.Bad, verdict.Chain, "ca-chain",
		},
		"an intermediate that may not certify": {
			spec{log: 1, options: []testpki.Option{testpki.IntermediateTemplate(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })}},
			verdict.Bad, verdict.Chain, "chain",
		},
		"an intermediate for servers": {
			spec{log: 1, options: []testpki.Option{testpki.IntermediateTemplate(func(c *x509.Certificate) {
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			})}},
			verdict.Bad, verdict.Chain, "chain",
		},
		"an extension that nobody knows, critical": {certified(testpki.UnknownCriticalExtension()), verdict.Bad, verdict.Chain, "chain"},
	}.run(t)
}

// sameKeyID gives the CA of this instance and that of [testpki.PKI.Other] one
// subject key identifier for two keys.
var sameKeyID = testpki.IntermediateTemplate(func(c *x509.Certificate) { c.SubjectKeyId = []byte("one for all") })

// Attacks 33 and 34: internal/fulcio has all of them, these arrive.
func TestCertificateProfile(t *testing.T) {
	vectors{
		"a CA as signer":        {certified(testpki.IsCA()), verdict.Bad, verdict.Chain, "leaf-ca"},
		"no extended key usage": {certified(testpki.NoEKU()), verdict.Bad, verdict.Chain, "leaf-extended-key-usage"},
		"not for signing code":  {certified(testpki.WithEKU(x509.ExtKeyUsageServerAuth)), verdict.Bad, verdict.Chain, "chain"},
		"two names":             {certified(testpki.TwoSANs("bob@example.com")), verdict.Bad, verdict.Chain, "san-several"},
		"a name with NUL":       {certified(testpki.SANWithNUL("alice@example.com", ".evil.example")), verdict.Bad, verdict.Chain, "text-control"},
		"issuers that disagree": {certified(testpki.IssuerV1("https://other.example")), verdict.Bad, verdict.Chain, "issuer-disagrees"},
		"issuer not UTF8String": {certified(testpki.IssuerV2NotUTF8String(alice.Issuer)), verdict.Bad, verdict.Chain, "extension-form"},
		"no issuer":             {certified(testpki.NoIssuer()), verdict.Malformed, verdict.Syntax, "unknown-unsigned-attribute"}, // read as S/MIME, which is in no log
		"an empty issuer": {
			certified(testpki.IssuerV1(""), testpki.IssuerV2("")), verdict.Bad, verdict.Chain, "issuer-missing",
		},
	}.run(t)
}

// Attack 35.
func TestCertificateTransparency(t *testing.T) {
	vectors{
		"no SCT":                  {certified(testpki.NoSCT()), verdict.Bad, verdict.Chain, "sct-missing"},
		"forged":                  {certified(testpki.SCTForged()), verdict.Bad, verdict.Chain, "sct-signature"},
		"of another certificate":  {certified(testpki.SCTOfAnotherCertificate()), verdict.Bad, verdict.Chain, "sct-signature"},
		"of a log nobody knows":   {certified(testpki.SCTFromUnknownLog()), verdict.Unknown, verdict.Material, "sct-unknown-log"},
		"before the log's window": {certified(testpki.SCTTime(testpki.DefaultTime.Add(-2 * year))), verdict.Bad, verdict.Chain, "sct-window"},
	}.run(t)
	t.Run("with extensions, and good", func(t *testing.T) {
		r := judge(t, sign(t, certified(testpki.SCTExtensions([]byte{0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}))))
		if r.Verdict != verdict.Valid {
			t.Errorf("%s: %s", r.Verdict, describe(r.Err))
		}
	})
}

// Attack 36, and the same for logs and timestamp authorities. Things happen
// at the certificate's start, at loggedAfter and at stampedAfter; a window
// that begins or ends right there has them inside.
func TestWindows(t *testing.T) {
	start := testpki.DefaultTime
	logged, stamped := start.Add(loggedAfter), start.Add(stampedAfter)
	type edit func(r *testpki.Root, w *testpki.TimeSpan)
	ca := func(r *testpki.Root, w *testpki.TimeSpan) { r.CertificateAuthorities[0].ValidFor = w }
	ct := func(r *testpki.Root, w *testpki.TimeSpan) { r.CTLogs[0].PublicKey.ValidFor = w }
	tsa := func(r *testpki.Root, w *testpki.TimeSpan) { r.TimestampAuthorities[0].ValidFor = w }
	log := func(r *testpki.Root, w *testpki.TimeSpan) {
		r.Tlogs[0].PublicKey.ValidFor, r.Tlogs[1].PublicKey.ValidFor = w, w
	}
	in := func(major int, e edit, from, to time.Time) spec {
		return spec{log: major, stamp: major == 2, root: func(_ *signed, r *testpki.Root) { e(r, testpki.Span(from, to)) }}
	}
	long := start.Add(-year)
	for name, how := range map[string]spec{
		"CA, all of it":        in(1, ca, start, logged),
		"CA, all of it, v2":    in(2, ca, start, stamped),
		"CT log, all of it":    in(1, ct, start, start),
		"log, all of it":       in(1, log, logged, logged),
		"log of v2":            in(2, log, stamped, stamped),
		"timestamp authority":  in(2, tsa, stamped, stamped),
		"intermediate":         {log: 1, options: []testpki.Option{testpki.IntermediateWindow(start, logged)}},
		"certificate's start":  {log: 1, logged: time.Nanosecond},
		"certificate's end":    {log: 1, logged: testpki.CertificateLifetime},
		"certificate's end v2": {log: 2, stamp: true, stamped: testpki.CertificateLifetime},
		"leaf of one second":   {log: 1, logged: time.Nanosecond, cert: []testpki.CertOption{testpki.Window(start, start)}},
	} {
		t.Run(name, func(t *testing.T) {
			if r := judge(t, sign(t, how)); r.Verdict != verdict.Valid {
				t.Errorf("%s: %s", r.Verdict, describe(r.Err))
			}
		})
	}
	const second = time.Second
	vectors{
		"CA begins after the certificate": {in(1, ca, start.Add(second), time.Time{}), verdict.Bad, verdict.Chain, "authority-window"},
		"CA ends before the log's time":   {in(1, ca, long, logged.Add(-second)), verdict.Bad, verdict.Chain, "authority-window"},
		"CA ends before the timestamp":    {in(2, ca, long, stamped.Add(-second)), verdict.Bad, verdict.Chain, "authority-window"},
		"CT log ends before the SCT":      {in(1, ct, long, start.Add(-second)), verdict.Bad, verdict.Chain, "sct-window"},
		"CT log begins after the SCT":     {in(1, ct, start.Add(second), time.Time{}), verdict.Bad, verdict.Chain, "sct-window"},
		"log ends before its time":        {in(1, log, long, logged.Add(-second)), verdict.Bad, verdict.Time, "log-window"},
		"log begins after its time":       {in(1, log, logged.Add(second), time.Time{}), verdict.Bad, verdict.Time, "log-window"},
		"log of v2 ends before the token": {in(2, log, long, stamped.Add(-second)), verdict.Bad, verdict.Time, "log-window"},
		"log of v2 begins after it":       {in(2, log, stamped.Add(second), time.Time{}), verdict.Bad, verdict.Time, "log-window"},
		"authority ends before the token": {in(2, tsa, long, stamped.Add(-second)), verdict.Bad, verdict.Time, "timestamp-window"},
		"authority begins after it":       {in(2, tsa, stamped.Add(second), time.Time{}), verdict.Bad, verdict.Time, "timestamp-window"},
		"intermediate ended before": {
			spec{log: 1, options: []testpki.Option{testpki.IntermediateWindow(long, start.Add(-second))}}, verdict.Bad, verdict.Chain, "chain",
		},
		"intermediate ends before the log's time": {
			spec{log: 1, options: []testpki.Option{testpki.IntermediateWindow(long, logged.Add(-second))}}, verdict.Bad, verdict.Chain, "ca-window",
		},
		"CA's root ended before": {
			spec{log: 1, options: []testpki.Option{testpki.CARootTemplate(func(c *x509.Certificate) { c.NotAfter = start.Add(-second) })}},
			verdict.Bad, verdict.Chain, "ca-window",
		},
		"timestamp authority's certificate ended before": {
			spec{log: 2, stamp: true, options: []testpki.Option{testpki.TSATemplate(func(c *x509.Certificate) { c.NotAfter = stamped.Add(-second) })}},
			verdict.Bad, verdict.Time, "timestamp-window",
		},
	}.run(t)
}

// Claimed is for display beside a verdict that does not hold; Signer is not.
func TestClaims(t *testing.T) {
	s := sign(t, spec{log: 1, moved: commitB})
	r := judge(t, s)
	if r.Signer != nil || r.Claimed != "alice@example.com [https://accounts.example.com]" || bytes.Equal(r.Fingerprint[:], make([]byte, 32)) {
		t.Errorf("signer %+v, claimed %q, fingerprint %x", r.Signer, r.Claimed, r.Fingerprint)
	}
}
