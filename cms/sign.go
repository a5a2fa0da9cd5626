package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Sign makes a detached signature over content. The message brings leaf and
// no other certificate; its signed attributes are the content type, the
// message digest and signingTime, of which seconds in UTC are kept.
//
// The key may live elsewhere: all that is asked of it is Public, which must
// be the key that leaf certifies, and one call of Sign, to which rand is
// passed on. It is ECDSA over P-256, P-384 or P-521 with the hash of its
// strength, RSA of 2048 to 8192 bits with SHA-256 (PKCS #1 v1.5), or
// Ed25519. What comes back is verified: a key that answers nonsense is an
// error.
func Sign(rand io.Reader, key crypto.Signer, leaf *x509.Certificate, content []byte, signingTime time.Time) (*SignedData, error) {
	if key == nil || leaf == nil {
		return nil, errors.New("a key and its certificate are needed")
	}
	public, ok := leaf.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(key.Public()) {
		return nil, errors.New("the certificate is for another key")
	}
	digest, algorithm, err := chooseAlgorithm(leaf.PublicKey)
	if err != nil {
		return nil, err
	}
	attrs, err := marshalSignedAttributes(sum(digest, content), signingTime)
	if err != nil {
		return nil, err
	}
	message, opts := attrs, crypto.SignerOpts(crypto.Hash(0))
	if algorithm.key != keyEd25519 {
		message, opts = sum(digest, attrs), digest
	}
	signature, err := key.Sign(rand, message, opts)
	if err != nil {
		return nil, fmt.Errorf("asking the key for a signature: %w", err)
	}
	der, err := marshalSigned(leaf, digest, algorithm, attrs, signature)
	if err != nil {
		return nil, err
	}
	sd, err := Parse(der)
	if err != nil {
		return nil, fmt.Errorf("the new signature is not well-formed: %w", err)
	}
	if _, err := sd.Verify(content); err != nil {
		return nil, fmt.Errorf("the new signature does not verify: %w", err)
	}
	return sd, nil
}

// chooseAlgorithm returns what Sign uses for a key.
func chooseAlgorithm(key crypto.PublicKey) (crypto.Hash, signatureAlgorithm, error) {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if hash := curveHash(key); hash != 0 {
			return hash, signatureAlgorithm{keyECDSA, hash}, nil
		}
	case *rsa.PublicKey:
		return crypto.SHA256, signatureAlgorithm{keyRSA, 0}, nil
	case ed25519.PublicKey:
		return crypto.SHA512, signatureAlgorithm{keyEd25519, crypto.SHA512}, nil
	}
	return 0, signatureAlgorithm{}, fmt.Errorf("signing with this kind of key (%T) is not supported", key)
}

// marshalSignedAttributes returns the DER SET of the three attributes that
// Sign writes.
func marshalSignedAttributes(digest []byte, signingTime time.Time) ([]byte, error) {
	t := signingTime.UTC()
	if t.Year() < 1950 || t.Year() > 9999 {
		return nil, fmt.Errorf("the signing time is in the year %d", t.Year())
	}
	layout := utcTime
	if timeTag(t) == cbasn1.GeneralizedTime {
		layout = generalizedTime
	}
	values := []struct {
		id  asn1.ObjectIdentifier
		add func(*cryptobyte.Builder)
	}{
		{OIDContentType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(OIDData) }},
		{OIDMessageDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest) }},
		{OIDSigningTime, func(b *cryptobyte.Builder) {
			b.AddASN1(timeTag(t), func(b *cryptobyte.Builder) { b.AddBytes([]byte(t.Format(layout))) })
		}},
	}
	var attrs []Attribute
	for _, v := range values {
		var b cryptobyte.Builder
		v.add(&b)
		value, err := b.Bytes()
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, Attribute{Type: v.id, Values: [][]byte{value}})
	}
	return marshalAttributes(cbasn1.SET, attrs)
}

// marshalAttributes encodes a set of attributes, in DER order, under tag.
func marshalAttributes(tag cbasn1.Tag, attrs []Attribute) ([]byte, error) {
	var elements [][]byte
	for _, a := range attrs {
		values := slices.Clone(a.Values)
		slices.SortFunc(values, bytes.Compare)
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(a.Type)
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addAll(b, values) })
		})
		element, err := b.Bytes()
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	slices.SortFunc(elements, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { addAll(b, elements) })
	return b.Bytes()
}

func addAll(b *cryptobyte.Builder, elements [][]byte) {
	for _, e := range elements {
		b.AddBytes(e)
	}
}

// marshalSigned returns the ContentInfo of a detached signature without
// unsigned attributes; attrs is the SET that was signed.
func marshalSigned(leaf *x509.Certificate, digest crypto.Hash, algorithm signatureAlgorithm, attrs, signature []byte) ([]byte, error) {
	var head, signer cryptobyte.Builder
	head.AddASN1Int64(1)
	head.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { addDigestAlgorithm(b, digest) })
	head.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(OIDData) })
	head.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(leaf.Raw) })

	signer.AddASN1Int64(1)
	signer.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(leaf.RawIssuer)
		b.AddASN1BigInt(leaf.SerialNumber)
	})
	addDigestAlgorithm(&signer, digest)
	implicit := bytes.Clone(attrs)
	implicit[0] = byte(tag0)
	signer.AddBytes(implicit)
	addSignatureAlgorithm(&signer, algorithm)
	signer.AddASN1OctetString(signature)

	h, err := head.Bytes()
	if err != nil {
		return nil, err
	}
	s, err := signer.Bytes()
	if err != nil {
		return nil, err
	}
	return marshalContentInfo(h, s, nil)
}

func addDigestAlgorithm(b *cryptobyte.Builder, hash crypto.Hash) {
	for _, d := range digestAlgorithms {
		if d.hash == hash {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(d.id) })
		}
	}
}

func addSignatureAlgorithm(b *cryptobyte.Builder, algorithm signatureAlgorithm) {
	for _, s := range signatureAlgorithms {
		if s.signatureAlgorithm == algorithm {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(s.id)
				if s.key == keyRSA {
					b.AddASN1NULL()
				}
			})
		}
	}
}
