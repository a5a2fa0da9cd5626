package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/asn1"
	"slices"
	"testing"
)

// A node is one ASN.1 element of a message that a test edits.
type node struct {
	tag  byte
	body []byte  // of a primitive element
	kids []*node // of a constructed one
	raw  []byte  // if set, stands for the whole element, valid or not
}

// The encodings of identifiers that the vectors write.
var (
	derData   = oid(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1})
	derNull   = prim(asn1.TagNull)
	unknownID = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}
)

func prim(tag byte, body ...byte) *node     { return &node{tag: tag, body: body} }
func cons(tag byte, kids ...*node) *node    { return &node{tag: tag, kids: kids} }
func seq(kids ...*node) *node               { return cons(0x30, kids...) }
func set(kids ...*node) *node               { return cons(0x31, kids...) }
func raw(der ...byte) *node                 { return &node{raw: der} }
func octets(body ...byte) *node             { return prim(asn1.TagOctetString, body...) }
func (n *node) add(kids ...*node)           { n.kids = append(n.kids, kids...) }
func (n *node) insert(i int, kids ...*node) { n.kids = slices.Insert(n.kids, i, kids...) }
func (n *node) remove(i int)                { n.kids = slices.Delete(n.kids, i, i+1) }
func (n *node) sort()                       { slices.SortFunc(n.kids, compareNodes) }
func compareNodes(a, b *node) int           { return bytes.Compare(a.der(), b.der()) }

func oid(id asn1.ObjectIdentifier) *node {
	der, err := asn1.Marshal(id)
	if err != nil {
		panic(err)
	}
	return raw(der...)
}

// attribute is an Attribute with these values.
func attribute(id asn1.ObjectIdentifier, values ...*node) *node { return seq(oid(id), set(values...)) }

// der encodes the node in DER, but for what raw says.
func (n *node) der() []byte {
	if n.raw != nil {
		return n.raw
	}
	body := n.body
	for _, k := range n.kids {
		body = append(body, k.der()...)
	}
	return append(header(n.tag, len(body)), body...)
}

func header(tag byte, length int) []byte {
	switch {
	case length < 0x80:
		return []byte{tag, byte(length)}
	case length < 0x100:
		return []byte{tag, 0x81, byte(length)}
	default:
		return []byte{tag, 0x82, byte(length >> 8), byte(length)}
	}
}

// parseNodes reads a sequence of elements. Its input comes from this package
// or from a library, not from a stranger.
func parseNodes(t testing.TB, der []byte) []*node {
	t.Helper()
	var nodes []*node
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			t.Fatal(err)
		}
		n := &node{tag: der[0]}
		if v.IsCompound {
			n.kids = parseNodes(t, v.Bytes)
		} else {
			n.body = v.Bytes
		}
		nodes, der = append(nodes, n), rest
	}
	return nodes
}

// A message is a SignedData under edit. The nodes are those of RFC 5652.
type message struct {
	root, signedData, digests, encap, certs, signers *node
	signer, sid, digest, signed, algorithm, value    *node
	unsigned                                         *node // nil if there is none
	by                                               signer
	hash                                             crypto.Hash
}

// edit takes a message apart that by signed with this hash.
func edit(t testing.TB, der []byte, by signer, hash crypto.Hash) *message {
	t.Helper()
	root := parseNodes(t, der)[0]
	sd := root.kids[1].kids[0]
	si := sd.kids[4].kids[0]
	m := &message{
		root: root, signedData: sd,
		digests: sd.kids[1], encap: sd.kids[2], certs: sd.kids[3], signers: sd.kids[4],
		signer: si, sid: si.kids[1], digest: si.kids[2], signed: si.kids[3], algorithm: si.kids[4], value: si.kids[5],
		by: by, hash: hash,
	}
	if len(si.kids) > 6 {
		m.unsigned = si.kids[6]
	}
	return m
}

// resign signs the attributes as they are now.
func (m *message) resign(t testing.TB) {
	t.Helper()
	attrs := bytes.Clone(m.signed.der())
	attrs[0] = 0x31
	digest, opts := attrs, crypto.SignerOpts(crypto.Hash(0))
	if _, ok := m.by.key.(ed25519.PrivateKey); !ok {
		h := m.hash.New()
		h.Write(attrs)
		digest, opts = h.Sum(nil), m.hash
	}
	signature, err := m.by.key.Sign(rand.Reader, digest, opts)
	if err != nil {
		t.Fatal(err)
	}
	m.value.body = signature
}

// attr returns the signed attribute of this type.
func (m *message) attr(t testing.TB, id asn1.ObjectIdentifier) *node {
	t.Helper()
	for _, a := range m.signed.kids {
		if bytes.Equal(a.kids[0].der(), oid(id).der()) {
			return a
		}
	}
	t.Fatalf("no signed attribute %v", id)
	return nil
}

// setValues replaces the values of a signed attribute.
func (m *message) setValues(t testing.TB, id asn1.ObjectIdentifier, values ...*node) {
	t.Helper()
	m.attr(t, id).kids[1].kids = values
	m.signed.sort()
}

// addSigned adds a signed attribute in its place.
func (m *message) addSigned(attrs ...*node) {
	m.signed.add(attrs...)
	m.signed.sort()
}

// dropSigned removes a signed attribute.
func (m *message) dropSigned(t testing.TB, id asn1.ObjectIdentifier) {
	t.Helper()
	a := m.attr(t, id)
	m.signed.kids = slices.DeleteFunc(m.signed.kids, func(n *node) bool { return n == a })
}
