package tsa

import (
	"bytes"
	"crypto/x509"
	"math/big"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/verdict"
)

// A Chain says whether a certificate that signed a token leads to somebody
// who is known, at the time that the token states. others are the further
// certificates of the token, raw: who would believe them checks them.
type Chain func(leaf *x509.Certificate, others [][]byte, at time.Time) error

// VerifyChained is [Verify] where no trusted root lists the authorities, as
// with S/MIME: whom to believe is what chain says. Its error is returned as it
// is, and comes before all that could be wrong with the token of a stranger.
func VerifyChained(token, message []byte, chain Chain) (*Timestamp, error) {
	t, err := parse(token)
	if err != nil {
		return nil, err
	}
	if err := chain(t.sd.Leaf, t.sd.Certificates, t.info.time); err != nil {
		return nil, err
	}
	if err := checkProfile(t.sd.Leaf); err != nil {
		return nil, err
	}
	if err := t.checkSignature(); err != nil {
		return nil, err
	}
	if err := t.checkImprint(message); err != nil {
		return nil, err
	}
	return &Timestamp{Time: t.info.time, Nonce: t.info.nonce}, nil
}

// Nonce is the number of the request that a token says it answers, nil if it
// names none. Nothing of the token is verified.
func Nonce(token []byte) (*big.Int, error) {
	t, err := parse(token)
	if err != nil {
		return nil, err
	}
	return t.info.nonce, nil
}

// A token was parsed, and nothing in it is verified.
type token struct {
	sd   *cms.SignedData
	info *info
}

// parse reads a bare TimeStampToken (RFC 3161, 2.4.2) in DER.
func parse(der []byte) (*token, error) {
	sd, err := cms.ParseEncapsulated(der, cms.OIDTSTInfo)
	if err != nil {
		return nil, verdict.Errorf(verdict.Syntax, "timestamp-form", "the timestamp token cannot be parsed: %w", err)
	}
	if len(sd.UnsignedAttributes) != 0 {
		return nil, verdict.Errorf(verdict.Syntax, "timestamp-unsigned-attributes", "the timestamp token has unsigned attributes")
	}
	info, err := parseInfo(sd.Content)
	if err != nil {
		return nil, err
	}
	return &token{sd, info}, nil
}

// checkSignature checks that the key of the signing certificate signed the
// token, and that the token names this certificate.
func (t *token) checkSignature() error {
	if _, err := t.sd.Verify(nil); err != nil {
		return verdict.Errorf(verdict.Time, "timestamp-signature", "the timestamp token's signature is false: %w", err)
	}
	return checkSigningCertificate(t.sd)
}

// checkImprint checks that the token is over message.
func (t *token) checkImprint(message []byte) error {
	if !bytes.Equal(t.info.imprint, digest(t.info.hash, message)) {
		return verdict.Errorf(verdict.Time, "timestamp-imprint", "the timestamp token is over something else than this signature")
	}
	return nil
}
