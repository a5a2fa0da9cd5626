package cms_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/paraph/paraph/cms"
)

// TestSign signs with each kind of key, which is a crypto.Signer of no known
// type, as a key that lives elsewhere is.
func TestSign(t *testing.T) {
	for kind, hash := range map[string]crypto.Hash{
		"P-256": crypto.SHA256, "P-384": crypto.SHA384, "P-521": crypto.SHA512,
		"RSA-2048": crypto.SHA256, "Ed25519": crypto.SHA512,
	} {
		t.Run(kind, func(t *testing.T) {
			s := newSigner(t, kind)
			sd, err := cms.Sign(rand.Reader, remoteKey{s.key, nil}, s.leaf, content, signingTime)
			if err != nil {
				t.Fatal(err)
			}
			if sd.DigestAlgorithm != hash {
				t.Errorf("digest is %v, want %v", sd.DigestAlgorithm, hash)
			}
			der, err := sd.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			again, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			v, err := again.Verify(content)
			if err != nil {
				t.Fatal(err)
			}
			if !v.SigningTime.Equal(signingTime) || !v.Leaf.Equal(s.leaf) {
				t.Errorf("signed at %v by %v", v.SigningTime, v.Leaf.Subject)
			}
		})
	}
}

// A remoteKey hides the type of its key and may answer something else.
type remoteKey struct {
	crypto.Signer
	answer func(good []byte) ([]byte, error)
}

func (k remoteKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := k.Signer.Sign(random, digest, opts)
	if err != nil || k.answer == nil {
		return signature, err
	}
	return k.answer(signature)
}

// TestLayout compares a signature with its layout, built here by hand.
func TestLayout(t *testing.T) {
	s := newSigner(t, "P-256")
	der := sign(t, s, unsignedAttributes()...)
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(content)
	signed := []*node{
		attribute(cms.OIDContentType, derData),
		attribute(cms.OIDSigningTime, prim(asn1.TagUTCTime, []byte("260304050607Z")...)),
		attribute(cms.OIDMessageDigest, octets(digest[:]...)),
	}
	sha256ID := algorithm(oidSHA256)
	entry, token := unsignedAttributes()[1], unsignedAttributes()[0]
	want := seq(oid(oidSignedData), cons(0xa0, seq(
		prim(asn1.TagInteger, 1),
		set(sha256ID),
		seq(derData),
		cons(0xa0, raw(s.leaf.Raw...)),
		set(seq(
			prim(asn1.TagInteger, 1),
			seq(raw(s.leaf.RawIssuer...), prim(asn1.TagInteger, s.leaf.SerialNumber.Bytes()...)),
			sha256ID,
			cons(0xa0, signed...),
			algorithm(oidECDSA256),
			octets(sd.Signature...),
			cons(0xa1,
				attribute(token.Type, raw(token.Values[0]...)),
				attribute(entry.Type, raw(entry.Values[0]...))),
		)),
	)))
	if !bytes.Equal(der, want.der()) {
		t.Errorf("got  %x\nwant %x", der, want.der())
	}
	if artifact := set(signed...).der(); !bytes.Equal(sd.RawSignedAttributes, artifact) {
		t.Errorf("artifact is %x, want %x", sd.RawSignedAttributes, artifact)
	}
	digest = sha256.Sum256(sd.RawSignedAttributes)
	if !verifyASN1(t, s, digest[:], sd.Signature) {
		t.Error("the signature is not over the artifact")
	}
}

func TestSigningTime(t *testing.T) {
	s := newSigner(t, "P-256")
	for text, tag := range map[string]byte{
		"1950-01-01T00:00:00Z": asn1.TagUTCTime,
		"1968-12-31T23:59:59Z": asn1.TagUTCTime,
		"2049-12-31T23:59:59Z": asn1.TagUTCTime,
		"2050-01-01T00:00:00Z": asn1.TagGeneralizedTime,
		"9999-12-31T23:59:59Z": asn1.TagGeneralizedTime,
	} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		east := time.FixedZone("", 3600)
		sd, err := cms.Sign(rand.Reader, s.key, s.leaf, content, at.Add(999*time.Millisecond).In(east))
		if err != nil {
			t.Fatal(err)
		}
		v, err := sd.Verify(content)
		if err != nil {
			t.Fatal(err)
		}
		if !v.SigningTime.Equal(at) {
			t.Errorf("signed at %s, read %v", text, v.SigningTime)
		}
		i := slices.IndexFunc(sd.SignedAttributes, func(a cms.Attribute) bool { return a.Type.Equal(cms.OIDSigningTime) })
		if i < 0 || sd.SignedAttributes[i].Values[0][0] != tag {
			t.Errorf("%s is not written under tag %d", text, tag)
		}
	}
	for _, at := range []time.Time{{}, time.Date(1949, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		if _, err := cms.Sign(rand.Reader, s.key, s.leaf, content, at); err == nil {
			t.Errorf("signed at %v", at)
		}
	}
}

// TestNoSigningTime reads a signature that claims no time.
func TestNoSigningTime(t *testing.T) {
	sd, err := cms.Parse(vector{edit: drop(cms.OIDSigningTime)}.der(t))
	if err != nil {
		t.Fatal(err)
	}
	v, err := sd.Verify(content)
	if err != nil {
		t.Fatal(err)
	}
	if !v.SigningTime.IsZero() {
		t.Errorf("signing time is %v", v.SigningTime)
	}
}

func TestSignRefuses(t *testing.T) {
	s := newSigner(t, "P-256")
	errBroken := errors.New("the token was pulled")
	unasked := func(s signer) remoteKey {
		return remoteKey{s.key, func(good []byte) ([]byte, error) {
			t.Error("the key was asked for a signature")
			return good, nil
		}}
	}
	answers := func(b []byte, err error) remoteKey {
		return remoteKey{s.key, func([]byte) ([]byte, error) { return b, err }}
	}
	for name, test := range map[string]struct {
		key  crypto.Signer
		leaf *x509.Certificate
	}{
		"no key":                      {nil, s.leaf},
		"no certificate":              {s.key, nil},
		"certificate of another key":  {unasked(s), newSigner(t, "P-384").leaf},
		"another key of the kind":     {unasked(newSigner(t, "CA")), s.leaf},
		"P-224":                       {unasked(newSigner(t, "P-224")), newSigner(t, "P-224").leaf},
		"RSA-1024":                    {newSigner(t, "RSA-1024").key, newSigner(t, "RSA-1024").leaf},
		"key that answers an error":   {answers(nil, errBroken), s.leaf},
		"key that answers nothing":    {answers(nil, nil), s.leaf},
		"key that answers nonsense":   {answers([]byte("no signature"), nil), s.leaf},
		"key that answers BER":        {remoteKey{s.key, func(b []byte) ([]byte, error) { return append([]byte{0x30, 0x81}, b[1:]...), nil }}, s.leaf},
		"key that signs other digest": {remoteKey{s.key, func([]byte) ([]byte, error) { return s.key.Sign(rand.Reader, make([]byte, 32), crypto.SHA256) }}, s.leaf},
	} {
		t.Run(name, func(t *testing.T) {
			sd, err := cms.Sign(rand.Reader, test.key, test.leaf, content, signingTime)
			if err == nil || sd != nil {
				t.Fatalf("signed: %v", sd)
			}
			if name == "key that answers an error" && !errors.Is(err, errBroken) {
				t.Errorf("the key's error is lost in %q", err)
			}
		})
	}
}

// setVectors are what SetUnsignedAttributes must refuse.
var setVectors = []struct {
	name, rule string
	attrs      []cms.Attribute
}{
	{"same type twice", "duplicate-attribute", []cms.Attribute{unsignedAttributes()[0], unsignedAttributes()[0]}},
	{"unknown type", "unknown-unsigned-attribute", []cms.Attribute{{Type: unknownID, Values: [][]byte{{5, 0}}}}},
	{"no value", "attribute-without-value", []cms.Attribute{{Type: cms.OIDTimeStampToken}}},
	{"empty value", "attribute-without-value", []cms.Attribute{{Type: cms.OIDTimeStampToken, Values: [][]byte{{}}}}},
	{"two values", "several-values", []cms.Attribute{{Type: cms.OIDTimeStampToken, Values: [][]byte{{5, 0}, {5, 0}}}}},
	{"two elements in one value", "several-values", []cms.Attribute{{Type: cms.OIDTimeStampToken, Values: [][]byte{{5, 0, 5, 0}}}}},
	{"value cut short", "truncated", []cms.Attribute{{Type: cms.OIDTimeStampToken, Values: [][]byte{{4, 2, 0}}}}},
	{"value in BER", "indefinite-length", []cms.Attribute{{Type: cms.OIDTimeStampToken, Values: [][]byte{{0x30, 0x80}}}}},
	{"no type", "attribute", []cms.Attribute{{Values: [][]byte{{5, 0}}}}},
	{"too long", "size", []cms.Attribute{{Type: cms.OIDTimeStampToken, Values: [][]byte{octets(make([]byte, cms.MaxSize-100)...).der()}}}},
}

func TestSetUnsignedAttributesRefuses(t *testing.T) {
	der := sign(t, newSigner(t, "P-256"), unsignedAttributes()...)
	for _, v := range setVectors {
		t.Run(v.name, func(t *testing.T) {
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			wantRule(t, sd.SetUnsignedAttributes(v.attrs...), cms.Syntax, v.rule)
			if again, err := sd.Bytes(); err != nil || !bytes.Equal(again, der) {
				t.Error("the refused attributes left a trace")
			}
		})
	}
}

// TestSetUnsignedAttributes replaces and removes; the order given is not the
// order written.
func TestSetUnsignedAttributes(t *testing.T) {
	bare := sign(t, newSigner(t, "P-256"))
	sd, err := cms.Parse(bare)
	if err != nil {
		t.Fatal(err)
	}
	attrs := unsignedAttributes()
	var ders [][]byte
	for range 2 {
		slices.Reverse(attrs)
		if err := sd.SetUnsignedAttributes(attrs...); err != nil {
			t.Fatal(err)
		}
		if len(sd.UnsignedAttributes) != 2 || !sd.UnsignedAttributes[1].Type.Equal(cms.OIDTransparencyLogEntry) {
			t.Errorf("unsigned attributes are %v", sd.UnsignedAttributes)
		}
		der, err := sd.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		ders = append(ders, der)
	}
	if !bytes.Equal(ders[0], ders[1]) {
		t.Error("the order given shows in the bytes")
	}
	if _, err := sd.Verify(content); err != nil {
		t.Error(err)
	}
	if err := sd.SetUnsignedAttributes(); err != nil {
		t.Fatal(err)
	}
	if der, err := sd.Bytes(); err != nil || !bytes.Equal(der, bare) || sd.UnsignedAttributes != nil {
		t.Error("the attributes were not removed")
	}
}

// TestInputIsNotKept changes the caller's slice after Parse.
func TestInputIsNotKept(t *testing.T) {
	der := sign(t, newSigner(t, "P-256"))
	sd, err := cms.Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	if _, err := sd.Verify(content); err != nil {
		t.Error(err)
	}
}
