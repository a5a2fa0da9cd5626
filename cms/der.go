package cms

import (
	"encoding/asn1"
)

// checkDER checks the form of every element of a message: X.690, 10.1 and
// 10.2 (definite, minimal lengths; primitive strings), 8.3.2 (minimal
// integers), 11.1 (booleans) and 8.8.2 (null). It does not look into OCTET
// STRINGs. The parsers behind it only have to ask for the right elements.
func checkDER(der []byte) error {
	n, err := checkElement(der, 1)
	if err != nil {
		return err
	}
	if n != len(der) {
		return syntaxf("trailing-bytes", "%d bytes follow the message", len(der)-n)
	}
	return nil
}

// checkElement checks the element that der begins with, and all in it, and
// returns its length in bytes.
func checkElement(der []byte, depth int) (int, error) {
	if depth > maxDepth {
		return 0, syntaxf("depth", "elements are nested more than %d deep", maxDepth)
	}
	header, length, err := readHeader(der)
	if err != nil {
		return 0, err
	}
	const constructed = 0x20
	tag, body := der[0], der[header:header+length]
	if tag&constructed == 0 {
		return header + length, checkPrimitive(tag, body)
	}
	if err := checkConstructed(tag); err != nil {
		return 0, err
	}
	for len(body) > 0 {
		n, err := checkElement(body, depth+1)
		if err != nil {
			return 0, err
		}
		body = body[n:]
	}
	return header + length, nil
}

// readHeader reads tag and length: X.690, 8.1.2 and 8.1.3 as restricted by
// 10.1. Tags above 30 occur nowhere in CMS.
func readHeader(der []byte) (header, length int, err error) {
	truncated := syntaxf("truncated", "an element ends before its time")
	if len(der) < 2 {
		return 0, 0, truncated
	}
	if der[0]&0x1f == 0x1f {
		return 0, 0, syntaxf("high-tag-number", "an element has a tag above 30")
	}
	header, length = 2, int(der[1])
	switch octets := int(der[1] & 0x7f); {
	case der[1] < 0x80:
	case der[1] == 0x80:
		return 0, 0, syntaxf("indefinite-length", "an element has no definite length")
	case len(der) < 2+octets:
		return 0, 0, truncated
	case der[2] == 0:
		return 0, 0, syntaxf("non-minimal-length", "a length has leading zeros")
	case octets > 3:
		return 0, 0, truncated // MaxSize needs three
	default:
		header, length = 2+octets, 0
		for _, b := range der[2:header] {
			length = length<<8 | int(b)
		}
		if length < 0x80 {
			return 0, 0, syntaxf("non-minimal-length", "a length below 128 is in the long form")
		}
	}
	if length > len(der)-header {
		return 0, 0, truncated
	}
	return header, length, nil
}

// checkConstructed refuses the constructed bit on all universal types but
// SEQUENCE and SET: DER has primitive strings only.
func checkConstructed(tag byte) error {
	const class = 0xc0
	if tag&class == 0 && tag&0x1f != asn1.TagSequence && tag&0x1f != asn1.TagSet {
		return syntaxf("constructed-form", "an element of universal type %d is constructed", tag&0x1f)
	}
	return nil
}

// checkPrimitive checks contents that DER allows one form of.
func checkPrimitive(tag byte, body []byte) error {
	switch tag {
	case 0:
		return syntaxf("end-of-contents", "end-of-contents octets stand in the message")
	case asn1.TagSequence, asn1.TagSet:
		return syntaxf("primitive-form", "a SEQUENCE or SET is primitive")
	case asn1.TagBoolean:
		if len(body) != 1 || body[0] != 0 && body[0] != 0xff {
			return syntaxf("boolean", "a BOOLEAN is neither 00 nor FF")
		}
	case asn1.TagNull:
		if len(body) != 0 {
			return syntaxf("null", "a NULL has contents")
		}
	case asn1.TagInteger, asn1.TagEnum:
		if len(body) == 0 || len(body) > 1 &&
			(body[0] == 0 && body[1] < 0x80 || body[0] == 0xff && body[1] >= 0x80) {
			return syntaxf("non-minimal-integer", "an INTEGER is not in its shortest form")
		}
	}
	return nil
}
