package cms

import (
	"bytes"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Context-specific constructed tags: EXPLICIT, or IMPLICIT over a SET.
var (
	tag0 = cbasn1.Tag(0).ContextSpecific().Constructed()
	tag1 = cbasn1.Tag(1).ContextSpecific().Constructed()
)

// Parse reads a detached signature: a DER ContentInfo of at most [MaxSize]
// bytes that holds a SignedData without eContent over id-data. It does not
// verify. It keeps no reference to der. Errors are an [*Error] of kind Syntax.
func Parse(der []byte) (*SignedData, error) {
	return parse(der, OIDData, false)
}

// ParseEncapsulated reads a message that holds its content, of this type, as
// a primitive OCTET STRING. Otherwise it is like Parse.
func ParseEncapsulated(der []byte, contentType asn1.ObjectIdentifier) (*SignedData, error) {
	return parse(der, contentType, true)
}

// parse reads RFC 5652, 3:
//
//	ContentInfo ::= SEQUENCE {
//	    contentType ContentType,
//	    content [0] EXPLICIT ANY DEFINED BY contentType }
func parse(der []byte, contentType asn1.ObjectIdentifier, encapsulated bool) (*SignedData, error) {
	if len(der) > MaxSize {
		return nil, syntaxf("size", "the message has %d bytes, more than %d", len(der), MaxSize)
	}
	if err := checkDER(der); err != nil {
		return nil, err
	}
	in := cryptobyte.String(bytes.Clone(der))
	var info, content, body cryptobyte.String
	var id asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&id) ||
		!info.ReadASN1(&content, tag0) || !info.Empty() {
		return nil, syntaxf("content-info", "the message is not a ContentInfo")
	}
	if !id.Equal(oidSignedData) {
		return nil, syntaxf("content-info-type", "the message is of type %v, not SignedData", id)
	}
	if !content.ReadASN1(&body, cbasn1.SEQUENCE) || !content.Empty() {
		return nil, syntaxf("content-info", "the ContentInfo does not hold one SignedData")
	}
	sd := &SignedData{ContentType: contentType, encapsulated: encapsulated}
	if err := sd.parseSignedData(body); err != nil {
		return nil, err
	}
	return sd, nil
}

// parseSignedData reads RFC 5652, 5.1:
//
//	SignedData ::= SEQUENCE {
//	    version CMSVersion,
//	    digestAlgorithms SET OF DigestAlgorithmIdentifier,
//	    encapContentInfo EncapsulatedContentInfo,
//	    certificates [0] IMPLICIT CertificateSet OPTIONAL,
//	    crls [1] IMPLICIT RevocationInfoChoices OPTIONAL,
//	    signerInfos SET OF SignerInfo }
func (sd *SignedData) parseSignedData(in cryptobyte.String) error {
	whole := in
	var version int64
	var digests, encap, certificates, signers cryptobyte.String
	var hasCertificates bool
	if !in.ReadASN1Integer(&version) || !in.ReadASN1(&digests, cbasn1.SET) ||
		!in.ReadASN1(&encap, cbasn1.SEQUENCE) ||
		!in.ReadOptionalASN1(&certificates, &hasCertificates, tag0) {
		return syntaxf("signed-data", "the SignedData is not well-formed")
	}
	sd.head = whole[:len(whole)-len(in)]
	if in.PeekASN1Tag(tag1) {
		return syntaxf("crls", "the message brings revocation lists")
	}
	if !in.ReadASN1(&signers, cbasn1.SET) || !in.Empty() {
		return syntaxf("signed-data", "the SignedData is not well-formed")
	}
	if digests.Empty() {
		return syntaxf("digest-algorithms", "there is no digest algorithm")
	}
	hash, err := readDigestAlgorithm(&digests)
	if err != nil {
		return err
	}
	if !digests.Empty() {
		return syntaxf("digest-algorithms", "there is more than one digest algorithm")
	}
	sd.DigestAlgorithm = hash
	if err := sd.parseContent(encap); err != nil {
		return err
	}
	if !hasCertificates || certificates.Empty() {
		return syntaxf("no-certificates", "the message brings no certificate")
	}
	if err := sd.parseSigners(signers, certificates); err != nil {
		return err
	}
	return sd.checkVersion(version)
}

// checkVersion is RFC 5652, 5.1: version 3 is for content other than id-data.
// What versions 4 and 5 are for, and signers of version 3, was refused before
// by a rule that says more.
func (sd *SignedData) checkVersion(version int64) error {
	want := int64(3)
	if sd.ContentType.Equal(OIDData) {
		want = 1
	}
	if version != want {
		return syntaxf("signed-data-version", "the SignedData is of version %d, not %d", version, want)
	}
	return nil
}

// parseContent reads RFC 5652, 5.2:
//
//	EncapsulatedContentInfo ::= SEQUENCE {
//	    eContentType ContentType,
//	    eContent [0] EXPLICIT OCTET STRING OPTIONAL }
func (sd *SignedData) parseContent(in cryptobyte.String) error {
	var id asn1.ObjectIdentifier
	if !in.ReadASN1ObjectIdentifier(&id) {
		return syntaxf("encapsulated-content", "the EncapsulatedContentInfo is not well-formed")
	}
	if !id.Equal(sd.ContentType) {
		return syntaxf("content-type", "the content is of type %v, not %v", id, sd.ContentType)
	}
	if !sd.encapsulated {
		if !in.Empty() {
			return syntaxf("not-detached", "the message brings content of its own")
		}
		return nil
	}
	if in.Empty() {
		return syntaxf("no-content", "the message brings no content")
	}
	var explicit, content cryptobyte.String
	if !in.ReadASN1(&explicit, tag0) || !in.Empty() ||
		!explicit.ReadASN1(&content, cbasn1.OCTET_STRING) || !explicit.Empty() {
		return syntaxf("encapsulated-content", "the EncapsulatedContentInfo is not well-formed")
	}
	sd.Content = content
	return nil
}

// parseSigners reads the one SignerInfo, RFC 5652, 5.3:
//
//	SignerInfo ::= SEQUENCE {
//	    version CMSVersion,
//	    sid SignerIdentifier,
//	    digestAlgorithm DigestAlgorithmIdentifier,
//	    signedAttrs [0] IMPLICIT SignedAttributes OPTIONAL,
//	    signatureAlgorithm SignatureAlgorithmIdentifier,
//	    signature SignatureValue,
//	    unsignedAttrs [1] IMPLICIT UnsignedAttributes OPTIONAL }
func (sd *SignedData) parseSigners(signers, certificates cryptobyte.String) error {
	if signers.Empty() {
		return syntaxf("no-signer", "nobody signed the message")
	}
	var in cryptobyte.String
	if !signers.ReadASN1(&in, cbasn1.SEQUENCE) {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	if !signers.Empty() {
		return syntaxf("several-signers", "the message has more than one signer")
	}
	whole := in
	sid, err := readSignerIdentifier(&in)
	if err != nil {
		return err
	}
	hash, err := readDigestAlgorithm(&in)
	if err != nil {
		return err
	}
	if hash != sd.DigestAlgorithm {
		return syntaxf("digest-algorithm-mismatch", "the signer's digest algorithm is %v, the message's %v", hash, sd.DigestAlgorithm)
	}
	if !in.PeekASN1Tag(tag0) {
		return syntaxf("no-signed-attributes", "the signer signed no attributes")
	}
	var signed, signature, unsigned cryptobyte.String
	if !in.ReadASN1Element(&signed, tag0) {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	if sd.algorithm, err = readSignatureAlgorithm(&in); err != nil {
		return err
	}
	if !in.ReadASN1(&signature, cbasn1.OCTET_STRING) {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	sd.Signature, sd.signer = signature, whole[:len(whole)-len(in)]
	if !in.Empty() && (!in.ReadASN1Element(&unsigned, tag1) || !in.Empty()) {
		return syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	sd.unsigned = unsigned
	if err := sd.parseAttributes(signed); err != nil {
		return err
	}
	if err := sd.parseCertificates(certificates, sid); err != nil {
		return err
	}
	return sd.algorithm.check(sd.DigestAlgorithm, sd.Leaf.PublicKey, sd.Signature)
}

// readSignerIdentifier reads version and sid of a SignerInfo. Version 1 goes
// with the first choice of
//
//	SignerIdentifier ::= CHOICE {
//	    issuerAndSerialNumber IssuerAndSerialNumber,
//	    subjectKeyIdentifier [0] SubjectKeyIdentifier }
//	IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber CertificateSerialNumber }
func readSignerIdentifier(in *cryptobyte.String) (name, error) {
	var version int64
	if !in.ReadASN1Integer(&version) {
		return name{}, syntaxf("signer-info", "the SignerInfo is not well-formed")
	}
	if in.PeekASN1Tag(cbasn1.Tag(0).ContextSpecific()) {
		return name{}, syntaxf("subject-key-identifier", "the signer is named by key identifier, not by issuer and serial number")
	}
	if version != 1 {
		return name{}, syntaxf("signer-info-version", "the SignerInfo is of version %d, not 1", version)
	}
	var sid, issuer, serial cryptobyte.String
	if !in.ReadASN1(&sid, cbasn1.SEQUENCE) || !sid.ReadASN1Element(&issuer, cbasn1.SEQUENCE) ||
		!sid.ReadASN1(&serial, cbasn1.INTEGER) || !sid.Empty() {
		return name{}, syntaxf("signer-identifier", "the signer's IssuerAndSerialNumber is not well-formed")
	}
	return name{string(issuer), string(serial)}, nil
}
