package openpgp

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
)

// Keys are those of a file. They do not change, and are safe for concurrent
// use. The zero Keys verify nothing.
type Keys struct{ all []*certificate }

// A certificate is RFC 9580, 10.1: a key, what it says of itself, its subkeys.
type certificate struct {
	primary *publicKey
	// The newest that the key made about itself, and about itself with a name;
	// nil if there is none. What one does not limit, the other may.
	direct, named *signature
	revoked       bool
	subkeys       []*subkey
}

// A subkey may sign for the key that it belongs to, if both say so.
type subkey struct {
	*publicKey
	binding *signature // the newest, nil if none
	// consents says that the subkey signed that it is the key's: else anybody
	// could make another's subkey his own (RFC 9580, 5.2.1.9).
	consents bool
	revoked  bool
}

// ParseKeys reads a file of public keys: armored blocks, or packets. What
// strangers say of a key is stepped over, and so are its owner's names and
// pictures: whose it is says who names the file.
//
// A key or subkey counts as revoked where a revocation stands behind it,
// whoever made that: the file is its author's. Errors are a *[verdict.Error].
func ParseKeys(file []byte) (*Keys, error) {
	if len(file) > MaxKeyFile {
		return nil, syntaxf("key-file-size", "the key file has %d bytes, more than %d", len(file), MaxKeyFile)
	}
	in := cryptobyte.String(file)
	if len(file) > 0 && file[0]&0x80 == 0 {
		var err error
		if in, err = dearmorAll(file); err != nil {
			return nil, err
		}
	}
	r := &reader{seen: make(map[string]bool)}
	for n := 0; !in.Empty(); n++ {
		p, err := readPacket(&in)
		if err != nil {
			return nil, err
		}
		if n == maxPackets {
			return nil, syntaxf("too-many-packets", "the key file has more than %d packets", maxPackets)
		}
		if err := r.add(p); err != nil {
			return nil, err
		}
	}
	if len(r.keys.all) == 0 {
		return nil, syntaxf("no-key", "the key file has no key")
	}
	return &r.keys, nil
}

// dearmorAll reads a text of blocks, with blank lines between them, as people
// put files together. Lines may end in CR LF.
func dearmorAll(text []byte) (cryptobyte.String, error) {
	text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	var all cryptobyte.String
	for len(text) > 0 {
		packets, rest, err := dearmor(text, "PUBLIC KEY BLOCK")
		if err != nil {
			return nil, err
		}
		all, text = append(all, packets...), bytes.TrimSpace(rest)
	}
	return all, nil
}

// A reader puts the packets of a file together.
type reader struct {
	keys     Keys
	seen     map[string]bool // fingerprints
	verified int
	// What the next signatures are about: always the last certificate, and of
	// that its last subkey, or else a name, or else the key itself; or nothing
	// that counts.
	about about
	name  []byte
}

type about int

const (
	aboutNothing about = iota
	aboutKey
	aboutName
	aboutSubkey
)

// add takes the next packet.
func (r *reader) add(p packet) error {
	switch p.tag {
	case tagMarker, tagTrust, tagPadding:
		return nil
	case tagSecretKey, tagSecretSubkey:
		return syntaxf("secret-key", "the key file has a secret key: whoever reads it can sign with that, so replace the key, and export with `gpg --export`")
	case tagPublicKey:
		k, err := r.newKey(p.body)
		if err != nil {
			return err
		}
		r.about = aboutKey
		r.keys.all = append(r.keys.all, &certificate{primary: k})
		return nil
	}
	if len(r.keys.all) == 0 {
		return syntaxf("packet", "the key file begins with a packet of type %d, not a public key", p.tag)
	}
	c := r.keys.all[len(r.keys.all)-1]
	switch p.tag {
	case tagPublicSubkey:
		k, err := r.newKey(p.body)
		if err != nil {
			return err
		}
		r.about = aboutSubkey
		c.subkeys = append(c.subkeys, &subkey{publicKey: k})
		return nil
	case tagUserID:
		r.about, r.name = aboutName, p.body
		return nil
	case tagUserAttribute:
		r.about = aboutNothing
		return nil
	case tagSignature:
		return r.addSignature(c, p.body)
	}
	return syntaxf("packet", "the key file has a packet of type %d", p.tag)
}

// newKey reads a key that the file has not had before: of two, one might be
// the revoked one.
func (r *reader) newKey(body cryptobyte.String) (*publicKey, error) {
	k, err := parseKey(body)
	if err != nil {
		return nil, err
	}
	if r.seen[string(k.fingerprint)] {
		return nil, syntaxf("duplicate-key", "the key file has the key %s twice", name(k.fingerprint))
	}
	if len(r.seen) == maxKeys {
		return nil, syntaxf("too-many-keys", "the key file has more than %d keys and subkeys", maxKeys)
	}
	r.seen[string(k.fingerprint)] = true
	return k, nil
}

// addSignature takes a signature of a key about itself. Others are stepped
// over, and so are those that cannot be read, but never a revocation.
func (r *reader) addSignature(c *certificate, body cryptobyte.String) error {
	switch kindOf(body) {
	case kindKeyRevocation:
		r.revoke(c, body)
		return nil
	case kindSubkeyRevocation:
		for i, sub := range c.subkeys {
			// One that stands nowhere is about any of them.
			sub.revoked = sub.revoked || r.about != aboutSubkey || i == len(c.subkeys)-1
		}
		return nil
	}
	s, err := parseSignature(body)
	if err != nil || s.unknownCritical != 0 || !c.primary.mayHaveMade(s) {
		return nil
	}
	if r.verified++; r.verified > maxVerified {
		return syntaxf("too-many-signatures", "the keys of the file have more than %d signatures of their own", maxVerified)
	}
	switch {
	case r.about == aboutKey && s.kind == kindDirectKey:
		if c.primary.verify(s, c.primary.hashed) == nil {
			c.direct = newer(c.direct, s)
		}
	case r.about == aboutName && s.kind >= kindCertification && s.kind <= kindPositive:
		if c.primary.verify(s, c.primary.hashed, hashedName(r.name)) == nil {
			c.named = newer(c.named, s)
		}
	case r.about == aboutSubkey && s.kind == kindSubkeyBinding:
		sub := c.subkeys[len(c.subkeys)-1]
		if c.primary.verify(s, c.primary.hashed, sub.hashed) == nil && newer(sub.binding, s) == s {
			sub.binding, sub.consents = s, sub.consentsIn(s, c.primary)
		}
	}
	return nil
}

// revoke takes a revocation, which people append to a file wherever it ends. It
// is about the key that it stands behind, and about each that may have made it:
// where it is about none, about the last one.
func (r *reader) revoke(last *certificate, body cryptobyte.String) {
	found := false
	if s, err := parseSignature(body); err == nil {
		for _, c := range r.keys.all {
			if c.primary.mayHaveMade(s) {
				c.revoked, found = true, true
			}
		}
	}
	if !found || r.about == aboutKey {
		last.revoked = true
	}
}

// consentsIn reports whether a binding holds the subkey's own signature.
func (sub *subkey) consentsIn(binding *signature, primary *publicKey) bool {
	if len(binding.embedded) != 1 {
		return false
	}
	s, err := parseSignature(binding.embedded[0])
	return err == nil && s.kind == kindPrimaryBinding && s.unknownCritical == 0 && sub.mayHaveMade(s) &&
		sub.verify(s, primary.hashed, sub.hashed) == nil
}

// kindOf is the type of a signature of whatever version (RFC 4880, 5.2.2, too).
func kindOf(body cryptobyte.String) int {
	switch {
	case len(body) > 2 && body[0] < 4:
		return int(body[2])
	case len(body) > 1 && body[0] >= 4:
		return int(body[1])
	}
	return -1
}

// newer returns the later of two signatures.
func newer(old, s *signature) *signature {
	if old != nil && old.created.After(s.created) {
		return old
	}
	return s
}

// hashedName is a user ID as signatures on keys hash it, RFC 9580, 5.2.4.
func hashedName(name []byte) []byte {
	var b cryptobyte.Builder
	b.AddUint8(0xb4)
	b.AddUint32(uint32(len(name)))
	b.AddBytes(name)
	return b.BytesOrPanic()
}
