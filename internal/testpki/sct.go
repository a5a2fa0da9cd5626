package testpki

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Numbers of RFC 6962 section 3.2 and RFC 5246 section 7.4.1.4.1.
const (
	sctVersion1         = 0
	sctCertificateStamp = 0
	sctPrecertEntry     = 1
	tlsHashSHA256       = 4
	tlsSignatureECDSA   = 3
)

// oidSCTList is the certificate extension that holds a
// SignedCertificateTimestampList (RFC 6962 section 3.3).
var oidSCTList = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}

// A CTLog is a certificate transparency log: a key that promises.
type CTLog struct {
	ID  [sha256.Size]byte // SHA-256 of the key's SubjectPublicKeyInfo
	key *ecdsa.PrivateKey
}

func newCTLog(key *ecdsa.PrivateKey) *CTLog {
	return &CTLog{ID: sha256.Sum256(spki(key.Public())), key: key}
}

// Public returns the log's key.
func (l *CTLog) Public() *ecdsa.PublicKey { return &l.key.PublicKey }

// SCT returns a signed certificate timestamp for a precertificate: tbs is the
// final certificate's TBSCertificate without the extension that holds SCTs.
//
// RFC 6962 section 3.2:
//
//	struct { Version sct_version; LogID id; uint64 timestamp;
//	         CtExtensions extensions; digitally-signed struct {...}; }
func (l *CTLog) SCT(tbs []byte, issuer *x509.Certificate, at time.Time, extensions []byte) []byte {
	var b cryptobyte.Builder
	b.AddUint8(sctVersion1)
	b.AddBytes(l.ID[:])
	b.AddUint64(uint64(at.UnixMilli()))
	addVector16(&b, extensions)
	b.AddUint8(tlsHashSHA256)
	b.AddUint8(tlsSignatureECDSA)
	addVector16(&b, signSHA256(l.key, sctSigned(tbs, issuer, at, extensions)))
	return b.BytesOrPanic()
}

// sctSigned is what an SCT for a precertificate signs (RFC 6962 section 3.2):
//
//	digitally-signed struct { Version sct_version;
//	    SignatureType signature_type = certificate_timestamp;
//	    uint64 timestamp; LogEntryType entry_type = precert_entry;
//	    struct { opaque issuer_key_hash[32]; TBSCertificate<1..2^24-1>; };
//	    CtExtensions extensions<0..2^16-1>; }
func sctSigned(tbs []byte, issuer *x509.Certificate, at time.Time, extensions []byte) []byte {
	issuerKeyHash := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	var b cryptobyte.Builder
	b.AddUint8(sctVersion1)
	b.AddUint8(sctCertificateStamp)
	b.AddUint64(uint64(at.UnixMilli()))
	b.AddUint16(sctPrecertEntry)
	b.AddBytes(issuerKeyHash[:])
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(tbs) })
	addVector16(&b, extensions)
	return b.BytesOrPanic()
}

// sctExtension puts SCTs into a certificate extension: an OCTET STRING around
// opaque SerializedSCT<1..2^16-1>, all of them in one more vector.
func sctExtension(scts ...[]byte) pkix.Extension {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.OCTET_STRING, func(b *cryptobyte.Builder) {
		b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
			for _, sct := range scts {
				addVector16(b, sct)
			}
		})
	})
	return pkix.Extension{Id: oidSCTList, Value: b.BytesOrPanic()}
}

func addVector16(b *cryptobyte.Builder, v []byte) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(v) })
}
