package history

import (
	"errors"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// ErrElsewhere is why nobody can say what a line of a note proves: its object is
// in another repository.
var ErrElsewhere = &verdict.Error{Class: verdict.Infrastructure, Rule: "object-missing", Message: "the object of the note is not in this repository"}

// Prover says what bundles prove of an object as it was read. The errors of the
// function are a *[verdict.Error]; of one that is not here it says ErrElsewhere.
func Prover(raw gitcmd.RawObject, t verify.Trust) (func(*proof.Bundle) (*proof.Proven, error), error) {
	always := func(err *verdict.Error) (func(*proof.Bundle) (*proof.Proven, error), error) {
		return func(*proof.Bundle) (*proof.Proven, error) { return nil, err }, nil
	}
	if raw.Type == "" {
		return always(ErrElsewhere)
	}
	o, err := Open(raw)
	var refused *git.Error
	switch {
	case errors.Is(err, git.ErrUnsigned), errors.As(err, &refused), err == nil && o.Armor != git.X509:
		return always(verdict.Errorf(verdict.Binding, "note-object", "the object has no x509 signature that could be proven"))
	case err != nil:
		return nil, err
	}
	opened := verify.Open(o.Payload, o.Signature)
	return func(b *proof.Bundle) (*proof.Proven, error) { return opened.Prove(b, raw.ID, t) }, nil
}
