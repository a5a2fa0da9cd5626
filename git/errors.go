package git

import (
	"errors"

	"github.com/paraph/paraph/internal/verdict"
)

// ErrUnsigned says that an object has no signature of any sort.
var ErrUnsigned = errors.New("the object is not signed")

// An Error is one rule that an object breaks.
//
// Message may quote what an attacker wrote: whoever prints it escapes it.
type Error struct {
	Class   string // syntax, binding, signature, chain, identity, log, time, policy, infrastructure
	Rule    string // short and stable, such as "duplicate-signature"
	Message string // one sentence without a final dot

	cause *verdict.Error
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the error in the form that paraph's own packages use.
func (e *Error) Unwrap() error {
	if e.cause == nil {
		return nil
	}
	return e.cause
}

// newError makes the public form of an error.
func newError(cause *verdict.Error) *Error {
	return &Error{Class: cause.Class.String(), Rule: cause.Rule, Message: cause.Message, cause: cause}
}

// The rules of this package, by the name that an error carries; those of the
// headers that were signed are listed in internal/payload.
const (
	RuleUsage              = "usage"                 // not a format and type of this package
	RuleObjectKind         = "object-kind"           // an object of another type
	RuleObjectFormat       = "object-format"         // object ids of another hash algorithm
	RuleCollision          = "sha1-collision"        // made to collide with another object
	RuleNoBlankLine        = "no-blank-line"         // the headers of a commit or tag do not end
	RuleTabLine            = "tab-line"              // a header line begins with TAB
	RuleDuplicateSignature = "duplicate-signature"   // two signature headers
	RuleForeignSignature   = "foreign-signature"     // a gpgsig header that git neither reads nor signs
	RuleSignatureNUL       = "nul-in-signature"      // a NUL byte in the armor
	RuleSignatureSize      = "signature-size"        // over maxSignature
	RuleArmorBegin         = "armor-begin"           // the first line is not the marker alone
	RuleArmorEnd           = "armor-end"             // no END line
	RuleArmorBlocks        = "armor-blocks"          // more than one block
	RuleArmorTrailing      = "armor-trailing"        // bytes after the END line
	RuleJoin               = "payload-and-signature" // do not make an object that Split takes apart again
	RulePosition           = "signature-position"    // an Object that Split did not make
	RuleObjectID           = "object-id"             // the bytes have another id than was asked for
	RuleSigned             = "already-signed"        // an object to sign has a signature
	RuleUnsigned           = "unsigned"              // there is no signature to verify
	RuleIdentity           = "identity"              // signed by none of the signers asked for
)

// broken makes the error for one broken rule of syntax.
func broken(rule, format string, args ...any) error {
	return newError(verdict.Errorf(verdict.Syntax, rule, format, args...))
}
