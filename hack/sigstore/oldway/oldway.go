// Package oldway signs git objects as gitsign does unless it is told
// otherwise: nothing is embedded in the signature, and the proof of when it
// was made lies in Rekor v1, under a second signature.
//
//	s, err := oldway.Certify(ctx, servers, claims)
//	raw, err := git.Sign(ctx, git.SHA1, git.Commit, unsigned, s)
//	id, err := oldway.CommitID(raw)
//	proof, err := oldway.Log{URL: servers.Endpoints.Rekor1}.Add(ctx, s, id)
//
// Certificates are Fulcio's, entries the real log's, ids go-git's: but for the
// CMS message nothing here is paraph's own code, so that it can judge paraph.
package oldway

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/sign"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/hack/sigstore/stack"
)

const fulcioTimeout = 10 * time.Second

// A Signer is a certificate and its key. It signs any number of objects while
// the certificate lives, and is a [git.Signer].
type Signer struct {
	Leaf *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Certify has the stack's Fulcio certify a new key for a person; claims are
// those of [stack.Stack.Mint].
func Certify(ctx context.Context, servers *stack.Stack, claims map[string]any) (*Signer, error) {
	token, err := servers.Mint(claims)
	if err != nil {
		return nil, err
	}
	s := new(Signer)
	if s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	fulcio := sign.NewFulcio(&sign.FulcioOptions{BaseURL: servers.Endpoints.Fulcio, Timeout: fulcioTimeout})
	der, err := fulcio.GetCertificate(ctx, keypair{s.key}, &sign.CertificateProviderOptions{IDToken: token})
	if err != nil {
		return nil, err
	}
	s.Leaf, err = x509.ParseCertificate(der)
	return s, err
}

// Sign returns the armored message over a payload, without any proof.
func (s *Signer) Sign(_ context.Context, payload []byte) ([]byte, error) {
	message, err := cms.Sign(rand.Reader, s.key, s.Leaf, payload, time.Now())
	if err != nil {
		return nil, err
	}
	der, err := message.Bytes()
	if err != nil {
		return nil, err
	}
	return cms.Armor(der), nil
}

// signID is the second signature: over the id in hexadecimal digits, which is
// the artifact of the log entry.
func (s *Signer) signID(id string) (signature []byte, digest [sha256.Size]byte, err error) {
	digest = sha256.Sum256([]byte(id))
	signature, err = s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	return signature, digest, err
}

// leafPEM is the certificate as Rekor v1 keeps it.
func (s *Signer) leafPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Leaf.Raw})
}

// A keypair is a key as sigstore-go's client of Fulcio wants it.
type keypair struct{ key *ecdsa.PrivateKey }

func (keypair) GetHashAlgorithm() protocommon.HashAlgorithm {
	return protocommon.HashAlgorithm_SHA2_256
}

func (keypair) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return protocommon.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256
}

func (keypair) GetHint() []byte                    { return nil }
func (keypair) GetKeyAlgorithm() string            { return "ECDSA" }
func (k keypair) GetPublicKey() crypto.PublicKey   { return k.key.Public() }
func (k keypair) GetPublicKeyPem() (string, error) { return publicPEM(k.key.Public()) }

func (k keypair) SignData(_ context.Context, data []byte) (signature, digest []byte, err error) {
	sum := sha256.Sum256(data)
	signature, err = k.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	return signature, sum[:], err
}

func publicPEM(pub crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}
