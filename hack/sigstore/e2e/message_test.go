package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"testing"

	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/proto"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/git"
)

// A message is a signed commit in parts that a test can change. It is read by
// other code than paraph's: encoding/asn1 and the generated protobuf.
type message struct {
	payload []byte
	content contentInfo
	entry   *rekorpb.TransparencyLogEntry // nil: none
	token   []byte                        // TimeStampToken; nil: none
}

// RFC 5652, sections 3, 5.1 and 5.3, as far as signatures of paraph use them.
type (
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version                        int
		Digests, Content, Certificates asn1.RawValue
		Signers                        []signerInfo `asn1:"set"`
	}
	signerInfo struct {
		Version                    int
		ID, Digest, Attributes, By asn1.RawValue
		Signature                  []byte
		Unsigned                   []attribute `asn1:"set,tag:1,omitempty"`
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
)

// takeApart reads a raw commit. What it puts together again is the same.
func takeApart(t *testing.T, raw []byte) *message {
	t.Helper()
	o, err := git.Split(git.SHA1, git.Commit, raw)
	if err != nil {
		t.Fatal(err)
	}
	der, err := cms.Unarmor(o.Signature)
	if err != nil {
		t.Fatal(err)
	}
	m := &message{payload: o.Payload}
	if rest, err := asn1.Unmarshal(der, &m.content); err != nil || len(rest) > 0 {
		t.Fatalf("%v, %d bytes left", err, len(rest))
	}
	for _, a := range m.signer().Unsigned {
		switch {
		case a.Type.Equal(cms.OIDTimeStampToken):
			m.token = a.Values[0].FullBytes
		case a.Type.Equal(cms.OIDTransparencyLogEntry):
			m.entry = new(rekorpb.TransparencyLogEntry)
			if err := proto.Unmarshal(a.Values[0].Bytes, m.entry); err != nil {
				t.Fatal(err)
			}
		}
	}
	if again := m.raw(t); !bytes.Equal(again, raw) {
		t.Fatalf("put together again, the commit is another:\n%s", again)
	}
	return m
}

func (m *message) signer() *signerInfo { return &m.content.Content.Signers[0] }

func (m *message) leaf() []byte { return m.content.Content.Certificates.Bytes }

// der is the CMS message.
func (m *message) der(t *testing.T) []byte {
	t.Helper()
	m.signer().Unsigned = nil
	if m.entry != nil {
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.entry)
		if err != nil {
			t.Fatal(err)
		}
		m.addUnsigned(cms.OIDTransparencyLogEntry, asn1.RawValue{Tag: asn1.TagOctetString, Bytes: b})
	}
	if m.token != nil {
		m.addUnsigned(cms.OIDTimeStampToken, asn1.RawValue{FullBytes: m.token})
	}
	der, err := asn1.Marshal(m.content)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (m *message) addUnsigned(oid asn1.ObjectIdentifier, value asn1.RawValue) {
	m.signer().Unsigned = append(m.signer().Unsigned, attribute{oid, []asn1.RawValue{value}})
}

// raw is the commit as git stores it.
func (m *message) raw(t *testing.T) []byte {
	t.Helper()
	raw, err := git.Join(git.SHA1, git.Commit, m.payload, cms.Armor(m.der(t)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// artifact is what must have been signed and logged for this commit: the
// signed attributes as a SET, with the digest of its payload in it. signed is
// the payload that was signed.
func (m *message) artifact(signed []byte) []byte {
	set := bytes.Clone(m.signer().Attributes.FullBytes)
	set[0] = asn1.TagSet | 0x20
	was, is := sha256.Sum256(signed), sha256.Sum256(m.payload)
	return bytes.Replace(set, was[:], is[:], 1)
}

// flipLast changes the last byte of b in a copy.
func flipLast(b []byte) []byte {
	b = bytes.Clone(b)
	b[len(b)-1] ^= 1
	return b
}

// flipValue changes the last byte of an element.
func flipValue(v asn1.RawValue) asn1.RawValue { return asn1.RawValue{FullBytes: flipLast(v.FullBytes)} }
