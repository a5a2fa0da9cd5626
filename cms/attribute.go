package cms

import (
	"bytes"
	"encoding/asn1"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// claims are the signed attributes that have a meaning here.
type claims struct {
	contentType   asn1.ObjectIdentifier
	messageDigest []byte
	signingTime   time.Time // UTC, zero when absent
}

// parseAttributes reads both sets of the SignerInfo. signed is the element
// with its tag [0].
func (sd *SignedData) parseAttributes(signed cryptobyte.String) error {
	// RFC 5652, 5.4: the signature is over the attributes under the tag of a
	// SET, "rather than of the IMPLICIT [0]".
	raw := bytes.Clone(signed)
	raw[0] = byte(cbasn1.SET)
	sd.RawSignedAttributes = raw
	var err error
	if sd.SignedAttributes, err = readAttributes(raw, cbasn1.SET); err != nil {
		return err
	}
	if sd.claims, err = readClaims(sd.SignedAttributes, sd.DigestAlgorithm.Size()); err != nil {
		return err
	}
	if len(sd.unsigned) == 0 {
		return nil
	}
	if sd.UnsignedAttributes, err = readAttributes(sd.unsigned, tag1); err != nil {
		return err
	}
	return checkUnsigned(sd.UnsignedAttributes)
}

// readAttributes reads RFC 5652, 5.3, in the order that X.690, 11.6 gives
// the elements of a SET OF:
//
//	SignedAttributes ::= SET SIZE (1..MAX) OF Attribute
//	UnsignedAttributes ::= SET SIZE (1..MAX) OF Attribute
//	Attribute ::= SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }
//
// RFC 5652, 11 has each type at most once in a set.
func readAttributes(in cryptobyte.String, tag cbasn1.Tag) ([]Attribute, error) {
	var set, last cryptobyte.String
	if !in.ReadASN1(&set, tag) || set.Empty() {
		return nil, syntaxf("empty-attributes", "a set of attributes is empty")
	}
	var attrs []Attribute
	for !set.Empty() {
		if len(attrs) == MaxAttributes {
			return nil, syntaxf("too-many-attributes", "there are more than %d attributes", MaxAttributes)
		}
		var element cryptobyte.String
		if !set.ReadASN1Element(&element, cbasn1.SEQUENCE) {
			return nil, syntaxf("attribute", "an attribute is not well-formed")
		}
		attr, err := readAttribute(element)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(attrs, func(a Attribute) bool { return a.Type.Equal(attr.Type) }) {
			return nil, syntaxf("duplicate-attribute", "attribute %v occurs twice", attr.Type)
		}
		if bytes.Compare(last, element) > 0 {
			return nil, syntaxf("attribute-order", "the attributes are not in DER order")
		}
		attrs, last = append(attrs, attr), element
	}
	return attrs, nil
}

func readAttribute(in cryptobyte.String) (Attribute, error) {
	var attr Attribute
	var body, values, last cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&attr.Type) ||
		!body.ReadASN1(&values, cbasn1.SET) || !body.Empty() {
		return attr, syntaxf("attribute", "an attribute is not well-formed")
	}
	if values.Empty() {
		return attr, syntaxf("attribute-without-value", "attribute %v has no value", attr.Type)
	}
	for !values.Empty() {
		if len(attr.Values) == MaxValues {
			return attr, syntaxf("too-many-values", "attribute %v has more than %d values", attr.Type, MaxValues)
		}
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !values.ReadAnyASN1Element(&value, &tag) {
			return attr, syntaxf("attribute", "a value of attribute %v is not well-formed", attr.Type)
		}
		if bytes.Compare(last, value) > 0 {
			return attr, syntaxf("value-order", "the values of attribute %v are not in DER order", attr.Type)
		}
		attr.Values, last = append(attr.Values, value), value
	}
	return attr, nil
}

// checkUnsigned refuses unsigned attributes that have no meaning here: they
// are space that anybody can write to. RFC 3161, appendix A gives the token
// one value, Sigstore gives the entry one.
func checkUnsigned(attrs []Attribute) error {
	for _, a := range attrs {
		if !a.Type.Equal(OIDTransparencyLogEntry) && !a.Type.Equal(OIDTimeStampToken) {
			return syntaxf("unknown-unsigned-attribute", "unsigned attribute %v has no meaning", a.Type)
		}
		if len(a.Values) != 1 {
			return syntaxf("several-values", "unsigned attribute %v has %d values", a.Type, len(a.Values))
		}
	}
	return nil
}

// readClaims reads the attributes of RFC 5652, 11.1 to 11.3: content type and
// message digest must be there, the signing time may. Others are ignored.
func readClaims(attrs []Attribute, digestSize int) (claims, error) {
	var c claims
	for _, a := range attrs {
		isType, isDigest := a.Type.Equal(OIDContentType), a.Type.Equal(OIDMessageDigest)
		isTime := a.Type.Equal(OIDSigningTime)
		if !isType && !isDigest && !isTime {
			continue
		}
		if len(a.Values) != 1 {
			return c, syntaxf("several-values", "signed attribute %v has %d values", a.Type, len(a.Values))
		}
		value := cryptobyte.String(a.Values[0])
		var err error
		switch {
		case isType && !value.ReadASN1ObjectIdentifier(&c.contentType):
			return c, syntaxf("content-type-attribute", "the content-type attribute is not an OBJECT IDENTIFIER")
		case isDigest:
			c.messageDigest, err = readMessageDigest(value, digestSize)
		case isTime:
			c.signingTime, err = readTime(value)
		}
		if err != nil {
			return c, err
		}
	}
	if c.contentType == nil {
		return c, syntaxf("no-content-type", "the signer did not sign the content type")
	}
	if c.messageDigest == nil {
		return c, syntaxf("no-message-digest", "the signer did not sign a message digest")
	}
	return c, nil
}

// readMessageDigest reads RFC 5652, 11.2: MessageDigest ::= OCTET STRING.
func readMessageDigest(in cryptobyte.String, size int) ([]byte, error) {
	var digest cryptobyte.String
	if !in.ReadASN1(&digest, cbasn1.OCTET_STRING) {
		return nil, syntaxf("message-digest-attribute", "the message-digest attribute is not an OCTET STRING")
	}
	if len(digest) != size {
		return nil, syntaxf("message-digest-length", "the message digest has %d bytes, not %d", len(digest), size)
	}
	return digest, nil
}

// Layouts of RFC 5652, 11.3: seconds, always, and Z, always.
const (
	utcTime         = "060102150405Z"
	generalizedTime = "20060102150405Z"
)

// readTime reads RFC 5652, 11.3, where the year decides the choice: UTCTime
// from 1950 through 2049, else GeneralizedTime.
//
//	Time ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime }
func readTime(in cryptobyte.String) (time.Time, error) {
	var text cryptobyte.String
	var tag cbasn1.Tag
	if !in.ReadAnyASN1(&text, &tag) {
		return time.Time{}, syntaxf("signing-time", "the signing time is not well-formed")
	}
	layout, value := generalizedTime, string(text)
	if tag == cbasn1.UTCTime {
		// Package time puts two-digit years from 1969 on into the last
		// century, RFC 5652 those from 1950 on.
		century := "19"
		if value < "50" {
			century = "20"
		}
		value = century + value
	}
	t, err := time.Parse(layout, value)
	if err != nil || t.Format(layout) != value {
		return time.Time{}, syntaxf("signing-time", "the signing time is not in the form YYMMDDhhmmssZ or YYYYMMDDhhmmssZ")
	}
	if tag != timeTag(t) {
		return time.Time{}, syntaxf("signing-time", "the signing time is of the wrong type for its year")
	}
	return t, nil
}

// timeTag returns the type that a time is written as.
func timeTag(t time.Time) cbasn1.Tag {
	if y := t.Year(); y >= 1950 && y < 2050 {
		return cbasn1.UTCTime
	}
	return cbasn1.GeneralizedTime
}
