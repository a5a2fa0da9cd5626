package openpgp

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/paraph/paraph/internal/verdict"
)

// The algorithms of keys, RFC 9580, 9.1.
const (
	algorithmRSA         = 1
	algorithmRSASignOnly = 3
	algorithmECDSA       = 19
	algorithmEdDSA       = 22 // Ed25519 as gpg had it before RFC 9580
	algorithmEd25519     = 27
)

// A publicKey is the packet of a key or of a subkey.
type publicKey struct {
	version, algorithm byte
	created            time.Time
	// public is an ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey. It is
	// nil for keys that nothing is verified with: those for encryption, and
	// those of other or of too weak algorithms.
	public      any
	hashed      []byte // as signatures on keys hash it, RFC 9580, 5.2.4
	fingerprint []byte
}

// parseKey reads RFC 9580, 5.5.2.
func parseKey(body cryptobyte.String) (*publicKey, error) {
	k := new(publicKey)
	in := body
	var seconds uint32
	if !in.ReadUint8(&k.version) || !in.ReadUint32(&seconds) || !in.ReadUint8(&k.algorithm) {
		return nil, syntaxf("key", "a key is not well-formed")
	}
	k.created = time.Unix(int64(seconds), 0).UTC()
	var head cryptobyte.Builder
	switch k.version { // RFC 9580, 5.5.4
	case 4:
		if len(body) > 0xffff {
			return nil, syntaxf("key", "a key has %d bytes", len(body))
		}
		head.AddUint8(0x99)
		head.AddUint16(uint16(len(body)))
		k.hashed = append(head.BytesOrPanic(), body...)
		sum := sha1.Sum(k.hashed)
		k.fingerprint = sum[:]
	case 6:
		var n uint32
		if !in.ReadUint32(&n) || int64(n) != int64(len(in)) {
			return nil, syntaxf("key", "a key is not well-formed")
		}
		head.AddUint8(0x9b)
		head.AddUint32(uint32(len(body)))
		k.hashed = append(head.BytesOrPanic(), body...)
		sum := sha256.Sum256(k.hashed)
		k.fingerprint = sum[:]
	default:
		return nil, syntaxf("key-version", "a key is of version %d, not 4 or 6", k.version)
	}
	return k, k.readPublic(in)
}

// readPublic reads RFC 9580, 5.5.5, for the algorithms that are verified with.
func (k *publicKey) readPublic(in cryptobyte.String) error {
	ok := true
	switch {
	case k.algorithm == algorithmRSA || k.algorithm == algorithmRSASignOnly:
		ok = k.readRSA(&in)
	case k.algorithm == algorithmECDSA:
		ok = k.readECDSA(&in)
	case k.algorithm == algorithmEdDSA && k.version == 4:
		ok = k.readEdDSA(&in)
	case k.algorithm == algorithmEd25519:
		var point []byte
		ok = in.ReadBytes(&point, ed25519.PublicKeySize)
		k.public = ed25519.PublicKey(point)
	default:
		return nil
	}
	if !ok || k.public != nil && !in.Empty() {
		return syntaxf("key", "the key %s is not well-formed", name(k.fingerprint))
	}
	return nil
}

// readRSA leaves public nil for a key of a size that is not verified with.
func (k *publicKey) readRSA(in *cryptobyte.String) bool {
	var n, e []byte
	if !readMPI(in, &n) || !readMPI(in, &e) {
		return false
	}
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n)}
	exponent := new(big.Int).SetBytes(e)
	if bits := public.N.BitLen(); bits >= minRSABits && bits <= maxRSABits && exponent.BitLen() <= 31 {
		public.E = int(exponent.Int64())
		k.public = public
	}
	return true
}

// readECDSA leaves public nil for a curve that is not verified with.
func (k *publicKey) readECDSA(in *cryptobyte.String) bool {
	var id cryptobyte.String
	var point []byte
	if !in.ReadUint8LengthPrefixed(&id) {
		return false
	}
	var curve elliptic.Curve
	switch string(id) { // RFC 9580, 9.2
	case "\x2a\x86\x48\xce\x3d\x03\x01\x07":
		curve = elliptic.P256()
	case "\x2b\x81\x04\x00\x22":
		curve = elliptic.P384()
	case "\x2b\x81\x04\x00\x23":
		curve = elliptic.P521()
	default:
		return true
	}
	if !readMPI(in, &point) {
		return false
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err == nil {
		k.public = public
	}
	return err == nil
}

// readEdDSA leaves public nil for a curve that is not verified with. The point
// has a prefix of its own, RFC 9580, 11.2.
func (k *publicKey) readEdDSA(in *cryptobyte.String) bool {
	const ed25519ID, native = "\x2b\x06\x01\x04\x01\xda\x47\x0f\x01", 0x40
	var id cryptobyte.String
	var point []byte
	if !in.ReadUint8LengthPrefixed(&id) {
		return false
	}
	if string(id) != ed25519ID {
		return true
	}
	if !readMPI(in, &point) || len(point) != 1+ed25519.PublicKeySize || point[0] != native {
		return false
	}
	k.public = ed25519.PublicKey(point[1:])
	return true
}

// id is the key ID, RFC 9580, 5.5.4.
func (k *publicKey) id() []byte {
	if k.version == 4 {
		return k.fingerprint[len(k.fingerprint)-8:]
	}
	return k.fingerprint[:8]
}

// mayHaveMade reports whether a signature says, or leaves open, that the key
// made it.
func (k *publicKey) mayHaveMade(s *signature) bool {
	return s.version == k.version &&
		(s.issuerID == nil || bytes.Equal(s.issuerID, k.id())) &&
		(s.issuerFingerprint == nil || bytes.Equal(s.issuerFingerprint, k.fingerprint))
}

// verify verifies that the key made a signature over these parts.
func (k *publicKey) verify(s *signature, parts ...[]byte) error {
	isRSA := s.algorithm == algorithmRSA || s.algorithm == algorithmRSASignOnly
	_, hasRSA := k.public.(*rsa.PublicKey)
	switch {
	case k.public == nil:
		return verdict.Errorf(verdict.Material, "key-algorithm", "the key %s is of an algorithm or size that nothing is verified with", name(k.fingerprint))
	case s.algorithm != k.algorithm && !(isRSA && hasRSA):
		return verdict.Errorf(verdict.Signature, "signature-algorithm", "the signature is by algorithm %d, the key %s is for algorithm %d", s.algorithm, name(k.fingerprint), k.algorithm)
	case !s.hash.Available():
		return syntaxf("weak-digest", "the signature uses %s, which does not bind any more", s.hash.name)
	}
	digest := s.digest(parts...)
	if !bytes.HasPrefix(digest, s.left) {
		return verdict.Errorf(verdict.Binding, "digest", "the signature is over other content: the digests differ")
	}
	if !k.holds(s, digest) {
		return verdict.Errorf(verdict.Signature, "signature-value", "the signature is not the key %s's over these bytes", name(k.fingerprint))
	}
	return nil
}

// holds reads RFC 9580, 5.2.3.1 to 5.2.3.4, and verifies it.
func (k *publicKey) holds(s *signature, digest []byte) bool {
	in := s.value
	var r, v []byte
	switch public := k.public.(type) {
	case *rsa.PublicKey:
		if !readMPI(&in, &v) || !in.Empty() || len(v) > public.Size() {
			return false
		}
		padded := make([]byte, public.Size())
		copy(padded[len(padded)-len(v):], v)
		return rsa.VerifyPKCS1v15(public, s.hash.Hash, digest, padded) == nil
	case *ecdsa.PublicKey:
		return readMPI(&in, &r) && readMPI(&in, &v) && in.Empty() &&
			ecdsa.Verify(public, digest, new(big.Int).SetBytes(r), new(big.Int).SetBytes(v))
	case ed25519.PublicKey:
		value := make([]byte, ed25519.SignatureSize)
		ok := false
		if k.algorithm == algorithmEd25519 {
			ok = in.CopyBytes(value)
		} else {
			ok = readOctets(&in, value[:32]) && readOctets(&in, value[32:])
		}
		return ok && in.Empty() && ed25519.Verify(public, digest, value)
	}
	return false
}
