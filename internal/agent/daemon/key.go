package daemon

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
)

const (
	scalarSize = 32 // bytes of a P-256 private key
	maxTries   = 8  // for a scalar below the curve's order, which all but 2^-32 are
)

// A key is a P-256 key whose private half lives in a secret. As a
// crypto.Signer it is for cms.Sign, which is its only caller.
type key struct {
	id     string // hex SHA-256 of spki
	spki   []byte
	public *ecdsa.PublicKey
	scalar *secret
	proven string // the subject of its one proof of possession, "" before
}

// newKey makes a key.
func newKey(rand io.Reader) (*key, error) {
	k := new(key)
	var err error
	if k.scalar, err = newSecret(make([]byte, scalarSize)); err != nil {
		return nil, err
	}
	for range maxTries {
		err = k.scalar.use(func(b []byte) error {
			_, err := io.ReadFull(rand, b)
			return err
		})
		if err != nil {
			break
		}
		err = k.private(func(p *ecdsa.PrivateKey) error {
			point, err := p.PublicKey.Bytes()
			if err != nil {
				return err
			}
			k.public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
			return err
		})
		if err == nil {
			break
		}
	}
	if err == nil {
		k.spki, err = x509.MarshalPKIXPublicKey(k.public)
	}
	if err != nil {
		k.scalar.wipe()
		return nil, fmt.Errorf("making a key: %w", err)
	}
	sum := sha256.Sum256(k.spki)
	k.id = hex.EncodeToString(sum[:])
	return k, nil
}

// private calls f with the private key as crypto/ecdsa has it. That copy, and
// what its arithmetic makes of it, is out of reach: it stays in Go's heap,
// which is neither locked nor wiped, until the memory is used again.
func (k *key) private(f func(p *ecdsa.PrivateKey) error) error {
	return k.scalar.use(func(b []byte) error {
		p, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b)
		if err != nil {
			return err
		}
		return f(p)
	})
}

// Public returns the public half.
func (k *key) Public() crypto.PublicKey { return k.public }

// Sign signs a digest.
func (k *key) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	err = k.private(func(p *ecdsa.PrivateKey) error {
		signature, err = p.Sign(rand, digest, opts)
		return err
	})
	return signature, err
}

// prove signs the subject of a proof of possession.
func (k *key) prove(rand io.Reader, subject string) ([]byte, error) {
	digest := sha256.Sum256([]byte(subject))
	return k.Sign(rand, digest[:], crypto.SHA256)
}
