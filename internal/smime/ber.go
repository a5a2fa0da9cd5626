package smime

import (
	"encoding/asn1"

	"github.com/paraph/paraph/internal/verdict"
)

// Bits of the first octet of an element (X.690, 8.1.2).
const (
	constructed = 0x20
	class       = 0xc0
	number      = 0x1f
)

const indefinite = -1 // the length of an element that end-of-contents octets end

// toDER writes one BER element as DER would: definite lengths in their
// shortest form, and an OCTET STRING in one piece (X.690, 10.1 and 10.2). That
// is all that a signer streaming to a file does differently; what a value says
// is not touched, nor is the order of a SET, since the signature is over it as
// it was received.
//
// Elements are copied once for each that they lie in, and those are at most
// maxDepth: the time is linear in the length of the message, which is bounded.
func toDER(ber []byte) ([]byte, error) {
	if len(ber) > maxSize {
		return nil, syntaxf("size", "the message has %d bytes, more than %d", len(ber), maxSize)
	}
	der, rest, err := appendElement(nil, ber, 1)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, syntaxf("trailing-bytes", "%d bytes follow the message", len(rest))
	}
	return der, nil
}

// appendElement appends the element that ber begins with, and returns what
// follows it.
func appendElement(der, ber []byte, depth int) (out, rest []byte, err error) {
	if depth > maxDepth {
		return nil, nil, syntaxf("depth", "elements are nested more than %d deep", maxDepth)
	}
	tag, length, body, err := readBERHeader(ber)
	if err != nil {
		return nil, nil, err
	}
	if tag&constructed == 0 {
		return append(appendHeader(der, tag, length), body[:length]...), body[length:], nil
	}
	if length != indefinite {
		body, rest = body[:length], body[length:]
	}
	inside, after, err := appendContents(tag, body, length == indefinite, depth)
	if err != nil {
		return nil, nil, err
	}
	if length == indefinite {
		rest = after
	}
	if tag == constructed|asn1.TagOctetString {
		tag = asn1.TagOctetString
	}
	return append(appendHeader(der, tag, len(inside)), inside...), rest, nil
}

// appendContents reads the elements of a constructed one: all of ber, or up to
// the end-of-contents octets (X.690, 8.1.5). Of an OCTET STRING's pieces it
// returns the contents alone (X.690, 8.7.3).
func appendContents(tag byte, ber []byte, open bool, depth int) (inside, rest []byte, err error) {
	for {
		switch {
		case open && len(ber) >= 2 && ber[0] == 0 && ber[1] == 0:
			return inside, ber[2:], nil
		case len(ber) == 0 && open:
			return nil, nil, syntaxf("truncated", "an element ends before its time")
		case len(ber) == 0:
			return inside, nil, nil
		}
		if tag != constructed|asn1.TagOctetString {
			inside, ber, err = appendElement(inside, ber, depth+1)
		} else {
			inside, ber, err = appendPiece(inside, ber)
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// appendPiece appends the contents of a primitive OCTET STRING. Nobody writes
// pieces of pieces.
func appendPiece(inside, ber []byte) (out, rest []byte, err error) {
	tag, length, body, err := readBERHeader(ber)
	if err != nil {
		return nil, nil, err
	}
	if tag != asn1.TagOctetString {
		return nil, nil, syntaxf("octet-string", "a piece of an OCTET STRING is none")
	}
	return append(inside, body[:length]...), body[length:], nil
}

// readBERHeader reads tag and length, X.690, 8.1.2 and 8.1.3. The length is
// that of contents which are there. Tags above 30 occur nowhere in CMS.
func readBERHeader(ber []byte) (tag byte, length int, body []byte, err error) {
	truncated := syntaxf("truncated", "an element ends before its time")
	if len(ber) < 2 {
		return 0, 0, nil, truncated
	}
	tag, length, body = ber[0], int(ber[1]), ber[2:]
	switch {
	case tag&number == number:
		return 0, 0, nil, syntaxf("high-tag-number", "an element has a tag above 30")
	case tag == 0:
		return 0, 0, nil, syntaxf("end-of-contents", "end-of-contents octets stand where nothing is open")
	case tag&class == 0 && tag&constructed != 0 && !mayBeConstructed(tag&number):
		return 0, 0, nil, syntaxf("constructed-form", "an element of universal type %d is constructed", tag&number)
	case length == 0x80 && tag&constructed == 0:
		return 0, 0, nil, syntaxf("indefinite-length", "a primitive element has no definite length")
	case length == 0x80:
		return tag, indefinite, body, nil
	case length > 0x80:
		octets := length &^ 0x80
		if octets > maxLengthOctets || octets > len(body) {
			return 0, 0, nil, truncated
		}
		length = 0
		for _, b := range body[:octets] {
			length = length<<8 | int(b)
		}
		body = body[octets:]
	}
	if length > len(body) {
		return 0, 0, nil, truncated
	}
	return tag, length, body, nil
}

// mayBeConstructed leaves out strings that are not octets: no signer splits
// them, and a certificate, where they are, is DER.
func mayBeConstructed(universal byte) bool {
	return universal == asn1.TagSequence || universal == asn1.TagSet || universal == asn1.TagOctetString
}

// appendHeader appends tag and length in DER.
func appendHeader(der []byte, tag byte, length int) []byte {
	switch {
	case length < 0x80:
		return append(der, tag, byte(length))
	case length < 0x100:
		return append(der, tag, 0x81, byte(length))
	case length < 0x10000:
		return append(der, tag, 0x82, byte(length>>8), byte(length))
	default:
		return append(der, tag, 0x83, byte(length>>16), byte(length>>8), byte(length))
	}
}

// syntaxf makes an error of class Syntax.
func syntaxf(rule, format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, rule, format, args...)
}
