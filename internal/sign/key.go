package sign

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"time"

	"github.com/paraph/paraph/cms"
)

// A CertifiedKey signs git objects. It may live in another process.
type CertifiedKey interface {
	// Sign makes a signature over payload, a git object, that brings leaf and
	// has no unsigned attributes.
	Sign(ctx context.Context, leaf *x509.Certificate, payload []byte) (*cms.SignedData, error)
}

// A Key is one that there is no certificate for yet. Beside its proof of
// possession it makes no other signature than a CertifiedKey.
type Key interface {
	CertifiedKey
	Public() crypto.PublicKey
	// Prove proves possession of the key: a signature over SHA-256 of subject.
	// It works once.
	Prove(ctx context.Context, subject string) ([]byte, error)
}

// NewKey makes a key that lives in this process's memory, for as long as
// somebody holds it.
func NewKey(rand io.Reader, now func() time.Time) (Key, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return &localKey{key: key, rand: rand, now: now}, nil
}

type localKey struct {
	key    *ecdsa.PrivateKey
	rand   io.Reader
	now    func() time.Time
	proven bool
}

func (k *localKey) Public() crypto.PublicKey { return k.key.Public() }

func (k *localKey) Prove(_ context.Context, subject string) ([]byte, error) {
	if k.proven {
		return nil, fmt.Errorf("the key's possession was proven before")
	}
	k.proven = true
	digest := sha256.Sum256([]byte(subject))
	return k.key.Sign(k.rand, digest[:], crypto.SHA256)
}

func (k *localKey) Sign(_ context.Context, leaf *x509.Certificate, payload []byte) (*cms.SignedData, error) {
	return cms.Sign(k.rand, k.key, leaf, payload, k.now())
}
