package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"
)

const (
	// authoritiesBefore is how long before the instance's start its
	// authorities begin, authoritiesAfter how long after it they end.
	authoritiesBefore = 365 * 24 * time.Hour
	authoritiesAfter  = 9 * 365 * 24 * time.Hour
)

var (
	oidExtKeyUsage  = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
)

// name is a name as the public instance has them, with our organization.
func name(common string) pkix.Name {
	return pkix.Name{Organization: []string{"testpki.example"}, CommonName: common}
}

// authority is a template with what all authorities' certificates have in common.
func (p *PKI) authority(common string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: p.serials.serial(p.settings.seed, common),
		Subject:      name(common),
		NotBefore:    p.start.Add(-authoritiesBefore),
		NotAfter:     p.start.Add(authoritiesAfter),
	}
}

// authorityCA is the template of a certificate that signs certificates.
// A negative pathLen sets no limit.
func (p *PKI) authorityCA(common string, pathLen int) *x509.Certificate {
	c := p.authority(common)
	c.IsCA, c.BasicConstraintsValid = true, true
	c.MaxPathLen, c.MaxPathLenZero = pathLen, pathLen == 0
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return c
}

// makeCA makes the certificate authority: P-384 as the public one, the
// intermediate with EKU codeSigning.
func (p *PKI) makeCA() {
	root := p.authorityCA("testpki", -1)
	change(p.settings.caRoot, root)
	p.CARoot = issue(root, root, p.keys.caRoot.Public(), p.keys.caRoot)

	inter := p.authorityCA("testpki-intermediate", 0)
	inter.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	change(p.settings.intermediate, inter)
	p.CAIntermediate = issue(inter, p.CARoot, p.keys.caIntermediate.Public(), p.keys.caRoot)
}

// makeTSA makes the timestamp authority: a root and the leaf that signs.
func (p *PKI) makeTSA() {
	root := p.authorityCA("testpki-tsa-selfsigned", -1)
	p.TSARoot = issue(root, root, p.keys.tsaRoot.Public(), p.keys.tsaRoot)
	p.TSALeaf = p.tsaLeaf(p.settings.tsaLeaf)
}

// tsaLeaf makes a certificate for the key that signs tokens.
//
// RFC 3161 section 2.3: extended key usage timeStamping alone, critical. The
// standard library has no critical EKU, so the extension is made here; a
// change that wants other usages replaces ExtraExtensions, or sets
// ExtKeyUsage and drops them.
func (p *PKI) tsaLeaf(changes func(*x509.Certificate)) *x509.Certificate {
	leaf := p.authority("testpki-tsa")
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.SubjectKeyId = subjectKeyID(p.keys.tsaLeaf.Public())
	leaf.ExtraExtensions = []pkix.Extension{extKeyUsage(true, oidTimeStamping)}
	change(changes, leaf)
	return issue(leaf, p.TSARoot, p.keys.tsaLeaf.Public(), p.keys.tsaRoot)
}

// extKeyUsage makes an extended key usage extension (RFC 5280 section 4.2.1.12).
func extKeyUsage(critical bool, usages ...asn1.ObjectIdentifier) pkix.Extension {
	return pkix.Extension{Id: oidExtKeyUsage, Critical: critical, Value: must(asn1.Marshal(usages))}
}

func change(f func(*x509.Certificate), c *x509.Certificate) {
	if f != nil {
		f(c)
	}
}

// issue signs a certificate with ECDSA and SHA-384, as the public instance's
// authorities do, and panics where the template is impossible.
func issue(template, parent *x509.Certificate, pub crypto.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	return must(issueDER(template, parent, pub, key))
}

func issueDER(template, parent *x509.Certificate, pub crypto.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	if template.SignatureAlgorithm == x509.UnknownSignatureAlgorithm {
		template.SignatureAlgorithm = x509.ECDSAWithSHA384
	}
	der, err := x509.CreateCertificate(nil, template, parent, pub, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
