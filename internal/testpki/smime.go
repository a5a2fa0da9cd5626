package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// SMIME is a classic certificate authority for e-mail: a root that stores
// hold, and an intermediate that certifies people and travels with what they
// sign. It has nothing to do with a [PKI], but may be held beside one.
type SMIME struct {
	Root, Intermediate *x509.Certificate

	rootKey, intermediateKey *ecdsa.PrivateKey
	seed                     string
	serials                  counter
}

// NewSMIME makes an authority; its keys are those of the seed, its names are
// always the same. A change is for the intermediate's template.
func NewSMIME(seed string, intermediate func(*x509.Certificate)) *SMIME {
	s := &SMIME{
		seed:            "smime " + seed,
		rootKey:         deriveECDSA(elliptic.P256(), "smime "+seed, "root"),
		intermediateKey: deriveECDSA(elliptic.P256(), "smime "+seed, "intermediate"),
	}
	s.Root = s.issue(s.ca("testpki-mail"), nil, s.rootKey.Public(), s.rootKey)
	template := s.ca("testpki-mail-intermediate")
	change(intermediate, template)
	s.Intermediate = s.issue(template, s.Root, s.intermediateKey.Public(), s.rootKey)
	return s
}

func (s *SMIME) ca(common string) *x509.Certificate {
	return &x509.Certificate{
		Subject: name(common), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: DefaultTime.Add(-authoritiesBefore), NotAfter: DefaultTime.Add(authoritiesAfter),
	}
}

func (s *SMIME) issue(template, parent *x509.Certificate, pub crypto.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	if template.SerialNumber == nil {
		template.SerialNumber = s.serials.serial(s.seed, "certificate")
	}
	if parent == nil {
		parent = template
	}
	if template.SignatureAlgorithm == x509.UnknownSignatureAlgorithm {
		template.SignatureAlgorithm = x509.ECDSAWithSHA256
	}
	return must(issueDER(template, parent, pub, key))
}

// SMIMELifetime is how long a person's certificate is valid, from DefaultTime on.
const SMIMELifetime = 365 * 24 * time.Hour

// Certificate certifies a key for an address. Change, if not nil, is for the template.
func (s *SMIME) Certificate(pub crypto.PublicKey, email string, changes func(*x509.Certificate)) *x509.Certificate {
	sum := sha1.Sum(spki(pub))
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: email}, EmailAddresses: []string{email}, SubjectKeyId: sum[:],
		NotBefore: DefaultTime, NotAfter: DefaultTime.Add(SMIMELifetime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	change(changes, template)
	return s.issue(template, s.Intermediate, pub, s.intermediateKey)
}

// Under certifies a further CA below the intermediate.
func (s *SMIME) Under(pub crypto.PublicKey, changes func(*x509.Certificate)) *x509.Certificate {
	template := s.ca("testpki-mail-below")
	change(changes, template)
	return s.issue(template, s.Intermediate, pub, s.intermediateKey)
}

// Message starts a detached signature of content by the key of leaf, with the
// intermediate beside it.
func (s *SMIME) Message(content []byte, key crypto.Signer, leaf *x509.Certificate) *SMIMEMessage {
	hash := crypto.SHA256
	if _, ok := key.(ed25519.PrivateKey); ok {
		hash = crypto.SHA512
	}
	return NewSMIMEMessage(content, key, hash, leaf, s.Intermediate)
}

// An SMIMEMessage is a CMS SignedData in the making, each part a DER element,
// or several of them, that a test may replace (RFC 5652, 5.1 and 5.3).
type SMIMEMessage struct {
	Version          []byte
	DigestAlgorithms []byte // contents of the SET
	Content          []byte // contents of the EncapsulatedContentInfo
	Certificates     [][]byte
	Lists            []byte // crls, nil for none
	Times            int    // how many SignerInfos there are, all the same

	Name      []byte // version and sid of the SignerInfo
	Digest    []byte
	Signed    [][]byte // attributes; nil for no signedAttrs
	Algorithm []byte
	Signature []byte   // OCTET STRING; nil: made by Key over Signed
	Unsigned  [][]byte // attributes; nil for no unsignedAttrs
	Rest      []byte   // after all in the SignerInfo

	Key  crypto.Signer
	Opts crypto.SignerOpts
}

// NewSMIMEMessage starts a message by the key of the first certificate.
func NewSMIMEMessage(content []byte, key crypto.Signer, hash crypto.Hash, certs ...*x509.Certificate) *SMIMEMessage {
	h := hash.New()
	h.Write(content)
	m := &SMIMEMessage{
		Version: tlv(cbasn1.INTEGER, []byte{1}), DigestAlgorithms: AlgorithmID(hashOIDs[hash], nil),
		Content: must(asn1.Marshal(oidData)), Times: 1,
		Name:   SignerName(certs[0]),
		Digest: AlgorithmID(hashOIDs[hash], nil),
		Signed: [][]byte{
			Attribute(oidContentType, must(asn1.Marshal(oidData))),
			Attribute(oidMessageDigest, must(asn1.Marshal(h.Sum(nil)))),
		},
		Algorithm: AlgorithmID(ecdsaOIDs[hash], nil),
		Key:       key, Opts: hash,
	}
	switch key.(type) {
	case *rsa.PrivateKey:
		m.Algorithm = AlgorithmID(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, []byte{5, 0})
	case ed25519.PrivateKey:
		m.Algorithm, m.Opts = AlgorithmID(asn1.ObjectIdentifier{1, 3, 101, 112}, nil), crypto.Hash(0)
	}
	for _, c := range certs {
		m.Certificates = append(m.Certificates, c.Raw)
	}
	return m
}

var oidData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}

// AlgorithmID is an AlgorithmIdentifier with these parameters, DER or nothing.
func AlgorithmID(id asn1.ObjectIdentifier, params []byte) []byte {
	return tlv(cbasn1.SEQUENCE, slices.Concat(must(asn1.Marshal(id)), params))
}

// Attribute is a CMS attribute with these values, DER.
func Attribute(id asn1.ObjectIdentifier, values ...[]byte) []byte {
	return tlv(cbasn1.SEQUENCE, slices.Concat(must(asn1.Marshal(id)), tlv(cbasn1.SET, slices.Concat(values...))))
}

// SignerName names a certificate by issuer and serial number.
func SignerName(c *x509.Certificate) []byte {
	serial := must(asn1.Marshal(c.SerialNumber))
	return slices.Concat(tlv(cbasn1.INTEGER, []byte{1}), tlv(cbasn1.SEQUENCE, slices.Concat(c.RawIssuer, serial)))
}

// SignerKeyID names a certificate by key identifier.
func SignerKeyID(c *x509.Certificate) []byte {
	return slices.Concat(tlv(cbasn1.INTEGER, []byte{3}), tlv(cbasn1.Tag(0).ContextSpecific(), c.SubjectKeyId))
}

// Sign makes the signature over the attributes as they are now.
func (m *SMIMEMessage) Sign() []byte {
	signed := tlv(cbasn1.SET, slices.Concat(m.Signed...))
	if hash := m.Opts.HashFunc(); hash != 0 {
		h := hash.New()
		h.Write(signed)
		signed = h.Sum(nil)
	}
	if m.Opts.HashFunc() == 0 || !isRSA(m.Key) {
		return sign(m.Key, signed, m.Opts)
	}
	return must(m.Key.Sign(zeros{}, signed, m.Opts)) // PSS wants a salt
}

func isRSA(key crypto.Signer) bool {
	_, ok := key.(*rsa.PrivateKey)
	return ok
}

// zeros is a source of randomness that has none.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// Timestamp puts a token of p over the signature into the message.
func (m *SMIMEMessage) Timestamp(p *PKI, options ...TSAOption) {
	signature := m.Sign()
	m.Signature = tlv(cbasn1.OCTET_STRING, signature)
	id := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	m.Unsigned = append(m.Unsigned, Attribute(id, p.Timestamp(signature, options...)))
}

// DER returns the message in its ContentInfo.
func (m *SMIMEMessage) DER() []byte {
	if m.Signature == nil {
		m.Signature = tlv(cbasn1.OCTET_STRING, m.Sign())
	}
	signer := slices.Concat(m.Name, m.Digest, implicit(0, m.Signed), m.Algorithm, m.Signature, implicit(1, m.Unsigned), m.Rest)
	body := slices.Concat(m.Version, tlv(cbasn1.SET, m.DigestAlgorithms), tlv(cbasn1.SEQUENCE, m.Content), implicit(0, m.Certificates))
	if m.Lists != nil {
		body = append(body, implicit(1, [][]byte{m.Lists})...)
	}
	signers := slices.Repeat(tlv(cbasn1.SEQUENCE, signer), m.Times)
	body = append(body, tlv(cbasn1.SET, signers)...)
	return tlv(cbasn1.SEQUENCE, slices.Concat(must(asn1.Marshal(oidSignedData)), tlv(tag0, tlv(cbasn1.SEQUENCE, body))))
}

// implicit is an optional SET OF under a context-specific tag.
func implicit(tag cbasn1.Tag, elements [][]byte) []byte {
	if elements == nil {
		return nil
	}
	return tlv(tag.ContextSpecific().Constructed(), slices.Concat(elements...))
}
