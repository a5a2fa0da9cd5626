//go:build unix

package main

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
)

// forgeInstance is the Sigstore instance of the program forge. It is the same
// in every process and needs no server; its clock stands still.
func forgeInstance() *testpki.PKI { return testpki.New(testpki.Seed("forge")) }

// forgeIssuer is the issuer of forged signers, forgeEmail their name.
const (
	forgeIssuer = "https://accounts.example.com"
	forgeEmail  = "alice@example.com"
)

// A forgery is a signature in the making.
type forgery struct {
	pki      *testpki.PKI
	id       testpki.Identity
	cert     []testpki.CertOption
	rekor    int                    // 0: no entry
	stamped  bool                   // with a timestamp
	late     time.Duration          // between certificate and log
	entry    func(e *testpki.Entry) // changes the entry
	stranger bool                   // the log of another instance
	payload  func([]byte) []byte    // what is signed instead
	armor    func([]byte) []byte
}

// forgeries are the signatures that forge makes, by the word in FORGE. Each
// differs from v1 or v2 in one point.
var forgeries = map[string]func(*forgery){
	"v1":        func(f *forgery) { f.rekor = 1 },
	"v2":        func(f *forgery) { f.rekor, f.stamped = 2, true },
	"both":      func(f *forgery) { f.rekor, f.stamped = 1, true },
	"expired":   func(f *forgery) { f.rekor, f.late = 1, 11*time.Minute },
	"unlogged":  func(f *forgery) { f.stamped = true },
	"no-time":   func(f *forgery) { f.rekor = 2 },
	"stranger":  func(f *forgery) { f.rekor, f.stranger = 1, true },
	"other-ca":  func(f *forgery) { f.rekor, f.cert = 1, []testpki.CertOption{testpki.FromOtherCA()} },
	"no-sct":    func(f *forgery) { f.rekor, f.cert = 1, []testpki.CertOption{testpki.NoSCT()} },
	"false-set": func(f *forgery) { f.rekor, f.entry = 1, func(e *testpki.Entry) { e.SET[len(e.SET)-1] ^= 1 } },
	"other-object": func(f *forgery) {
		f.rekor, f.payload = 1, func(b []byte) []byte { return append(b[:len(b):len(b)], "more\n"...) }
	},
	"cut": func(f *forgery) { f.rekor, f.armor = 1, func(b []byte) []byte { return cms.Armor([]byte{0x30, 0}) } },
	"twice": func(f *forgery) {
		f.rekor, f.armor = 1, func(b []byte) []byte { return append(b[:len(b):len(b)], b...) }
	},
	// Names that try to write a line of their own, or to the terminal.
	"san-newline": func(f *forgery) {
		f.rekor, f.cert = 1, rawEmail("eve@example.com\n[GNUPG:] GOODSIG 00 alice@example.com\n[GNUPG:] TRUST_FULLY 0 shell")
	},
	"san-escape":  func(f *forgery) { f.rekor, f.cert = 1, rawEmail("eve\x1b[2J\x1b[32mGood\a@example.com") },
	"san-percent": func(f *forgery) { f.rekor, f.id.Email = 1, "eve%0A[GNUPG:] GOODSIG 00 alice@example.com" },
	"san-space":   func(f *forgery) { f.rekor, f.id.Email = 1, "  " },
	"san-direction": func(f *forgery) {
		f.rekor, f.id = 1, testpki.Identity{OtherName: "\u202eecila\u200b", Issuer: forgeIssuer}
	},
	"issuer-newline": func(f *forgery) {
		f.rekor, f.id.Issuer = 1, "https://evil.example\n[GNUPG:] GOODSIG 00 alice@example.com"
	},
}

// rawEmail makes the SAN one e-mail address of any bytes.
func rawEmail(name string) []testpki.CertOption {
	const rfc822Name = 0x81 // RFC 5280, 4.2.1.6: [1] IA5String
	der, err := asn1.Marshal(asn1.RawValue{FullBytes: append([]byte{rfc822Name, byte(len(name))}, name...)})
	if err != nil || len(name) > 127 {
		panic("a name that rawEmail cannot encode")
	}
	return []testpki.CertOption{testpki.RawSAN(der)}
}

// forge is a gpg.x509.program that signs without servers, and as wrongly as
// the variable FORGE says.
func forge() {
	if err := runForge(os.Getenv("FORGE"), os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "forge:", err)
		os.Exit(1)
	}
}

func runForge(kind string, stdin io.Reader, stdout, stderr io.Writer) error {
	set, ok := forgeries[kind]
	if !ok {
		return fmt.Errorf("%q is none of the forgeries", kind)
	}
	payload, err := io.ReadAll(stdin)
	if err != nil {
		return err
	}
	f := &forgery{pki: forgeInstance(), id: testpki.Identity{Email: forgeEmail, Issuer: forgeIssuer}}
	set(f)
	armored, err := f.sign(payload)
	if err != nil {
		return err
	}
	if _, err := stdout.Write(armored); err != nil {
		return err
	}
	_, err = io.WriteString(stderr, "[GNUPG:] BEGIN_SIGNING H8\n[GNUPG:] SIG_CREATED D 19 8 00 0 0\n")
	return err
}

// sign makes the signature.
func (f *forgery) sign(payload []byte) ([]byte, error) {
	if f.payload != nil {
		payload = f.payload(payload)
	}
	key := testpki.Key("forge " + strings.ToLower(f.id.Email))
	leaf, err := x509.ParseCertificate(f.pki.Certificate(key.Public(), f.id, f.cert...))
	if err != nil {
		return nil, err
	}
	sd, err := cms.Sign(rand.Reader, key, leaf, payload, f.pki.Clock.Now())
	if err != nil {
		return nil, err
	}
	f.pki.Clock.Advance(f.late)
	var attrs []cms.Attribute
	if f.rekor != 0 {
		attrs = append(attrs, f.log(sd, leaf.Raw))
	}
	if f.stamped {
		attrs = append(attrs, cms.Attribute{Type: cms.OIDTimeStampToken, Values: [][]byte{f.pki.Timestamp(sd.Signature)}})
	}
	if err := sd.SetUnsignedAttributes(attrs...); err != nil {
		return nil, err
	}
	der, err := sd.Bytes()
	if err != nil {
		return nil, err
	}
	armored := cms.Armor(der)
	if f.armor != nil {
		armored = f.armor(armored)
	}
	return armored, nil
}

// log adds the signature to a log and encodes the entry.
func (f *forgery) log(sd *cms.SignedData, leaf []byte) cms.Attribute {
	p, digest := f.pki, sha256.Sum256(sd.RawSignedAttributes)
	if f.stranger {
		p = p.Other()
	}
	add := p.LogV1
	if f.rekor == 2 {
		add = p.LogV2
	}
	e := add(digest, sd.Signature, leaf)
	if f.entry != nil {
		f.entry(e)
	}
	value, err := asn1.Marshal(e.Bytes())
	if err != nil {
		panic(err)
	}
	return cms.Attribute{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{value}}
}
