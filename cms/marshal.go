package cms

import (
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bytes returns the message as a DER ContentInfo. It is the inverse of Parse
// and ParseEncapsulated, byte for byte.
func (sd *SignedData) Bytes() ([]byte, error) {
	if sd.signer == nil {
		return nil, syntaxf("not-parsed", "the SignedData was not made by this package")
	}
	return marshalContentInfo(sd.head, sd.signer, sd.unsigned)
}

// SetUnsignedAttributes replaces the unsigned attributes, in any order, or
// removes them if there are none in attrs. The signature does not cover them.
//
// They are held to the rules of Parse: types known here, each once, one value
// each, a message of at most [MaxSize] bytes. On error, an [*Error] of kind
// Syntax, nothing has changed.
func (sd *SignedData) SetUnsignedAttributes(attrs ...Attribute) error {
	if sd.signer == nil {
		return syntaxf("not-parsed", "the SignedData was not made by this package")
	}
	if len(attrs) == 0 {
		sd.UnsignedAttributes, sd.unsigned = nil, nil
		return nil
	}
	unsigned, err := marshalAttributes(tag1, attrs)
	if err != nil {
		return syntaxf("attribute", "an attribute cannot be encoded: %w", err)
	}
	der, err := marshalContentInfo(sd.head, sd.signer, unsigned)
	if err != nil {
		return syntaxf("attribute", "an attribute cannot be encoded: %w", err)
	}
	parsed, err := parse(der, sd.ContentType, sd.encapsulated)
	if err != nil {
		return err
	}
	sd.UnsignedAttributes, sd.unsigned = parsed.UnsignedAttributes, parsed.unsigned
	return nil
}

// marshalContentInfo puts the pieces that SignedData keeps together again;
// parse and what it calls have the ASN.1.
func marshalContentInfo(head, signer, unsigned []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(head)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddBytes(signer)
						b.AddBytes(unsigned)
					})
				})
			})
		})
	})
	return b.Bytes()
}
