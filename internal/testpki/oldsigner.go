package testpki

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"

	"github.com/paraph/paraph/cms"
)

// An OldSigner signs as gitsign does unless told otherwise: the signature
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
	sd, err := cms.Sign(rand.Reader, s.key, s.Leaf, payload, s.pki.Clock.Now())
	if err != nil {
		panic(err)
	}
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
