package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"math/big"
)

// Verify checks that the key in Leaf signed content: RFC 5652, 5.4 and 5.6.
// For encapsulated data content must be nil; the message's own is verified.
// Content is used byte for byte, there is no canonical form of text.
//
// Errors are an [*Error]: of kind Binding if the signer signed other content,
// of kind Signature if the key did not sign. It says nothing about whose key
// that is, nor about time.
func (sd *SignedData) Verify(content []byte) (*Verified, error) {
	if sd.Leaf == nil || sd.claims.messageDigest == nil {
		return nil, syntaxf("not-parsed", "the SignedData was not made by this package")
	}
	if sd.encapsulated {
		if content != nil {
			return nil, errorf(Binding, "content-given", "the message brings its content, and other content was given")
		}
		content = sd.Content
	}
	// RFC 5652, 11.1: "The content-type attribute value MUST match the
	// encapContentInfo eContentType value in the signed-data".
	if !sd.claims.contentType.Equal(sd.ContentType) {
		return nil, errorf(Binding, "content-type-value", "the signer signed content of type %v, not %v", sd.claims.contentType, sd.ContentType)
	}
	// RFC 5652, 5.6: "For the signature to be valid, the message digest value
	// calculated by the recipient MUST be the same as the value of the
	// messageDigest attribute".
	h := sd.DigestAlgorithm.New()
	h.Write(content)
	if !bytes.Equal(h.Sum(nil), sd.claims.messageDigest) {
		return nil, errorf(Binding, "message-digest-value", "the signature is over other content: the digests differ")
	}
	if err := sd.algorithm.verify(sd.DigestAlgorithm, sd.Leaf.PublicKey, sd.RawSignedAttributes, sd.Signature); err != nil {
		return nil, err
	}
	return &Verified{
		Leaf:             sd.Leaf,
		Content:          content,
		SignedAttributes: sd.RawSignedAttributes,
		Signature:        sd.Signature,
		SigningTime:      sd.claims.signingTime,
	}, nil
}

// verify checks the signature over message by key.
func (s signatureAlgorithm) verify(digest crypto.Hash, key crypto.PublicKey, message, signature []byte) error {
	// Leaf may have changed since Parse looked at it.
	if err := s.check(digest, key, signature); err != nil {
		return err
	}
	var err error
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		err = verifyECDSA(key, sum(digest, message), signature)
	case *rsa.PublicKey:
		err = rsa.VerifyPKCS1v15(key, digest, sum(digest, message), signature)
	case ed25519.PublicKey:
		// RFC 8419, 3.1: pure Ed25519, over the attributes themselves.
		err = ed25519.VerifyWithOptions(key, message, signature, &ed25519.Options{})
	default:
		err = errors.New("unknown type of key")
	}
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return err
		}
		return errorf(Signature, "signature-value", "the signature is not the certificate's key's: %w", err)
	}
	return nil
}

// verifyECDSA is SEC 1, 4.1.4, whose first step is that r and s are in the
// interval from 1 to n-1.
func verifyECDSA(key *ecdsa.PublicKey, digest, signature []byte) error {
	r, s, ok := readECDSA(signature)
	n := key.Curve.Params().N
	if !ok || !inRange(r, n) || !inRange(s, n) {
		return errorf(Signature, "ecdsa-range", "r or s of the signature is out of range")
	}
	if !ecdsa.VerifyASN1(key, digest, signature) {
		return errors.New("verification error")
	}
	return nil
}

func inRange(x, n *big.Int) bool { return x.Sign() > 0 && x.Cmp(n) < 0 }

func sum(hash crypto.Hash, message []byte) []byte {
	h := hash.New()
	h.Write(message)
	return h.Sum(nil)
}
