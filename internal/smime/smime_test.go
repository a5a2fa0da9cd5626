package smime_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/smime"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

var (
	content = []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nA commit\n")
	ca      = testpki.NewSMIME("", nil)
	tsa     = testpki.New(testpki.TSAKeyP256())
	key     = testpki.Key("alice")
	alice   = ca.Certificate(key.Public(), "alice@example.com", nil)
)

const day = 24 * time.Hour

// options believe the authority and the timestamp authority, while alice's
// certificate is valid.
func options() smime.Options { return at(testpki.DefaultTime.Add(day), ca.Root, tsa.TSARoot) }

func at(now time.Time, roots ...*x509.Certificate) smime.Options {
	return smime.Options{Now: now, Roots: func() (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		for _, c := range roots {
			pool.AddCert(c)
		}
		return pool, nil
	}}
}

// message is a good one.
func message() *testpki.SMIMEMessage { return ca.Message(content, key, alice) }

// first is the check that failed, with class and rule; "" if none did.
func first(checks []smime.Check) string {
	for _, c := range checks {
		if c.Err == nil {
			continue
		}
		var e *verdict.Error
		if !errors.As(c.Err, &e) {
			return c.Name + ": no *verdict.Error: " + c.Err.Error()
		}
		return c.Name + ": " + e.Class.String() + "/" + e.Rule
	}
	return ""
}

// want verifies content, and expects this check to fail first.
func want(t *testing.T, der []byte, o smime.Options, failure string) *smime.Result {
	t.Helper()
	r, checks := smime.Verify(content, der, o)
	if got := first(checks); got != failure {
		t.Errorf("%q, want %q: %+v", got, failure, checks)
	}
	if failure == "" && (r == nil || !r.Proven) {
		t.Fatalf("nothing failed, and the result is %+v", r)
	}
	return r
}

// Each family of keys, with each digest that it may sign.
func TestAlgorithms(t *testing.T) {
	rsaKey := must[crypto.Signer](rsa.GenerateKey(rand.Reader, 2048))
	p384 := must[crypto.Signer](ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521 := must[crypto.Signer](ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaID := func(n int) []byte {
		return testpki.AlgorithmID(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, n}, []byte{5, 0})
	}
	for name, tt := range map[string]struct {
		key       crypto.Signer
		hash      crypto.Hash
		algorithm []byte
		opts      crypto.SignerOpts
	}{
		"P-256":                      {key, crypto.SHA256, nil, nil},
		"P-256 with SHA-384":         {key, crypto.SHA384, nil, nil},
		"P-384":                      {p384, crypto.SHA384, nil, nil},
		"P-384 with SHA-256":         {p384, crypto.SHA256, nil, nil},
		"P-521":                      {p521, crypto.SHA512, nil, nil},
		"id-ecPublicKey":             {key, crypto.SHA256, testpki.AlgorithmID(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, nil), nil},
		"Ed25519":                    {ed, crypto.SHA512, nil, nil},
		"rsaEncryption":              {rsaKey, crypto.SHA256, nil, nil},
		"rsaEncryption with SHA-512": {rsaKey, crypto.SHA512, nil, nil},
		"rsaEncryption without NULL": {rsaKey, crypto.SHA256, testpki.AlgorithmID(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, nil), nil},
		"sha256WithRSAEncryption":    {rsaKey, crypto.SHA256, rsaID(11), nil},
		"sha384WithRSAEncryption":    {rsaKey, crypto.SHA384, rsaID(12), nil},
		"sha512WithRSAEncryption":    {rsaKey, crypto.SHA512, rsaID(13), nil},
		"RSASSA-PSS":                 {rsaKey, crypto.SHA256, pss(sha256ID, 32), &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}},
		"RSASSA-PSS with SHA-512":    {rsaKey, crypto.SHA512, pss(sha512ID, 64), &rsa.PSSOptions{SaltLength: 64, Hash: crypto.SHA512}},
	} {
		t.Run(name, func(t *testing.T) {
			leaf := ca.Certificate(tt.key.Public(), "alice@example.com", nil)
			m := testpki.NewSMIMEMessage(content, tt.key, tt.hash, leaf, ca.Intermediate)
			if tt.algorithm != nil {
				m.Algorithm = tt.algorithm
			}
			if tt.opts != nil {
				m.Opts = tt.opts
			}
			der := m.DER()
			want(t, der, options(), "")
			if _, checks := smime.Verify(append(content, ' '), der, options()); first(checks) != "digest: binding/message-digest-value" {
				t.Errorf("other content: %+v", checks)
			}
			der[len(der)-1] ^= 1 // of the signature
			want(t, der, options(), "signature: signature/signature-value")
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	sha256ID = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	sha512ID = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	sha1ID   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	mgf1ID   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	pssID    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
)

// pss is RSASSA-PSS with its parameters (RFC 4055, 3.1).
func pss(hash asn1.ObjectIdentifier, salt int) []byte {
	h := testpki.AlgorithmID(hash, []byte{5, 0})
	return testpki.AlgorithmID(pssID, tlv(0x30, tlv(0xa0, h), tlv(0xa1, testpki.AlgorithmID(mgf1ID, h)), tlv(0xa2, []byte{2, 1, byte(salt)})))
}

// tlv is an element of at most 64 kB.
func tlv(tag byte, contents ...[]byte) []byte {
	var body []byte
	for _, c := range contents {
		body = append(body, c...)
	}
	switch n := len(body); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, body...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, body...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body...)
	}
}

func TestResult(t *testing.T) {
	r := want(t, message().DER(), options(), "")
	if r.Email != "alice@example.com" || !r.Leaf.Equal(alice) || !r.Timestamp.IsZero() || len(r.Chain) != 3 ||
		!r.Chain[0].Equal(alice) || !r.Chain[2].Equal(ca.Root) {
		t.Errorf("got %+v", r)
	}
	if leaf, err := smime.Leaf(message().DER()); err != nil || !leaf.Equal(alice) {
		t.Errorf("the signer's certificate is %v, %v", leaf, err)
	}
	if leaf, err := smime.Leaf([]byte{5, 0}); err == nil || leaf != nil {
		t.Errorf("the signer of NULL is %v", leaf)
	}
}

// What a signer may do as he likes.
func TestLiberties(t *testing.T) {
	for name, edit := range map[string]func(*testpki.SMIMEMessage){
		"named by key identifier": func(m *testpki.SMIMEMessage) { m.Name, m.Version = testpki.SignerKeyID(alice), []byte{2, 1, 3} },
		"revocation lists":        func(m *testpki.SMIMEMessage) { m.Lists = tlv(0x30, []byte{5, 0}) },
		"the certificates in other order": func(m *testpki.SMIMEMessage) {
			m.Certificates[0], m.Certificates[1] = m.Certificates[1], m.Certificates[0]
		},
		"a certificate twice": func(m *testpki.SMIMEMessage) { m.Certificates = append(m.Certificates, m.Certificates...) },
		"the root too":        func(m *testpki.SMIMEMessage) { m.Certificates = append(m.Certificates, ca.Root.Raw) },
		"a certificate that cannot be read": func(m *testpki.SMIMEMessage) {
			m.Certificates = append(m.Certificates, tlv(0x30, []byte{5, 0}))
		},
		"a certificate of nobody's": func(m *testpki.SMIMEMessage) { m.Certificates = append(m.Certificates, tsa.TSALeaf.Raw) },
		"attributes in no order":    func(m *testpki.SMIMEMessage) { m.Signed[0], m.Signed[1] = m.Signed[1], m.Signed[0] },
		"an attribute more": func(m *testpki.SMIMEMessage) {
			m.Signed = append(m.Signed, testpki.Attribute(asn1.ObjectIdentifier{1, 2, 3}, []byte{5, 0}, []byte{5, 0}))
		},
		"digest with NULL": func(m *testpki.SMIMEMessage) {
			m.Digest = testpki.AlgorithmID(sha256ID, []byte{5, 0})
			m.DigestAlgorithms = m.Digest
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := message()
			edit(m)
			want(t, m.DER(), options(), "")
		})
	}
}

// Where time decides, and no timestamp says when.
func TestTime(t *testing.T) {
	begin, end := alice.NotBefore, alice.NotAfter
	old := testpki.NewSMIME("", func(c *x509.Certificate) { c.NotAfter = testpki.DefaultTime.Add(30 * day) })
	late := testpki.NewSMIME("", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = end.Add(day), end.Add(2*day) })
	under := func(a *testpki.SMIME) []byte {
		return a.Message(content, key, a.Certificate(key.Public(), "alice@example.com", nil)).DER()
	}
	for name, tt := range map[string]struct {
		der    []byte
		now    time.Time
		want   string
		proven bool
	}{
		"first second":                  {message().DER(), begin, "", true},
		"last second":                   {message().DER(), end, "", true},
		"ended":                         {message().DER(), end.Add(time.Second), "time: proof/no-timestamp", false},
		"ended ten years ago":           {message().DER(), end.Add(3650 * day), "time: proof/no-timestamp", false},
		"not yet valid":                 {message().DER(), begin.Add(-time.Second), "time: chain/not-yet-valid", false},
		"intermediate valid":            {under(old), begin.Add(day), "", true},
		"intermediate ended":            {under(old), begin.Add(31 * day), "time: proof/no-timestamp", false},
		"both ended":                    {under(old), end.Add(day), "time: proof/no-timestamp", false},
		"intermediate began too late":   {under(late), end, "chain: chain/chain", false},
		"the same, when leaf has ended": {under(late), end.Add(day), "chain: chain/chain", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := want(t, tt.der, at(tt.now, ca.Root), tt.want)
			unproven := tt.want == "time: proof/no-timestamp"
			if (r != nil) != (tt.proven || unproven) || r != nil && (r.Proven != tt.proven || r.Email != "alice@example.com" || len(r.Chain) != 3) {
				t.Errorf("result %+v", r)
			}
		})
	}
	// Package x509 takes the zero time for the time that it is.
	want(t, message().DER(), at(time.Time{}, ca.Root), "chain: chain/no-time")
	ever := old.Certificate(key.Public(), "alice@example.com", func(c *x509.Certificate) { c.NotBefore = time.Time{} })
	want(t, old.Message(content, key, ever).DER(), at(begin.Add(31*day), ca.Root), "chain: chain/no-time")
}

// A timestamp says when, whatever the clock says now.
func TestTimestamp(t *testing.T) {
	later := at(alice.NotAfter.Add(30*day), ca.Root, tsa.TSARoot)
	ended := testpki.New(testpki.TSATemplate(func(c *x509.Certificate) { c.NotAfter = testpki.DefaultTime.Add(-day) }))
	anyUse := testpki.New(testpki.TSATemplate(testpki.TSAExtraEKU))
	for name, tt := range map[string]struct {
		by      *testpki.PKI
		options []testpki.TSAOption
		o       smime.Options
		want    string
	}{
		"while valid":            {tsa, nil, options(), ""},
		"ended since":            {tsa, nil, later, ""},
		"the last second":        {tsa, []testpki.TSAOption{testpki.GenTime(alice.NotAfter)}, later, ""},
		"after the end":          {tsa, []testpki.TSAOption{testpki.GenTime(alice.NotAfter.Add(time.Second))}, later, "time: time/certificate-window"},
		"before the beginning":   {tsa, []testpki.TSAOption{testpki.GenTime(alice.NotBefore.Add(-time.Second))}, later, "time: time/certificate-window"},
		"with its root":          {tsa, []testpki.TSAOption{testpki.ExtraCertificates(tsa.TSARoot.Raw)}, later, ""},
		"unknown authority":      {tsa.Other(), nil, options(), "timestamp: material/unknown-tsa"},
		"no roots for it":        {tsa, nil, at(options().Now, ca.Root), "timestamp: material/unknown-tsa"},
		"over something else":    {tsa, []testpki.TSAOption{testpki.WrongImprint()}, later, "timestamp: time/timestamp-imprint"},
		"imprint by SHA-1":       {tsa, []testpki.TSAOption{testpki.SHA1Imprint()}, later, "timestamp: time/timestamp-hash"},
		"forged":                 {tsa, []testpki.TSAOption{testpki.ForgedToken()}, later, "timestamp: time/timestamp-signature"},
		"by another key":         {tsa, []testpki.TSAOption{testpki.WrongTSAKey()}, later, "timestamp: time/timestamp-signature"},
		"names another":          {tsa, []testpki.TSAOption{testpki.NamesAnother(alice.Raw)}, later, "timestamp: time/timestamp-signing-certificate"},
		"authority has ended":    {ended, nil, at(options().Now, ca.Root, ended.TSARoot), "timestamp: time/timestamp-chain"},
		"authority for more":     {anyUse, nil, at(options().Now, ca.Root, anyUse.TSARoot), "timestamp: time/timestamp-key-usage"},
		"no certificate":         {tsa, []testpki.TSAOption{testpki.NoCertificates()}, later, "timestamp: syntax/timestamp-form"},
		"two with one serial":    {tsa, []testpki.TSAOption{testpki.ExtraCertificates(twin(t, tsa.TSALeaf))}, later, "timestamp: syntax/timestamp-form"},
		"three with one subject": {tsa, []testpki.TSAOption{testpki.ExtraCertificates(subjects(t, 3)...)}, later, "timestamp: syntax/same-subject"},
	} {
		t.Run(name, func(t *testing.T) {
			m := message()
			m.Timestamp(tt.by, tt.options...)
			r := want(t, m.DER(), tt.o, tt.want)
			if (r != nil) != (tt.want == "") || r != nil && r.Timestamp.IsZero() {
				t.Errorf("result %+v", r)
			}
		})
	}
	old := testpki.NewSMIME("", func(c *x509.Certificate) { c.NotAfter = testpki.DefaultTime.Add(30 * day) })
	m := old.Message(content, key, old.Certificate(key.Public(), "alice@example.com", nil))
	m.Timestamp(tsa, testpki.GenTime(testpki.DefaultTime.Add(31*day)))
	want(t, m.DER(), later, "time: chain/ca-window")
}

// twin is another certificate with the issuer and serial number of c.
func twin(t *testing.T, c *x509.Certificate) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: c.SerialNumber, NotBefore: c.NotBefore, NotAfter: c.NotAfter}
	parent := &x509.Certificate{RawSubject: c.RawIssuer}
	return must(x509.CreateCertificate(rand.Reader, template, parent, key.Public(), testpki.Key("forger")))
}

// subjects are certificates by the authority that have one subject.
func subjects(t *testing.T, n int) [][]byte {
	t.Helper()
	var out [][]byte
	for range n {
		out = append(out, ca.Under(key.Public(), nil).Raw)
	}
	return out
}

// The roots are asked for once, and only when a chain is built.
func TestRoots(t *testing.T) {
	calls := 0
	o := options()
	counted := smime.Options{Now: o.Now, Roots: func() (*x509.CertPool, error) { calls++; return o.Roots() }}
	m := message()
	m.Timestamp(tsa)
	want(t, m.DER(), counted, "")
	if calls != 1 {
		t.Errorf("the roots were read %d times", calls)
	}
	calls = 0
	smime.Verify([]byte("other"), m.DER(), counted)
	if calls != 0 {
		t.Error("the roots were read for a signature that is false")
	}
	for name, roots := range map[string]func() (*x509.CertPool, error){
		"no function": nil,
		"no pool":     func() (*x509.CertPool, error) { return nil, nil },
		"an error":    func() (*x509.CertPool, error) { calls++; return nil, errors.New("no such file") },
	} {
		t.Run(name, func(t *testing.T) {
			want(t, message().DER(), smime.Options{Now: o.Now, Roots: roots}, "chain: infrastructure/smime-roots")
		})
	}
	if calls != 1 {
		t.Errorf("roots that cannot be read were asked for %d times", calls)
	}
}
