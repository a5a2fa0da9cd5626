package cms_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"testing"

	"github.com/digitorus/timestamp"

	"github.com/paraph/paraph/cms"
)

// encapsulate makes a token-like message out of a detached one: version 3,
// content of type TSTInfo inside.
func encapsulate(t *testing.T, m *message) {
	t.Helper()
	m.signedData.kids[0].body[0] = 3
	m.encap.kids = []*node{oid(cms.OIDTSTInfo), cons(0xa0, octets(content...))}
	m.setValues(t, cms.OIDContentType, oid(cms.OIDTSTInfo))
}

func TestEncapsulated(t *testing.T) {
	der := vector{edit: encapsulate}.der(t)
	sd, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sd.Content, content) {
		t.Errorf("content is %q", sd.Content)
	}
	v, err := sd.Verify(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(v.Content, content) {
		t.Errorf("verified content is %q", v.Content)
	}
	_, err = sd.Verify(content)
	wantRule(t, err, cms.Binding, "content-given")
	if again, err := sd.Bytes(); err != nil || !bytes.Equal(again, der) {
		t.Errorf("Bytes differs from what was parsed (%v)", err)
	}
	_, err = cms.Parse(der)
	wantRule(t, err, cms.Syntax, "content-type")
	if err := sd.SetUnsignedAttributes(); err != nil || len(sd.UnsignedAttributes) != 0 {
		t.Errorf("unsigned attributes could not be removed (%v)", err)
	}
	if err := sd.SetUnsignedAttributes(unsignedAttributes()...); err != nil {
		t.Error(err)
	}
}

// encapsulatedVectors must be refused by ParseEncapsulated.
var encapsulatedVectors = []vector{
	{"absent", "no-content", func(_ *testing.T, m *message) { m.encap.remove(1) }},
	{"constructed", "constructed-form", func(_ *testing.T, m *message) { m.encap.kids[1].kids[0] = cons(0x24, octets(content...)) }},
	{"no OCTET STRING", "encapsulated-content", func(_ *testing.T, m *message) { m.encap.kids[1].kids = nil }},
	{"two OCTET STRINGs", "encapsulated-content", func(_ *testing.T, m *message) { m.encap.kids[1].add(octets()) }},
	{"element at the end", "encapsulated-content", func(_ *testing.T, m *message) { m.encap.add(derNull) }},
	{"a SEQUENCE", "encapsulated-content", func(_ *testing.T, m *message) { m.encap.kids[1].kids[0] = seq() }},
	{"version 1", "signed-data-version", func(_ *testing.T, m *message) { m.signedData.kids[0].body[0] = 1 }},
	{"data", "content-type", func(_ *testing.T, m *message) { m.encap.kids[0] = derData }},
}

func TestParseEncapsulatedRefuses(t *testing.T) {
	for _, v := range encapsulatedVectors {
		t.Run(v.rule+"/"+v.name, func(t *testing.T) {
			der := vector{edit: func(t *testing.T, m *message) {
				encapsulate(t, m)
				v.edit(t, m)
			}}.der(t)
			_, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo)
			wantRule(t, err, cms.Syntax, v.rule)
		})
	}
	// A signer who signed another type than the message states.
	der := vector{edit: func(t *testing.T, m *message) {
		encapsulate(t, m)
		m.setValues(t, cms.OIDContentType, derData)
	}}.der(t)
	sd, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sd.Verify(nil)
	wantRule(t, err, cms.Binding, "content-type-value")
}

// TestTimestampToken reads tokens that digitorus/timestamp makes.
func TestTimestampToken(t *testing.T) {
	for _, kind := range []string{"P-256", "P-384", "RSA-2048"} {
		t.Run(kind, func(t *testing.T) {
			der, leaf := newToken(t, kind)
			sd, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo)
			if err != nil {
				t.Fatal(err)
			}
			v, err := sd.Verify(nil)
			if err != nil {
				t.Fatal(err)
			}
			imprint := sha256.Sum256(content)
			if !bytes.Contains(v.Content, imprint[:]) || !v.Leaf.Equal(leaf) {
				t.Error("the token does not hold what was stamped")
			}
		})
	}
}

// newToken makes a bare TimeStampToken over content.
func newToken(t testing.TB, kind string) ([]byte, *x509.Certificate) {
	t.Helper()
	template := certificateTemplate("TSA", 500)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}
	key := newSigner(t, kind).key
	leaf := issue(t, template, newSigner(t, "CA"), key.Public())
	imprint := sha256.Sum256(content)
	stamp := timestamp.Timestamp{
		HashAlgorithm: crypto.SHA256, HashedMessage: imprint[:], Time: signingTime,
		Policy: asn1.ObjectIdentifier{1, 2, 3}, AddTSACertificate: true,
	}
	response, err := stamp.CreateResponseWithOpts(leaf, key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := timestamp.ParseResponse(response)
	if err != nil {
		t.Fatal(err)
	}
	return answer.RawToken, leaf
}
