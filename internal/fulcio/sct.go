package fulcio

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// maxSCTs bounds the timestamps of one certificate.
const maxSCTs = 8

// firstCAs are the SHA-256 of the public instance's two root certificates.
// Until June 2022 they issued signers' certificates themselves, and at first
// these were logged without an SCT inside.
var firstCAs = map[string]bool{
	"03a38ffb1f450100c2596d1d10b900ac4d504058006dda58199576bbeb9c73d0": true,
	"3ba7b6cc4e95469d4d334b49cb257ad8537076fa84b0ca87ff4ecfe6a54680c1": true,
}

// firstCAsEnd is when the exception for them ends.
var firstCAsEnd = time.Date(2022, 12, 31, 23, 59, 59, 0, time.UTC)

var oidSCTs = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}

// An sct is a SignedCertificateTimestamp of RFC 6962, 3.2.
type sct struct {
	logID      []byte
	timestamp  uint64 // milliseconds since 1970
	extensions cryptobyte.String
	hash, algo uint8
	signature  cryptobyte.String
}

// CheckSCT verifies the signed certificate timestamps inside leaf, which the
// path certified: at least one is by a log of the trusted root, and all such hold.
//
// A certificate whose logs are all unknown is a failure of class Material.
func CheckSCT(leaf *x509.Certificate, by *trust.Path, root *trust.Root) error {
	var value []byte
	for _, e := range leaf.Extensions {
		if e.Id.Equal(oidSCTs) {
			value = e.Value
		}
	}
	if value == nil {
		if mayLackSCT(leaf, by) {
			return nil
		}
		return verdict.Errorf(verdict.Chain, "sct-missing", "the certificate carries no certificate transparency timestamp")
	}
	scts, err := parseSCTs(value)
	if err != nil {
		return err
	}
	tbs, err := precertificate(leaf.RawTBSCertificate)
	if err != nil {
		return err
	}
	keyHash := sha256.Sum256(by.Issuers[0].RawSubjectPublicKeyInfo)
	known := false
	for _, s := range scts {
		log := root.CTLog(s.logID)
		if log == nil {
			continue
		}
		known = true
		if err := s.verify(log, keyHash[:], tbs); err != nil {
			return err
		}
	}
	if !known {
		return verdict.Errorf(verdict.Material, "sct-unknown-log",
			"the certificate's transparency timestamp is by log %x, which the trusted root does not know", scts[0].logID)
	}
	return nil
}

func mayLackSCT(leaf *x509.Certificate, by *trust.Path) bool {
	sum := sha256.Sum256(by.Issuers[0].Raw)
	return firstCAs[hex.EncodeToString(sum[:])] && !leaf.NotBefore.After(firstCAsEnd)
}

// parseSCTs reads a SignedCertificateTimestampList, RFC 6962, 3.3.
func parseSCTs(ext []byte) ([]sct, error) {
	malformed := verdict.Errorf(verdict.Chain, "sct-form", "the certificate transparency timestamp cannot be parsed")
	in := cryptobyte.String(ext)
	var octets, list cryptobyte.String
	if !in.ReadASN1(&octets, cbasn1.OCTET_STRING) || !in.Empty() ||
		!octets.ReadUint16LengthPrefixed(&list) || !octets.Empty() || list.Empty() {
		return nil, malformed
	}
	var out []sct
	for !list.Empty() {
		var one cryptobyte.String
		var s sct
		var version uint8
		if len(out) == maxSCTs || !list.ReadUint16LengthPrefixed(&one) ||
			!one.ReadUint8(&version) || version != 0 ||
			!one.ReadBytes(&s.logID, sha256.Size) ||
			!one.ReadUint64(&s.timestamp) ||
			!one.ReadUint16LengthPrefixed(&s.extensions) ||
			!one.ReadUint8(&s.hash) || !one.ReadUint8(&s.algo) ||
			!one.ReadUint16LengthPrefixed(&s.signature) || !one.Empty() {
			return nil, malformed
		}
		out = append(out, s)
	}
	return out, nil
}

// verify checks the log's signature over the digitally-signed struct of
// RFC 6962, 3.2, for a precertificate.
func (s *sct) verify(log *trust.Log, issuerKeyHash, tbs []byte) error {
	at := time.UnixMilli(int64(s.timestamp)).UTC()
	if s.timestamp > 1<<50 || !log.Valid.Contains(at) {
		return verdict.Errorf(verdict.Chain, "sct-window", "the trusted root does not trust log %x at %s", log.ID, at.Format(time.RFC3339))
	}
	var b cryptobyte.Builder
	b.AddUint8(0) // v1
	b.AddUint8(0) // certificate_timestamp
	b.AddUint64(s.timestamp)
	b.AddUint16(1) // precert_entry
	b.AddBytes(issuerKeyHash)
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(tbs) })
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.extensions) })
	signed, err := b.Bytes()
	if err != nil {
		return verdict.Errorf(verdict.Chain, "sct-form", "the certificate transparency timestamp cannot be rebuilt: %w", err)
	}
	digest := sha256.Sum256(signed)
	const hashSHA256, algoRSA, algoECDSA = 4, 1, 3 // RFC 5246, 7.4.1.4.1
	ok := false
	switch key := log.Key.(type) {
	case *ecdsa.PublicKey:
		ok = s.hash == hashSHA256 && s.algo == algoECDSA && ecdsa.VerifyASN1(key, digest[:], s.signature)
	case *rsa.PublicKey:
		ok = s.hash == hashSHA256 && s.algo == algoRSA && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], s.signature) == nil
	}
	if !ok {
		return verdict.Errorf(verdict.Chain, "sct-signature", "the certificate transparency timestamp is not over this certificate by log %x", log.ID)
	}
	return nil
}

// precertificate returns the TBSCertificate without its SCT extension, which
// is what the log signed (RFC 6962, 3.2). Everything else is copied as it is.
func precertificate(tbs []byte) ([]byte, error) {
	malformed := verdict.Errorf(verdict.Chain, "sct-form", "the certificate cannot be turned into its precertificate")
	in := cryptobyte.String(tbs)
	var fields cryptobyte.String
	if !in.ReadASN1(&fields, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, malformed
	}
	extensionsTag := cbasn1.Tag(3).ContextSpecific().Constructed()
	var before []byte
	for !fields.PeekASN1Tag(extensionsTag) {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !fields.ReadAnyASN1Element(&element, &tag) {
			return nil, malformed
		}
		before = append(before, element...)
	}
	var wrapped, list cryptobyte.String
	if !fields.ReadASN1(&wrapped, extensionsTag) || !fields.Empty() ||
		!wrapped.ReadASN1(&list, cbasn1.SEQUENCE) || !wrapped.Empty() {
		return nil, malformed
	}
	var kept []byte
	for !list.Empty() {
		var element cryptobyte.String
		if !list.ReadASN1Element(&element, cbasn1.SEQUENCE) {
			return nil, malformed
		}
		ext := element
		var body cryptobyte.String
		var id asn1.ObjectIdentifier
		if !ext.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&id) {
			return nil, malformed
		}
		if !id.Equal(oidSCTs) {
			kept = append(kept, element...)
		}
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(before)
		b.AddASN1(extensionsTag, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(kept) })
		})
	})
	return b.Bytes()
}

// HasSCT reports whether the certificate carries transparency timestamps.
func HasSCT(cert *x509.Certificate) bool {
	return slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidSCTs) })
}
