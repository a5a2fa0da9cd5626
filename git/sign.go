package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
)

// A Signer makes detached signatures. KeySigner is one; that of package
// git/program runs the program paraph, as git does.
type Signer interface {
	// Sign returns an armored CMS signature (PEM, SIGNED MESSAGE) over exactly
	// these bytes. It must not change them.
	Sign(ctx context.Context, payload []byte) (armored []byte, err error)
}

// Sign signs the raw bytes of an unsigned commit, tag or push certificate and
// returns those of the signed object, which has another id.
//
// It refuses an object that is signed already or breaks the grammar of its
// type, before the signer is asked, and an answer that is no signature over
// the object, each with an *Error; what the signer itself says is wrapped.
// Who signed, and with which proof, is the signer's business: Verify the
// result to know what others will see.
func Sign(ctx context.Context, f Format, t Type, raw []byte, s Signer) ([]byte, error) {
	if err := checkSignable(f, t, raw); err != nil {
		return nil, err
	}
	if s == nil {
		return nil, misused("no signer")
	}
	// A copy: what is signed is what is joined, whatever the signer does to it.
	armored, err := s.Sign(ctx, bytes.Clone(raw))
	if err != nil {
		return nil, fmt.Errorf("asking for a signature: %w", err)
	}
	if err := checkAnswer(raw, armored); err != nil {
		return nil, err
	}
	return Join(f, t, raw, armored)
}

// checkSignable refuses what would not become an object that Split takes.
func checkSignable(f Format, t Type, raw []byte) error {
	switch _, err := Split(f, t, raw); {
	case err == nil:
		return broken(RuleSigned, "the object is already signed")
	case !errors.Is(err, ErrUnsigned):
		return err
	}
	if _, err := payload.Parse(raw); err != nil {
		return newError(verdict.As(err, verdict.Syntax, RuleJoin))
	}
	if t != Commit && raw[len(raw)-1] != '\n' {
		return broken(RuleJoin, "the last line of a %s must end before a signature can follow", t)
	}
	return nil
}

// checkAnswer refuses an answer that is not a CMS signature by the key of its
// certificate over the signed bytes.
func checkAnswer(signed, armored []byte) error {
	der, err := cms.Unarmor(armored)
	if err != nil {
		return answered(err)
	}
	sd, err := cms.Parse(der)
	if err != nil {
		return answered(err)
	}
	if _, err := sd.Verify(signed); err != nil {
		return answered(err)
	}
	return nil
}

// answered makes the error for a signer's answer that package cms refuses.
func answered(err error) error {
	class, rule := verdict.Syntax, RuleJoin
	if e, ok := errors.AsType[*cms.Error](err); ok {
		rule = e.Rule
		switch e.Kind {
		case cms.Binding:
			class = verdict.Binding
		case cms.Signature:
			class = verdict.Signature
		}
	}
	return newError(verdict.Errorf(class, rule, "the signer's answer cannot be used: %w", err))
}
