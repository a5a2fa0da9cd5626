// Package tsa verifies RFC 3161 timestamp tokens. It is pure: no network, and
// the only clock is the authority's.
//
// Specifications: RFC 3161, RFC 5816 (ESSCertIDv2), RFC 5652.
package tsa

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// A Timestamp is a token that was verified.
type Timestamp struct {
	// Time is when the authority saw the message.
	Time time.Time
	// Nonce is the number of the request, nil if the token has none.
	Nonce *big.Int
	// Authority is the one of the trusted root that signed, nil after
	// [VerifyChained].
	Authority *trust.Authority
}

// Verify checks that token is a bare TimeStampToken (RFC 3161, 2.4.2) over
// message by a timestamp authority of the trusted root, valid at the time
// that it states.
//
// The signing certificate is the trusted root's: one that only the token
// brings proves nothing and is a failure of class Material. A false token by
// a known authority is one of class Time; one that cannot be parsed, Syntax.
func Verify(token, message []byte, root *trust.Root) (*Timestamp, error) {
	t, err := parse(token)
	if err != nil {
		return nil, err
	}
	authority, err := signer(t.sd, root)
	if err != nil {
		return nil, err
	}
	authority.StartCheck()
	if err := t.checkSignature(); err != nil {
		return nil, err
	}
	if err := authority.Check(); err != nil {
		return nil, err
	}
	if err := authority.Covers(t.info.time); err != nil {
		return nil, verdict.Errorf(verdict.Time, "timestamp-window", "%w", err)
	}
	if err := t.checkImprint(message); err != nil {
		return nil, err
	}
	return &Timestamp{Time: t.info.time, Nonce: t.info.nonce, Authority: authority}, nil
}

// signer finds the authority whose certificate signed, and refuses any other
// certificate in the token than those of its chain.
func signer(sd *cms.SignedData, root *trust.Root) (*trust.Authority, error) {
	for _, a := range root.TSAs {
		leaf := a.Chain[0]
		if !bytes.Equal(leaf.Raw, sd.Leaf.Raw) {
			continue
		}
		for _, c := range sd.Certificates {
			if !slices.ContainsFunc(a.Chain, func(known *x509.Certificate) bool { return bytes.Equal(known.Raw, c) }) {
				return nil, verdict.Errorf(verdict.Time, "timestamp-certificates", "the timestamp token brings a certificate that is not its authority's")
			}
		}
		if err := checkProfile(leaf); err != nil {
			return nil, err
		}
		// The root's certificate stands in for the token's equal one: its key
		// may be prepared for a single verification.
		sd.Leaf = leaf
		return a, nil
	}
	return nil, verdict.Errorf(verdict.Material, "unknown-tsa",
		"the timestamp token is by %q, which the trusted root does not know", sd.Leaf.Subject)
}

var oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

// checkProfile is RFC 3161, 2.3: the key signs timestamps and nothing else.
func checkProfile(cert *x509.Certificate) error {
	critical := slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidExtKeyUsage) && e.Critical })
	if !critical || cert.IsCA || len(cert.UnknownExtKeyUsage) != 0 ||
		!slices.Equal(cert.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) {
		return verdict.Errorf(verdict.Time, "timestamp-key-usage", "certificate %q is not for timestamps alone", cert.Subject)
	}
	return nil
}

var oidSigningCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}

// checkSigningCertificate binds the token to its signing certificate, RFC
// 5816, 2.2.1 and RFC 5035, 3:
//
//	SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies ... OPTIONAL }
//	ESSCertIDv2 ::= SEQUENCE {
//	    hashAlgorithm AlgorithmIdentifier DEFAULT {algorithm id-sha256},
//	    certHash OCTET STRING, issuerSerial IssuerSerial OPTIONAL }
func checkSigningCertificate(sd *cms.SignedData) error {
	for _, a := range sd.SignedAttributes {
		if !a.Type.Equal(oidSigningCertificateV2) || len(a.Values) != 1 {
			continue
		}
		in := cryptobyte.String(a.Values[0])
		var attr, certs, first, sum cryptobyte.String
		hash := crypto.SHA256
		if !in.ReadASN1(&attr, cbasn1.SEQUENCE) || !in.Empty() ||
			!attr.ReadASN1(&certs, cbasn1.SEQUENCE) || !certs.ReadASN1(&first, cbasn1.SEQUENCE) {
			break
		}
		if first.PeekASN1Tag(cbasn1.SEQUENCE) {
			var err error
			if hash, err = readHash(&first); err != nil {
				return err
			}
		}
		if !first.ReadASN1(&sum, cbasn1.OCTET_STRING) || !bytes.Equal(sum, digest(hash, sd.Leaf.Raw)) {
			break
		}
		return nil
	}
	return verdict.Errorf(verdict.Time, "timestamp-signing-certificate", "the timestamp token does not name its signing certificate")
}

type info struct {
	hash    crypto.Hash
	imprint []byte
	time    time.Time
	nonce   *big.Int
}

var errInfo = errors.New("its content is not a TSTInfo")

// parseInfo reads RFC 3161, 2.4.2:
//
//	TSTInfo ::= SEQUENCE {
//	    version INTEGER { v1(1) }, policy OBJECT IDENTIFIER,
//	    messageImprint SEQUENCE { hashAlgorithm AlgorithmIdentifier, hashedMessage OCTET STRING },
//	    serialNumber INTEGER, genTime GeneralizedTime,
//	    accuracy SEQUENCE { ... } OPTIONAL, ordering BOOLEAN DEFAULT FALSE,
//	    nonce INTEGER OPTIONAL, tsa [0] GeneralName OPTIONAL,
//	    extensions [1] IMPLICIT Extensions OPTIONAL }
func parseInfo(der []byte) (*info, error) {
	malformed := func(err error) error {
		return verdict.Errorf(verdict.Syntax, "timestamp-info", "the timestamp token cannot be parsed: %w", err)
	}
	in := cryptobyte.String(der)
	var body, imprint, sum, genTime cryptobyte.String
	var version int64
	var policy asn1.ObjectIdentifier
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() ||
		!body.ReadASN1Integer(&version) || version != 1 ||
		!body.ReadASN1ObjectIdentifier(&policy) ||
		!body.ReadASN1(&imprint, cbasn1.SEQUENCE) {
		return nil, malformed(errInfo)
	}
	hash, err := readHash(&imprint)
	if err != nil {
		return nil, err
	}
	serial := new(big.Int)
	if !imprint.ReadASN1(&sum, cbasn1.OCTET_STRING) || !imprint.Empty() ||
		!body.ReadASN1Integer(serial) ||
		!body.ReadASN1(&genTime, cbasn1.GeneralizedTime) ||
		!body.SkipOptionalASN1(cbasn1.SEQUENCE) || !body.SkipOptionalASN1(cbasn1.BOOLEAN) {
		return nil, malformed(errInfo)
	}
	out := &info{hash: hash, imprint: sum}
	if out.time, err = parseTime(string(genTime)); err != nil {
		return nil, malformed(err)
	}
	if body.PeekASN1Tag(cbasn1.INTEGER) {
		out.nonce = new(big.Int)
		if !body.ReadASN1Integer(out.nonce) {
			return nil, malformed(errInfo)
		}
	}
	if !body.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) ||
		!body.SkipOptionalASN1(cbasn1.Tag(1).ContextSpecific().Constructed()) || !body.Empty() {
		return nil, malformed(errInfo)
	}
	return out, nil
}

// parseTime reads a GeneralizedTime as RFC 3161 restricts it: UTC, seconds,
// and a fraction that does not end in zero.
func parseTime(s string) (time.Time, error) {
	const layout = "20060102150405Z"
	t, err := time.Parse("20060102150405.999999999Z", s)
	if err != nil {
		return t, err
	}
	if t.Format(layout) != s && t.Format("20060102150405.999999999Z") != s {
		return t, errors.New("its time is not in DER form")
	}
	return t, nil
}

// readHash reads an AlgorithmIdentifier of SHA-2; the parameters are absent
// or NULL (RFC 5754, 2).
func readHash(in *cryptobyte.String) (crypto.Hash, error) {
	var alg cryptobyte.String
	var id asn1.ObjectIdentifier
	if !in.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&id) ||
		!alg.SkipOptionalASN1(cbasn1.NULL) || !alg.Empty() {
		return 0, verdict.Errorf(verdict.Syntax, "timestamp-hash", "the timestamp token's hash algorithm cannot be parsed")
	}
	switch id.String() {
	case "2.16.840.1.101.3.4.2.1":
		return crypto.SHA256, nil
	case "2.16.840.1.101.3.4.2.2":
		return crypto.SHA384, nil
	case "2.16.840.1.101.3.4.2.3":
		return crypto.SHA512, nil
	}
	return 0, verdict.Errorf(verdict.Time, "timestamp-hash", "the timestamp token uses hash algorithm %s, only SHA-2 counts", id)
}

func digest(h crypto.Hash, data []byte) []byte {
	switch h {
	case crypto.SHA384:
		d := sha512.Sum384(data)
		return d[:]
	case crypto.SHA512:
		d := sha512.Sum512(data)
		return d[:]
	}
	d := sha256.Sum256(data)
	return d[:]
}
