package openpgp

import (
	"crypto"
	"time"

	// What the values of crypto.Hash below stand for.
	_ "crypto/sha1"
	_ "crypto/sha256"
	_ "crypto/sha512"

	"golang.org/x/crypto/cryptobyte"
)

// The types of signatures, RFC 9580, 5.2.1.
const (
	kindBinary           = 0x00
	kindText             = 0x01
	kindCertification    = 0x10 // the first of four
	kindPositive         = 0x13 // the last
	kindSubkeyBinding    = 0x18
	kindPrimaryBinding   = 0x19
	kindDirectKey        = 0x1f
	kindKeyRevocation    = 0x20
	kindSubkeyRevocation = 0x28
)

// A hash is a hash algorithm of RFC 9580, 9.5.
type hash struct {
	crypto.Hash
	name string
	salt uint8 // bytes of the salt in signatures of version 6
	// weak ones do not bind a document. Between the parts of a key they are
	// believed: who vouches for the file vouches for what belongs together there.
	weak bool
}

// hashByID returns a hash algorithm; the zero one is not known.
func hashByID(id byte) hash {
	switch id {
	case 1:
		return hash{name: "MD5", weak: true}
	case 2:
		return hash{Hash: crypto.SHA1, name: "SHA-1", weak: true}
	case 3:
		return hash{name: "RIPEMD-160", weak: true}
	case 8:
		return hash{Hash: crypto.SHA256, name: "SHA-256", salt: 16}
	case 9:
		return hash{Hash: crypto.SHA384, name: "SHA-384", salt: 24}
	case 10:
		return hash{Hash: crypto.SHA512, name: "SHA-512", salt: 32}
	case 11:
		return hash{Hash: crypto.SHA224, name: "SHA-224", salt: 16, weak: true}
	}
	return hash{}
}

// A signature is a signature packet. Nothing in it is verified.
type signature struct {
	version, kind, algorithm byte
	hash                     hash
	signed                   []byte // what is hashed after the document
	left                     []byte // the first 16 bits of the digest
	salt                     []byte // version 6 only
	value                    cryptobyte.String
	subpackets
}

// parseSignature reads RFC 9580, 5.2.3.
func parseSignature(body cryptobyte.String) (*signature, error) {
	s := new(signature)
	in := body
	var id uint8
	if !in.ReadUint8(&s.version) {
		return nil, syntaxf("signature", "the signature is empty")
	}
	if s.version != 4 && s.version != 6 {
		return nil, syntaxf("signature-version", "the signature is of version %d, not 4 or 6", s.version)
	}
	if !in.ReadUint8(&s.kind) || !in.ReadUint8(&s.algorithm) || !in.ReadUint8(&id) {
		return nil, syntaxf("signature", "the signature is not well-formed")
	}
	if s.hash = hashByID(id); s.hash.name == "" {
		return nil, syntaxf("hash-algorithm", "the hash algorithm %d is not SHA-256, SHA-384 or SHA-512", id)
	}
	var hashed, unhashed cryptobyte.String
	ok := s.readArea(&in, &hashed)
	s.signed = body[:len(body)-len(in)]
	if !ok || !s.readArea(&in, &unhashed) || !in.ReadBytes(&s.left, 2) || !s.readSalt(&in) {
		return nil, syntaxf("signature", "the signature is not well-formed")
	}
	s.value = in
	if err := s.read(hashed, true); err != nil {
		return nil, err
	}
	if err := s.read(unhashed, false); err != nil {
		return nil, err
	}
	if s.created.IsZero() {
		return nil, syntaxf("no-creation-time", "the signature does not say when it was made")
	}
	return s, nil
}

// readArea reads an area of subpackets, without looking into it.
func (s *signature) readArea(in, out *cryptobyte.String) bool {
	if s.version == 4 {
		return in.ReadUint16LengthPrefixed(out)
	}
	var n uint32
	return in.ReadUint32(&n) && readBytes(in, n, (*[]byte)(out))
}

// readSalt reads what version 6 hashes before the document.
func (s *signature) readSalt(in *cryptobyte.String) bool {
	if s.version == 4 {
		return true
	}
	var salt cryptobyte.String
	ok := in.ReadUint8LengthPrefixed(&salt) && len(salt) == int(s.hash.salt)
	s.salt = salt
	return ok
}

// digest is RFC 9580, 5.2.4. The hash must be one that can be computed.
func (s *signature) digest(parts ...[]byte) []byte {
	h := s.hash.New()
	h.Write(s.salt)
	for _, p := range parts {
		h.Write(p)
	}
	h.Write(s.signed)
	var trailer cryptobyte.Builder
	trailer.AddUint8(s.version)
	trailer.AddUint8(0xff)
	trailer.AddUint32(uint32(len(s.signed)))
	h.Write(trailer.BytesOrPanic())
	return h.Sum(nil)
}

// The types of subpackets that mean something here, RFC 9580, 5.2.3.7.
const (
	subpacketCreated     = 2
	subpacketLifetime    = 3
	subpacketKeyLifetime = 9
	subpacketIssuer      = 16
	subpacketKeyFlags    = 27
	subpacketEmbedded    = 32
	subpacketFingerprint = 33
)

// harmless reports whether a critical subpacket changes nothing about whether
// a signature holds: preferences of the key's owner, and words about a key.
func harmless(kind byte) bool {
	switch kind {
	case 4, 7, 11, 21, 22, 23, 24, 25, 26, 28, 29, 30, 34, 39:
		return true
	}
	return false
}

// subpackets are what the two areas of a signature say.
type subpackets struct {
	created               time.Time
	lifetime, keyLifetime time.Duration // 0: no end
	flags                 byte
	hasFlags              bool
	issuerID              []byte
	issuerFingerprint     []byte
	embedded              []cryptobyte.String // signatures
	unknownCritical       byte
	unhashed              []byte // the types of those that are not signed, as they stand
}

// read reads one area, RFC 9580, 5.2.3.7. Of what is not signed only that
// counts which proves itself, or leads to a key that does.
func (s *subpackets) read(area cryptobyte.String, signed bool) error {
	var seen [128]bool
	for n := 0; !area.Empty(); n++ {
		length, ok := readLength(&area)
		var body cryptobyte.String
		var head uint8
		if !ok || n == maxSubpackets || !readBytes(&area, length, (*[]byte)(&body)) || !body.ReadUint8(&head) {
			return syntaxf("subpackets", "the subpackets of the signature are not well-formed, or more than %d", maxSubpackets)
		}
		kind, critical := head&0x7f, head&0x80 != 0
		known := true
		switch {
		case kind == subpacketIssuer || kind == subpacketFingerprint || kind == subpacketEmbedded:
			ok = s.readIssuer(kind, body)
		case signed:
			ok, known = s.readSigned(kind, body)
			ok = ok && !(known && seen[kind])
			seen[kind] = true
		}
		if !ok {
			return syntaxf("subpacket", "a subpacket of type %d is there twice, or not well-formed", kind)
		}
		if !signed {
			s.unhashed = append(s.unhashed, head)
		}
		if critical && !known && !harmless(kind) {
			s.unknownCritical = kind
		}
	}
	return nil
}

// readIssuer reads what counts in both areas. Two of one type must agree.
func (s *subpackets) readIssuer(kind byte, body cryptobyte.String) bool {
	switch kind {
	case subpacketEmbedded:
		s.embedded = append(s.embedded, body)
		return true
	case subpacketIssuer:
		ok := len(body) == 8 && (s.issuerID == nil || string(s.issuerID) == string(body))
		s.issuerID = body
		return ok
	}
	var version uint8
	ok := body.ReadUint8(&version) && (version == 4 && len(body) == 20 || version == 6 && len(body) == 32) &&
		(s.issuerFingerprint == nil || string(s.issuerFingerprint) == string(body))
	s.issuerFingerprint = body
	return ok
}

// readSigned reads what counts only where it is signed.
func (s *subpackets) readSigned(kind byte, body cryptobyte.String) (ok, known bool) {
	var seconds uint32
	switch kind {
	case subpacketCreated:
		ok = body.ReadUint32(&seconds) && body.Empty()
		s.created = time.Unix(int64(seconds), 0).UTC()
	case subpacketLifetime:
		ok = body.ReadUint32(&seconds) && body.Empty()
		s.lifetime = time.Duration(seconds) * time.Second
	case subpacketKeyLifetime:
		ok = body.ReadUint32(&seconds) && body.Empty()
		s.keyLifetime = time.Duration(seconds) * time.Second
	case subpacketKeyFlags:
		ok = body.Empty() || body.ReadUint8(&s.flags)
		s.hasFlags = true
	default:
		return true, false
	}
	return ok, true
}
