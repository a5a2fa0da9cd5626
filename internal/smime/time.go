package smime

import (
	"crypto/x509"
	"errors"
	"time"

	"github.com/paraph/paraph/internal/tsa"
	"github.com/paraph/paraph/internal/verdict"
)

// checkTimestamp verifies the token, if there is one, and sets r.Timestamp.
func (v *verification) checkTimestamp(m *message, r *Result) bool {
	if m.token == nil {
		v.checks = append(v.checks, Check{Name: CheckNameTimestamp, Skipped: true, Detail: "the signature carries no timestamp"})
		return true
	}
	t, err := tsa.VerifyChained(m.token, m.signature, v.store.authority)
	if err != nil {
		return v.check(CheckNameTimestamp, err, "")
	}
	r.Timestamp = t.Time
	return v.check(CheckNameTimestamp, nil, t.Time.Format(time.RFC3339))
}

// authority is a [tsa.Chain]: the certificate leads to a root at the time that
// it states itself. That is what one believes an authority for.
func (s *store) authority(leaf *x509.Certificate, raw [][]byte, at time.Time) error {
	var others []*x509.Certificate
	for _, der := range raw {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			continue // it leads nowhere
		}
		if others, err = add(others, c); err != nil {
			return err
		}
	}
	_, err := s.chain(leaf, others, x509.ExtKeyUsageTimeStamping, at)
	var e *verdict.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) && e.Class == verdict.Material:
		return verdict.Errorf(verdict.Material, "unknown-tsa", "the timestamp token is by %q, which leads to no root that is known here", leaf.Subject)
	case errors.As(err, &e) && e.Class == verdict.Infrastructure:
		return err
	}
	return verdict.Errorf(verdict.Time, "timestamp-chain", "the timestamp authority: %w", err)
}

// checkChain verifies who certified the key, and for whom, at the proven time
// or else now; and where it was valid at another time only, that it was.
func (v *verification) checkChain(m *message, r *Result) bool {
	at := v.now
	if !r.Timestamp.IsZero() {
		at = r.Timestamp
	}
	var err error
	r.Chain, err = v.chainAt(m, at)
	r.Proven = err == nil
	if err != nil {
		r.Chain, err = v.chainOnce(m, err)
	}
	if err == nil {
		err = checkProfile(m.leaf)
	}
	if err == nil {
		r.Email, err = Email(m.leaf)
	}
	if !v.check(CheckNameChain, err, "leads to a root that is known here; nobody was asked whether it was revoked") {
		return false
	}
	if r.Proven {
		return v.check(CheckNameTime, nil, "the certificates were valid at "+at.UTC().Format(time.RFC3339))
	}
	late := v.outside(r)
	return v.check(CheckNameTime, late, "") || late.Class == verdict.Proof
}

func (v *verification) chainAt(m *message, at time.Time) ([]*x509.Certificate, error) {
	return v.store.chain(m.leaf, m.others, x509.ExtKeyUsageEmailProtection, at)
}

// chainOnce looks for a chain that did not hold when it should have at the end
// of the leaf, and at its beginning. It returns why there is none.
func (v *verification) chainOnce(m *message, err error) ([]*x509.Certificate, error) {
	if v.now.IsZero() {
		return nil, err
	}
	if m.leaf.NotAfter.Before(v.now) {
		if chain, err := v.chainAt(m, m.leaf.NotAfter); err == nil {
			return chain, nil
		}
	}
	return v.chainAt(m, m.leaf.NotBefore)
}

// outside says what it means that the chain holds at some time, but did not at
// the one that counts.
func (v *verification) outside(r *Result) *verdict.Error {
	const day = time.RFC3339
	from, to := r.Leaf.NotBefore.UTC().Format(day), r.Leaf.NotAfter.UTC().Format(day)
	switch t := r.Timestamp; {
	case !t.IsZero() && (t.Before(r.Leaf.NotBefore) || t.After(r.Leaf.NotAfter)):
		return verdict.Errorf(verdict.Window, "certificate-window", "signed at %s, and the certificate is valid from %s to %s", t.Format(day), from, to)
	case !t.IsZero():
		return verdict.Errorf(verdict.Chain, "ca-window", "signed at %s, when not all certificates above the signer's were valid", t.Format(day))
	case v.now.Before(r.Leaf.NotBefore):
		return verdict.Errorf(verdict.Chain, "not-yet-valid", "the certificate is valid from %s on, which is not yet", from)
	}
	return verdict.Errorf(verdict.Proof, "no-timestamp", "the certificate, valid from %s to %s, or one above it has ended, and no timestamp says that the signature is older", from, to)
}
