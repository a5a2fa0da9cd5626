package testpki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/internal/testpki"
)

var alice = testpki.Identity{
	Email:  "alice@example.com",
	Issuer: "https://accounts.example.com",
	Claims: map[int]string{3: "0123abc", 24: "subject"},
}

var oidSCT = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// chain verifies a leaf with crypto/x509 against the instance's CA.
func chain(p *testpki.PKI, leaf *x509.Certificate, at time.Time) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(p.CARoot)
	intermediates.AddCert(p.CAIntermediate)
	// crypto/x509 cannot know that the SAN was an OtherName.
	leaf.UnhandledCriticalExtensions = nil
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	})
	return err
}

func extension(c *x509.Certificate, oid asn1.ObjectIdentifier) []byte {
	for _, e := range c.Extensions {
		if e.Id.Equal(oid) {
			return e.Value
		}
	}
	return nil
}

// withoutSCT copies a TBSCertificate element by element, drops the SCT
// extension and closes the lengths again: RFC 6962 section 3.2 by hand.
func withoutSCT(t *testing.T, tbs []byte) []byte {
	t.Helper()
	extensionsTag := cbasn1.Tag(3).ContextSpecific().Constructed()
	in, out := cryptobyte.String(tbs), cryptobyte.Builder{}
	var fields cryptobyte.String
	if !in.ReadASN1(&fields, cbasn1.SEQUENCE) {
		t.Fatal("no TBSCertificate")
	}
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for !fields.Empty() {
			var field cryptobyte.String
			var tag cbasn1.Tag
			if !fields.ReadAnyASN1Element(&field, &tag) {
				t.Fatal("TBSCertificate is cut")
			}
			if tag != extensionsTag {
				b.AddBytes(field)
				continue
			}
			b.AddASN1(extensionsTag, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					var list, element cryptobyte.String
					if !field.ReadASN1(&list, extensionsTag) || !list.ReadASN1(&list, cbasn1.SEQUENCE) {
						t.Fatal("no extensions")
					}
					for list.ReadASN1Element(&element, cbasn1.SEQUENCE) {
						var e, id cryptobyte.String
						rest := element
						if !rest.ReadASN1(&e, cbasn1.SEQUENCE) || !e.ReadASN1Element(&id, cbasn1.OBJECT_IDENTIFIER) {
							t.Fatal("bad extension")
						}
						if oid, _ := asn1.Marshal(oidSCT); !bytes.Equal(id, oid) {
							b.AddBytes(element)
						}
					}
				})
			})
		}
	})
	return out.BytesOrPanic()
}

// sctHolds says whether the only SCT of leaf is by this log for this leaf.
func sctHolds(t *testing.T, log *testpki.CTLog, issuer, leaf *x509.Certificate) bool {
	t.Helper()
	s := cryptobyte.String(extension(leaf, oidSCT))
	var list, sct, ext, sig cryptobyte.String
	var id []byte
	var version, hash, algorithm uint8
	var stamp uint64
	if !s.ReadASN1(&list, cbasn1.OCTET_STRING) || !list.ReadUint16LengthPrefixed(&list) ||
		!list.ReadUint16LengthPrefixed(&sct) || !list.Empty() ||
		!sct.ReadUint8(&version) || !sct.ReadBytes(&id, 32) || !sct.ReadUint64(&stamp) ||
		!sct.ReadUint16LengthPrefixed(&ext) || !sct.ReadUint8(&hash) || !sct.ReadUint8(&algorithm) ||
		!sct.ReadUint16LengthPrefixed(&sig) || !sct.Empty() {
		t.Fatal("SCT list does not parse")
	}
	keyHash := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	tbs := withoutSCT(t, leaf.RawTBSCertificate)
	signed := binary.BigEndian.AppendUint64([]byte{0, 0}, stamp)
	signed = append(signed, 0, 1)
	signed = append(signed, keyHash[:]...)
	signed = append(signed, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
	signed = append(signed, tbs...)
	signed = append(signed, byte(len(ext)>>8), byte(len(ext)))
	signed = append(signed, ext...)
	sum := sha256.Sum256(signed)
	return version == 0 && hash == 4 && algorithm == 3 && bytes.Equal(id, log.ID[:]) &&
		ecdsa.VerifyASN1(log.Public(), sum[:], sig)
}

func TestCertificateVerifies(t *testing.T) {
	p := testpki.New()
	uri := testpki.Identity{URI: "https://github.com/o/r/.github/workflows/w.yml@refs/heads/main", Issuer: "https://ci.example.com"}
	for _, test := range []struct {
		name    string
		id      testpki.Identity
		options []testpki.CertOption
	}{
		{"email", alice, nil},
		{"uri", uri, nil},
		{"other name", testpki.Identity{OtherName: "alice!example", Issuer: "https://i.example.com"}, nil},
		{"sct with extensions", alice, []testpki.CertOption{testpki.SCTExtensions([]byte{0, 0, 5, 0, 0, 0, 0, 7})}},
	} {
		t.Run(test.name, func(t *testing.T) {
			leaf := parse(t, p.Certificate(testpki.Key("alice").Public(), test.id, test.options...))
			if err := chain(p, leaf, p.Clock.Now()); err != nil {
				t.Error(err)
			}
			if !sctHolds(t, p.CT, p.CAIntermediate, leaf) {
				t.Error("SCT does not hold")
			}
		})
	}
}

func TestCertificateForm(t *testing.T) {
	p := testpki.New()
	leaf := parse(t, p.Certificate(testpki.Key("alice").Public(), alice))
	if len(leaf.RawSubject) != 2 || len(leaf.EmailAddresses) != 1 || leaf.EmailAddresses[0] != alice.Email {
		t.Errorf("subject %x, addresses %q", leaf.RawSubject, leaf.EmailAddresses)
	}
	if got := leaf.NotAfter.Sub(leaf.NotBefore); got != testpki.CertificateLifetime {
		t.Errorf("lives %v", got)
	}
	for _, want := range []struct {
		n     int
		value string
	}{
		{1, "https://accounts.example.com"},
		{3, "0123abc"},
		{8, "\x0c\x1chttps://accounts.example.com"},
		{24, "\x0c\x07subject"},
	} {
		if got := extension(leaf, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, want.n}); string(got) != want.value {
			t.Errorf("extension %d is %q, want %q", want.n, got, want.value)
		}
	}
}

func TestSCTDefects(t *testing.T) {
	p := testpki.New()
	for name, option := range map[string]testpki.CertOption{
		"unknown log":         testpki.SCTFromUnknownLog(),
		"forged":              testpki.SCTForged(),
		"another certificate": testpki.SCTOfAnotherCertificate(),
	} {
		t.Run(name, func(t *testing.T) {
			leaf := parse(t, p.Certificate(testpki.Key("alice").Public(), alice, option))
			if err := chain(p, leaf, p.Clock.Now()); err != nil {
				t.Errorf("a second defect: %v", err)
			}
			if sctHolds(t, p.CT, p.CAIntermediate, leaf) {
				t.Error("SCT holds")
			}
		})
	}
	size := func(option testpki.CertOption) int {
		return len(extension(parse(t, p.Certificate(testpki.Key("alice").Public(), alice, option)), oidSCT))
	}
	if none, two, four := size(testpki.NoSCT()), size(testpki.SCTCount(2)), size(testpki.SCTCount(4)); none != 0 || four < 2*two-8 {
		t.Errorf("SCT lists of %d, %d and %d bytes", none, two, four)
	}
}

func TestCertificateDefects(t *testing.T) {
	p := testpki.New()
	oid := func(n int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, n} }
	for _, test := range []struct {
		name   string
		option testpki.CertOption
		shows  func(*x509.Certificate) bool
	}{
		{"two SANs", testpki.TwoSANs("mallory@example.com"), func(c *x509.Certificate) bool { return len(c.EmailAddresses) == 2 }},
		{"NUL", testpki.SANWithNUL("alice@example.com", ".evil"), func(c *x509.Certificate) bool { return c.EmailAddresses[0] == "alice@example.com\x00.evil" }},
		{"no EKU", testpki.NoEKU(), func(c *x509.Certificate) bool { return len(c.ExtKeyUsage) == 0 }},
		{"extra EKU", testpki.ExtraEKU(x509.ExtKeyUsageServerAuth), func(c *x509.Certificate) bool { return len(c.ExtKeyUsage) == 2 }},
		{"CA", testpki.IsCA(), func(c *x509.Certificate) bool { return c.IsCA }},
		{"subject", testpki.WithSubject("alice"), func(c *x509.Certificate) bool { return c.Subject.CommonName == "alice" }},
		{"no SAN", testpki.NoSAN(), func(c *x509.Certificate) bool { return extension(c, asn1.ObjectIdentifier{2, 5, 29, 17}) == nil }},
		{"SAN not critical", testpki.SANNotCritical(), func(c *x509.Certificate) bool {
			for _, e := range c.Extensions {
				if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 17}) {
					return !e.Critical
				}
			}
			return false
		}},
		{"window", testpki.Window(testpki.DefaultTime.Add(-time.Hour), testpki.DefaultTime), func(c *x509.Certificate) bool { return c.NotAfter.Equal(testpki.DefaultTime) }},
		{"issuer 1", testpki.IssuerV1("x"), func(c *x509.Certificate) bool { return string(extension(c, oid(1))) == "x" }},
		{"issuer 8", testpki.IssuerV2("x"), func(c *x509.Certificate) bool { return string(extension(c, oid(8))) == "\x0c\x01x" }},
		{"issuer 8 IA5", testpki.IssuerV2NotUTF8String("x"), func(c *x509.Certificate) bool { return string(extension(c, oid(8))) == "\x16\x01x" }},
		{"no issuer", testpki.NoIssuer(), func(c *x509.Certificate) bool { return extension(c, oid(1)) == nil && extension(c, oid(8)) == nil }},
		{"SAN without a name", testpki.EmptySAN(), func(c *x509.Certificate) bool {
			return string(extension(c, asn1.ObjectIdentifier{2, 5, 29, 17})) == "\x30\x00"
		}},
		{"DNS name", testpki.RawSAN(testpki.DNSName("example.com")), func(c *x509.Certificate) bool { return len(c.DNSNames) == 1 && len(c.EmailAddresses) == 0 }},
		{"other EKU", testpki.WithEKU(x509.ExtKeyUsageClientAuth), func(c *x509.Certificate) bool {
			return len(c.ExtKeyUsage) == 1 && c.ExtKeyUsage[0] == x509.ExtKeyUsageClientAuth
		}},
		{"key usage", testpki.WithKeyUsage(x509.KeyUsageCertSign), func(c *x509.Certificate) bool { return c.KeyUsage == x509.KeyUsageCertSign }},
		{"unknown critical extension", testpki.UnknownCriticalExtension(), func(c *x509.Certificate) bool { return len(c.UnhandledCriticalExtensions) == 1 }},
		{"SCT of another time", testpki.SCTTime(time.UnixMilli(1)), func(c *x509.Certificate) bool {
			// OCTET STRING and two lengths, version, log id: then the time.
			return binary.BigEndian.Uint64(extension(c, oidSCT)[2+2+2+1+32:]) == 1
		}},
		{"other CA", testpki.FromOtherCA(), func(c *x509.Certificate) bool { return c.CheckSignatureFrom(p.CAIntermediate) != nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			leaf := parse(t, p.Certificate(testpki.Key("alice").Public(), alice, test.option))
			if !test.shows(leaf) {
				t.Error("the certificate does not show it")
			}
			issuer := p.CAIntermediate
			if test.name == "other CA" {
				issuer = p.Other().CAIntermediate
			}
			if !sctHolds(t, p.CT, issuer, leaf) {
				t.Error("a second defect: the SCT does not hold")
			}
		})
	}
}

func TestExpiredIntermediate(t *testing.T) {
	end := testpki.DefaultTime.Add(-time.Minute)
	p := testpki.New(testpki.IntermediateWindow(end.Add(-time.Hour), end))
	leaf := parse(t, p.Certificate(testpki.Key("alice").Public(), alice,
		testpki.Window(end.Add(-time.Minute), end.Add(time.Hour))))
	if err := chain(p, leaf, end); err != nil {
		t.Errorf("at the intermediate's end: %v", err)
	}
	if chain(p, leaf, p.Clock.Now()) == nil {
		t.Error("the chain holds after the intermediate's end")
	}
}

func TestReproducible(t *testing.T) {
	a, b := testpki.New(), testpki.New()
	for name, make := range map[string]func(*testpki.PKI) []byte{
		"trusted root": func(p *testpki.PKI) []byte { return p.TrustedRoot() },
		"certificate":  func(p *testpki.PKI) []byte { return p.Certificate(testpki.Key("alice").Public(), alice) },
		"entry":        func(p *testpki.PKI) []byte { return p.Rekor1.Add([]byte("body")).Bytes() },
		"token":        func(p *testpki.PKI) []byte { return p.Timestamp([]byte("message")) },
	} {
		if !bytes.Equal(make(a), make(b)) {
			t.Errorf("%s: two instances differ", name)
		}
	}
	if bytes.Equal(a.CARoot.Raw, a.Other().CARoot.Raw) || !bytes.Equal(a.CARoot.RawSubject, a.Other().CARoot.RawSubject) {
		t.Error("Other is not another instance with the same names")
	}
}
