package git

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/cms"
)

// A KeySigner is a Signer with a key at hand, for programs that talk to
// Sigstore's services themselves. All fields are needed.
//
// Verification wants the key to be ECDSA over P-256, certified by Fulcio, and
// the times of the proof to lie inside the certificate: some ten minutes.
type KeySigner struct {
	Key         crypto.Signer
	Certificate *x509.Certificate // for Key
	// Now is the signer's clock. Its time is signed, in seconds, and proves nothing.
	Now func() time.Time
	// Prove has the signature logged and timestamped. The artifact is the DER
	// SET of signed attributes, and signature the one over it: an entry
	// in the log is over the SHA-256 of artifact, a timestamp over signature.
	Prove func(ctx context.Context, artifact, signature []byte) (Proof, error)
}

// A Proof is what a signature carries, so that it can be verified offline.
type Proof struct {
	// LogEntry is the log's answer: a binary protobuf
	// dev.sigstore.rekor.v1.TransparencyLogEntry, which may lack
	// canonicalized_body.
	LogEntry []byte
	// Timestamp is a DER TimeStampToken (RFC 3161), not a TimeStampResp. It may
	// be nil beside an entry of Rekor v1, which proves a time itself.
	Timestamp []byte
}

// Sign makes a signature over payload and puts its proof in. A signature
// without a log entry is an error: nobody could verify it.
func (k *KeySigner) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	if k == nil || k.Key == nil || k.Certificate == nil || k.Now == nil || k.Prove == nil {
		return nil, errors.New("a KeySigner needs all of its fields")
	}
	sd, err := cms.Sign(rand.Reader, k.Key, k.Certificate, payload, k.Now())
	if err != nil {
		return nil, err
	}
	proof, err := k.Prove(ctx, sd.RawSignedAttributes, sd.Signature)
	if err != nil {
		return nil, fmt.Errorf("proving the signature: %w", err)
	}
	attrs, err := proof.attributes()
	if err != nil {
		return nil, err
	}
	if err := sd.SetUnsignedAttributes(attrs...); err != nil {
		return nil, fmt.Errorf("putting in the proof: %w", err)
	}
	der, err := sd.Bytes()
	if err != nil {
		return nil, err
	}
	return cms.Armor(der), nil
}

// attributes returns the proof as a signature carries it.
func (p Proof) attributes() ([]cms.Attribute, error) {
	if len(p.LogEntry) == 0 {
		return nil, errors.New("the proof has no log entry")
	}
	entry, err := asn1.Marshal(p.LogEntry) // OCTET STRING
	if err != nil {
		return nil, fmt.Errorf("encoding the log entry: %w", err)
	}
	attrs := []cms.Attribute{{Type: cms.OIDTransparencyLogEntry, Values: [][]byte{entry}}}
	if len(p.Timestamp) > 0 {
		attrs = append(attrs, cms.Attribute{Type: cms.OIDTimeStampToken, Values: [][]byte{p.Timestamp}})
	}
	return attrs, nil
}
