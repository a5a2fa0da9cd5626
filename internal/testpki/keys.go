package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"math/big"
	"sync/atomic"
)

// keys are all private keys of an instance.
type keys struct {
	caRoot, caIntermediate *ecdsa.PrivateKey // P-384, the intermediate's or P-256
	ct                     *ecdsa.PrivateKey // P-256
	rekor1                 *ecdsa.PrivateKey // P-256
	rekor2                 crypto.Signer     // Ed25519, or P-256
	tsaRoot, tsaLeaf       *ecdsa.PrivateKey
	issuer                 *ecdsa.PrivateKey // P-256, JOSE algorithm ES256
}

func newKeys(s settings) *keys {
	k := &keys{
		caRoot:         deriveECDSA(elliptic.P384(), s.seed, "ca root"),
		caIntermediate: deriveECDSA(elliptic.P384(), s.seed, "ca intermediate"),
		ct:             deriveECDSA(elliptic.P256(), s.seed, "ct"),
		rekor1:         deriveECDSA(elliptic.P256(), s.seed, "rekor v1"),
		rekor2:         ed25519.NewKeyFromSeed(derive(s.seed, "rekor v2", ed25519.SeedSize)),
		tsaRoot:        deriveECDSA(elliptic.P384(), s.seed, "tsa root"),
		tsaLeaf:        deriveECDSA(elliptic.P384(), s.seed, "tsa leaf"),
		issuer:         deriveECDSA(elliptic.P256(), s.seed, "issuer"),
	}
	if s.rekor2ECDSA {
		k.rekor2 = deriveECDSA(elliptic.P256(), s.seed, "rekor v2")
	}
	if s.caP256 {
		k.caIntermediate = deriveECDSA(elliptic.P256(), s.seed, "ca intermediate")
	}
	if s.tsaP256 {
		k.tsaLeaf = deriveECDSA(elliptic.P256(), s.seed, "tsa leaf")
	}
	return k
}

// Key returns a P-256 key that is always the same for one name, for the
// signer of a test.
func Key(name string) *ecdsa.PrivateKey { return deriveECDSA(elliptic.P256(), "signer", name) }

// deriveECDSA makes a private key out of a seed and a name. The standard
// library's key generation gives other keys each time, even for one source of
// randomness, so the scalar is made here: the first candidate in range counts.
func deriveECDSA(curve elliptic.Curve, seed, name string) *ecdsa.PrivateKey {
	size := (curve.Params().BitSize + 7) / 8
	for i := 0; ; i++ {
		scalar := derive(seed, fmt.Sprintf("%s %d", name, i), size)
		if key, err := ecdsa.ParseRawPrivateKey(curve, scalar); err == nil {
			return key
		}
	}
}

// derive returns n bytes for a seed and a name (RFC 5869).
func derive(seed, name string, n int) []byte {
	return must(hkdf.Key(sha512.New, []byte(seed), nil, name, n))
}

// sign signs digest, or for Ed25519 the message itself, without randomness:
// the standard library follows RFC 6979 if it gets no source.
func sign(key crypto.Signer, digest []byte, opts crypto.SignerOpts) []byte {
	return must(key.Sign(nil, digest, opts))
}

// signSHA256 signs the SHA-256 of message.
func signSHA256(key crypto.Signer, message []byte) []byte {
	sum := sha256.Sum256(message)
	return sign(key, sum[:], crypto.SHA256)
}

// spki returns the DER SubjectPublicKeyInfo of pub.
func spki(pub crypto.PublicKey) []byte { return must(x509.MarshalPKIXPublicKey(pub)) }

// A counter counts what an instance has made, so that serial numbers differ.
type counter struct{ n atomic.Uint64 }

// serial returns the next serial number: positive, 159 bits, the same in each
// run (RFC 5280 section 4.1.2.2 allows 20 octets).
func (c *counter) serial(seed, kind string) *big.Int {
	name := binary.BigEndian.AppendUint64([]byte("serial "+kind), c.n.Add(1))
	b := derive(seed, string(name), 20)
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}

// must unwraps what cannot fail, or fails for a mistake in the test only.
func must[T any](v T, err error) T {
	if err != nil {
		panic("testpki: " + err.Error())
	}
	return v
}
