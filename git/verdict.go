package git

import (
	"crypto/x509"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A Verdict is what a verification ended in, in a word. The zero value is
// none: nothing was verified.
type Verdict string

// The verdicts, best first. A Signature has one of the first two, a
// VerificationError one of the others.
const (
	VerdictTrusted   = Verdict(verdict.Trusted)   // all checks hold, and the signer is one asked for
	VerdictValid     = Verdict(verdict.Valid)     // all checks hold, any signer would do
	VerdictRefused   = Verdict(verdict.Refused)   // all checks hold, but somebody else signed
	VerdictUnproven  = Verdict(verdict.Unproven)  // signature and chain hold, no proof of time is in hand
	VerdictUnknown   = Verdict(verdict.Unknown)   // an authority or log that the trusted root does not know
	VerdictExpired   = Verdict(verdict.Expired)   // the certificate was not valid at the proven time
	VerdictBad       = Verdict(verdict.Bad)       // known material contradicts the signature
	VerdictMalformed = Verdict(verdict.Malformed) // cannot be parsed, or breaks a format rule
	VerdictUnsigned  = Verdict(verdict.Unsigned)  // there is no signature
)

// A VerificationError says why an object is not verified.
//
// Message may quote what an attacker wrote: whoever prints it escapes it.
type VerificationError struct {
	Verdict Verdict
	Class   string // as in Error; empty for an unsigned object
	Rule    string // short and stable, such as "certificate-window"
	Message string // one sentence without a final dot

	// Unverified is what the signature claims, nil if the object has none
	// that could be found.
	Unverified *UnverifiedSignature

	cause error
}

func (e *VerificationError) Error() string { return e.Message }

// Unwrap returns the rule that was broken in the form that paraph's own
// packages use, or ErrUnsigned.
func (e *VerificationError) Unwrap() error { return e.cause }

// An UnverifiedSignature is what a signature that does not hold, or is
// somebody else's, says of itself. All of it may be a lie: it is for display
// and for nothing else.
type UnverifiedSignature struct {
	ID    string // of the object, computed from its bytes
	Armor Armor  // what sort of signature it is; only X509 can hold here
	// Signer is the claimed name and issuer in one text, "" if none could be
	// read. It may hold control characters.
	Signer string
	// Certificate came with the signature, nil if none could be read.
	Certificate *x509.Certificate
	Checks      []Check // as of Signature; those not reached are not OK
}

// failure makes the error for a result that does not hold.
func failure(r *verify.Result, id string, armor Armor) *VerificationError {
	e := &VerificationError{
		Verdict: Verdict(r.Verdict),
		Class:   r.Err.Class.String(), Rule: r.Err.Rule, Message: r.Err.Message,
		cause: r.Err,
	}
	if armor != UnknownArmor {
		e.Unverified = &UnverifiedSignature{ID: id, Armor: armor, Signer: r.Claimed, Certificate: r.Leaf, Checks: checksOf(r)}
	}
	return e
}

// unsigned makes the error for an object without a signature.
func unsigned() *VerificationError {
	return &VerificationError{Verdict: VerdictUnsigned, Rule: RuleUnsigned, Message: ErrUnsigned.Error(), cause: ErrUnsigned}
}
