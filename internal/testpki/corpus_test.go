package testpki_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/pem"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paraph/paraph/internal/testpki"
)

// TestCorpusHasTheSameForm takes the entries that real signatures embed and
// makes each again, from its fields: the bytes are the same, and the rebuilt
// body is what the public log included.
func TestCorpusHasTheSameForm(t *testing.T) {
	objects, _ := testpki.Corpus(t)
	compared := 0
	for _, o := range objects {
		if o.Expect != "good" {
			continue
		}
		s := readSigned(t, o.Raw)
		e := readEntry(t, s.entry)
		if !bytes.Equal(e.Bytes(), s.entry) {
			t.Errorf("%s: another encoding\n%x\n%x", o.ID, e.Bytes(), s.entry)
		}
		e.Body = testpki.BodyV1(sha256.Sum256(s.attributes), s.signature, s.leaf)
		if e.SET == nil {
			e.Body = testpki.BodyV2(sha256.Sum256(s.attributes), s.signature, s.leaf)
		}
		if err := included(e); err != nil {
			t.Errorf("%s: %v", o.ID, err)
		}
		compared++
	}
	if compared == 0 {
		t.Error("the corpus has no good objects")
	}
}

// signed is what a CMS signature holds.
type signed struct{ leaf, attributes, signature, entry []byte }

// attributes of RFC 5652 section 5.3.
type cmsAttribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// readSigned takes the armor out of a raw object and reads it leniently: no
// object of the corpus's good ones has a second signer.
func readSigned(t *testing.T, object []byte) signed {
	t.Helper()
	text := strings.ReplaceAll(string(object), "\n ", "\n")
	block, _ := pem.Decode([]byte(text[strings.Index(text, "-----BEGIN SIGNED MESSAGE-----"):]))
	if block == nil {
		t.Fatal("no armor")
	}
	var info struct {
		Type   asn1.ObjectIdentifier
		Signed struct {
			Version      int
			Digests      asn1.RawValue
			Content      asn1.RawValue
			Certificates asn1.RawValue `asn1:"tag:0"`
			Signers      []struct {
				Version int
				SID     struct {
					Issuer asn1.RawValue
					Serial asn1.RawValue
				}
				Digest             asn1.RawValue
				SignedAttributes   asn1.RawValue `asn1:"tag:0"`
				SignatureAlgorithm asn1.RawValue
				Signature          []byte
				Unsigned           []cmsAttribute `asn1:"tag:1,set,optional"`
			} `asn1:"set"`
		} `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(block.Bytes, &info); err != nil {
		t.Fatal(err)
	}
	signer := info.Signed.Signers[0]
	s := signed{signature: signer.Signature}
	s.attributes = append([]byte{0x31}, signer.SignedAttributes.FullBytes[1:]...)
	rest := info.Signed.Certificates.Bytes
	for len(rest) > 0 {
		var c asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &c); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(parse(t, c.FullBytes).RawIssuer, signer.SID.Issuer.FullBytes) {
			s.leaf = c.FullBytes
		}
	}
	for _, a := range signer.Unsigned {
		if a.Type.String() == "1.3.6.1.4.1.57264.3.1" {
			s.entry = a.Values[0].Bytes
		}
	}
	return s
}

// fields splits a protobuf message into its fields' contents by number.
func fields(t *testing.T, b []byte) (ints map[protowire.Number]int64, all map[protowire.Number][][]byte) {
	t.Helper()
	ints, all = map[protowire.Number]int64{}, map[protowire.Number][][]byte{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		if kind == protowire.VarintType {
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				t.Fatal(protowire.ParseError(n))
			}
			ints[number], b = int64(v), b[n:]
			continue
		}
		v, n := protowire.ConsumeBytes(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		all[number], b = append(all[number], v), b[n:]
	}
	return ints, all
}

func readEntry(t *testing.T, b []byte) *testpki.Entry {
	t.Helper()
	first := func(b []byte, n protowire.Number) []byte {
		if _, all := fields(t, b); len(all[n]) > 0 {
			return all[n][0]
		}
		return nil
	}
	ints, _ := fields(t, b)
	e := &testpki.Entry{
		LogIndex: ints[1], LogID: first(first(b, 2), 1), IntegratedTime: ints[4],
		Kind: string(first(first(b, 3), 1)), Version: string(first(first(b, 3), 2)), SET: first(first(b, 5), 1),
	}
	proof := first(b, 6)
	ints, all := fields(t, proof)
	e.Proof = &testpki.Proof{
		LogIndex: ints[1], TreeSize: ints[3], RootHash: first(proof, 2), Hashes: all[4],
		Checkpoint: string(first(first(proof, 5), 1)),
	}
	return e
}
