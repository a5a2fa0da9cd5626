package cms

import (
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A name tells certificates apart: issuer as a raw DER Name, and the contents
// of the serial number.
type name struct{ issuer, serial string }

// parseCertificates reads the set and finds the one certificate that sid
// names. The others are neither parsed nor used. RFC 5652, 10.2.2 and 10.2.3:
//
//	CertificateSet ::= SET OF CertificateChoices
//	CertificateChoices ::= CHOICE { certificate Certificate, ... }
func (sd *SignedData) parseCertificates(in cryptobyte.String, sid name) error {
	seen := make(map[name]bool, 1)
	var leaf []byte
	for !in.Empty() {
		if len(sd.Certificates) == MaxCertificates {
			return syntaxf("too-many-certificates", "the message brings more than %d certificates", MaxCertificates)
		}
		var cert cryptobyte.String
		if !in.ReadASN1Element(&cert, cbasn1.SEQUENCE) {
			return syntaxf("certificate-choice", "the message brings something else than X.509 certificates")
		}
		n, err := readName(cert)
		if err != nil {
			return err
		}
		if seen[n] {
			return syntaxf("duplicate-certificate", "two certificates have the same issuer and serial number")
		}
		seen[n] = true
		sd.Certificates = append(sd.Certificates, cert)
		if n == sid {
			leaf = cert
		}
	}
	if leaf == nil {
		return syntaxf("signer-certificate", "the message does not bring the signer's certificate")
	}
	var err error
	if sd.Leaf, err = x509.ParseCertificate(leaf); err != nil {
		return syntaxf("certificate", "the signer's certificate cannot be parsed: %w", err)
	}
	return nil
}

// readName reads the beginning of a certificate, RFC 5280, 4.1:
//
//	Certificate ::= SEQUENCE { tbsCertificate TBSCertificate, ... }
//	TBSCertificate ::= SEQUENCE {
//	    version [0] EXPLICIT Version DEFAULT v1,
//	    serialNumber CertificateSerialNumber,
//	    signature AlgorithmIdentifier,
//	    issuer Name, ... }
func readName(in cryptobyte.String) (name, error) {
	var cert, tbs, serial, issuer cryptobyte.String
	if !in.ReadASN1(&cert, cbasn1.SEQUENCE) || !cert.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(tag0) || !tbs.ReadASN1(&serial, cbasn1.INTEGER) ||
		!tbs.SkipASN1(cbasn1.SEQUENCE) || !tbs.ReadASN1Element(&issuer, cbasn1.SEQUENCE) {
		return name{}, syntaxf("certificate", "a certificate is not well-formed")
	}
	return name{string(issuer), string(serial)}, nil
}
