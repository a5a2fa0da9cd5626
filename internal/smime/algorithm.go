package smime

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// An algorithm is what an AlgorithmIdentifier names (RFC 5280, 4.1.1.2).
type algorithm struct {
	id     asn1.ObjectIdentifier
	params cryptobyte.String // empty if absent or NULL
}

func readAlgorithm(in *cryptobyte.String) (algorithm, error) {
	var a algorithm
	var body cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&a.id) {
		return a, syntaxf("algorithm", "an AlgorithmIdentifier is not well-formed")
	}
	if !bytes.Equal(body, []byte{asn1.TagNull, 0}) {
		a.params = body
	}
	return a, nil
}

// digests are those of RFC 5754, 2, with what crypto/x509 calls a signature
// over them by each family of keys.
var digests = []struct {
	id              asn1.ObjectIdentifier
	hash            crypto.Hash
	rsa, pss, ecdsa x509.SignatureAlgorithm
}{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256, x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384, x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512, x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512},
}

// weak are algorithms that signers did use: their digests can be made equal
// for two contents. They get a rule of their own.
var weak = []struct {
	id   asn1.ObjectIdentifier
	name string
}{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, "SHA-1"},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5}, "MD5"},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, "RSA with SHA-1"},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 4}, "RSA with MD5"},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, "ECDSA with SHA-1"},
}

func (a algorithm) checkStrength() error {
	for _, w := range weak {
		if a.id.Equal(w.id) {
			return syntaxf("weak-digest", "the signature uses %s, which does not bind any more; SHA-256, SHA-384 and SHA-512 do", w.name)
		}
	}
	return nil
}

// digest returns the hash that the algorithm is.
func (a algorithm) digest() (crypto.Hash, error) {
	if err := a.checkStrength(); err != nil {
		return 0, err
	}
	for _, d := range digests {
		if a.id.Equal(d.id) && a.params.Empty() {
			return d.hash, nil
		}
	}
	return 0, syntaxf("digest-algorithm", "digest algorithm %v is not SHA-256, SHA-384 or SHA-512", a.id)
}

// signatures are those of RFC 5754, 3, RFC 4056 and RFC 8419. id-ecPublicKey
// is no signature algorithm, but smimesign has written it.
var signatures = []struct {
	id   asn1.ObjectIdentifier
	key  x509.PublicKeyAlgorithm
	hash crypto.Hash // 0: the digest algorithm says
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, x509.RSA, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, x509.RSA, crypto.SHA256},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, x509.RSA, crypto.SHA384},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, x509.RSA, crypto.SHA512},
	{oidPSS, x509.RSA, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, x509.ECDSA, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, x509.ECDSA, crypto.SHA256},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, x509.ECDSA, crypto.SHA384},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, x509.ECDSA, crypto.SHA512},
	// RFC 8419, 3.1: with signed attributes the digest is SHA-512.
	{asn1.ObjectIdentifier{1, 3, 101, 112}, x509.Ed25519, crypto.SHA512},
}

// signature returns what crypto/x509 calls the algorithm, for this digest and
// a key of this type.
func (a algorithm) signature(hash crypto.Hash, key x509.PublicKeyAlgorithm) (x509.SignatureAlgorithm, error) {
	if err := a.checkStrength(); err != nil {
		return 0, err
	}
	pss := a.id.Equal(oidPSS)
	for _, s := range signatures {
		switch {
		case !a.id.Equal(s.id):
			continue
		case s.hash != 0 && s.hash != hash:
			return 0, syntaxf("signature-algorithm-digest", "the signature algorithm is for %v, the digest algorithm is %v", s.hash, hash)
		case s.key != key:
			return 0, syntaxf("signature-algorithm-key", "the signature algorithm is not one for the certificate's %v key", key)
		case pss && !isPSS(a.params, hash), !pss && !a.params.Empty():
			return 0, syntaxf("algorithm-parameters", "the parameters of signature algorithm %v are not as its specification says", a.id)
		}
		return named(hash, key, pss), nil
	}
	return 0, syntaxf("signature-algorithm", "signature algorithm %v is not known", a.id)
}

// named looks a signature algorithm up in digests.
func named(hash crypto.Hash, key x509.PublicKeyAlgorithm, pss bool) x509.SignatureAlgorithm {
	for _, d := range digests {
		switch {
		case d.hash != hash:
		case key == x509.Ed25519:
			return x509.PureEd25519
		case key == x509.ECDSA:
			return d.ecdsa
		case pss:
			return d.pss
		default:
			return d.rsa
		}
	}
	return x509.UnknownSignatureAlgorithm
}

var (
	oidPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// isPSS reports whether the parameters are those that crypto/x509 verifies:
// one hash throughout and a salt of its length. RFC 4055, 3.1, where the
// defaults mean SHA-1:
//
//	RSASSA-PSS-params ::= SEQUENCE {
//	    hashAlgorithm [0] HashAlgorithm, maskGenAlgorithm [1] MaskGenAlgorithm,
//	    saltLength [2] INTEGER, trailerField [3] INTEGER DEFAULT 1 }
func isPSS(in cryptobyte.String, want crypto.Hash) bool {
	var body, hash, mask, salt cryptobyte.String
	var length int
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() ||
		!body.ReadASN1(&hash, tag0) || !body.ReadASN1(&mask, tag1) || !body.ReadASN1(&salt, tag2) || !body.Empty() ||
		!salt.ReadASN1Integer(&length) || !salt.Empty() || length != want.Size() {
		return false
	}
	generator, err := readAlgorithm(&mask)
	if err != nil || !mask.Empty() || !generator.id.Equal(oidMGF1) {
		return false
	}
	for _, in := range []*cryptobyte.String{&hash, &generator.params} {
		a, err := readAlgorithm(in)
		if err != nil || !in.Empty() {
			return false
		}
		if h, err := a.digest(); err != nil || h != want {
			return false
		}
	}
	return true
}

// checkKey bounds what a key may cost, and what it may be worth.
func checkKey(cert *x509.Certificate) error {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return syntaxf("rsa-key-size", "the RSA key has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
		}
	case *ecdsa.PublicKey:
		if size := key.Curve.Params().BitSize; size < minECDSABits {
			return syntaxf("curve", "the curve is of %d bits, less than %d", size, minECDSABits)
		}
	}
	return nil
}
