package tsa

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/verdict"
)

var oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}

// A tstInfo is a TSTInfo in the making, field by field.
type tstInfo struct {
	version int64
	hash    asn1.ObjectIdentifier
	params  []byte // of the hash algorithm
	imprint []byte // after the hash, in the imprint
	genTime string
	rest    []byte // everything after genTime
	after   []byte // after the TSTInfo
}

func newTSTInfo() tstInfo {
	return tstInfo{version: 1, hash: oidSHA256, params: []byte{5, 0}, genTime: "20260504120000Z"}
}

func (i tstInfo) der() []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(i.version)
		b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 3})
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(i.hash)
				b.AddBytes(i.params)
			})
			b.AddASN1OctetString(make([]byte, 32))
			b.AddBytes(i.imprint)
		})
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes([]byte(i.genTime)) })
		b.AddBytes(i.rest)
	})
	b.AddBytes(i.after)
	return b.BytesOrPanic()
}

func ruleOf(err error) string {
	var e *verdict.Error
	if !errors.As(err, &e) {
		return "none"
	}
	return e.Class.String() + "/" + e.Rule
}

// RFC 3161, 2.4.2: UTC, seconds always, a fraction without trailing zeros.
func TestTimeOfToken(t *testing.T) {
	at := func(nanoseconds int) time.Time { return time.Date(2026, 5, 4, 12, 0, 0, nanoseconds, time.UTC) }
	for s, want := range map[string]time.Time{
		"20260504120000Z":           at(0),
		"20260504120000.5Z":         at(500_000_000),
		"20260504120000.05Z":        at(50_000_000),
		"20260504120000.123456789Z": at(123_456_789),
	} {
		i := newTSTInfo()
		i.genTime = s
		got, err := parseInfo(i.der())
		if err != nil || !got.time.Equal(want) {
			t.Errorf("%s: %+v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{
		"20260504120000.0Z", "20260504120000.50Z", "20260504120000.Z", "20260504120000,5Z", "20260504120000.1234567891Z",
		"20260504120000", "20260504120000+0000", "20260504120000+0200", "202605041200Z", "2026050412Z", "20260504120060Z",
		"20261304120000Z", "20260230120000Z", "20260504240000Z", "260504120000Z", "20260504120000z", " 20260504120000Z", "",
	} {
		i := newTSTInfo()
		i.genTime = s
		if got, err := parseInfo(i.der()); ruleOf(err) != "syntax/timestamp-info" {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
}

func TestParseInfo(t *testing.T) {
	everything := []byte{
		0x30, 3, 2, 1, 1, // accuracy
		1, 1, 0xff, // ordering
		2, 1, 42, // nonce
		0xa0, 2, 5, 0, // tsa
		0xa1, 2, 0x30, 0, // extensions
	}
	for name, tt := range map[string]struct {
		change func(*tstInfo)
		want   string
	}{
		"the least":                   {func(*tstInfo) {}, "none"},
		"everything":                  {func(i *tstInfo) { i.rest = everything }, "none"},
		"hash without parameters":     {func(i *tstInfo) { i.params = nil }, "none"},
		"version 2":                   {func(i *tstInfo) { i.version = 2 }, "syntax/timestamp-info"},
		"version 0":                   {func(i *tstInfo) { i.version = 0 }, "syntax/timestamp-info"},
		"hash with other parameters":  {func(i *tstInfo) { i.params = []byte{2, 1, 1} }, "syntax/timestamp-hash"},
		"hash with parameters twice":  {func(i *tstInfo) { i.params = []byte{5, 0, 5, 0} }, "syntax/timestamp-hash"},
		"SHA-1":                       {func(i *tstInfo) { i.hash = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26} }, "time/timestamp-hash"},
		"MD5":                         {func(i *tstInfo) { i.hash = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5} }, "time/timestamp-hash"},
		"more in the imprint":         {func(i *tstInfo) { i.imprint = []byte{5, 0} }, "syntax/timestamp-info"},
		"two nonces":                  {func(i *tstInfo) { i.rest = []byte{2, 1, 1, 2, 1, 2} }, "syntax/timestamp-info"},
		"fields in another order":     {func(i *tstInfo) { i.rest = []byte{2, 1, 42, 1, 1, 0xff} }, "syntax/timestamp-info"},
		"a field that is none":        {func(i *tstInfo) { i.rest = []byte{4, 1, 0} }, "syntax/timestamp-info"},
		"a nonce with a leading zero": {func(i *tstInfo) { i.rest = []byte{2, 2, 0, 1} }, "syntax/timestamp-info"},
		"bytes after":                 {func(i *tstInfo) { i.after = []byte{5, 0} }, "syntax/timestamp-info"},
	} {
		t.Run(name, func(t *testing.T) {
			i := newTSTInfo()
			tt.change(&i)
			got, err := parseInfo(i.der())
			if ruleOf(err) != tt.want || (got == nil) != (err != nil) {
				t.Errorf("%s (%v), want %s", ruleOf(err), err, tt.want)
			}
		})
	}
	for n := range len(newTSTInfo().der()) {
		if _, err := parseInfo(newTSTInfo().der()[:n]); err == nil {
			t.Errorf("the first %d bytes are a TSTInfo", n)
		}
	}
	i := newTSTInfo()
	i.rest = everything
	if got, err := parseInfo(i.der()); err != nil || got.nonce.Int64() != 42 || got.hash != crypto.SHA256 {
		t.Errorf("%+v, %v", got, err)
	}
}

// RFC 5816, 2.2.1: the first certificate named is the one that signed.
func TestSigningCertificate(t *testing.T) {
	leaf := &x509.Certificate{Raw: []byte("the certificate that signed")}
	other := sha256.Sum256([]byte("another"))
	sum256, sum512 := sha256.Sum256(leaf.Raw), sha512.Sum512(leaf.Raw)
	// id is an ESSCertIDv2, with or without its hash algorithm.
	id := func(hash asn1.ObjectIdentifier, sum []byte) []byte {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if hash != nil {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(hash) })
			}
			b.AddASN1OctetString(sum)
		})
		return b.BytesOrPanic()
	}
	value := func(ids ...[]byte) []byte {
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, id := range ids {
					b.AddBytes(id)
				}
			})
		})
		return b.BytesOrPanic()
	}
	attr := func(values ...[]byte) []cms.Attribute {
		return []cms.Attribute{{Type: oidSigningCertificateV2, Values: values}}
	}
	good := id(nil, sum256[:])
	for name, tt := range map[string]struct {
		attrs []cms.Attribute
		want  string
	}{
		"named":                  {attr(value(good)), "none"},
		"named by SHA-512":       {attr(value(id(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, sum512[:]))), "none"},
		"named, then its CA":     {attr(value(good, id(nil, other[:]))), "none"},
		"not named":              {nil, "time/timestamp-signing-certificate"},
		"another is named":       {attr(value(id(nil, other[:]))), "time/timestamp-signing-certificate"},
		"another is named first": {attr(value(id(nil, other[:]), good)), "time/timestamp-signing-certificate"},
		"nobody is named":        {attr(value()), "time/timestamp-signing-certificate"},
		"named twice":            {attr(value(good), value(good)), "time/timestamp-signing-certificate"},
		"by SHA-1":               {attr(value(id(asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, sum256[:20]))), "time/timestamp-hash"},
		"under another type":     {[]cms.Attribute{{Type: cms.OIDSigningTime, Values: [][]byte{value(good)}}}, "time/timestamp-signing-certificate"},
		"no SEQUENCE":            {attr([]byte{5, 0}), "time/timestamp-signing-certificate"},
		"bytes after":            {attr(append(value(good), 5, 0)), "time/timestamp-signing-certificate"},
		"empty":                  {attr([]byte{}), "time/timestamp-signing-certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkSigningCertificate(&cms.SignedData{Leaf: leaf, SignedAttributes: tt.attrs})
			if ruleOf(err) != tt.want {
				t.Errorf("%s (%v), want %s", ruleOf(err), err, tt.want)
			}
		})
	}
}
