package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	_ "crypto/sha512" // crypto.SHA384 and crypto.SHA512 are among the imprints
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	// oidTSAPolicy is the policy of Sigstore's timestamp authority.
	oidTSAPolicy = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}
)

var hashOIDs = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA1:   {1, 3, 14, 3, 2, 26},
	crypto.SHA256: {2, 16, 840, 1, 101, 3, 4, 2, 1},
	crypto.SHA384: {2, 16, 840, 1, 101, 3, 4, 2, 2},
	crypto.SHA512: {2, 16, 840, 1, 101, 3, 4, 2, 3},
}

var ecdsaOIDs = map[crypto.Hash]asn1.ObjectIdentifier{
	crypto.SHA256: {1, 2, 840, 10045, 4, 3, 2},
	crypto.SHA384: {1, 2, 840, 10045, 4, 3, 3},
	crypto.SHA512: {1, 2, 840, 10045, 4, 3, 4},
}

// tag0 is context-specific tag 0, constructed.
var tag0 = cbasn1.Tag(0).ContextSpecific().Constructed()

// tokenAccuracy is the accuracy in seconds that tokens state.
const tokenAccuracy = 1

// Timestamp returns a bare TimeStampToken over message, DER: the SHA-256 of
// message, the clock's time, a nonce, and the signer's certificate.
func (p *PKI) Timestamp(message []byte, options ...TSAOption) []byte {
	return newToken(p, message, options).bytes()
}

// TimeStampResp wraps a token as a timestamp authority answers (RFC 3161
// section 2.4.2): SEQUENCE { SEQUENCE { INTEGER 0 }, token }.
func TimeStampResp(token []byte) []byte {
	granted := tlv(cbasn1.SEQUENCE, tlv(cbasn1.INTEGER, []byte{0}))
	return tlv(cbasn1.SEQUENCE, slices.Concat(granted, token))
}

func newToken(p *PKI, message []byte, options []TSAOption) *token {
	t := &token{
		pki:       p,
		hash:      crypto.SHA256,
		message:   message,
		genTime:   p.Clock.Now(),
		serial:    p.serials.serial(p.settings.seed, "token"),
		nonce:     p.serials.serial(p.settings.seed, "nonce"),
		policy:    oidTSAPolicy,
		digest:    crypto.SHA256,
		signer:    p.TSALeaf,
		key:       p.keys.tsaLeaf,
		certified: true,
	}
	for _, option := range options {
		option(t)
	}
	if t.named == nil {
		t.named = t.signer.Raw
	}
	return t
}

// A token is a TimeStampToken in the making.
type token struct {
	pki       *PKI
	hash      crypto.Hash // of the imprint
	message   []byte
	imprint   []byte // instead of the message's hash
	genTime   time.Time
	serial    *big.Int
	nonce     *big.Int
	policy    asn1.ObjectIdentifier
	digest    crypto.Hash // of the signature
	signer    *x509.Certificate
	key       *ecdsa.PrivateKey
	certified bool // carries the signer's certificate
	extra     [][]byte
	forged    bool
	named     []byte // DER of the certificate that the token names as its signer's
}

// bytes signs the token. The layout is that of Sigstore's timestamp authority
// (RFC 5652 section 5.1, RFC 3161 section 2.4.2):
//
//	ContentInfo { signedData, [0] SignedData { version 3, digestAlgorithms,
//	  encapContentInfo { id-ct-TSTInfo, [0] OCTET STRING }, [0] certificates,
//	  signerInfos } }
func (t *token) bytes() []byte {
	info := t.tstInfo()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(tag0, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Uint64(3)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addAlgorithm(b, hashOIDs[t.digest]) })
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidTSTInfo)
					b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(info) })
				})
				if certs := t.certificates(); len(certs) > 0 {
					b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(certs) })
				}
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { t.addSignerInfo(b, info) })
			})
		})
	})
	return b.BytesOrPanic()
}

// certificates are the token's certificates in the order of DER's SET OF
// (X.690 section 11.6).
func (t *token) certificates() []byte {
	certs := slices.Clone(t.extra)
	if t.certified {
		certs = append(certs, t.signer.Raw)
	}
	slices.SortFunc(certs, slices.Compare)
	return slices.Concat(certs...)
}

// tstInfo is what the token states (RFC 3161 section 2.4.2):
//
//	TSTInfo ::= SEQUENCE { version INTEGER { v1(1) }, policy TSAPolicyId,
//	  messageImprint MessageImprint, serialNumber INTEGER,
//	  genTime GeneralizedTime, accuracy Accuracy OPTIONAL,
//	  ordering BOOLEAN DEFAULT FALSE, nonce INTEGER OPTIONAL,
//	  tsa [0] GeneralName OPTIONAL, extensions [1] OPTIONAL }
func (t *token) tstInfo() []byte {
	imprint := t.imprint
	if imprint == nil {
		h := t.hash.New()
		h.Write(t.message)
		imprint = h.Sum(nil)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Uint64(1)
		b.AddASN1ObjectIdentifier(t.policy)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(hashOIDs[t.hash])
				b.AddASN1NULL()
			})
			b.AddASN1OctetString(imprint)
		})
		b.AddASN1BigInt(t.serial)
		b.AddASN1GeneralizedTime(t.genTime.UTC())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Uint64(tokenAccuracy) })
		if t.nonce != nil {
			b.AddASN1BigInt(t.nonce)
		}
		b.AddASN1(tag0, func(b *cryptobyte.Builder) { addDirectoryName(b, t.signer.RawSubject) })
	})
	return b.BytesOrPanic()
}

// addSignerInfo signs the token's content (RFC 5652 section 5.3).
func (t *token) addSignerInfo(b *cryptobyte.Builder, info []byte) {
	attributes := t.signedAttributes(info)
	h := t.digest.New()
	h.Write(tlv(cbasn1.SET, attributes))
	signature := sign(t.key, h.Sum(nil), t.digest)
	if t.forged {
		h.Write([]byte("forged"))
		signature = sign(t.key, h.Sum(nil), t.digest)
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Uint64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(t.signer.RawIssuer)
			b.AddASN1BigInt(t.signer.SerialNumber)
		})
		addAlgorithm(b, hashOIDs[t.digest])
		b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
		addAlgorithm(b, ecdsaOIDs[t.digest])
		b.AddASN1OctetString(signature)
	})
}

// signedAttributes are the content of the SET OF, in DER's order: content
// type, signing time, message digest, signing certificate.
func (t *token) signedAttributes(info []byte) []byte {
	h := t.digest.New()
	h.Write(info)
	attributes := [][]byte{
		attribute(oidContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidTSTInfo) }),
		attribute(oidSigningTime, func(b *cryptobyte.Builder) { b.AddASN1UTCTime(t.genTime.UTC()) }),
		attribute(oidMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(h.Sum(nil)) }),
		attribute(oidSigningCertV2, t.addSigningCertificateV2),
	}
	slices.SortFunc(attributes, slices.Compare)
	return slices.Concat(attributes...)
}

// addSigningCertificateV2 names the signer's certificate (RFC 5035 section 3):
//
//	SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2 }
//	ESSCertIDv2 ::= SEQUENCE { hashAlgorithm DEFAULT sha256, certHash OCTET STRING,
//	  issuerSerial SEQUENCE { GeneralNames, CertificateSerialNumber } }
func (t *token) addSigningCertificateV2(b *cryptobyte.Builder) {
	sum := sha256.Sum256(t.named)
	seq := cbasn1.SEQUENCE
	b.AddASN1(seq, func(b *cryptobyte.Builder) {
		b.AddASN1(seq, func(b *cryptobyte.Builder) {
			b.AddASN1(seq, func(b *cryptobyte.Builder) {
				b.AddASN1OctetString(sum[:])
				b.AddASN1(seq, func(b *cryptobyte.Builder) {
					b.AddASN1(seq, func(b *cryptobyte.Builder) { addDirectoryName(b, t.signer.RawIssuer) })
					b.AddASN1BigInt(t.signer.SerialNumber)
				})
			})
		})
	})
}

// attribute is Attribute ::= SEQUENCE { attrType, attrValues SET OF } with one value.
func attribute(oid asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, value)
	})
	return b.BytesOrPanic()
}

// addAlgorithm adds an AlgorithmIdentifier without parameters.
func addAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) })
}

// addDirectoryName adds GeneralName's directoryName [4] with a DER Name.
func addDirectoryName(b *cryptobyte.Builder, name []byte) {
	b.AddASN1(cbasn1.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(name) })
}
