package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // for crypto.Hash
	"encoding/asn1"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// digestAlgorithms are those of RFC 5754, 2.
var digestAlgorithms = []struct {
	id   asn1.ObjectIdentifier
	hash crypto.Hash
}{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512},
}

// A keyType is a family of signature algorithms.
type keyType int

const (
	keyECDSA keyType = iota + 1
	keyRSA
	keyEd25519
)

// A signatureAlgorithm is a row of signatureAlgorithms. The zero value is none.
type signatureAlgorithm struct {
	key  keyType
	hash crypto.Hash // 0 for rsaEncryption: the digest algorithm says
}

// signatureAlgorithms are those of RFC 5754, 3.2 and 3.3, and RFC 8419, 2.
// The first row of a key and hash is the one that Sign writes.
var signatureAlgorithms = []struct {
	id asn1.ObjectIdentifier
	signatureAlgorithm
}{
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, signatureAlgorithm{keyECDSA, crypto.SHA256}},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, signatureAlgorithm{keyECDSA, crypto.SHA384}},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, signatureAlgorithm{keyECDSA, crypto.SHA512}},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, signatureAlgorithm{keyRSA, 0}},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, signatureAlgorithm{keyRSA, crypto.SHA256}},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, signatureAlgorithm{keyRSA, crypto.SHA384}},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, signatureAlgorithm{keyRSA, crypto.SHA512}},
	// RFC 8419, 3.1: with signed attributes the digest is SHA-512.
	{asn1.ObjectIdentifier{1, 3, 101, 112}, signatureAlgorithm{keyEd25519, crypto.SHA512}},
}

// readAlgorithm reads RFC 5280, 4.1.1.2, with parameters absent or NULL:
//
//	AlgorithmIdentifier ::= SEQUENCE {
//	    algorithm OBJECT IDENTIFIER,
//	    parameters ANY DEFINED BY algorithm OPTIONAL }
func readAlgorithm(in *cryptobyte.String) (id asn1.ObjectIdentifier, null bool, err error) {
	var alg, params cryptobyte.String
	if !in.ReadASN1(&alg, cbasn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&id) {
		return nil, false, syntaxf("algorithm", "an AlgorithmIdentifier is not well-formed")
	}
	if !alg.ReadOptionalASN1(&params, &null, cbasn1.NULL) || !alg.Empty() {
		return nil, false, syntaxf("algorithm-parameters", "algorithm %v has parameters", id)
	}
	return id, null, nil
}

// readDigestAlgorithm reads RFC 5754, 2: parameters are absent in what one
// writes, absent or NULL in what one reads.
func readDigestAlgorithm(in *cryptobyte.String) (crypto.Hash, error) {
	id, _, err := readAlgorithm(in)
	if err != nil {
		return 0, err
	}
	for _, d := range digestAlgorithms {
		if id.Equal(d.id) {
			return d.hash, nil
		}
	}
	return 0, syntaxf("digest-algorithm", "digest algorithm %v is not SHA-256, SHA-384 or SHA-512", id)
}

// readSignatureAlgorithm reads RFC 5754, 3.2, where parameters are NULL for
// RSA, and absent read too for all but rsaEncryption (RFC 3370, 3.2); 3.3,
// where they are absent for ECDSA; and RFC 8419, 2, absent for Ed25519.
func readSignatureAlgorithm(in *cryptobyte.String) (signatureAlgorithm, error) {
	id, null, err := readAlgorithm(in)
	if err != nil {
		return signatureAlgorithm{}, err
	}
	for _, s := range signatureAlgorithms {
		if !id.Equal(s.id) {
			continue
		}
		mayBeNull, mustBeNull := s.key == keyRSA, s.hash == 0
		if null && !mayBeNull || !null && mustBeNull {
			return signatureAlgorithm{}, syntaxf("algorithm-parameters", "the parameters of signature algorithm %v are not as its specification says", id)
		}
		return s.signatureAlgorithm, nil
	}
	return signatureAlgorithm{}, syntaxf("signature-algorithm", "signature algorithm %v is not known", id)
}

// check holds the algorithm against the digest, the key that is to verify,
// and the form of the signature.
func (s signatureAlgorithm) check(digest crypto.Hash, key crypto.PublicKey, signature []byte) error {
	if s.hash != 0 && s.hash != digest {
		return syntaxf("signature-algorithm-digest", "the signature algorithm is for %v, the digest algorithm is %v", s.hash, digest)
	}
	if keyTypeOf(key) != s.key {
		return syntaxf("signature-algorithm-key", "the signature algorithm is not one for the certificate's key (%T)", key)
	}
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return syntaxf("rsa-key-size", "the RSA key has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
		}
	case *ecdsa.PublicKey:
		if curveHash(key) == 0 {
			return syntaxf("curve", "the curve is not P-256, P-384 or P-521")
		}
		if _, _, ok := readECDSA(signature); !ok {
			return syntaxf("ecdsa-signature", "the signature is not two INTEGERs in DER")
		}
	}
	return nil
}

// keyTypeOf returns 0 for keys of no known type.
func keyTypeOf(key crypto.PublicKey) keyType {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return keyECDSA
	case *rsa.PublicKey:
		return keyRSA
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return keyEd25519
		}
	}
	return 0
}

// curveHash returns the hash of the strength of the key's curve, 0 for a
// curve that is not accepted. A caller may have put an implementation of its
// own behind the curve, so the name counts.
func curveHash(key *ecdsa.PublicKey) crypto.Hash {
	switch key.Curve.Params().Name {
	case "P-256":
		return crypto.SHA256
	case "P-384":
		return crypto.SHA384
	case "P-521":
		return crypto.SHA512
	default:
		return 0
	}
}

// readECDSA reads RFC 5753, 7.2: ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s
// INTEGER }, in DER.
func readECDSA(signature []byte) (r, s *big.Int, ok bool) {
	in := cryptobyte.String(signature)
	var body cryptobyte.String
	r, s = new(big.Int), new(big.Int)
	ok = in.ReadASN1(&body, cbasn1.SEQUENCE) && in.Empty() &&
		body.ReadASN1Integer(r) && body.ReadASN1Integer(s) && body.Empty()
	return r, s, ok
}
