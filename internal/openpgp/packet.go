package openpgp

import (
	"bytes"
	"encoding/base64"
	"math/bits"

	"golang.org/x/crypto/cryptobyte"

	"github.com/paraph/paraph/internal/base64lines"
)

// dearmor reads RFC 9580, 6.2: the first block in text, which begins there, and
// what follows its END marker. A checksum may be missing, but not wrong.
func dearmor(text []byte, label string) (packets cryptobyte.String, rest []byte, err error) {
	begin, end := "-----BEGIN PGP "+label+"-----\n", "-----END PGP "+label+"-----"
	text, ok := bytes.CutPrefix(text, []byte(begin))
	if !ok {
		return nil, nil, syntaxf("armor-begin", "the armor does not begin with %q", begin)
	}
	if text, rest, ok = bytes.Cut(text, []byte(end)); !ok {
		return nil, nil, syntaxf("armor-end", "the armor has no line %q", end)
	}
	for n := 0; ; n++ {
		var line []byte
		if line, text, ok = bytes.Cut(text, []byte("\n")); !ok || n > maxHeaders {
			return nil, nil, syntaxf("armor-headers", "no blank line ends the headers of the armor")
		}
		if len(line) == 0 {
			break
		}
		if !bytes.Contains(line, []byte(": ")) {
			return nil, nil, syntaxf("armor-headers", "a header of the armor has no name")
		}
	}
	text, sum, err := cutChecksum(text)
	if err != nil {
		return nil, nil, err
	}
	if packets, err = base64lines.Decode(text); err != nil {
		return nil, nil, syntaxf("armor-base64", "the armor cannot be read: %w", err)
	}
	if sum != nil && !bytes.Equal(sum, crc24(packets)) {
		return nil, nil, syntaxf("armor-checksum", "the checksum of the armor is not that of its content")
	}
	return packets, rest, nil
}

// cutChecksum takes the last line off, where it is a checksum (RFC 9580, 6.1).
func cutChecksum(text []byte) (rest, sum []byte, err error) {
	const length = len("=njUN\n")
	at := len(text) - length
	if at < 1 || text[at-1] != '\n' || text[at] != '=' {
		return text, nil, nil
	}
	sum, err = base64.StdEncoding.AppendDecode(nil, text[at+1:len(text)-1])
	if err != nil || len(sum) != 3 {
		return nil, nil, syntaxf("armor-checksum", "the checksum of the armor cannot be read")
	}
	return text[:at], sum, nil
}

// crc24 is RFC 9580, 6.1.1.
func crc24(data []byte) []byte {
	const start, generator = 0xb704ce, 0x1864cfb
	crc := uint32(start)
	for _, b := range data {
		crc ^= uint32(b) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= generator
			}
		}
	}
	return []byte{byte(crc >> 16), byte(crc >> 8), byte(crc)}
}

// The types of packets, RFC 9580, 5.
const (
	tagSignature     = 2
	tagSecretKey     = 5
	tagPublicKey     = 6
	tagSecretSubkey  = 7
	tagMarker        = 10
	tagTrust         = 12
	tagUserID        = 13
	tagPublicSubkey  = 14
	tagUserAttribute = 17
	tagPadding       = 21
)

// A packet is one of RFC 9580, 4.
type packet struct {
	tag  byte
	body cryptobyte.String
}

// readPacket reads a packet of a definite length, RFC 9580, 4.2.
func readPacket(in *cryptobyte.String) (packet, error) {
	const always, newFormat = 0x80, 0x40
	var p packet
	var head uint8
	if !in.ReadUint8(&head) || head&always == 0 {
		return p, syntaxf("packet", "there is no packet where one should begin")
	}
	var n uint32
	var ok bool
	if head&newFormat != 0 {
		p.tag = head & 0x3f
		n, ok = readLength(in)
	} else {
		p.tag = head >> 2 & 0x0f
		n, ok = readOldLength(in, head&3)
	}
	if !ok || !readBytes(in, n, (*[]byte)(&p.body)) {
		return p, syntaxf("packet-length", "a packet of type %d has no definite length, or ends before its time", p.tag)
	}
	return p, nil
}

// readOldLength reads RFC 9580, 4.2.2.
func readOldLength(in *cryptobyte.String, size byte) (uint32, bool) {
	var one uint8
	var two uint16
	var four uint32
	switch size {
	case 0:
		ok := in.ReadUint8(&one)
		return uint32(one), ok
	case 1:
		ok := in.ReadUint16(&two)
		return uint32(two), ok
	case 2:
		ok := in.ReadUint32(&four)
		return four, ok
	}
	return 0, false
}

// readLength reads RFC 9580, 4.2.1, where a partial length is refused.
func readLength(in *cryptobyte.String) (uint32, bool) {
	const two, partial, four = 192, 224, 255
	var first, second uint8
	var n uint32
	switch {
	case !in.ReadUint8(&first):
		return 0, false
	case first < two:
		return uint32(first), true
	case first < partial:
		ok := in.ReadUint8(&second)
		return uint32(first-two)<<8 + uint32(second) + two, ok
	case first == four:
		ok := in.ReadUint32(&n)
		return n, ok
	}
	return 0, false
}

// readBytes reads n bytes, however large n claims to be.
func readBytes(in *cryptobyte.String, n uint32, out *[]byte) bool {
	return int64(n) <= int64(len(*in)) && in.ReadBytes(out, int(n))
}

// readMPI reads RFC 9580, 3.2, a number of exactly so many bits.
func readMPI(in *cryptobyte.String, out *[]byte) bool {
	var n uint16
	return in.ReadUint16(&n) && readBytes(in, (uint32(n)+7)/8, out) &&
		(n == 0 || bits.Len8((*out)[0]) == int(n-1)%8+1)
}

// readOctets reads an MPI that is really a string of a fixed length, right
// aligned. gpg has written its leading zeros as bits, and left them out.
func readOctets(in *cryptobyte.String, out []byte) bool {
	var n uint16
	var b []byte
	if !in.ReadUint16(&n) || !readBytes(in, (uint32(n)+7)/8, &b) || len(b) > len(out) {
		return false
	}
	copy(out[len(out)-len(b):], b)
	return true
}
