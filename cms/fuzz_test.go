package cms_test

import (
	"bytes"
	"testing"

	"github.com/paraph/paraph/cms"
)

// FuzzParse: what parses comes out of Bytes as it went in, and verifying it
// does not panic.
func FuzzParse(f *testing.F) {
	for _, kind := range []string{"P-256", "RSA-2048", "Ed25519"} {
		f.Add(sign(f, newSigner(f, kind)))
		f.Add(sign(f, newSigner(f, kind), unsignedAttributes()...))
	}
	token, _ := newToken(f, "P-256")
	f.Add(token)
	f.Add([]byte{})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		if sd, err := cms.Parse(der); err == nil {
			checkParsed(t, der, sd, content)
		}
		if sd, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo); err == nil {
			checkParsed(t, der, sd, nil)
		}
	})
}

func checkParsed(t *testing.T, der []byte, sd *cms.SignedData, content []byte) {
	t.Helper()
	again, err := sd.Bytes()
	if err != nil {
		t.Fatal("what parsed has no Bytes:", err)
	}
	if !bytes.Equal(again, der) {
		t.Fatalf("in  %x\nout %x", der, again)
	}
	if sd.Leaf == nil || len(sd.RawSignedAttributes) == 0 || len(sd.Certificates) == 0 {
		t.Fatalf("parsed, and incomplete: %+v", sd)
	}
	if v, err := sd.Verify(content); (v == nil) != (err != nil) {
		t.Fatalf("Verify returned both or neither: %v, %v", v, err)
	}
	// Setting what is there already changes nothing.
	if err := sd.SetUnsignedAttributes(sd.UnsignedAttributes...); err != nil {
		t.Fatal("the attributes that were there are refused:", err)
	}
	if again, err = sd.Bytes(); err != nil || !bytes.Equal(again, der) {
		t.Fatalf("attributes set again: in  %x\nout %x (%v)", der, again, err)
	}
}

// FuzzUnarmor: what is accepted is what Armor writes.
func FuzzUnarmor(f *testing.F) {
	for _, v := range armorVectors {
		if len(v.armored) < 1000 {
			f.Add([]byte(v.armored))
		}
	}
	f.Add(cms.Armor(make([]byte, 100)))
	f.Fuzz(func(t *testing.T, armored []byte) {
		if der, err := cms.Unarmor(armored); err == nil && !bytes.Equal(cms.Armor(der), armored) {
			t.Fatalf("accepted %q, which Armor does not write", armored)
		}
	})
}
