package cms

import (
	"errors"
	"fmt"
)

// A Kind says what sort of rule a message broke. The zero value is Syntax.
type Kind int

// The kinds of failure. Parse knows Syntax only.
const (
	Syntax    Kind = iota // the bytes are not a message of the form accepted here
	Binding               // the signature is over other content, or content of another type
	Signature             // the signature is not the key's over the signed attributes
)

// String returns the kind in lower case.
func (k Kind) String() string {
	switch k {
	case Binding:
		return "binding"
	case Signature:
		return "signature"
	default:
		return "syntax"
	}
}

// An Error is one broken rule. Parse, ParseEncapsulated, Unarmor, Verify and
// SetUnsignedAttributes return no error of another type.
//
// Message may quote what a stranger wrote: whoever prints it escapes it.
type Error struct {
	Kind    Kind
	Rule    string // short and stable, words joined by hyphens: "duplicate-attribute"
	Message string // one sentence without a final dot
	Err     error  // cause, or nil
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

// errorf makes an Error; a %w verb in format sets its cause.
func errorf(kind Kind, rule, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Rule: rule, Message: err.Error(), Err: errors.Unwrap(err)}
}

// syntaxf makes an Error of kind Syntax.
func syntaxf(rule, format string, args ...any) error {
	return errorf(Syntax, rule, format, args...)
}
