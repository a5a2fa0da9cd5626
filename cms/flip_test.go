package cms_test

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/paraph/paraph/cms"
)

// TestEveryBitFlip flips each bit of a message, one at a time. The message
// must not parse, or not verify.
//
// Two regions are bound by nothing in CMS: the values of unsigned attributes,
// and certificates beside the leaf, which mean nothing. The leaf is bound by
// its own issuer only: the flipped one may go through Verify, and must then
// be false under the CA's key, which is the caller's next question.
func TestEveryBitFlip(t *testing.T) {
	for _, kind := range []string{"P-256", "RSA-2048", "Ed25519"} {
		t.Run(kind, func(t *testing.T) {
			der := sign(t, newSigner(t, kind), unsignedAttributes()...)
			sd, err := cms.Parse(der)
			if err != nil {
				t.Fatal(err)
			}
			flipAll(t, der, sd, func(der []byte) (*cms.SignedData, error) {
				sd, err := cms.Parse(der)
				if err == nil {
					_, err = sd.Verify(content)
				}
				return sd, err
			})
		})
	}
	t.Run("two certificates", func(t *testing.T) {
		der := vector{edit: func(t *testing.T, m *message) { m.certs.insert(0, otherCertificate(t, 77)) }}.der(t)
		sd, err := cms.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		flipAll(t, der, sd, func(der []byte) (*cms.SignedData, error) {
			sd, err := cms.Parse(der)
			if err == nil {
				_, err = sd.Verify(content)
			}
			return sd, err
		})
	})
	t.Run("encapsulated", func(t *testing.T) {
		der := vector{edit: encapsulate}.der(t)
		sd, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo)
		if err != nil {
			t.Fatal(err)
		}
		flipAll(t, der, sd, func(der []byte) (*cms.SignedData, error) {
			sd, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo)
			if err == nil {
				_, err = sd.Verify(nil)
			}
			return sd, err
		})
	})
}

// flipAll flips each bit of der, which good was parsed from.
func flipAll(t *testing.T, der []byte, good *cms.SignedData, verify func([]byte) (*cms.SignedData, error)) {
	t.Helper()
	if _, err := verify(der); err != nil {
		t.Fatal("the message does not verify before any flip:", err)
	}
	ca := newSigner(t, "CA").leaf
	if err := good.Leaf.CheckSignatureFrom(ca); err != nil {
		t.Fatal("the leaf is not the CA's before any flip:", err)
	}
	leaf := find(t, der, good.Leaf.Raw)
	free := freeRegions(t, der, good)
	survived := 0
	for i := range der {
		for bit := range 8 {
			der[i] ^= 1 << bit
			sd, err := verify(der)
			der[i] ^= 1 << bit
			if err != nil {
				continue
			}
			survived++
			switch {
			case contains(free, i):
			case leaf.contains(i) && sd.Leaf.CheckSignatureFrom(ca) != nil:
			default:
				t.Errorf("byte %d of %d, bit %d: flipped, and it still holds", i, len(der), bit)
			}
		}
	}
	if survived == 0 {
		t.Error("no flip survived: the regions that nothing binds are missing, and the test is empty")
	}
}

// A region is a part of a message, from its first byte to before its end.
type region struct{ start, end int }

func (r region) contains(i int) bool { return r.start <= i && i < r.end }

func contains(regions []region, i int) bool {
	for _, r := range regions {
		if r.contains(i) {
			return true
		}
	}
	return false
}

// find locates part, which occurs once in der.
func find(t *testing.T, der, part []byte) region {
	t.Helper()
	if bytes.Count(der, part) != 1 {
		t.Fatalf("%x occurs %d times in the message, want once", part, bytes.Count(der, part))
	}
	i := bytes.Index(der, part)
	return region{i, i + len(part)}
}

// freeRegions are the values of unsigned attributes, and the certificates
// beside the leaf.
func freeRegions(t *testing.T, der []byte, sd *cms.SignedData) []region {
	t.Helper()
	var free []region
	for _, a := range sd.UnsignedAttributes {
		free = append(free, find(t, der, a.Values[0]))
	}
	for _, c := range sd.Certificates {
		if !bytes.Equal(c, sd.Leaf.Raw) {
			free = append(free, find(t, der, c))
		}
	}
	return free
}

// TestEveryPrefix cuts a message short, and its armor.
func TestEveryPrefix(t *testing.T) {
	der := sign(t, newSigner(t, "P-256"), unsignedAttributes()...)
	for n := range der {
		if _, err := cms.Parse(der[:n]); err == nil {
			t.Errorf("the first %d of %d bytes parse", n, len(der))
		}
	}
	armored := cms.Armor(der)
	for n := range armored {
		if _, err := cms.Unarmor(armored[:n]); err == nil {
			t.Errorf("the first %d of %d bytes of armor are accepted", n, len(armored))
		}
	}
}

// TestEveryBitFlipOfContent flips each bit of what was signed.
func TestEveryBitFlipOfContent(t *testing.T) {
	sd, err := cms.Parse(sign(t, newSigner(t, "P-256")))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(content)
	for i := range changed {
		for bit := range 8 {
			changed[i] ^= 1 << bit
			_, err := sd.Verify(changed)
			changed[i] ^= 1 << bit
			wantRule(t, err, cms.Binding, "message-digest-value")
		}
	}
}

// TestSwappedParts puts a part of another good signature by the same key
// into a message.
func TestSwappedParts(t *testing.T) {
	by := newSigner(t, "P-256")
	a := edit(t, sign(t, by), by, crypto.SHA256)
	sd, err := cms.Sign(nil, by.key, by.leaf, []byte("other content"), signingTime)
	if err != nil {
		t.Fatal(err)
	}
	der, err := sd.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b := edit(t, der, by, crypto.SHA256)
	a.signed.kids, b.signed.kids = b.signed.kids, a.signed.kids
	for m, want := range map[*message]struct {
		content []byte
		kind    cms.Kind
		rule    string
	}{
		a: {[]byte("other content"), cms.Signature, "signature-value"},
		b: {content, cms.Signature, "signature-value"},
	} {
		sd, err := cms.Parse(m.root.der())
		if err != nil {
			t.Fatal(err)
		}
		_, err = sd.Verify(want.content)
		wantRule(t, err, want.kind, want.rule)
	}
}
