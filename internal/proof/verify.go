package proof

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"time"

	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/tsa"
	"github.com/paraph/paraph/internal/verdict"
)

// A Proven is what a bundle proves: that the key of a certificate signed an
// object's id, and that a log has known it since a time.
type Proven struct {
	*rekor.Result
	Entry      *rekor.Entry
	ID         LoggedID
	Timestamps []time.Time
	Checks     []rekor.Check
}

// Match returns which of the ids the bundle is over.
func (b *Bundle) Match(ids []LoggedID) (LoggedID, error) {
	for _, id := range ids {
		if id.Digest() == b.Digest {
			return id, nil
		}
	}
	return LoggedID{}, verdict.Errorf(verdict.Binding, "note-object", "the bundle is of another object")
}

// Verify checks that the bundle is a second signature by the key of leaf over
// one of the ids, and that its entry is in a log of the trusted root, which is
// that of the instance that certified leaf. Whether the proven times lie inside
// of the certificate is for the caller to say.
func (b *Bundle) Verify(leaf *x509.Certificate, ids []LoggedID, root *trust.Root) (*Proven, error) {
	if !bytes.Equal(b.Leaf, leaf.Raw) {
		return nil, verdict.Errorf(verdict.Log, "note-certificate", "the bundle is of another certificate than the signature")
	}
	p := &Proven{Entry: b.Entry}
	var err error
	if p.ID, err = b.Match(ids); err != nil {
		return nil, err
	}
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(key, b.Digest[:], b.Signature) {
		return nil, verdict.Errorf(verdict.Signature, "note-signature", "the second signature, over the object's id, is false")
	}
	p.Result, p.Checks = rekor.Verify(b.Entry, b.Digest, b.Signature, leaf.Raw, root)
	for _, c := range p.Checks {
		if c.Err != nil {
			return nil, c.Err
		}
	}
	for _, token := range b.Tokens {
		t, err := tsa.Verify(token, b.Signature, root)
		if err != nil {
			return nil, err
		}
		p.Timestamps = append(p.Timestamps, t.Time)
	}
	return p, nil
}
