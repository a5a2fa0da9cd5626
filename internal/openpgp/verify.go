package openpgp

import (
	"bytes"
	"slices"
	"time"

	"github.com/paraph/paraph/internal/verdict"
)

// flagSign is the key flag of who may sign documents, RFC 9580, 5.2.3.29.
const flagSign = 0x02

// Verify verifies that one of the keys, or a subkey of one, made a signature
// over payload, and that it counts at a time. It returns the fingerprint of the
// key, not of the subkey, as gpg writes it.
//
// No time in OpenPGP is proven: at is the caller's, and where the signature says
// that it is younger, the key must still count then. Errors are a
// *[verdict.Error]: of class Material if the file does not have the key, Binding
// or Signature if it did not make the signature, Policy if it is revoked or may
// not sign, Window if it or the signature has ended.
func (k *Keys) Verify(s *Signature, payload []byte, at time.Time) (fingerprint string, err error) {
	if at.IsZero() {
		return "", verdict.Errorf(verdict.Window, "no-time", "nobody said at what time the key %s is to count", s.Issuer())
	}
	document, err := s.sig.document(payload)
	if err != nil {
		return "", err
	}
	err = verdict.Errorf(verdict.Material, "key-unknown", "the key file does not have the key %s", s.Issuer())
	for _, c := range k.all {
		if c.primary.mayHaveMade(s.sig) {
			if err = c.verify(s.sig, document, at); err == nil {
				return name(c.primary.fingerprint), nil
			}
		}
		for _, sub := range c.subkeys {
			if sub.mayHaveMade(s.sig) {
				if err = c.verifyBySubkey(sub, s.sig, document, at); err == nil {
					return name(c.primary.fingerprint), nil
				}
			}
		}
	}
	return "", err
}

// document is what is hashed of a payload, RFC 9580, 5.2.4. A signature over a
// text is one over all texts that differ only in how their lines end; of these
// one is accepted, and that is git's.
func (s *signature) document(payload []byte) ([]byte, error) {
	if s.kind == kindBinary {
		return payload, nil
	}
	if bytes.IndexByte(payload, '\r') >= 0 {
		return nil, verdict.Errorf(verdict.Binding, "text-signature", "the signature is over a text, whose CR and LF it does not tell apart: sign without --textmode")
	}
	return bytes.ReplaceAll(payload, []byte("\n"), []byte("\r\n")), nil
}

// verify judges a signature by the key of a certificate itself.
func (c *certificate) verify(s *signature, document []byte, at time.Time) error {
	if err := c.primary.verify(s, document); err != nil {
		return err
	}
	if err := c.check(s, at); err != nil {
		return err
	}
	return c.checkFlags()
}

// checkFlags makes sure that the key itself may sign.
func (c *certificate) checkFlags() error {
	for _, self := range c.selves() {
		if self.hasFlags && self.flags&flagSign == 0 {
			return notForSigning(c.primary)
		}
	}
	return nil
}

// CanSign says why none of the keys can ever make a signature that counts, nil
// if one may. One that is revoked or has ended could once.
func (k *Keys) CanSign() error {
	var err error = verdict.Errorf(verdict.Policy, "no-key", "there is no key")
	for _, c := range k.all {
		if err = c.canSign(); err == nil {
			return nil
		}
	}
	return err
}

func (c *certificate) canSign() error {
	if len(c.selves()) == 0 && !c.revoked {
		return noSelfSignature(c.primary)
	}
	err := c.checkFlags()
	for _, sub := range c.subkeys {
		if err == nil || sub.revoked {
			return nil
		}
		err = c.checkBinding(sub)
	}
	return err
}

// verifyBySubkey judges a signature by a subkey. The key must say that the
// subkey may sign, and the subkey that it is the key's.
func (c *certificate) verifyBySubkey(sub *subkey, s *signature, document []byte, at time.Time) error {
	if err := sub.verify(s, document); err != nil {
		return err
	}
	if sub.revoked {
		return revoked(sub.publicKey)
	}
	if err := c.checkBinding(sub); err != nil {
		return err
	}
	if err := c.check(s, at); err != nil {
		return err
	}
	return checkTime(sub.publicKey, sub.binding, s, at)
}

// checkBinding makes sure that a subkey is the key's, and may sign.
func (c *certificate) checkBinding(sub *subkey) error {
	switch {
	case sub.binding == nil:
		return verdict.Errorf(verdict.Policy, "subkey-binding", "the key %s does not say that the subkey %s is its own", name(c.primary.fingerprint), name(sub.fingerprint))
	case sub.binding.flags&flagSign == 0:
		return notForSigning(sub.publicKey)
	case !sub.consents:
		return verdict.Errorf(verdict.Policy, "subkey-binding", "the subkey %s does not say that it is one of the key %s", name(sub.fingerprint), name(c.primary.fingerprint))
	}
	return nil
}

// check judges the key of a certificate, whoever of it signed.
func (c *certificate) check(s *signature, at time.Time) error {
	switch {
	case c.revoked:
		return revoked(c.primary)
	case len(c.selves()) == 0:
		return noSelfSignature(c.primary)
	}
	for _, self := range c.selves() {
		if err := checkTime(c.primary, self, s, at); err != nil {
			return err
		}
	}
	return nil
}

// selves are what the key says of itself. gpg names a deputy for revocations
// in a signature with no end for the key; the one with the name has it.
func (c *certificate) selves() []*signature {
	return slices.DeleteFunc([]*signature{c.direct, c.named}, func(s *signature) bool { return s == nil })
}

// checkTime judges the times that a key and its owner give, RFC 9580, 5.2.3.13.
// about is the signature that says how long the key counts.
func checkTime(k *publicKey, about, s *signature, at time.Time) error {
	if at.Before(s.created) {
		at = s.created
	}
	switch {
	case s.created.Before(k.created):
		return verdict.Errorf(verdict.Window, "key-time", "the signature says that it is older than the key %s", name(k.fingerprint))
	case ended(k.created, about.keyLifetime, at), ended(about.created, about.lifetime, at):
		return verdict.Errorf(verdict.Window, "key-expired", "the key %s has ended before %s: extend it, and renew the key file", name(k.fingerprint), at.UTC().Format(time.RFC3339))
	case ended(s.created, s.lifetime, at):
		return verdict.Errorf(verdict.Window, "signature-expired", "the signature has ended before %s", at.UTC().Format(time.RFC3339))
	}
	return nil
}

// ended reports whether what began lasts no longer than to a time.
func ended(begin time.Time, lifetime time.Duration, at time.Time) bool {
	return lifetime != 0 && !at.Before(begin.Add(lifetime))
}

func revoked(k *publicKey) error {
	return verdict.Errorf(verdict.Policy, "key-revoked", "the key %s is revoked", name(k.fingerprint))
}

func noSelfSignature(k *publicKey) error {
	return verdict.Errorf(verdict.Policy, "no-self-signature", "the key %s says nothing of itself that can be verified", name(k.fingerprint))
}

func notForSigning(k *publicKey) error {
	return verdict.Errorf(verdict.Policy, "key-flags", "the key %s is not for signing", name(k.fingerprint))
}
