package cms_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log"
	"math/big"
	"time"

	"github.com/paraph/paraph/cms"
)

// Sign a commit, put proof beside the signature, and verify it as its
// reader does.
func Example() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	// The certificate that a CA would issue for the key.
	leaf := selfSigned(key)
	commit := []byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nFirst commit\n")

	sd, err := cms.Sign(rand.Reader, key, leaf, commit, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	if err != nil {
		log.Fatal(err)
	}
	// A log would have seen sd.RawSignedAttributes and sd.Signature, and
	// this would be what it answered.
	entry := []byte{4, 3, 'l', 'o', 'g'} // an OCTET STRING
	err = sd.SetUnsignedAttributes(cms.Attribute{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{entry}})
	if err != nil {
		log.Fatal(err)
	}
	der, err := sd.Bytes()
	if err != nil {
		log.Fatal(err)
	}
	armored := cms.Armor(der)

	// The reader.
	if der, err = cms.Unarmor(armored); err != nil {
		log.Fatal(err)
	}
	if sd, err = cms.Parse(der); err != nil {
		log.Fatal(err)
	}
	verified, err := sd.Verify(commit)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the key of", verified.Leaf.Subject, "signed", len(verified.Content), "bytes")
	fmt.Println("it says on", verified.SigningTime)
	fmt.Printf("beside the signature: %v %q\n", sd.UnsignedAttributes[0].Type, sd.UnsignedAttributes[0].Values[0])

	_, err = sd.Verify([]byte("something else"))
	fmt.Println(err)
	// Output:
	// the key of CN=Alice signed 60 bytes
	// it says on 2026-03-04 05:06:07 +0000 UTC
	// beside the signature: 1.3.6.1.4.1.57264.3.1 "\x04\x03log"
	// the signature is over other content: the digests differ
}

func selfSigned(key *ecdsa.PrivateKey) *x509.Certificate {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Alice"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		log.Fatal(err)
	}
	return leaf
}
