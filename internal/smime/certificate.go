package smime

import (
	"bytes"
	"crypto/x509"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// An identifier says which certificate is the signer's: by raw issuer and
// serial number, or else by key identifier.
type identifier struct {
	issuer []byte
	serial *big.Int
	key    []byte
}

func (i identifier) names(cert *x509.Certificate) bool {
	if i.serial == nil {
		return bytes.Equal(i.key, cert.SubjectKeyId)
	}
	return bytes.Equal(i.issuer, cert.RawIssuer) && i.serial.Cmp(cert.SerialNumber) == 0
}

// readIdentifier reads the sid of a SignerInfo, RFC 5652, 5.3. Version 1 goes
// with the first choice, 3 with the second:
//
//	SignerIdentifier ::= CHOICE {
//	    issuerAndSerialNumber SEQUENCE { issuer Name, serialNumber INTEGER },
//	    subjectKeyIdentifier [0] IMPLICIT OCTET STRING }
func readIdentifier(in *cryptobyte.String, version int64) (identifier, error) {
	var sid, issuer, key cryptobyte.String
	serial := new(big.Int)
	switch {
	case version == 1 && in.ReadASN1(&sid, cbasn1.SEQUENCE) && sid.ReadASN1Element(&issuer, cbasn1.SEQUENCE) &&
		sid.ReadASN1Integer(serial) && sid.Empty():
		return identifier{issuer: issuer, serial: serial}, nil
	case version == 3 && in.ReadASN1(&key, cbasn1.Tag(0).ContextSpecific()) && len(key) > 0:
		return identifier{key: key}, nil
	}
	return identifier{}, syntaxf("signer-identifier",
		"the signer, of version %d, is named neither by issuer and serial number (version 1) nor by key identifier (version 3)", version)
}

// readCertificates reads the set and finds the one certificate that who names,
// RFC 5652, 10.2.3. Certificates that package x509 cannot read, old roots for
// instance, help nobody and are left out.
func (m *message) readCertificates(in cryptobyte.String, who identifier) error {
	var certs []*x509.Certificate
	for n := 0; !in.Empty(); n++ {
		if n == maxCertificates {
			return syntaxf("too-many-certificates", "the message brings more than %d certificates", maxCertificates)
		}
		var der cryptobyte.String
		if !in.ReadASN1Element(&der, cbasn1.SEQUENCE) {
			return syntaxf("certificate-choice", "the message brings something else than X.509 certificates")
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		if certs, err = add(certs, cert); err != nil {
			return err
		}
	}
	for _, c := range certs {
		switch {
		case !who.names(c):
			m.others = append(m.others, c)
		case m.leaf != nil:
			return syntaxf("ambiguous-signer", "two certificates are the signer's")
		default:
			m.leaf = c
		}
	}
	if m.leaf == nil {
		return syntaxf("signer-certificate", "the message does not bring the signer's certificate, or it cannot be read")
	}
	return checkKey(m.leaf)
}

// add appends a certificate, once. Two with one issuer and serial number are
// an attempt to have one signer taken for another. Of one subject there may be
// few: a chain is looked for along all paths, and their number is what it costs.
func add(certs []*x509.Certificate, cert *x509.Certificate) ([]*x509.Certificate, error) {
	same := 1
	for _, c := range certs {
		if bytes.Equal(c.Raw, cert.Raw) {
			return certs, nil
		}
		if bytes.Equal(c.RawIssuer, cert.RawIssuer) && c.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return nil, syntaxf("duplicate-certificate", "two certificates have the same issuer and serial number")
		}
		if bytes.Equal(c.RawSubject, cert.RawSubject) {
			same++
		}
	}
	if same > maxSameSubject {
		return nil, syntaxf("same-subject", "more than %d certificates have the same subject", maxSameSubject)
	}
	return append(certs, cert), nil
}
