package testpki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A CertOption changes one thing about a signer's certificate.
type CertOption func(*certRequest)

// NoSCT leaves the SCT out.
func NoSCT() CertOption { return func(r *certRequest) { r.sct.count = 0 } }

// SCTFromUnknownLog takes the SCT from a CT log that the root does not know.
func SCTFromUnknownLog() CertOption {
	return func(r *certRequest) { r.sct.log = r.pki.Other().CT }
}

// SCTForged signs the SCT with another key, under the known log's id.
func SCTForged() CertOption {
	return func(r *certRequest) {
		r.sct.log = r.pki.Other().CT
		r.sct.id = &r.pki.CT.ID
	}
}

// SCTOfAnotherCertificate embeds a true SCT of a certificate with another
// serial number.
func SCTOfAnotherCertificate() CertOption {
	return func(r *certRequest) { r.sct.otherTBS = true }
}

// SCTExtensions puts extensions into the SCT and signs them: a good SCT.
func SCTExtensions(extensions []byte) CertOption {
	return func(r *certRequest) { r.sct.extensions = extensions }
}

// SCTTime sets the SCT's timestamp.
func SCTTime(t time.Time) CertOption { return func(r *certRequest) { r.sct.at = t } }

// SCTCount embeds the same SCT n times.
func SCTCount(n int) CertOption { return func(r *certRequest) { r.sct.count = n } }

// TwoSANs adds a second e-mail address to the SAN.
func TwoSANs(email string) CertOption {
	return func(r *certRequest) { r.names = append(r.names, tlv(tagRFC822, []byte(email))) }
}

// SANWithNUL makes the SAN one e-mail address: name, a NUL byte and rest.
func SANWithNUL(name, rest string) CertOption {
	return func(r *certRequest) { r.names = [][]byte{tlv(tagRFC822, []byte(name+"\x00"+rest))} }
}

// NoSAN leaves the SAN out.
func NoSAN() CertOption { return func(r *certRequest) { r.names = nil } }

// EmptySAN makes a SAN extension without any name.
func EmptySAN() CertOption {
	return func(r *certRequest) {
		r.names = nil
		Extension(subjectAltName(true))(r)
	}
}

// SANNotCritical clears the SAN's critical bit.
func SANNotCritical() CertOption { return func(r *certRequest) { r.sanCritical = false } }

// RawSAN replaces the SAN's names by DER GeneralName values.
func RawSAN(names ...[]byte) CertOption { return func(r *certRequest) { r.names = names } }

// DNSName makes a DER GeneralName that Fulcio never writes, for [RawSAN].
func DNSName(host string) []byte { return tlv(cbasn1.Tag(2).ContextSpecific(), []byte(host)) }

// NoEKU leaves the extended key usage out.
func NoEKU() CertOption {
	return Template(func(c *x509.Certificate) { c.ExtKeyUsage = nil })
}

// WithEKU sets the extended key usages.
func WithEKU(usages ...x509.ExtKeyUsage) CertOption {
	return Template(func(c *x509.Certificate) { c.ExtKeyUsage = usages })
}

// ExtraEKU adds an extended key usage beside codeSigning.
func ExtraEKU(usage x509.ExtKeyUsage) CertOption {
	return Template(func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, usage) })
}

// WithKeyUsage sets the key usage.
func WithKeyUsage(usage x509.KeyUsage) CertOption {
	return Template(func(c *x509.Certificate) { c.KeyUsage = usage })
}

// IsCA makes the leaf a certificate authority.
func IsCA() CertOption {
	return Template(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
}

// WithSubject gives the leaf a subject, which Fulcio's leaves do not have.
func WithSubject(common string) CertOption {
	return Template(func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: common} })
}

// Window sets the validity.
func Window(notBefore, notAfter time.Time) CertOption {
	return Template(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = notBefore, notAfter })
}

// IssuerV1 sets extension 1, the issuer as a raw string, only.
func IssuerV1(issuer string) CertOption { return RawClaim(claimIssuerV1, []byte(issuer)) }

// IssuerV2 sets extension 8, the issuer as a UTF8String, only.
func IssuerV2(issuer string) CertOption { return RawClaim(claimIssuerV2, utf8String(issuer)) }

// IssuerV2NotUTF8String makes extension 8 an IA5String.
func IssuerV2NotUTF8String(issuer string) CertOption {
	return RawClaim(claimIssuerV2, tlv(cbasn1.IA5String, []byte(issuer)))
}

// NoIssuerV1 leaves extension 1 out.
func NoIssuerV1() CertOption { return func(r *certRequest) { delete(r.claims, claimIssuerV1) } }

// NoIssuerV2 leaves extension 8 out.
func NoIssuerV2() CertOption { return func(r *certRequest) { delete(r.claims, claimIssuerV2) } }

// NoIssuer leaves extensions 1 and 8 out.
func NoIssuer() CertOption {
	return func(r *certRequest) {
		NoIssuerV1()(r)
		NoIssuerV2()(r)
	}
}

// RawClaim sets the bytes of extension 1.3.6.1.4.1.57264.1.n.
func RawClaim(n int, value []byte) CertOption {
	return func(r *certRequest) { r.claims[n] = value }
}

// Extension adds an extension.
func Extension(e pkix.Extension) CertOption {
	return Template(func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, e) })
}

// UnknownCriticalExtension adds a critical extension that nobody knows.
func UnknownCriticalExtension() CertOption {
	return Extension(pkix.Extension{
		Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 9, 9}, Critical: true, Value: []byte{5, 0},
	})
}

// FromOtherCA issues with the CA of [PKI.Other]: same names, other keys. The
// SCT is this instance's and good.
func FromOtherCA() CertOption { return func(r *certRequest) { r.ca = r.pki.Other() } }

// Template changes the template right before it is signed, with all
// extensions but the SCT's in ExtraExtensions.
func Template(f func(*x509.Certificate)) CertOption {
	return func(r *certRequest) { r.changes = append(r.changes, f) }
}
