// Package verdict names what a verification can end in, and why.
//
// A check that fails returns an [*Error] with a [Class]; the class decides
// the [Verdict], the verdict decides the status lines, the exit status and
// the letter that git shows for %G?. The tables are in docs/output.md.
package verdict

import (
	"errors"
	"fmt"
)

// A Verdict is the answer to "who signed this, and does it hold?".
// The zero value is not an answer: nothing was verified.
type Verdict string

// The verdicts, best first.
const (
	Trusted   Verdict = "trusted"   // all checks hold, and the signer is one that is allowed
	Exempt    Verdict = "exempt"    // history only: the policy says not to judge this object
	Valid     Verdict = "valid"     // all checks hold, nobody said whom to trust here
	Refused   Verdict = "refused"   // all checks hold, this signer is not allowed
	Unproven  Verdict = "unproven"  // signature and chain hold, no proof of time is in hand
	Unknown   Verdict = "unknown"   // a CA, log, TSA or key that is not known here
	Expired   Verdict = "expired"   // the certificate was not valid at the proven time
	Bad       Verdict = "bad"       // known material contradicts the signature
	Malformed Verdict = "malformed" // cannot be parsed, or breaks a format rule
	Unsigned  Verdict = "unsigned"  // history only: there is no signature
)

// A Class says what kind of rule was broken. The zero value is Syntax, so
// an error that forgot its class can never be mistaken for a milder one.
type Class int

// The classes of failure.
const (
	Syntax         Class = iota // the bytes break a format rule
	Binding                     // the signature is not over these bytes
	Signature                   // a signature is cryptographically false
	Chain                       // a certificate, its chain or its SCT is false
	Identity                    // the signer is not the one asked for
	Log                         // the log entry or its proof is false
	Time                        // a proven time contradicts
	Window                      // the leaf was not valid at the proven time
	Material                    // a CA, log, TSA or key is not known here
	Proof                       // no proof of time is in hand
	Policy                      // the policy does not allow it
	Infrastructure              // it could not be checked at all
)

var classes = [...]struct {
	name    string
	verdict Verdict
}{
	Syntax:         {"syntax", Malformed},
	Binding:        {"binding", Bad},
	Signature:      {"signature", Bad},
	Chain:          {"chain", Bad},
	Identity:       {"identity", Refused},
	Log:            {"log", Bad},
	Time:           {"time", Bad},
	Window:         {"time", Expired},
	Material:       {"material", Unknown},
	Proof:          {"proof", Unproven},
	Policy:         {"policy", Refused},
	Infrastructure: {"infrastructure", ""},
}

// String returns the word that JSON output uses for the class.
func (c Class) String() string {
	if c < 0 || int(c) >= len(classes) {
		return classes[Syntax].name
	}
	return classes[c].name
}

// Verdict returns the verdict that a failure of this class leads to;
// Infrastructure leads to none and gives "".
func (c Class) Verdict() Verdict {
	if c < 0 || int(c) >= len(classes) {
		return Malformed
	}
	return classes[c].verdict
}

// An Error is one broken rule.
//
// Message may quote what an attacker wrote: whoever prints it escapes it.
type Error struct {
	Class   Class
	Rule    string // short and stable, words joined by hyphens: "duplicate-attribute"
	Message string // one sentence without a final dot: what was found, what was expected
	Err     error  // cause, or nil
}

// Errorf makes an Error; a %w verb in format sets its cause.
func Errorf(class Class, rule, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Class: class, Rule: rule, Message: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// As returns the Error in err's chain. An error of another type is wrapped
// as a failure of class c under the given rule. As(nil) is nil.
func As(err error, c Class, rule string) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: c, Rule: rule, Message: err.Error(), Err: err}
}
