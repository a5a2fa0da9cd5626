package cms_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/paraph/paraph/cms"
)

// A vector is a message that is good but for one defect. The message is made
// with a P-256 key and carries two unsigned attributes; after the edit it is
// signed again, so that no vector fails for its signature by accident.
type vector struct {
	name string
	rule string
	edit func(t *testing.T, m *message)
}

// TestNoDefect shows that a message that is taken apart and signed again
// holds: so a vector fails for its defect.
func TestNoDefect(t *testing.T) {
	der := vector{edit: func(*testing.T, *message) {}}.der(t)
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sd.Verify(content); err != nil {
		t.Fatal(err)
	}
}

func (v vector) der(t *testing.T) []byte {
	by := newSigner(t, "P-256")
	m := edit(t, sign(t, by, unsignedAttributes()...), by, crypto.SHA256)
	v.edit(t, m)
	if m.value.raw == nil && m.value.body != nil {
		m.resign(t)
	}
	return m.root.der()
}

func TestParseRefuses(t *testing.T) {
	for _, v := range parseVectors() {
		t.Run(v.rule+"/"+v.name, func(t *testing.T) {
			der := v.der(t)
			_, err := cms.Parse(der)
			wantRule(t, err, cms.Syntax, v.rule)
		})
	}
}

// parseVectors are all messages that Parse must refuse.
func parseVectors() []vector {
	var all []vector
	for _, v := range [][]vector{formVectors, structureVectors, algorithmVectors, certificateVectors, attributeVectors, claimVectors} {
		all = append(all, v...)
	}
	return all
}

// replace makes an edit of the whole encoding.
func replace(f func(der []byte) []byte) func(*testing.T, *message) {
	return func(t *testing.T, m *message) {
		m.resign(t)
		m.value.raw = m.value.der()
		m.root.raw = f(m.root.der())
	}
}

// unknown makes an edit that adds an unknown signed attribute with this value.
func unknown(value *node) func(*testing.T, *message) {
	return func(_ *testing.T, m *message) { m.addSigned(attribute(unknownID, value)) }
}

func nested(depth int) *node {
	n := derNull
	for range depth {
		n = seq(n)
	}
	return n
}

// formVectors break X.690.
var formVectors = []vector{
	{"one byte too many", "size", replace(func(der []byte) []byte {
		return append(der, make([]byte, cms.MaxSize+1-len(der))...)
	})},
	{"nothing", "truncated", replace(func([]byte) []byte { return []byte{} })},
	{"last byte missing", "truncated", replace(func(der []byte) []byte { return der[:len(der)-1] })},
	{"length cut", "truncated", replace(func([]byte) []byte { return []byte{0x30, 0x82, 1} })},
	{"length of four bytes", "truncated", replace(func([]byte) []byte { return []byte{0x30, 0x84, 1, 0, 0, 0} })},
	{"length of 127 bytes", "truncated", replace(func([]byte) []byte { return append([]byte{0x30, 0xff, 1}, make([]byte, 200)...) })},
	{"zero byte at the end", "trailing-bytes", replace(func(der []byte) []byte { return append(der, 0) })},
	{"second message", "trailing-bytes", replace(func(der []byte) []byte { return append(der, der...) })},
	{"value", "high-tag-number", unknown(raw(0x9f, 0x1f, 0))},
	{"root", "indefinite-length", replace(func(der []byte) []byte {
		return append(append([]byte{0x30, 0x80}, der[4:]...), 0, 0)
	})},
	{"value", "end-of-contents", unknown(raw(0, 0))},
	{"long form below 128", "non-minimal-length", unknown(raw(4, 0x81, 1, 7))},
	{"leading zero", "non-minimal-length", replace(func(der []byte) []byte {
		return append([]byte{0x30, 0x83, 0, der[2], der[3]}, der[4:]...)
	})},
	{"signature", "constructed-form", func(t *testing.T, m *message) {
		m.resign(t)
		m.value.raw = cons(0x24, octets(m.value.body...)).der()
	}},
	{"attribute value", "constructed-form", unknown(cons(0x2c))},
	{"SEQUENCE", "primitive-form", unknown(raw(0x10, 0))},
	{"SET", "primitive-form", unknown(raw(0x11, 0))},
	{"true is 01", "boolean", unknown(prim(asn1.TagBoolean, 1))},
	{"empty", "boolean", unknown(prim(asn1.TagBoolean))},
	{"with contents", "null", unknown(prim(asn1.TagNull, 0))},
	{"version", "non-minimal-integer", func(_ *testing.T, m *message) { m.signedData.kids[0].body = []byte{0, 1} }},
	{"serial number", "non-minimal-integer", func(_ *testing.T, m *message) {
		m.sid.kids[1].body = append([]byte{0}, m.sid.kids[1].body...)
	}},
	{"negative", "non-minimal-integer", unknown(prim(asn1.TagInteger, 0xff, 0x80))},
	{"empty", "non-minimal-integer", unknown(prim(asn1.TagInteger))},
	{"33 levels", "depth", unknown(nested(33 - 9))},
}

// structureVectors break RFC 5652, 3 and 5.1 to 5.3.
var structureVectors = []vector{
	{"not a SEQUENCE", "content-info", replace(func([]byte) []byte { return derNull.der() })},
	{"no content", "content-info", func(_ *testing.T, m *message) { m.root.remove(1) }},
	{"content twice", "content-info", func(_ *testing.T, m *message) { m.root.add(m.root.kids[1]) }},
	{"two SignedData", "content-info", func(_ *testing.T, m *message) { m.root.kids[1].add(m.signedData) }},
	{"data", "content-info-type", func(_ *testing.T, m *message) { m.root.kids[0] = derData }},
	{"no version", "signed-data", func(_ *testing.T, m *message) { m.signedData.remove(0) }},
	{"no signerInfos", "signed-data", func(_ *testing.T, m *message) { m.signedData.remove(4) }},
	{"element at the end", "signed-data", func(_ *testing.T, m *message) { m.signedData.add(derNull) }},
	{"version 0", "signed-data-version", func(_ *testing.T, m *message) { m.signedData.kids[0].body[0] = 0 }},
	{"version 3", "signed-data-version", func(_ *testing.T, m *message) { m.signedData.kids[0].body[0] = 3 }},
	{"one", "crls", func(_ *testing.T, m *message) { m.signedData.insert(4, cons(0xa1, seq())) }},
	{"none", "crls", func(_ *testing.T, m *message) { m.signedData.insert(4, cons(0xa1)) }},
	{"no type", "encapsulated-content", func(_ *testing.T, m *message) { m.encap.kids = nil }},
	{"TSTInfo", "content-type", func(_ *testing.T, m *message) { m.encap.kids[0] = oid(cms.OIDTSTInfo) }},
	{"the same content", "not-detached", func(_ *testing.T, m *message) { m.encap.add(cons(0xa0, octets(content...))) }},
	{"empty content", "not-detached", func(_ *testing.T, m *message) { m.encap.add(cons(0xa0, octets())) }},
	{"empty [0]", "not-detached", func(_ *testing.T, m *message) { m.encap.add(cons(0xa0)) }},
	{"empty set", "no-signer", func(_ *testing.T, m *message) { m.signers.kids = nil }},
	{"both good", "several-signers", func(_ *testing.T, m *message) { m.signers.add(m.signer) }},
	{"second bad", "several-signers", func(_ *testing.T, m *message) { m.signers.add(seq()) }},
	{"not a SEQUENCE", "signer-info", func(_ *testing.T, m *message) { m.signers.kids[0] = derNull }},
	{"no version", "signer-info", func(_ *testing.T, m *message) { m.signer.remove(0) }},
	{"no signature", "signer-info", func(_ *testing.T, m *message) { m.signer.remove(5) }},
	{"signature is a BIT STRING", "signer-info", func(_ *testing.T, m *message) { m.value.tag = asn1.TagBitString }},
	{"element at the end", "signer-info", func(_ *testing.T, m *message) { m.signer.add(derNull) }},
	{"unsigned attributes twice", "signer-info", func(_ *testing.T, m *message) { m.signer.add(m.unsigned) }},
	{"version 3", "signer-info-version", func(_ *testing.T, m *message) { m.signer.kids[0].body[0] = 3 }},
	{"with version 3", "subject-key-identifier", func(_ *testing.T, m *message) {
		m.signer.kids[0].body[0], m.signer.kids[1] = 3, prim(0x80, 1, 2, 3)
	}},
	{"with version 1", "subject-key-identifier", func(_ *testing.T, m *message) { m.signer.kids[1] = prim(0x80, 1, 2, 3) }},
	{"no serial number", "signer-identifier", func(_ *testing.T, m *message) { m.sid.remove(1) }},
	{"element at the end", "signer-identifier", func(_ *testing.T, m *message) { m.sid.add(derNull) }},
}

func algorithm(id asn1.ObjectIdentifier, params ...*node) *node {
	return seq(append([]*node{oid(id)}, params...)...)
}

// Digest algorithms, those that are refused among them.
var (
	oidMD5    = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
)

// setDigest puts one algorithm into both places.
func setDigest(alg *node) func(*testing.T, *message) {
	return func(_ *testing.T, m *message) { m.digests.kids[0].kids, m.digest.kids = alg.kids, alg.kids }
}

// setAlgorithm replaces the signature algorithm.
func setAlgorithm(alg *node) func(*testing.T, *message) {
	return func(_ *testing.T, m *message) { m.algorithm.kids = alg.kids }
}

// signedBy makes an edit that gives the message another signer and this
// signature algorithm.
func signedBy(kind string, alg *node) func(*testing.T, *message) {
	return func(t *testing.T, m *message) {
		m.by = newSigner(t, kind)
		m.certs.kids = parseNodes(t, m.by.leaf.Raw)
		m.sid.kids[1].body = m.by.leaf.SerialNumber.Bytes()
		m.algorithm.kids = alg.kids
	}
}

// setSignature makes an edit that puts another ECDSA-Sig-Value in.
func setSignature(der func(t *testing.T, good []byte) []byte) func(*testing.T, *message) {
	return func(t *testing.T, m *message) {
		m.resign(t)
		m.value.raw = octets(der(t, m.value.body)...).der()
	}
}

// integers encodes an ECDSA-Sig-Value.
func integers(t *testing.T, r, s *big.Int) []byte {
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var (
	oidECDSA256   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidECDSA384   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}
	oidECDSASHA1  = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
	oidRSA        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSASHA256  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidRSASHA512  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}
	oidEd25519    = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
)

// algorithmVectors break RFC 5754, 5753 and 8419.
var algorithmVectors = []vector{
	{"none", "digest-algorithms", func(_ *testing.T, m *message) { m.digests.kids = nil }},
	{"two", "digest-algorithms", func(_ *testing.T, m *message) { m.digests.add(algorithm(oidSHA384)) }},
	{"MD5", "digest-algorithm", setDigest(algorithm(oidMD5, derNull))},
	{"SHA-1", "digest-algorithm", setDigest(algorithm(oidSHA1))},
	{"of the signer", "digest-algorithm-mismatch", func(_ *testing.T, m *message) { m.digest.kids = algorithm(oidSHA384).kids }},
	{"of the message", "digest-algorithm-mismatch", func(_ *testing.T, m *message) { m.digests.kids[0] = algorithm(oidSHA384) }},
	{"not a SEQUENCE", "algorithm", func(_ *testing.T, m *message) { m.digests.kids[0] = derNull }},
	{"no identifier", "algorithm", func(_ *testing.T, m *message) { m.algorithm.kids = nil }},
	{"digest with an INTEGER", "algorithm-parameters", setDigest(algorithm(oidSHA256, prim(asn1.TagInteger, 1)))},
	{"digest with two NULL", "algorithm-parameters", setDigest(algorithm(oidSHA256, derNull, derNull))},
	{"ECDSA with NULL", "algorithm-parameters", setAlgorithm(algorithm(oidECDSA256, derNull))},
	{"rsaEncryption without", "algorithm-parameters", signedBy("RSA-2048", algorithm(oidRSA))},
	{"Ed25519 with NULL", "algorithm-parameters", setAlgorithm(algorithm(oidEd25519, derNull))},
	{"ECDSA with SHA-1", "signature-algorithm", setAlgorithm(algorithm(oidECDSASHA1))},
	{"ECDSA with SHA-384", "signature-algorithm-digest", setAlgorithm(algorithm(oidECDSA384))},
	{"RSA with SHA-512", "signature-algorithm-digest", signedBy("RSA-2048", algorithm(oidRSASHA512, derNull))},
	{"Ed25519 with SHA-256", "signature-algorithm-digest", signedBy("Ed25519", algorithm(oidEd25519))},
	{"ECDSA with an RSA key", "signature-algorithm-key", signedBy("RSA-2048", algorithm(oidECDSA256))},
	{"RSA with an ECDSA key", "signature-algorithm-key", setAlgorithm(algorithm(oidRSA, derNull))},
	{"1024 bits", "rsa-key-size", signedBy("RSA-1024", algorithm(oidRSA, derNull))},
	{"8193 bits", "rsa-key-size", func(t *testing.T, m *message) {
		template := certificateTemplate("a long key", leafSerial(t))
		modulus := new(big.Int).SetBit(big.NewInt(1), 8192, 1)
		leaf := issue(t, template, newSigner(t, "CA"), &rsa.PublicKey{N: modulus, E: 65537})
		m.certs.kids = parseNodes(t, leaf.Raw)
		m.algorithm.kids = algorithm(oidRSA, derNull).kids
	}},
	{"P-224", "curve", signedBy("P-224", algorithm(oidECDSA256))},
	{"empty", "ecdsa-signature", setSignature(func(*testing.T, []byte) []byte { return nil })},
	{"trailing byte", "ecdsa-signature", setSignature(func(_ *testing.T, good []byte) []byte { return append(good, 0) })},
	{"leading zero in r", "ecdsa-signature", setSignature(func(t *testing.T, good []byte) []byte {
		n := parseNodes(t, good)[0]
		n.kids[0].body = append([]byte{0, 0}, n.kids[0].body...)
		return n.der()
	})},
	{"BER length", "ecdsa-signature", setSignature(func(_ *testing.T, good []byte) []byte {
		return append([]byte{0x30, 0x81}, good[1:]...)
	})},
	{"three integers", "ecdsa-signature", setSignature(func(t *testing.T, good []byte) []byte {
		n := parseNodes(t, good)[0]
		n.add(prim(asn1.TagInteger, 1))
		return n.der()
	})},
}

// rangeVectors break SEC 1, 4.1.4: they parse, and must not verify.
var rangeVectors = []vector{
	{"r is 0", "ecdsa-range", setSignature(func(t *testing.T, _ []byte) []byte { return integers(t, new(big.Int), big.NewInt(1)) })},
	{"s is 0", "ecdsa-range", setSignature(func(t *testing.T, _ []byte) []byte { return integers(t, big.NewInt(1), new(big.Int)) })},
	{"r is -1", "ecdsa-range", setSignature(func(t *testing.T, _ []byte) []byte { return integers(t, big.NewInt(-1), big.NewInt(1)) })},
	{"r is n", "ecdsa-range", setSignature(func(t *testing.T, _ []byte) []byte {
		return integers(t, elliptic.P256().Params().N, big.NewInt(1))
	})},
	{"s is s+n", "ecdsa-range", setSignature(func(t *testing.T, good []byte) []byte {
		var v struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(bytes.Clone(good), &v); err != nil {
			t.Fatal(err)
		}
		return integers(t, v.R, v.S.Add(v.S, elliptic.P256().Params().N))
	})},
}
