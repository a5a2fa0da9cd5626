package verify_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

var (
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA384    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidNoMeaning = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}
)

// Attack 17: a signature over one object presented with another.
func TestMovedSignatures(t *testing.T) {
	vectors{
		"from commit A to commit B": {spec{log: 1, moved: commitB}, verdict.Bad, verdict.Binding, "message-digest-value"},
		"from a commit to a tag":    {spec{log: 1, moved: tagA}, verdict.Bad, verdict.Binding, "message-digest-value"},
		"from a tag to a commit":    {spec{log: 1, payload: tagA, moved: commitA}, verdict.Bad, verdict.Binding, "message-digest-value"},
		"final newline removed":     {spec{log: 1, moved: commitA[:len(commitA)-1]}, verdict.Bad, verdict.Binding, "message-digest-value"},
		"CR before LF in the message": {
			spec{log: 1, moved: string(bytes.Replace([]byte(commitA), []byte("A\n"), []byte("A\r\n"), 1))},
			verdict.Bad, verdict.Binding, "message-digest-value",
		},
		"to what is no git object": {spec{log: 1, moved: "hello"}, verdict.Malformed, verdict.Syntax, "payload-kind"},
		"to nothing":               {spec{log: 1, moved: "\n"}, verdict.Malformed, verdict.Syntax, "payload-kind"},
	}.run(t)
}

// Attacks 21 to 29: the rules of package cms arrive here under their names.
func TestMessages(t *testing.T) {
	vectors{
		"no certificate": {
			spec{log: 1, message: func(m *message) { m.certificates().kids = nil }},
			verdict.Malformed, verdict.Syntax, "no-certificates",
		},
		"no set of certificates": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.signedData().kids = slices.Delete(m.signedData().kids, 3, 4) }},
			verdict.Malformed, verdict.Syntax, "no-certificates",
		},
		"no signer": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.signers().kids = nil }},
			verdict.Malformed, verdict.Syntax, "no-signer",
		},
		"no signed attributes": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.signerInfo().kids = slices.Delete(m.signerInfo().kids, 3, 4) }},
			verdict.Malformed, verdict.Syntax, "no-signed-attributes",
		},
		"two signers": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.signers().kids = append(m.signers().kids, m.signerInfo().clone()) }},
			verdict.Malformed, verdict.Syntax, "several-signers",
		},
		"content of its own": {
			spec{log: 1, message: func(m *message) { m.content().kids = append(m.content().kids, eContent([]byte(commitA))) }},
			verdict.Malformed, verdict.Syntax, "not-detached",
		},
		"content of its own, empty": {
			spec{log: 1, message: func(m *message) { m.content().kids = append(m.content().kids, eContent(nil)) }},
			verdict.Malformed, verdict.Syntax, "not-detached",
		},
		"message digest twice": {
			spec{log: 1, message: func(m *message) { m.repeat(cms.OIDMessageDigest) }},
			verdict.Malformed, verdict.Syntax, "duplicate-attribute",
		},
		"no message digest": {
			spec{log: 1, message: func(m *message) { m.drop(cms.OIDMessageDigest) }},
			verdict.Malformed, verdict.Syntax, "no-message-digest",
		},
		"no content type": {
			spec{log: 1, message: func(m *message) { m.drop(cms.OIDContentType) }},
			verdict.Malformed, verdict.Syntax, "no-content-type",
		},
		"message digest too short": {
			spec{log: 1, message: func(m *message) { v := m.value(cms.OIDMessageDigest); v.body = v.body[:31] }},
			verdict.Malformed, verdict.Syntax, "message-digest-length",
		},
		"message digest of another message": {
			spec{log: 1, message: func(m *message) { m.value(cms.OIDMessageDigest).body[0] ^= 1 }},
			verdict.Bad, verdict.Binding, "message-digest-value",
		},
		"content type of another kind": {
			spec{log: 1, message: func(m *message) { m.value(cms.OIDContentType).body = oid(cms.OIDTSTInfo).body }},
			verdict.Bad, verdict.Binding, "content-type-value",
		},
		"an unsigned attribute without a meaning": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.addUnsigned(oidNoMeaning, element(asn1.TagNull, nil)) }},
			verdict.Malformed, verdict.Syntax, "unknown-unsigned-attribute",
		},
		"two log entries": {
			spec{log: 1, finished: func(s *signed, m *message) {
				e := s.pki.LogV1(s.digest, s.signature, s.leaf.Raw)
				m.addUnsigned(cms.OIDTransparencyLogEntry, element(asn1.TagOctetString, e.Bytes()))
			}}, verdict.Malformed, verdict.Syntax, "duplicate-attribute",
		},
		"an entry of each log": {
			spec{log: 1, finished: func(s *signed, m *message) {
				e := s.pki.LogV2(s.digest, s.signature, s.leaf.Raw)
				m.addUnsigned(cms.OIDTransparencyLogEntry, element(asn1.TagOctetString, e.Bytes()))
			}}, verdict.Malformed, verdict.Syntax, "duplicate-attribute",
		},
		"two log entries in one attribute": {
			spec{log: 1, finished: func(_ *signed, m *message) {
				values := m.unsigned().kids[0].kids[1]
				values.kids = append(values.kids, values.kids[0].clone())
			}}, verdict.Malformed, verdict.Syntax, "several-values",
		},
		"two timestamps": {
			spec{log: 1, stamp: true, finished: func(s *signed, m *message) {
				m.addUnsigned(cms.OIDTimeStampToken, parseNode(s.pki.Timestamp(s.signature)))
			}}, verdict.Malformed, verdict.Syntax, "duplicate-attribute",
		},
		"a log entry that is no OCTET STRING": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.unsigned().kids[0].kids[1].kids[0].tag = asn1.TagUTF8String }},
			verdict.Malformed, verdict.Syntax, "entry-form",
		},
		"a signature by the negative of s": {
			spec{log: 1, finished: func(s *signed, m *message) { m.signature().body = negateS(s.signature) }},
			verdict.Bad, verdict.Log, "inclusion",
		},
		"a signature with s of zero": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.signature().body = []byte{0x30, 6, 2, 1, 1, 2, 1, 0} }},
			verdict.Bad, verdict.Signature, "ecdsa-range",
		},
		"a signature by another key": {
			spec{log: 1, finished: func(s *signed, m *message) {
				m.signature().body, _ = ecdsa.SignASN1(rand.Reader, testpki.Key("mallory"), s.digest[:])
			}}, verdict.Bad, verdict.Signature, "signature-value",
		},
		"a claimed time that is not the signed one": {
			spec{log: 1, finished: func(_ *signed, m *message) { m.value(cms.OIDSigningTime).body[11] ^= 1 }},
			verdict.Bad, verdict.Signature, "signature-value",
		},
	}.run(t)
}

// Attack 26, and what Fulcio certifies but git signatures are not made with.
func TestAlgorithms(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	digests := func(id asn1.ObjectIdentifier, which ...int) func(*message) {
		return func(m *message) {
			places := []*node{m.signedData().kids[1].kids[0], m.signerInfo().kids[2]}
			for _, i := range which {
				places[i].kids[0] = oid(id)
			}
		}
	}
	vectors{
		"SHA-1":            {spec{log: 1, message: digests(oidSHA1, 0, 1)}, verdict.Malformed, verdict.Syntax, "digest-algorithm"},
		"digests disagree": {spec{log: 1, message: digests(oidSHA384, 1)}, verdict.Malformed, verdict.Syntax, "digest-algorithm-mismatch"},
		"a P-384 signer":   {spec{key: p384}, verdict.Malformed, verdict.Syntax, "algorithm"},
		"an RSA signer":    {spec{key: rsaKey}, verdict.Malformed, verdict.Syntax, "algorithm"},
		"P-256 with SHA-384": {spec{log: 1, message: func(m *message) {
			digests(oidSHA384, 0, 1)(m)
			sum := sha512.Sum384([]byte(commitA))
			m.value(cms.OIDMessageDigest).body = sum[:]
			m.signerInfo().kids[4].kids[0] = oid(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3})
		}}, verdict.Malformed, verdict.Syntax, "algorithm"},
		"an Ed25519 signer": {spec{key: ed}, verdict.Malformed, verdict.Syntax, "algorithm"},
	}.run(t)
}

// Attacks 27 and 30: one encoding and one armor, no other.
func TestEncodings(t *testing.T) {
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(from), []byte(to)) }
	}
	der := func(f func([]byte) []byte) func([]byte) []byte {
		return func(armored []byte) []byte {
			b, err := cms.Unarmor(armored)
			if err != nil {
				panic(err)
			}
			return cms.Armor(f(b))
		}
	}
	vectors{
		"bytes after the message": {
			spec{log: 1, armor: der(func(b []byte) []byte { return append(b, 0) })},
			verdict.Malformed, verdict.Syntax, "trailing-bytes",
		},
		"indefinite length": {
			spec{log: 1, armor: der(func(b []byte) []byte { return slices.Concat([]byte{0x30, 0x80}, b[4:], []byte{0, 0}) })},
			verdict.Malformed, verdict.Syntax, "indefinite-length",
		},
		"length with a leading zero": {
			spec{log: 1, armor: der(func(b []byte) []byte { return slices.Concat([]byte{0x30, 0x83, 0}, b[2:]) })},
			verdict.Malformed, verdict.Syntax, "non-minimal-length",
		},
		"attributes unsorted": {
			spec{log: 1, stamp: true, finished: func(_ *signed, m *message) { slices.Reverse(m.unsigned().kids) }},
			verdict.Malformed, verdict.Syntax, "attribute-order",
		},
		"another label":     {spec{log: 1, armor: replace("SIGNED MESSAGE", "CMS")}, verdict.Malformed, verdict.Syntax, "armor-begin"},
		"text before":       {spec{log: 1, armor: func(b []byte) []byte { return append([]byte("hi\n"), b...) }}, verdict.Malformed, verdict.Syntax, "armor-begin"},
		"no end":            {spec{log: 1, armor: replace("-----END SIGNED MESSAGE-----\n", "")}, verdict.Malformed, verdict.Syntax, "armor-end"},
		"text after":        {spec{log: 1, armor: func(b []byte) []byte { return append(b, "hi\n"...) }}, verdict.Malformed, verdict.Syntax, "armor-end"},
		"a header":          {spec{log: 1, armor: replace("MESSAGE-----\nM", "MESSAGE-----\nComment: hi\n\nM")}, verdict.Malformed, verdict.Syntax, "armor-base64"},
		"CRLF":              {spec{log: 1, armor: replace("\n", "\r\n")}, verdict.Malformed, verdict.Syntax, "armor-begin"},
		"NUL in the base64": {spec{log: 1, armor: replace("MESSAGE-----\nMI", "MESSAGE-----\n\x00I")}, verdict.Malformed, verdict.Syntax, "armor-base64"},
		"two signatures":    {spec{log: 1, armor: func(b []byte) []byte { return append(b, b...) }}, verdict.Malformed, verdict.Syntax, "armor-base64"},
		"nothing":           {spec{log: 1, armor: func([]byte) []byte { return nil }}, verdict.Malformed, verdict.Syntax, "armor-begin"},
		"10 MB":             {spec{log: 1, armor: func([]byte) []byte { return make([]byte, 10<<20) }}, verdict.Malformed, verdict.Syntax, "armor-size"},
	}.run(t)
}

// Attack 23: certificates beside the signer's mean nothing, wherever they stand.
func TestOtherCertificates(t *testing.T) {
	for name, seed := range map[string]string{"before": "decoy", "after": "other decoy"} {
		t.Run(name, func(t *testing.T) {
			bob := testpki.Identity{Email: "bob@example.com", Issuer: alice.Issuer}
			decoy := testpki.New(testpki.Seed(seed)).Certificate(testpki.Key("bob").Public(), bob)
			s := sign(t, spec{log: 1, finished: func(_ *signed, m *message) {
				kids := append(m.certificates().kids, parseNode(decoy))
				if name == "before" {
					slices.Reverse(kids)
				}
				m.certificates().kids = kids
			}})
			r := judge(t, s)
			if r.Verdict != verdict.Valid {
				t.Fatalf("%s: %s", r.Verdict, describe(r.Err))
			}
			expectSigner(t, r, s)
		})
	}
	vectors{
		"two of one issuer and serial number": {
			spec{log: 1, finished: func(s *signed, m *message) {
				twin := s.pki.Certificate(testpki.Key("bob").Public(), alice, testpki.Template(func(c *x509.Certificate) {
					c.SerialNumber = s.leaf.SerialNumber
				}))
				m.certificates().kids = append(m.certificates().kids, parseNode(twin))
			}}, verdict.Malformed, verdict.Syntax, "duplicate-certificate",
		},
	}.run(t)
}

// TestFailed is for objects that never get as far as a signature.
func TestFailed(t *testing.T) {
	r := verify.Failed("commit", verdict.Errorf(verdict.Binding, "object-id", "not its id"))
	if r.Verdict != verdict.Bad || r.Err.Rule != "object-id" || holds(r) || len(r.Checks) != len(checks) {
		t.Errorf("%+v", r)
	}
	if zero := new(verify.Result); zero.Verdict != "" || !zero.Time().IsZero() {
		t.Errorf("the zero result: %+v", zero)
	}
}

// eContent is EncapsulatedContentInfo's [0] EXPLICIT OCTET STRING.
func eContent(b []byte) *node {
	return &node{tag: 0xa0, constructed: true, kids: []*node{element(asn1.TagOctetString, b)}}
}

// negateS replaces s by n-s, which is as true a signature.
func negateS(signature []byte) []byte {
	var v struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(signature, &v); err != nil {
		panic(err)
	}
	v.S = v.S.Sub(elliptic.P256().Params().N, v.S)
	out, err := asn1.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

// find returns the place of a signed attribute.
func (m *message) find(id asn1.ObjectIdentifier) int {
	return slices.IndexFunc(m.attributes().kids, func(a *node) bool { return bytes.Equal(a.kids[0].der(), oid(id).der()) })
}

func (m *message) value(id asn1.ObjectIdentifier) *node {
	return m.attributes().kids[m.find(id)].kids[1].kids[0]
}

func (m *message) drop(id asn1.ObjectIdentifier) {
	i := m.find(id)
	m.attributes().kids = slices.Delete(m.attributes().kids, i, i+1)
}

func (m *message) repeat(id asn1.ObjectIdentifier) {
	m.attributes().kids = append(m.attributes().kids, m.attributes().kids[m.find(id)].clone())
}
