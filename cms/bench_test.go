package cms_test

import (
	"testing"

	"github.com/paraph/paraph/cms"
)

func BenchmarkParse(b *testing.B) {
	der := sign(b, newSigner(b, "P-256"), unsignedAttributes()...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cms.Parse(der); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify is what one commit costs here: armor, parse and verify.
func BenchmarkVerify(b *testing.B) {
	armored := cms.Armor(sign(b, newSigner(b, "P-256"), unsignedAttributes()...))
	b.ReportAllocs()
	for b.Loop() {
		der, err := cms.Unarmor(armored)
		if err != nil {
			b.Fatal(err)
		}
		sd, err := cms.Parse(der)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sd.Verify(content); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	s := newSigner(b, "P-256")
	for b.Loop() {
		if _, err := cms.Sign(nil, s.key, s.leaf, content, signingTime); err != nil {
			b.Fatal(err)
		}
	}
}
