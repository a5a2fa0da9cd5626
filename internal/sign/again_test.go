package sign

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/paraph/paraph/internal/rekor"
)

// A request is what the log was asked to add.
type request struct {
	digest    [32]byte
	signature []byte
	leaf      *x509.Certificate
}

// A record is what the services were asked for.
type record struct {
	certificates int
	log          []request
	stamped      [][]byte // what the timestamp authority answered over
}

// forgetful has the log lose its first answers: it has the entry then and
// says no more about it. What the services are asked for is recorded.
func (w *world) forgetful(lost int) *record {
	r := new(record)
	certify, log, timestamp := w.signer.Services.Certify, w.signer.Services.Log, w.signer.Services.Timestamp
	w.signer.Services.Certify = func(ctx context.Context, token string, pub crypto.PublicKey, proof []byte) (*x509.Certificate, error) {
		r.certificates++
		return certify(ctx, token, pub, proof)
	}
	w.signer.Services.Log = func(ctx context.Context, digest [32]byte, signature []byte, leaf *x509.Certificate) ([]byte, error) {
		r.log = append(r.log, request{digest, signature, leaf})
		entry, err := log(ctx, digest, signature, leaf)
		if len(r.log) <= lost {
			return nil, fmt.Errorf("rekor: %w", rekor.ErrExists)
		}
		return entry, err
	}
	w.signer.Services.Timestamp = func(ctx context.Context, message []byte) ([]byte, *big.Int, error) {
		r.stamped = append(r.stamped, message)
		return timestamp(ctx, message)
	}
	return r
}

// One answer that is lost costs a signature, not a certificate: the second is
// by the same key, and both its proofs are its own.
func TestSignAgain(t *testing.T) {
	w := newWorld(t, 2)
	r := w.forgetful(1)
	s, err := w.sign(t.Context(), commit) // verified before it is returned
	if err != nil {
		t.Fatal(err)
	}
	if r.certificates != 1 || len(r.log) != 2 {
		t.Fatalf("%d certificates, %d entries, want 1 and 2", r.certificates, len(r.log))
	}
	first, second := r.log[0], r.log[1]
	if bytes.Equal(first.signature, second.signature) {
		t.Error("the same signature was logged again")
	}
	if !first.leaf.Equal(second.leaf) {
		t.Error("the certificate is another")
	}
	for i, q := range r.log {
		if !ecdsa.VerifyASN1(q.leaf.PublicKey.(*ecdsa.PublicKey), q.digest[:], q.signature) {
			t.Errorf("signature %d is not by the certificate's key", i+1)
		}
	}
	if last := r.stamped[len(r.stamped)-1]; !bytes.Equal(last, second.signature) {
		t.Error("the timestamp is over another signature than the one logged")
	}
	if s.Result.Fingerprint == [32]byte{} {
		t.Error("the signature was not verified")
	}
}

// A log that loses the second answer too gets no third signature.
func TestSignAgainOnce(t *testing.T) {
	w := newWorld(t, 2)
	r := w.forgetful(2)
	s, err := w.sign(t.Context(), commit)
	if s != nil || !errors.Is(err, rekor.ErrExists) || len(r.log) != 2 {
		t.Errorf("%v after %d entries: %v", s, len(r.log), err)
	}
}

// Every other failure of the log is final.
func TestSignNotAgain(t *testing.T) {
	w := newWorld(t, 2)
	requests := 0
	w.signer.Services.Log = func(context.Context, [32]byte, []byte, *x509.Certificate) ([]byte, error) {
		requests++
		return nil, errors.New("not today")
	}
	if s, err := w.sign(t.Context(), commit); s != nil || err == nil || requests != 1 {
		t.Errorf("%v after %d requests: %v", s, requests, err)
	}
}
