package cms_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"encoding/asn1"
	"testing"

	"github.com/paraph/paraph/cms"
)

// verifyVectors parse and must not verify over content.
var verifyVectors = []struct {
	kind cms.Kind
	vector
}{
	{cms.Binding, vector{"TSTInfo", "content-type-value", claim(cms.OIDContentType, oid(cms.OIDTSTInfo))}},
	{cms.Binding, vector{"zeros", "message-digest-value", claim(cms.OIDMessageDigest, octets(make([]byte, 32)...))}},
	{cms.Signature, vector{"over other attributes", "signature-value", func(t *testing.T, m *message) {
		m.resign(t)
		m.value.raw = m.value.der()
		m.addSigned(attribute(unknownID, derNull))
	}}},
	{cms.Signature, vector{"by another key", "signature-value", func(t *testing.T, m *message) {
		m.by = newSigner(t, "CA")
	}}},
	{cms.Signature, vector{"over attributes under tag [0]", "signature-value", func(t *testing.T, m *message) {
		digest := crypto.SHA256.New()
		digest.Write(m.signed.der())
		signature, err := m.by.key.Sign(nil, digest.Sum(nil), crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		m.value.raw = octets(signature...).der()
	}}},
	{cms.Signature, vector{"over the content itself", "signature-value", func(t *testing.T, m *message) {
		digest := crypto.SHA256.New()
		digest.Write(content)
		signature, err := m.by.key.Sign(nil, digest.Sum(nil), crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		m.value.raw = octets(signature...).der()
	}}},
	{cms.Signature, rangeVectors[0]},
	{cms.Signature, rangeVectors[1]},
	{cms.Signature, rangeVectors[2]},
	{cms.Signature, rangeVectors[3]},
	{cms.Signature, rangeVectors[4]},
}

func TestVerifyRefuses(t *testing.T) {
	for _, v := range verifyVectors {
		t.Run(v.rule+"/"+v.name, func(t *testing.T) {
			sd, err := cms.Parse(v.der(t))
			if err != nil {
				t.Fatal(err)
			}
			verified, err := sd.Verify(content)
			wantRule(t, err, v.kind, v.rule)
			if verified != nil {
				t.Error("an error, and yet a Verified")
			}
		})
	}
}

// TestOtherContent changes what was signed.
func TestOtherContent(t *testing.T) {
	sd, err := cms.Parse(sign(t, newSigner(t, "P-256")))
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string][]byte{
		"nil":                 nil,
		"final newline gone":  bytes.TrimSuffix(content, []byte("\n")),
		"final newline added": append(bytes.Clone(content), '\n'),
		"CR before LF":        bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n")),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sd.Verify(other)
			wantRule(t, err, cms.Binding, "message-digest-value")
		})
	}
}

func TestZeroValue(t *testing.T) {
	var sd cms.SignedData
	_, err := sd.Verify(nil)
	wantRule(t, err, cms.Syntax, "not-parsed")
	_, err = sd.Bytes()
	wantRule(t, err, cms.Syntax, "not-parsed")
	wantRule(t, sd.SetUnsignedAttributes(unsignedAttributes()...), cms.Syntax, "not-parsed")

	// A literal with everything that can be set from outside is not verified.
	good, err := cms.Parse(sign(t, newSigner(t, "P-256")))
	if err != nil {
		t.Fatal(err)
	}
	sd = cms.SignedData{
		ContentType: good.ContentType, Leaf: good.Leaf, DigestAlgorithm: good.DigestAlgorithm,
		SignedAttributes: good.SignedAttributes, RawSignedAttributes: good.RawSignedAttributes, Signature: good.Signature,
	}
	_, err = sd.Verify(content)
	wantRule(t, err, cms.Syntax, "not-parsed")
}

// TestReplacedLeaf puts other certificates into Leaf after Parse: one of the
// wrong type of key must not verify, nor panic.
func TestReplacedLeaf(t *testing.T) {
	for kind, rule := range map[string]string{
		"RSA-2048": "signature-algorithm-key",
		"P-224":    "curve",
	} {
		sd, err := cms.Parse(sign(t, newSigner(t, "P-256")))
		if err != nil {
			t.Fatal(err)
		}
		sd.Leaf = newSigner(t, kind).leaf
		_, err = sd.Verify(content)
		wantRule(t, err, cms.Syntax, rule)
	}
}

// TestRemovedLeaf must not panic.
func TestRemovedLeaf(t *testing.T) {
	sd, err := cms.Parse(sign(t, newSigner(t, "P-256")))
	if err != nil {
		t.Fatal(err)
	}
	sd.Leaf = nil
	_, err = sd.Verify(content)
	wantRule(t, err, cms.Syntax, "not-parsed")
}

// TestOwnCurve verifies with a key whose curve is an implementation of the
// caller's, as package tsa has them.
func TestOwnCurve(t *testing.T) {
	sd, err := cms.Parse(sign(t, newSigner(t, "P-384")))
	if err != nil {
		t.Fatal(err)
	}
	leaf := *sd.Leaf
	key := *ecdsaKey(t, &leaf)
	params := *elliptic.P384().Params()
	key.Curve = ownCurve{elliptic.P384(), &params}
	leaf.PublicKey = &key
	sd.Leaf = &leaf
	if _, err := sd.Verify(content); err != nil {
		t.Error(err)
	}
}

type ownCurve struct {
	elliptic.Curve
	params *elliptic.CurveParams
}

func (c ownCurve) Params() *elliptic.CurveParams { return c.params }

func TestErrorIsShown(t *testing.T) {
	_, err := cms.Parse(nil)
	if err == nil || err.Error() == "" {
		t.Errorf("got %v, want an error with a message", err)
	}
	for kind, want := range map[cms.Kind]string{cms.Syntax: "syntax", cms.Binding: "binding", cms.Signature: "signature", 99: "syntax"} {
		if kind.String() != want {
			t.Errorf("kind %d is %q, want %q", kind, kind, want)
		}
	}
}

// TestAccepts has what the bounds and the specifications just allow.
func TestAccepts(t *testing.T) {
	for _, v := range []vector{
		{name: "certificates", edit: func(t *testing.T, m *message) {
			for i := range cms.MaxCertificates - 1 {
				m.certs.add(otherCertificate(t, int64(1000+i)))
			}
		}},
		{name: "signed attributes", edit: func(_ *testing.T, m *message) {
			m.addSigned(manyAttributes(cms.MaxAttributes - len(m.signed.kids))...)
		}},
		{name: "values", edit: func(_ *testing.T, m *message) { m.addSigned(attribute(unknownID, manyValues(cms.MaxValues)...)) }},
		{name: "FALSE", edit: unknown(prim(asn1.TagBoolean, 0))},
		{name: "TRUE", edit: unknown(prim(asn1.TagBoolean, 0xff))},
		{name: "depth", edit: unknown(nested(32 - 9))},
		{name: "bytes", edit: func(t *testing.T, m *message) {
			entry := octets(make([]byte, 30000)...)
			m.unsigned.kids = []*node{attribute(cms.OIDTransparencyLogEntry, entry)}
			m.resign(t)
			m.value.raw = m.value.der()
			entry.body = make([]byte, len(entry.body)+cms.MaxSize-len(m.root.der()))
		}},
		{name: "digest algorithm with NULL", edit: setDigest(algorithm(oidSHA256, derNull))},
		{name: "RSA with the name of its hash", edit: signedBy("RSA-2048", algorithm(oidRSASHA256, derNull))},
		{name: "the same without NULL", edit: signedBy("RSA-2048", algorithm(oidRSASHA256))},
	} {
		t.Run(v.name, func(t *testing.T) {
			der := v.der(t)
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sd.Verify(content); err != nil {
				t.Error(err)
			}
			if again, err := sd.Bytes(); err != nil || !bytes.Equal(again, der) {
				t.Errorf("Bytes differs from what was parsed (%v)", err)
			}
			if v.name == "bytes" && len(der) != cms.MaxSize {
				t.Errorf("the vector has %d bytes, want %d", len(der), cms.MaxSize)
			}
		})
	}
}
