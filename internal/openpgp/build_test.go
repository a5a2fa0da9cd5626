package openpgp_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

var (
	payload = []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nhello\n")
	begin   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // of all keys
	signed  = begin.AddDate(0, 1, 0)
	now     = begin.AddDate(0, 2, 0)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// hexOf is a fingerprint as gpg writes it.
func hexOf(fingerprint []byte) string { return strings.ToUpper(hex.EncodeToString(fingerprint)) }

func uint32s(v uint32) string { return string(binary.BigEndian.AppendUint32(nil, v)) }

func seconds(t time.Time) string { return uint32s(uint32(t.Unix())) }

// pkt is a packet in the new format.
func pkt(tag byte, body string) string {
	return string([]byte{0xc0 | tag, 0xff}) + uint32s(uint32(len(body))) + body
}

// A sub is a subpacket.
type sub struct {
	kind byte
	body string
}

func area(all []sub) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(string([]byte{0xff}) + uint32s(uint32(len(s.body)+1)) + string([]byte{s.kind}) + s.body)
	}
	return string(binary.BigEndian.AppendUint16(nil, uint16(b.Len()))) + b.String()
}

// A sig is the fields of a signature of version 4, for vectors to edit.
type sig struct {
	version, kind, algorithm, hash byte
	hashed, unhashed               []sub
	by                             *key
	flip                           byte // is changed in the digest's first byte
	rest                           string
}

// of returns a signature by a key.
func of(k *key, kind byte, at time.Time, hashed ...sub) *sig {
	return &sig{
		version: 4, kind: kind, algorithm: 27, hash: 8, by: k,
		hashed: append([]sub{{2, seconds(at)}, {33, "\x04" + k.fingerprint()}}, hashed...),
	}
}

// over returns the body of the packet.
func (s *sig) over(parts ...string) string {
	head := string([]byte{s.version, s.kind, s.algorithm, s.hash}) + area(s.hashed)
	h := map[byte]crypto.Hash{2: crypto.SHA1, 9: crypto.SHA384, 10: crypto.SHA512}[s.hash]
	if h == 0 {
		h = crypto.SHA256
	}
	d := h.New()
	d.Write([]byte(strings.Join(parts, "") + head + string([]byte{s.version, 0xff}) + uint32s(uint32(len(head)))))
	digest := d.Sum(nil)
	left := []byte{digest[0] ^ s.flip, digest[1]}
	return head + area(s.unhashed) + string(left) + string(ed25519.Sign(s.by.private, digest)) + s.rest
}

// A key is an Ed25519 key of version 4.
type key struct {
	private   ed25519.PrivateKey
	version   byte
	algorithm byte
}

func newKey(seed byte) *key {
	return &key{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize)), 4, 27}
}

func (k *key) body() string {
	return string([]byte{k.version}) + seconds(begin) + string([]byte{k.algorithm}) + string(k.private.Public().(ed25519.PublicKey))
}

func (k *key) hashed() string {
	return "\x99" + string(binary.BigEndian.AppendUint16(nil, uint16(len(k.body())))) + k.body()
}

func (k *key) fingerprint() string {
	sum := sha1.Sum([]byte(k.hashed()))
	return string(sum[:])
}

// An owner is the fields of a key with a subkey, for vectors to edit. A
// signature that is nil is left out.
type owner struct {
	key, subkey                         *key
	self, binding, consent              *sig
	before                              string // packets
	behindKey, behindName, behindSubkey string
}

const owned = "alice <alice@example.com>"

func newOwner() *owner {
	o := &owner{key: newKey(1), subkey: newKey(2)}
	o.self = of(o.key, 0x13, begin, sub{27, "\x03"})
	o.binding = of(o.key, 0x18, begin, sub{27, "\x02"})
	o.consent = of(o.subkey, 0x19, begin)
	return o
}

func (o *owner) selfPacket(s *sig) string {
	return pkt(2, s.over(o.key.hashed(), "\xb4"+uint32s(uint32(len(owned)))+owned))
}

func (o *owner) bindingPacket(s *sig, consent *sig) string {
	both := o.key.hashed() + o.subkey.hashed()
	with := *s
	if consent != nil {
		with.unhashed = append(slices.Clip(s.unhashed), sub{32, consent.over(both)})
	}
	return pkt(2, with.over(both))
}

// file returns the packets of the key.
func (o *owner) file() []byte {
	all := o.before + pkt(6, o.key.body()) + o.behindKey + pkt(13, owned)
	if o.self != nil {
		all += o.selfPacket(o.self)
	}
	all += o.behindName + pkt(14, o.subkey.body())
	if o.binding != nil {
		all += o.bindingPacket(o.binding, o.consent)
	}
	return []byte(all + o.behindSubkey)
}

// document returns the signature of a payload by a key.
func document(k *key) *sig {
	s := of(k, 0, signed)
	s.unhashed = []sub{{16, k.fingerprint()[12:]}}
	return s
}

func armored(packets string) []byte { return block("SIGNATURE", packets, "") }

// block is an armor. A tail stands for its checksum.
func block(label, packets, tail string) []byte {
	text := base64.StdEncoding.EncodeToString([]byte(packets))
	var b strings.Builder
	b.WriteString("-----BEGIN PGP " + label + "-----\n\n")
	for ; len(text) > 64; text = text[64:] {
		b.WriteString(text[:64] + "\n")
	}
	return []byte(b.String() + text + "\n" + tail + "-----END PGP " + label + "-----\n")
}
