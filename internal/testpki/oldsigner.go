package testpki

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"

	"github.com/paraph/paraph/cms"
)

// An OldSigner signs as gitsign does unless told otherwise (SignWithProof): the signature
// carries no proof, and a second one, over the object's id in hexadecimal, is
// logged in Rekor v1.
type OldSigner struct {
	Leaf *x509.Certificate

	pki *PKI
	key crypto.Signer
}

// OldSigner certifies id for a key of its name, now. It panics where the
// options make a certificate that cannot be parsed.
func (p *PKI) OldSigner(id Identity, options ...CertOption) *OldSigner {
	key := Key(id.Email)
	leaf, err := x509.ParseCertificate(p.Certificate(key.Public(), id, options...))
	if err != nil {
		panic(err)
	}
	return &OldSigner{leaf, p, key}
}

// Sign returns the armored signature over a payload.
func (s *OldSigner) Sign(payload []byte) []byte {
	return armor(s.message(payload))
}

// SignWithProof returns the armored signature as paraph makes it: with its
// entry of Rekor v1, or with one of Rekor v2 and a timestamp.
func (s *OldSigner) SignWithProof(payload []byte, version int) []byte {
	sd := s.message(payload)
	log := s.pki.LogV1
	if version == 2 {
		log = s.pki.LogV2
	}
	entry, err := asn1.Marshal(log(sha256.Sum256(sd.RawSignedAttributes), sd.Signature, s.Leaf.Raw).Bytes())
	if err != nil {
		panic(err)
	}
	proof := []cms.Attribute{{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{entry}}}
	if version == 2 {
		proof = append(proof, cms.Attribute{Type: cms.OIDTimeStampToken, Values: [][]byte{s.pki.Timestamp(sd.Signature)}})
	}
	if err := sd.SetUnsignedAttributes(proof...); err != nil {
		panic(err)
	}
	return armor(sd)
}

func (s *OldSigner) message(payload []byte) *cms.SignedData {
	sd, err := cms.Sign(rand.Reader, s.key, s.Leaf, payload, s.pki.Clock.Now())
	if err != nil {
		panic(err)
	}
	return sd
}

func armor(sd *cms.SignedData) []byte {
	der, err := sd.Bytes()
	if err != nil {
		panic(err)
	}
	return cms.Armor(der)
}

// Log logs the second signature, over an id, and returns its entry.
func (s *OldSigner) Log(id string) *Entry {
	digest := sha256.Sum256([]byte(id))
	signature, err := s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return s.pki.LogV1(digest, signature, s.Leaf.Raw)
}

// V1JSON is the entry as Rekor v1 answers with it.
func (e *Entry) V1JSON() []byte {
	text, err := json.Marshal(e.v1JSON())
	if err != nil {
		panic(err)
	}
	return text
}
