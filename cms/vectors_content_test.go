package cms_test

import (
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/paraph/paraph/cms"
)

// otherCertificate is by the same CA, for another key, under this number.
func otherCertificate(t *testing.T, serial int64) *node {
	ca := newSigner(t, "CA")
	template := certificateTemplate("other", serial)
	return parseNodes(t, issue(t, template, ca, ca.key.Public()).Raw)[0]
}

// leafSerial is the number of the certificate that signed the vectors.
func leafSerial(t *testing.T) int64 { return newSigner(t, "P-256").leaf.SerialNumber.Int64() }

// certificateVectors break RFC 5652, 10.2, or what this package makes of it.
var certificateVectors = []vector{
	{"absent", "no-certificates", func(_ *testing.T, m *message) { m.signedData.remove(3) }},
	{"empty set", "no-certificates", func(_ *testing.T, m *message) { m.certs.kids = nil }},
	{"six", "too-many-certificates", func(t *testing.T, m *message) {
		for i := range cms.MaxCertificates {
			m.certs.add(otherCertificate(t, int64(1000+i)))
		}
	}},
	{"attribute certificate", "certificate-choice", func(_ *testing.T, m *message) { m.certs.add(cons(0xa2)) }},
	{"other certificate format", "certificate-choice", func(_ *testing.T, m *message) { m.certs.insert(0, cons(0xa3)) }},
	{"another key before the leaf", "duplicate-certificate", func(t *testing.T, m *message) {
		m.certs.insert(0, otherCertificate(t, leafSerial(t)))
	}},
	{"the leaf twice", "duplicate-certificate", func(_ *testing.T, m *message) { m.certs.add(m.certs.kids[0]) }},
	{"another serial number", "signer-certificate", func(_ *testing.T, m *message) { m.sid.kids[1].body = []byte{99} }},
	{"another issuer", "signer-certificate", func(_ *testing.T, m *message) { m.sid.kids[0].kids = nil }},
	{"not one, beside the leaf", "certificate", func(_ *testing.T, m *message) { m.certs.add(seq()) }},
	{"leaf without a key", "certificate", func(_ *testing.T, m *message) {
		tbs := m.certs.kids[0].kids[0]
		tbs.remove(6)
	}},
}

// unsignedAttribute makes an edit of the unsigned attributes that keeps them
// in order.
func unsignedAttribute(attrs ...*node) func(*testing.T, *message) {
	return func(_ *testing.T, m *message) {
		m.unsigned.kids = attrs
		m.unsigned.sort()
	}
}

// manyAttributes are n of different types.
func manyAttributes(n int) []*node {
	var attrs []*node
	for i := range n {
		attrs = append(attrs, attribute(append(slices.Clone(unknownID), i), derNull))
	}
	return attrs
}

// manyValues are n different ones.
func manyValues(n int) []*node {
	var values []*node
	for i := range n {
		values = append(values, prim(asn1.TagInteger, byte(i)))
	}
	return values
}

// attributeVectors break RFC 5652, 5.3 and the order of X.690, 11.6.
var attributeVectors = []vector{
	{"absent", "no-signed-attributes", func(_ *testing.T, m *message) { m.signer.remove(3) }},
	{"signed", "empty-attributes", func(_ *testing.T, m *message) { m.signed.kids = nil }},
	{"unsigned", "empty-attributes", unsignedAttribute()},
	{"signed, 17", "too-many-attributes", func(_ *testing.T, m *message) {
		m.addSigned(manyAttributes(cms.MaxAttributes + 1 - len(m.signed.kids))...)
	}},
	{"unsigned, 17", "too-many-attributes", unsignedAttribute(manyAttributes(cms.MaxAttributes + 1)...)},
	{"unsigned, 1000", "too-many-attributes", unsignedAttribute(manyAttributes(1000)...)},
	{"not a SEQUENCE", "attribute", func(_ *testing.T, m *message) { m.signed.insert(0, derNull) }},
	{"no values", "attribute", func(_ *testing.T, m *message) { m.addSigned(seq(oid(unknownID))) }},
	{"element at the end", "attribute", func(_ *testing.T, m *message) { m.addSigned(seq(oid(unknownID), set(derNull), derNull)) }},
	{"signed", "attribute-without-value", func(_ *testing.T, m *message) { m.addSigned(attribute(unknownID)) }},
	{"unsigned", "attribute-without-value", unsignedAttribute(attribute(cms.OIDTimeStampToken))},
	{"17", "too-many-values", func(_ *testing.T, m *message) { m.addSigned(attribute(unknownID, manyValues(cms.MaxValues+1)...)) }},
	{"of an unknown attribute", "value-order", func(_ *testing.T, m *message) {
		m.addSigned(attribute(unknownID, prim(asn1.TagInteger, 2), prim(asn1.TagInteger, 1)))
	}},
	{"unknown, the same value", "duplicate-attribute", func(_ *testing.T, m *message) {
		m.addSigned(attribute(unknownID, derNull), attribute(unknownID, derNull))
	}},
	{"unknown, another value", "duplicate-attribute", func(_ *testing.T, m *message) {
		m.addSigned(attribute(unknownID, derNull), attribute(unknownID, octets(1)))
	}},
	{"contentType", "duplicate-attribute", func(_ *testing.T, m *message) {
		m.addSigned(attribute(cms.OIDContentType, oid(oidSignedData)))
	}},
	{"messageDigest", "duplicate-attribute", func(_ *testing.T, m *message) {
		m.addSigned(attribute(cms.OIDMessageDigest, octets(make([]byte, 32)...)))
	}},
	{"signingTime", "duplicate-attribute", func(_ *testing.T, m *message) {
		m.addSigned(attribute(cms.OIDSigningTime, prim(asn1.TagUTCTime, []byte("260304050608Z")...)))
	}},
	{"log entry", "duplicate-attribute", unsignedAttribute(
		attribute(cms.OIDTransparencyLogEntry, octets(1)), attribute(cms.OIDTransparencyLogEntry, octets(2)))},
	{"token", "duplicate-attribute", unsignedAttribute(
		attribute(cms.OIDTimeStampToken, octets(1)), attribute(cms.OIDTimeStampToken, octets(1)))},
	{"signed", "attribute-order", func(_ *testing.T, m *message) { slices.Reverse(m.signed.kids) }},
	{"unsigned", "attribute-order", func(_ *testing.T, m *message) { slices.Reverse(m.unsigned.kids) }},
	{"alone", "unknown-unsigned-attribute", unsignedAttribute(attribute(unknownID, derNull))},
	{"beside a token", "unknown-unsigned-attribute", unsignedAttribute(
		attribute(cms.OIDTimeStampToken, octets(1)), attribute(unknownID, derNull))},
	{"countersignature", "unknown-unsigned-attribute", unsignedAttribute(
		attribute(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 6}, seq()))},
	{"log entry", "several-values", unsignedAttribute(attribute(cms.OIDTransparencyLogEntry, octets(1), octets(2)))},
	{"token", "several-values", unsignedAttribute(attribute(cms.OIDTimeStampToken, octets(1), octets(2)))},
}

// claim makes an edit that replaces the values of a signed attribute.
func claim(id asn1.ObjectIdentifier, values ...*node) func(*testing.T, *message) {
	return func(t *testing.T, m *message) { m.setValues(t, id, values...) }
}

// claimedTime makes an edit of the signing time.
func claimedTime(tag byte, text string) func(*testing.T, *message) {
	return claim(cms.OIDSigningTime, prim(tag, []byte(text)...))
}

// drop makes an edit that removes a signed attribute.
func drop(id asn1.ObjectIdentifier) func(*testing.T, *message) {
	return func(t *testing.T, m *message) { m.dropSigned(t, id) }
}

// claimVectors break RFC 5652, 11.1 to 11.3.
var claimVectors = []vector{
	{"signed", "no-content-type", drop(cms.OIDContentType)},
	{"signed", "no-message-digest", drop(cms.OIDMessageDigest)},
	{"contentType", "several-values", claim(cms.OIDContentType, derData, oid(oidSignedData))},
	{"messageDigest", "several-values", claim(cms.OIDMessageDigest, octets(make([]byte, 32)...), octets(make([]byte, 32)...))},
	{"signingTime", "several-values", claim(cms.OIDSigningTime,
		prim(asn1.TagUTCTime, []byte("260304050607Z")...), prim(asn1.TagUTCTime, []byte("260304050608Z")...))},
	{"an OCTET STRING", "content-type-attribute", claim(cms.OIDContentType, octets(1))},
	{"a BIT STRING", "message-digest-attribute", claim(cms.OIDMessageDigest, prim(asn1.TagBitString, make([]byte, 32)...))},
	{"one byte short", "message-digest-length", claim(cms.OIDMessageDigest, octets(make([]byte, 31)...))},
	{"that of SHA-512", "message-digest-length", claim(cms.OIDMessageDigest, octets(make([]byte, 64)...))},
	{"empty", "message-digest-length", claim(cms.OIDMessageDigest, octets())},
	{"of another type", "signing-time", claimedTime(asn1.TagUTF8String, "260304050607Z")},
	{"UTCTime without seconds", "signing-time", claimedTime(asn1.TagUTCTime, "2603040506Z")},
	{"UTCTime with a zone", "signing-time", claimedTime(asn1.TagUTCTime, "260304050607+0000")},
	{"UTCTime without Z", "signing-time", claimedTime(asn1.TagUTCTime, "260304050607")},
	{"empty UTCTime", "signing-time", claimedTime(asn1.TagUTCTime, "")},
	{"February 30", "signing-time", claimedTime(asn1.TagUTCTime, "260230050607Z")},
	{"second 60", "signing-time", claimedTime(asn1.TagUTCTime, "260304050660Z")},
	{"GeneralizedTime before 2050", "signing-time", claimedTime(asn1.TagGeneralizedTime, "20491231235959Z")},
	{"GeneralizedTime with a fraction", "signing-time", claimedTime(asn1.TagGeneralizedTime, "20500101000000.5Z")},
	{"GeneralizedTime with NUL", "signing-time", claimedTime(asn1.TagGeneralizedTime, "20500101000000Z\x00")},
}

// TestDecoyCertificate has a certificate of somebody else first in the set:
// the identity is that of the key that signed.
func TestDecoyCertificate(t *testing.T) {
	for _, first := range []bool{true, false} {
		v := vector{edit: func(t *testing.T, m *message) {
			at := 1
			if first {
				at = 0
			}
			m.certs.insert(at, otherCertificate(t, 77))
		}}
		sd, err := cms.Parse(v.der(t))
		if err != nil {
			t.Fatal(err)
		}
		if len(sd.Certificates) != 2 {
			t.Errorf("read %d certificates, want 2", len(sd.Certificates))
		}
		verified, err := sd.Verify(content)
		if err != nil {
			t.Fatal(err)
		}
		if !verified.Leaf.Equal(newSigner(t, "P-256").leaf) {
			t.Errorf("decoy first: %t: signed by %v", first, verified.Leaf.Subject)
		}
	}
}

// TestDecoyNamed has sid name the certificate of somebody else.
func TestDecoyNamed(t *testing.T) {
	v := vector{edit: func(t *testing.T, m *message) {
		m.certs.add(otherCertificate(t, 77))
		m.sid.kids[1].body = big.NewInt(77).Bytes()
	}}
	sd, err := cms.Parse(v.der(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = sd.Verify(content)
	wantRule(t, err, cms.Signature, "signature-value")
}
