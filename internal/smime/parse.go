package smime

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/cms"
)

// Context-specific constructed tags: EXPLICIT, or IMPLICIT over a SET.
const (
	tag0 = cbasn1.Tag(0xa0)
	tag1 = cbasn1.Tag(0xa1)
	tag2 = cbasn1.Tag(0xa2)
)

var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2} // RFC 5652, 5.1

// A message is a SignedData that was parsed. Nothing in it is verified.
type message struct {
	leaf   *x509.Certificate   // the one that the signer names
	others []*x509.Certificate // which may lead from it to a root

	version   int64 // of the SignerInfo
	hash      crypto.Hash
	algorithm x509.SignatureAlgorithm
	signed    []byte // the signed attributes as received, under the tag of a SET
	claims    claims
	signature []byte
	token     []byte // the timestamp token, nil if there is none
}

// parse reads RFC 5652, 3:
//
//	ContentInfo ::= SEQUENCE { contentType ContentType, content [0] EXPLICIT SignedData }
func parse(ber []byte) (*message, error) {
	der, err := toDER(ber)
	if err != nil {
		return nil, err
	}
	in := cryptobyte.String(der)
	var info, explicit, body cryptobyte.String
	var id asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&id) || !id.Equal(oidSignedData) ||
		!info.ReadASN1(&explicit, tag0) || !info.Empty() ||
		!explicit.ReadASN1(&body, cbasn1.SEQUENCE) || !explicit.Empty() {
		return nil, syntaxf("content-info", "the message is not a ContentInfo with a SignedData")
	}
	m := new(message)
	return m, m.readSignedData(body)
}

// readSignedData reads RFC 5652, 5.1. Revocation lists are stepped over: they
// are as old as the signature at best.
//
//	SignedData ::= SEQUENCE {
//	    version CMSVersion, digestAlgorithms SET OF DigestAlgorithmIdentifier,
//	    encapContentInfo EncapsulatedContentInfo,
//	    certificates [0] IMPLICIT CertificateSet OPTIONAL,
//	    crls [1] IMPLICIT RevocationInfoChoices OPTIONAL,
//	    signerInfos SET OF SignerInfo }
func (m *message) readSignedData(in cryptobyte.String) error {
	var version int64
	var digests, encap, certificates, signers, signer cryptobyte.String
	if !in.ReadASN1Integer(&version) || !in.ReadASN1(&digests, cbasn1.SET) || !in.ReadASN1(&encap, cbasn1.SEQUENCE) ||
		!in.ReadOptionalASN1(&certificates, nil, tag0) || !in.SkipOptionalASN1(tag1) ||
		!in.ReadASN1(&signers, cbasn1.SET) || !in.Empty() {
		return syntaxf("signed-data", "the SignedData is not well-formed")
	}
	if signers.Empty() {
		return syntaxf("no-signer", "nobody signed the message")
	}
	if !signers.ReadASN1(&signer, cbasn1.SEQUENCE) {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	if !signers.Empty() {
		return syntaxf("several-signers", "the message has more than one signer")
	}
	if err := checkDetached(encap); err != nil {
		return err
	}
	announced, err := readDigest(&digests)
	if err != nil {
		return err
	}
	if !digests.Empty() {
		return syntaxf("digest-algorithms", "there is more than one digest algorithm")
	}
	if err := m.readSigner(signer, certificates); err != nil {
		return err
	}
	// RFC 5652, 5.1, for what was not refused before.
	if version != m.version {
		return syntaxf("signed-data-version", "the SignedData is of version %d, its signer of version %d", version, m.version)
	}
	if announced != m.hash {
		return syntaxf("digest-algorithm-mismatch", "the signer's digest algorithm is %v, the message's %v", m.hash, announced)
	}
	return nil
}

// checkDetached reads RFC 5652, 5.2. An eContent, an empty one too, would be a
// second thing that could have been signed.
//
//	EncapsulatedContentInfo ::= SEQUENCE { eContentType ContentType, eContent [0] EXPLICIT OCTET STRING OPTIONAL }
func checkDetached(in cryptobyte.String) error {
	var id asn1.ObjectIdentifier
	if !in.ReadASN1ObjectIdentifier(&id) || !id.Equal(cms.OIDData) {
		return syntaxf("content-type", "the content is not of type %v", cms.OIDData)
	}
	if !in.Empty() {
		return syntaxf("not-detached", "the message brings content of its own")
	}
	return nil
}

func readDigest(in *cryptobyte.String) (crypto.Hash, error) {
	a, err := readAlgorithm(in)
	if err != nil {
		return 0, err
	}
	return a.digest()
}

// readSigner reads RFC 5652, 5.3:
//
//	SignerInfo ::= SEQUENCE {
//	    version CMSVersion, sid SignerIdentifier,
//	    digestAlgorithm DigestAlgorithmIdentifier,
//	    signedAttrs [0] IMPLICIT SignedAttributes OPTIONAL,
//	    signatureAlgorithm SignatureAlgorithmIdentifier,
//	    signature SignatureValue,
//	    unsignedAttrs [1] IMPLICIT UnsignedAttributes OPTIONAL }
func (m *message) readSigner(in, certificates cryptobyte.String) error {
	if !in.ReadASN1Integer(&m.version) {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	who, err := readIdentifier(&in, m.version)
	if err != nil {
		return err
	}
	if m.hash, err = readDigest(&in); err != nil {
		return err
	}
	var signed, signature, unsigned cryptobyte.String
	var present bool
	if !in.PeekASN1Tag(tag0) {
		return syntaxf("no-signed-attributes", "the signer signed no attributes")
	}
	if !in.ReadASN1Element(&signed, tag0) {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	a, err := readAlgorithm(&in)
	if err != nil {
		return err
	}
	if !in.ReadASN1(&signature, cbasn1.OCTET_STRING) || !in.ReadOptionalASN1(&unsigned, &present, tag1) || !in.Empty() {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	// RFC 5652, 5.4: the attributes are signed under the tag of a SET.
	m.signed, m.signature = bytes.Clone(signed), signature
	m.signed[0] = byte(cbasn1.SET)
	if m.claims, err = readClaims(m.signed); err != nil {
		return err
	}
	if present {
		if m.token, err = readToken(unsigned); err != nil {
			return err
		}
	}
	if err := m.readCertificates(certificates, who); err != nil {
		return err
	}
	m.algorithm, err = a.signature(m.hash, m.leaf.PublicKeyAlgorithm)
	return err
}
