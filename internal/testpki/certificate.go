package testpki

import (
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// CertificateLifetime is how long a signer's certificate lives, as Fulcio has it.
const CertificateLifetime = 10 * time.Minute

// Extension numbers below 1.3.6.1.4.1.57264.1 that Identity.Claims knows by
// field. Numbers 1 to 6 hold raw strings, all from 8 on a DER UTF8String.
const (
	claimIssuerV1  = 1
	claimLastRaw   = 6
	claimOtherName = 7
	claimIssuerV2  = 8
)

var (
	oidFulcio         = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1}
	oidSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// Tags of GeneralName (RFC 5280 section 4.2.1.6).
var (
	tagOtherName = cbasn1.Tag(0).ContextSpecific().Constructed()
	tagRFC822    = cbasn1.Tag(1).ContextSpecific()
	tagURI       = cbasn1.Tag(6).ContextSpecific()
)

// An Identity is whom a certificate speaks of: exactly one of Email, URI and
// OtherName, and the issuer that says so.
type Identity struct {
	Email, URI, OtherName string
	Issuer                string
	// Claims are Fulcio's further extensions 1.3.6.1.4.1.57264.1.N by N.
	Claims map[int]string
}

// Certificate returns the DER certificate of a signer for pub: empty subject,
// one critical SAN, ten minutes from the clock's time on, SCT embedded.
func (p *PKI) Certificate(pub crypto.PublicKey, id Identity, options ...CertOption) []byte {
	return must(p.certificate(pub, id, options...))
}

func (p *PKI) certificate(pub crypto.PublicKey, id Identity, options ...CertOption) ([]byte, error) {
	now := p.Clock.Now().UTC().Truncate(time.Second)
	r := &certRequest{
		pki: p,
		ca:  p,
		template: &x509.Certificate{
			SerialNumber: p.serials.serial(p.settings.seed, "leaf"),
			NotBefore:    now,
			NotAfter:     now.Add(CertificateLifetime),
			KeyUsage:     x509.KeyUsageDigitalSignature,
			ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
			SubjectKeyId: subjectKeyID(pub),
		},
		names:       generalNames(id),
		sanCritical: true,
		claims:      fulcioExtensions(id),
		sct:         sctRequest{log: p.CT, at: p.Clock.Now(), count: 1},
	}
	for _, option := range options {
		option(r)
	}
	return r.certificate(pub)
}

// A certRequest is a certificate in the making.
type certRequest struct {
	pki         *PKI
	ca          *PKI // whose intermediate issues
	template    *x509.Certificate
	names       [][]byte // DER GeneralName
	sanCritical bool
	claims      map[int][]byte // extension values by number
	changes     []func(*x509.Certificate)
	sct         sctRequest
}

// An sctRequest says which SCTs the certificate gets.
type sctRequest struct {
	log        *CTLog
	id         *[32]byte // instead of the log's own
	at         time.Time
	extensions []byte
	otherTBS   bool
	count      int
}

// certificate makes the certificate twice: first as the CT log sees it,
// without SCT (RFC 6962 section 3.2: the precertificate's poison is no part
// of what an SCT signs), then with.
func (r *certRequest) certificate(pub crypto.PublicKey) ([]byte, error) {
	if len(r.names) > 0 {
		r.template.ExtraExtensions = append(r.template.ExtraExtensions,
			subjectAltName(r.sanCritical, r.names...))
	}
	for _, n := range slices.Sorted(maps.Keys(r.claims)) {
		r.template.ExtraExtensions = append(r.template.ExtraExtensions,
			pkix.Extension{Id: append(slices.Clone(oidFulcio), n), Value: r.claims[n]})
	}
	for _, f := range r.changes {
		f(r.template)
	}
	precert, err := issueDER(r.template, r.ca.CAIntermediate, pub, r.ca.keys.caIntermediate)
	if err != nil || r.sct.count == 0 {
		return raw(precert), err
	}
	tbs := precert.RawTBSCertificate
	if r.sct.otherTBS {
		tbs, err = r.otherTBS(pub)
		if err != nil {
			return nil, err
		}
	}
	sct := r.sct.log.SCT(tbs, r.ca.CAIntermediate, r.sct.at, r.sct.extensions)
	if r.sct.id != nil {
		copy(sct[1:], r.sct.id[:])
	}
	r.template.ExtraExtensions = append(r.template.ExtraExtensions,
		sctExtension(slices.Repeat([][]byte{sct}, r.sct.count)...))
	final, err := issueDER(r.template, r.ca.CAIntermediate, pub, r.ca.keys.caIntermediate)
	return raw(final), err
}

// otherTBS is the TBSCertificate of a certificate that differs by its serial
// number only.
func (r *certRequest) otherTBS(pub crypto.PublicKey) ([]byte, error) {
	template := *r.template
	template.SerialNumber = new(big.Int).Add(template.SerialNumber, big.NewInt(1))
	c, err := issueDER(&template, r.ca.CAIntermediate, pub, r.ca.keys.caIntermediate)
	if err != nil {
		return nil, err
	}
	return c.RawTBSCertificate, nil
}

func raw(c *x509.Certificate) []byte {
	if c == nil {
		return nil
	}
	return c.Raw
}

// fulcioExtensions are the extensions of id by number: the issuer twice, then
// the claims.
func fulcioExtensions(id Identity) map[int][]byte {
	values := map[int][]byte{
		claimIssuerV1: []byte(id.Issuer),
		claimIssuerV2: utf8String(id.Issuer),
	}
	for n, claim := range id.Claims {
		if n <= claimLastRaw {
			values[n] = []byte(claim)
		} else {
			values[n] = utf8String(claim)
		}
	}
	return values
}

// generalNames encodes the names of id, one for each field that is set.
func generalNames(id Identity) [][]byte {
	var names [][]byte
	if id.Email != "" {
		names = append(names, tlv(tagRFC822, []byte(id.Email)))
	}
	if id.URI != "" {
		names = append(names, tlv(tagURI, []byte(id.URI)))
	}
	if id.OtherName != "" {
		names = append(names, otherName(id.OtherName))
	}
	return names
}

// otherName encodes a user name as Fulcio does (RFC 5280 section 4.2.1.6):
//
//	OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }
//
// with type-id 1.3.6.1.4.1.57264.1.7 and a UTF8String.
func otherName(user string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tagOtherName, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(append(slices.Clone(oidFulcio), claimOtherName))
		b.AddASN1(tagOtherName, func(b *cryptobyte.Builder) { b.AddBytes(utf8String(user)) })
	})
	return b.BytesOrPanic()
}

// subjectAltName makes the extension (RFC 5280 section 4.2.1.6):
// GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName.
func subjectAltName(critical bool, names ...[]byte) pkix.Extension {
	value := tlv(cbasn1.SEQUENCE, slices.Concat(names...))
	return pkix.Extension{Id: oidSubjectAltName, Critical: critical, Value: value}
}

func utf8String(s string) []byte { return tlv(cbasn1.UTF8String, []byte(s)) }

// tlv encodes one DER element.
func tlv(tag cbasn1.Tag, content []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	return b.BytesOrPanic()
}

// subjectKeyID is method 1 of RFC 5280 section 4.2.1.2, as Fulcio has it: the
// SHA-1 of the public key's bits.
func subjectKeyID(pub crypto.PublicKey) []byte {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	must(asn1.Unmarshal(spki(pub), &info))
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:]
}

// parseLeaf parses a DER certificate for a service that was sent one.
func parseLeaf(der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parsing certificate: %w", err)
	}
	if c.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm {
		return nil, errors.New("certificate has a key of an unknown kind")
	}
	return c, nil
}
