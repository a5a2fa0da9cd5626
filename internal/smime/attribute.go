package smime

import (
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/cms"
)

// claims are the signed attributes that have a meaning here.
type claims struct {
	contentType asn1.ObjectIdentifier
	digest      []byte
}

// readClaims reads the signed attributes, RFC 5652, 11.1 and 11.2. What else a
// signer says of the message, its capabilities for instance, is not asked for.
func readClaims(signed cryptobyte.String) (claims, error) {
	var c claims
	var set cryptobyte.String
	if !signed.ReadASN1(&set, cbasn1.SET) {
		return c, syntaxf("attribute", "the signed attributes are not well-formed")
	}
	attrs, err := readAttributes(set)
	if err != nil {
		return c, err
	}
	for _, a := range attrs {
		value := a.value
		if a.id.Equal(cms.OIDContentType) && (!value.ReadASN1ObjectIdentifier(&c.contentType) || !value.Empty()) {
			return c, syntaxf("content-type-attribute", "the content-type attribute is not one OBJECT IDENTIFIER")
		}
		if a.id.Equal(cms.OIDMessageDigest) && (!value.ReadASN1Bytes(&c.digest, cbasn1.OCTET_STRING) || !value.Empty()) {
			return c, syntaxf("message-digest-attribute", "the message-digest attribute is not one OCTET STRING")
		}
	}
	if c.contentType == nil {
		return c, syntaxf("no-content-type", "the signer did not sign the content type")
	}
	if c.digest == nil {
		return c, syntaxf("no-message-digest", "the signer did not sign a message digest")
	}
	return c, nil
}

// readToken reads the unsigned attributes: space that anybody can write to,
// where only a timestamp token means something (RFC 3161, appendix A).
func readToken(set cryptobyte.String) ([]byte, error) {
	attrs, err := readAttributes(set)
	if err != nil {
		return nil, err
	}
	var token cryptobyte.String
	for _, a := range attrs {
		if !a.id.Equal(cms.OIDTimeStampToken) {
			return nil, syntaxf("unknown-unsigned-attribute", "unsigned attribute %v has no meaning", a.id)
		}
		if !a.value.ReadASN1Element(&token, cbasn1.SEQUENCE) || !a.value.Empty() {
			return nil, syntaxf("timestamp-attribute", "the timestamp attribute is not one token")
		}
	}
	return token, nil
}

type attribute struct {
	id    asn1.ObjectIdentifier
	value cryptobyte.String // all values, one after the other
}

// readAttributes reads RFC 5652, 5.3, in any order, each type once:
//
//	Attributes ::= SET SIZE (1..MAX) OF SEQUENCE { attrType OBJECT IDENTIFIER, attrValues SET OF ANY }
func readAttributes(set cryptobyte.String) ([]attribute, error) {
	if set.Empty() {
		return nil, syntaxf("empty-attributes", "a set of attributes is empty")
	}
	var attrs []attribute
	for !set.Empty() {
		var body cryptobyte.String
		var a attribute
		if !set.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.id) ||
			!body.ReadASN1(&a.value, cbasn1.SET) || !body.Empty() {
			return nil, syntaxf("attribute", "an attribute is not well-formed")
		}
		if slices.ContainsFunc(attrs, func(b attribute) bool { return b.id.Equal(a.id) }) {
			return nil, syntaxf("duplicate-attribute", "attribute %v occurs twice", a.id)
		}
		if len(attrs) == maxAttributes {
			return nil, syntaxf("too-many-attributes", "there are more than %d attributes", maxAttributes)
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}
