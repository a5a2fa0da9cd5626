package fulcio

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// sctRule verifies the SCT of a certificate and returns the rule it breaks.
func sctRule(t *testing.T, p *testpki.PKI, options ...testpki.CertOption) string {
	t.Helper()
	root, err := trust.Parse(p.TrustedRoot(), "test")
	if err != nil {
		t.Fatal(err)
	}
	id := testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"}
	leaf, err := x509.ParseCertificate(p.Certificate(testpki.Key("alice").Public(), id, options...))
	if err != nil {
		t.Fatal(err)
	}
	err = CheckSCT(leaf, &trust.Path{Authority: root.CAs[0], Issuers: root.CAs[0].Chain}, root)
	var e *verdict.Error
	if !errors.As(err, &e) {
		return "none"
	}
	return e.Class.String() + "/" + e.Rule
}

// RFC 6962, 3.2 and 3.3: lists that are none. Each breaks one rule of form; a
// parser that lets it pass comes to another rule, or to none.
func TestFormOfSCTs(t *testing.T) {
	p := testpki.New()
	const form = "chain/sct-form"
	good := p.CT.SCT([]byte("another certificate"), p.CAIntermediate, testpki.DefaultTime, nil)
	changed := func(i int, v byte) []byte {
		b := slices.Clone(good)
		b[i] = v
		return b
	}
	vector := func(bs ...[]byte) []byte {
		var b cryptobyte.Builder
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, one := range bs {
				b.AddBytes(one)
			}
		})
		return b.BytesOrPanic()
	}
	octets := func(body []byte) []byte {
		var b cryptobyte.Builder
		b.AddASN1OctetString(body)
		return b.BytesOrPanic()
	}
	const hashAt, algoAt = 1 + 32 + 8 + 2, 1 + 32 + 8 + 2 + 1
	for name, tt := range map[string]struct {
		value []byte
		want  string
	}{
		"as it should be":         {octets(vector(vector(good))), "chain/sct-signature"}, // of another certificate
		"an empty list":           {octets(vector()), form},
		"an empty SCT":            {octets(vector(vector())), form},
		"nothing":                 {nil, form},
		"no list":                 {octets(nil), form},
		"not an OCTET STRING":     {tlv(cbasn1.UTF8String, vector(vector(good))), form},
		"bytes after the string":  {append(octets(vector(vector(good))), 5, 0), form},
		"bytes after the list":    {octets(append(vector(vector(good)), 0)), form},
		"bytes after the SCT":     {octets(vector(vector(good, []byte{0}))), form},
		"cut in the SCT":          {octets(vector(vector(good[:len(good)-1]))), form},
		"version 2":               {octets(vector(vector(changed(0, 1)))), form},
		"a hash that is not used": {octets(vector(vector(changed(hashAt, 5)))), "chain/sct-signature"},
		"signed by RSA":           {octets(vector(vector(changed(algoAt, 1)))), "chain/sct-signature"},
	} {
		t.Run(name, func(t *testing.T) {
			got := sctRule(t, p, testpki.NoSCT(), testpki.Extension(pkix.Extension{Id: oidSCTs, Value: tt.value}))
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func tlv(tag cbasn1.Tag, body []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(body) })
	return b.BytesOrPanic()
}

// RFC 6962, 3.2: the algorithms are part of the SCT, and not of what it signs.
func TestAlgorithmsOfSCTs(t *testing.T) {
	p := testpki.New()
	leaf, err := x509.ParseCertificate(p.Certificate(testpki.Key("alice").Public(), testpki.Identity{Email: "a@b.c", Issuer: "https://d.e"}))
	if err != nil {
		t.Fatal(err)
	}
	root, err := trust.Parse(p.TrustedRoot(), "test")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(leaf.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidSCTs) })
	scts, err := parseSCTs(leaf.Extensions[i].Value)
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := precertificate(leaf.RawTBSCertificate)
	if err != nil {
		t.Fatal(err)
	}
	issuer := sha256.Sum256(p.CAIntermediate.RawSubjectPublicKeyInfo)
	if err := scts[0].verify(root.CTLogs[0], issuer[:], tbs); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*sct){
		"another hash":          func(s *sct) { s.hash = 5 },
		"another signature":     func(s *sct) { s.algo = 1 },
		"another time":          func(s *sct) { s.timestamp++ },
		"extensions":            func(s *sct) { s.extensions = []byte{1} },
		"the time 2^63":         func(s *sct) { s.timestamp = 1 << 63 },
		"a signature of no one": func(s *sct) { s.signature = nil },
	} {
		s := scts[0]
		change(&s)
		if err := s.verify(root.CTLogs[0], issuer[:], tbs); err == nil {
			t.Errorf("%s: the SCT holds", name)
		}
	}
	issuer[0] ^= 1
	if err := scts[0].verify(root.CTLogs[0], issuer[:], tbs); err == nil {
		t.Error("the SCT holds under another issuer")
	}
}

// An SCT far in the future is out of every window, also one without an end.
func TestSCTOfTheFarFuture(t *testing.T) {
	if got := sctRule(t, testpki.New(), testpki.SCTTime(time.UnixMilli(1<<50+1))); got != "chain/sct-window" {
		t.Error(got)
	}
}

// The first public CA's certificates may lack an SCT, and until its end only.
func TestFirstCertificates(t *testing.T) {
	certified := func(at time.Time) (*testpki.PKI, []testpki.CertOption) {
		return testpki.New(testpki.At(at)), []testpki.CertOption{testpki.NoSCT()}
	}
	p, options := certified(firstCAsEnd)
	if got := sctRule(t, p, options...); got != "chain/sct-missing" {
		t.Errorf("another CA's without SCT: %s", got)
	}
	for name, tt := range map[string]struct {
		at   time.Time
		want string
	}{
		"in the last second": {firstCAsEnd, "none"},
		"a second later":     {firstCAsEnd.Add(time.Second), "chain/sct-missing"},
	} {
		t.Run(name, func(t *testing.T) {
			p, options := certified(tt.at)
			sum := sha256.Sum256(p.CAIntermediate.Raw)
			firstCAs[hex.EncodeToString(sum[:])] = true
			t.Cleanup(func() { delete(firstCAs, hex.EncodeToString(sum[:])) })
			if got := sctRule(t, p, options...); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if got := sctRule(t, p, testpki.SCTForged()); got != "chain/sct-signature" {
				t.Errorf("with a forged SCT: %s", got)
			}
		})
	}
}

// RFC 6962, 2.1.4: a log signs with ECDSA over P-256 or with RSA.
func TestSCTByRSA(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	log := &trust.Log{Key: key.Public(), Valid: trust.Interval{Start: testpki.DefaultTime}}
	s := sct{timestamp: uint64(testpki.DefaultTime.UnixMilli()), hash: 4, algo: 1}
	issuer, tbs := make([]byte, 32), []byte("tbs")
	// v1, certificate_timestamp, time, precert_entry, issuer, tbs, no extensions.
	signed := binary.BigEndian.AppendUint64([]byte{0, 0}, s.timestamp)
	signed = slices.Concat(signed, []byte{0, 1}, issuer, []byte{0, 0, byte(len(tbs))}, tbs, []byte{0, 0})
	digest := sha256.Sum256(signed)
	if s.signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
		t.Fatal(err)
	}
	if err := s.verify(log, issuer, tbs); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*sct){
		"said to be by SHA-1":   func(s *sct) { s.hash = 2 },
		"said to be by ECDSA":   func(s *sct) { s.algo = 3 },
		"a time later":          func(s *sct) { s.timestamp++ },
		"with extensions":       func(s *sct) { s.extensions = []byte{1} },
		"a signature of no one": func(s *sct) { s.signature = make([]byte, 256) },
	} {
		other := s
		change(&other)
		if err := other.verify(log, issuer, tbs); err == nil {
			t.Errorf("%s: the SCT holds", name)
		}
	}
	if err := s.verify(log, issuer, []byte("TBS")); err == nil {
		t.Error("the SCT holds for another certificate")
	}
}
