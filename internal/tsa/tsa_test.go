package tsa_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/tsa"
	"github.com/paraph/paraph/internal/verdict"
)

var message = []byte("the bytes of a signature")

func trustedRoot(t testing.TB, p *testpki.PKI, changes ...func(*testpki.Root)) *trust.Root {
	t.Helper()
	root, err := trust.Parse(p.TrustedRoot(changes...), "test")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func rule(err error) string {
	var e *verdict.Error
	if !errors.As(err, &e) {
		return "none"
	}
	return e.Class.String() + "/" + e.Rule
}

func TestVerify(t *testing.T) {
	nonce := big.NewInt(4711)
	for name, tt := range map[string]struct {
		pki     []testpki.Option
		options []testpki.TSAOption
	}{
		"SHA-256":           {nil, nil},
		"P-256":             {[]testpki.Option{testpki.TSAKeyP256()}, nil},
		"imprint SHA-384":   {nil, []testpki.TSAOption{testpki.Imprint(crypto.SHA384)}},
		"imprint SHA-512":   {nil, []testpki.TSAOption{testpki.Imprint(crypto.SHA512)}},
		"signature SHA-384": {nil, []testpki.TSAOption{testpki.SignatureHash(crypto.SHA384)}},
		"signature SHA-512": {nil, []testpki.TSAOption{testpki.SignatureHash(crypto.SHA512)}},
		"another policy":    {nil, []testpki.TSAOption{testpki.TSAPolicy(asn1.ObjectIdentifier{1, 2, 3})}},
	} {
		t.Run(name, func(t *testing.T) {
			p := testpki.New(tt.pki...)
			root := trustedRoot(t, p)
			got, err := tsa.Verify(p.Timestamp(message, append(tt.options, testpki.Nonce(nonce))...), message, root)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Time.Equal(testpki.DefaultTime) || got.Time.Location() != time.UTC || got.Nonce.Cmp(nonce) != 0 || got.Authority != root.TSAs[0] {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("no nonce", func(t *testing.T) {
		p := testpki.New()
		got, err := tsa.Verify(p.Timestamp(message, testpki.NoNonce()), message, trustedRoot(t, p))
		if err != nil || got.Nonce != nil {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("the whole chain in the token", func(t *testing.T) {
		p := testpki.New()
		if _, err := tsa.Verify(p.Timestamp(message, testpki.ExtraCertificates(p.TSARoot.Raw)), message, trustedRoot(t, p)); err != nil {
			t.Error(err)
		}
	})
}

// Attacks 45 and 46: what is wrong with the token.
func TestVerifyRefuses(t *testing.T) {
	p := testpki.New()
	foreign := p.Other()
	for name, tt := range map[string]struct {
		token []byte
		want  string
	}{
		"over another message":          {p.Timestamp([]byte("a commit")), "time/timestamp-imprint"},
		"states another imprint":        {p.Timestamp(message, testpki.WrongImprint()), "time/timestamp-imprint"},
		"imprint of 31 bytes":           {p.Timestamp(message, testpki.RawImprint(make([]byte, 31))), "time/timestamp-imprint"},
		"no imprint":                    {p.Timestamp(message, testpki.RawImprint([]byte{})), "time/timestamp-imprint"},
		"imprint by SHA-1":              {p.Timestamp(message, testpki.SHA1Imprint()), "time/timestamp-hash"},
		"signed by another key":         {p.Timestamp(message, testpki.WrongTSAKey()), "time/timestamp-signature"},
		"signed something else":         {p.Timestamp(message, testpki.ForgedToken()), "time/timestamp-signature"},
		"names another certificate":     {p.Timestamp(message, testpki.NamesAnother(foreign.TSALeaf.Raw)), "time/timestamp-signing-certificate"},
		"foreign authority":             {p.Timestamp(message, testpki.ForeignTSA()), "material/unknown-tsa"},
		"certificate of the token only": {p.Timestamp(message, testpki.SignerTemplate(nil)), "material/unknown-tsa"},
		"the same for other uses too":   {p.Timestamp(message, testpki.SignerExtraEKU()), "material/unknown-tsa"},
		"the same, a CA":                {p.Timestamp(message, testpki.SignerIsCA()), "material/unknown-tsa"},
		"a certificate of others":       {p.Timestamp(message, testpki.ExtraCertificates(foreign.TSALeaf.Raw)), "time/timestamp-certificates"},
		"a CA of Fulcio":                {p.Timestamp(message, testpki.ExtraCertificates(p.CAIntermediate.Raw)), "time/timestamp-certificates"},
		"no certificate":                {p.Timestamp(message, testpki.NoCertificates()), "syntax/timestamp-form"},
		"a whole response":              {testpki.TimeStampResp(p.Timestamp(message)), "syntax/timestamp-form"},
		"bytes after it":                {append(p.Timestamp(message), 0), "syntax/timestamp-form"},
		"cut":                           {p.Timestamp(message)[:700], "syntax/timestamp-form"},
		"NULL":                          {[]byte{5, 0}, "syntax/timestamp-form"},
		"nothing":                       {nil, "syntax/timestamp-form"},
		"100 kB":                        {make([]byte, 100<<10), "syntax/timestamp-form"},
		"a token upon the token":        {countersigned(t, p), "syntax/timestamp-unsigned-attributes"},
		"content that is no TSTInfo":    {withContent(t, p, []byte{0x30, 0}), "syntax/timestamp-info"},
		"content that is another":       {withContent(t, p, tstInfoOf(t, p.Timestamp([]byte("another")))), "time/timestamp-signature"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tsa.Verify(tt.token, message, trustedRoot(t, p))
			if rule(err) != tt.want || got != nil {
				t.Errorf("%s (%v), %+v, want %s", rule(err), err, got, tt.want)
			}
		})
	}
}

// countersigned is a good token with a token over its own signature.
func countersigned(t *testing.T, p *testpki.PKI) []byte {
	t.Helper()
	sd, err := cms.ParseEncapsulated(p.Timestamp(message), cms.OIDTSTInfo)
	if err != nil {
		t.Fatal(err)
	}
	upon := cms.Attribute{Type: cms.OIDTimeStampToken, Values: [][]byte{p.Timestamp(sd.Signature)}}
	if err := sd.SetUnsignedAttributes(upon); err != nil {
		t.Fatal(err)
	}
	der, err := sd.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func tstInfoOf(t *testing.T, token []byte) []byte {
	t.Helper()
	sd, err := cms.ParseEncapsulated(token, cms.OIDTSTInfo)
	if err != nil {
		t.Fatal(err)
	}
	return sd.Content
}

// withContent is a token whose TSTInfo was replaced after it was signed. The
// three lengths around the content are rewritten; ContentInfo and SignedData
// stay in the long form of two octets.
func withContent(t *testing.T, p *testpki.PKI, content []byte) []byte {
	t.Helper()
	token := p.Timestamp(message)
	old := tstInfoOf(t, token)
	wrapped := func(content []byte) []byte {
		octets, err := asn1.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		explicit, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: octets})
		if err != nil {
			t.Fatal(err)
		}
		id, err := asn1.Marshal(cms.OIDTSTInfo)
		if err != nil {
			t.Fatal(err)
		}
		encap, err := asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: slices.Concat(id, explicit)})
		if err != nil {
			t.Fatal(err)
		}
		return encap
	}
	before, after, found := bytes.Cut(token, wrapped(old))
	if !found {
		t.Fatal("the content is not in the token")
	}
	out := slices.Concat(before, wrapped(content), after)
	delta := len(out) - len(token)
	// ContentInfo, [0], SignedData: 30 82 xx xx 06 09 ... a0 82 xx xx 30 82 xx xx.
	for _, i := range []int{0, 15, 19} {
		if out[i+1] != 0x82 {
			t.Fatalf("no length in two octets at %d: %x", i, out[:24])
		}
		n := int(out[i+2])<<8 | int(out[i+3])
		n += delta
		out[i+2], out[i+3] = byte(n>>8), byte(n)
	}
	return out
}

// RFC 3161, 2.3: what is wrong with a certificate that the trusted root lists.
func TestAuthoritiesRefused(t *testing.T) {
	eku := func(critical bool, usages ...asn1.ObjectIdentifier) func(*x509.Certificate) {
		value, err := asn1.Marshal(usages)
		if err != nil {
			t.Fatal(err)
		}
		return func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: value}}
		}
	}
	timeStamping := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	for name, tt := range map[string]struct {
		template func(*x509.Certificate)
		want     string
	}{
		"as it should be":           {eku(true, timeStamping), "none"},
		"for signing code too":      {testpki.TSAExtraEKU, "time/timestamp-key-usage"},
		"for something unknown too": {eku(true, timeStamping, asn1.ObjectIdentifier{1, 2, 3, 4}), "time/timestamp-key-usage"},
		"for signing code":          {eku(true, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}), "time/timestamp-key-usage"},
		"usage not critical":        {eku(false, timeStamping), "time/timestamp-key-usage"},
		"no usage":                  {testpki.TSANoEKU, "time/timestamp-key-usage"},
		"a CA":                      {testpki.TSAIsCA, "time/timestamp-key-usage"},
	} {
		t.Run(name, func(t *testing.T) {
			p := testpki.New(testpki.TSATemplate(tt.template))
			_, err := tsa.Verify(p.Timestamp(message), message, trustedRoot(t, p))
			if rule(err) != tt.want {
				t.Errorf("%s (%v), want %s", rule(err), err, tt.want)
			}
		})
	}
}

// What the trusted root says of authorities decides, at the token's time.
func TestRootDecides(t *testing.T) {
	p := testpki.New()
	now := testpki.DefaultTime
	const second, year = time.Second, 365 * 24 * time.Hour
	window := func(from, to time.Time) func(*testpki.Root) {
		return func(r *testpki.Root) { r.TimestampAuthorities[0].ValidFor = testpki.Span(from, to) }
	}
	for name, tt := range map[string]struct {
		change func(*testpki.Root)
		want   string
	}{
		"valid then and only then": {window(now, now), "none"},
		"ended before":             {window(now.Add(-year), now.Add(-second)), "time/timestamp-window"},
		"begins after":             {window(now.Add(second), time.Time{}), "time/timestamp-window"},
		"none":                     {func(r *testpki.Root) { r.TimestampAuthorities = nil }, "material/unknown-tsa"},
		"its CA only": {func(r *testpki.Root) {
			chain := &r.TimestampAuthorities[0].CertChain
			chain.Certificates = chain.Certificates[1:]
		}, "material/unknown-tsa"},
		"under another CA": {func(r *testpki.Root) {
			r.TimestampAuthorities[0].CertChain.Certificates[1].RawBytes = p.Other().TSARoot.Raw
		}, "chain/ca-chain"},
		"the second of two": {func(r *testpki.Root) {
			other := r.TimestampAuthorities[0]
			other.CertChain.Certificates = []testpki.Cert{{RawBytes: p.Other().TSALeaf.Raw}, {RawBytes: p.Other().TSARoot.Raw}}
			r.TimestampAuthorities = append([]testpki.Authority{other}, r.TimestampAuthorities...)
		}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tsa.Verify(p.Timestamp(message), message, trustedRoot(t, p, tt.change))
			if rule(err) != tt.want {
				t.Errorf("%s (%v), want %s", rule(err), err, tt.want)
			}
		})
	}
	for name, tt := range map[string]struct {
		template func(*x509.Certificate)
		want     string
	}{
		"the certificate's last second": {func(c *x509.Certificate) { c.NotAfter = now }, "none"},
		"the certificate ended":         {func(c *x509.Certificate) { c.NotAfter = now.Add(-second) }, "time/timestamp-window"},
		"the certificate begins later":  {func(c *x509.Certificate) { c.NotBefore = now.Add(second) }, "time/timestamp-window"},
	} {
		t.Run(name, func(t *testing.T) {
			p := testpki.New(testpki.TSATemplate(tt.template))
			_, err := tsa.Verify(p.Timestamp(message), message, trustedRoot(t, p))
			if rule(err) != tt.want {
				t.Errorf("%s (%v), want %s", rule(err), err, tt.want)
			}
		})
	}
}

// TestEveryBit flips each bit of a good token.
func TestEveryBit(t *testing.T) {
	p := testpki.New(testpki.TSAKeyP256())
	root, good := trustedRoot(t, p), p.Timestamp(message)
	if _, err := tsa.Verify(good, message, root); err != nil {
		t.Fatal("before any flip:", err)
	}
	for bit := range 8 * len(good) {
		token := bytes.Clone(good)
		token[bit/8] ^= 1 << (bit % 8)
		if _, err := tsa.Verify(token, message, root); rule(err) == "none" {
			t.Errorf("bit %d of byte %d flipped: %v", bit%8, bit/8, err)
		}
	}
}

// FuzzVerify looks for tokens that make Verify panic, and for any that holds
// and is not one of the good ones it was given.
func FuzzVerify(f *testing.F) {
	p := testpki.New(testpki.TSAKeyP256())
	root, good := trustedRoot(f, p), p.Timestamp(message)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(p.Timestamp(message, testpki.ForeignTSA()))
	f.Add(p.Timestamp(message, testpki.NoCertificates()))
	f.Add(testpki.TimeStampResp(good))
	f.Fuzz(func(t *testing.T, token []byte) {
		got, err := tsa.Verify(token, message, root)
		switch {
		case err == nil && !bytes.Equal(token, good):
			t.Errorf("%x holds", token)
		case err != nil && (got != nil || rule(err) == "none"):
			t.Errorf("%+v, %v", got, err)
		}
	})
}
