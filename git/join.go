package git

import (
	"bytes"
	"errors"
	"slices"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
)

// Bytes returns the raw object: the inverse of Split, byte for byte.
//
// It fails for an Object that Split did not make, or whose parts no longer fit
// together.
func (o *Object) Bytes() ([]byte, error) {
	if o.Format.header() == "" || o.Type.firstWord() == "" {
		return nil, broken(RuleUsage, "not a format and a type: %s, %q", o.Format, string(o.Type))
	}
	if o.Type != Commit {
		return slices.Concat(o.Payload, o.Signature), nil
	}
	if o.at <= 0 || o.at >= len(o.Payload) || o.Payload[o.at-1] != '\n' {
		return nil, broken(RulePosition, "the place of the signature in the commit is not known")
	}
	return insert(o.Format, o.Payload, o.Signature, o.at), nil
}

// Join puts a payload and the armored signature over it together, as git does
// when it signs: a commit's becomes the last header
// (commit.c:add_header_signature), a tag's or push certificate's is appended
// (builtin/tag.c:do_sign, send-pack.c:generate_push_cert).
//
// It refuses a payload that breaks the grammar of its type, and parts that
// Split would not give back, with an *Error.
func Join(f Format, t Type, signed, signature []byte) ([]byte, error) {
	if err := checkType(f, t, signed); err != nil {
		return nil, err
	}
	if _, err := payload.Parse(signed); err != nil {
		return nil, newError(verdict.As(err, verdict.Syntax, RuleJoin))
	}
	// git stops with an error at each object whose armor it does not know, and
	// a signature without its last line break swallows the blank line after it.
	if armor, _ := armorOf(signature); armor == UnknownArmor || signature[len(signature)-1] != '\n' {
		return nil, broken(RuleJoin, "not an armored signature that ends in a line break")
	}
	raw := slices.Concat(signed, signature)
	if t == Commit {
		// git searches for two line breaks; Parse has seen them.
		raw = insert(f, signed, signature, bytes.Index(signed, []byte("\n\n"))+1)
	}
	back, err := Split(f, t, raw)
	if errors.Is(err, ErrUnsigned) {
		return nil, broken(RuleJoin, "the signature does not begin on a line of its own")
	}
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(back.Payload, signed) || !bytes.Equal(back.Signature, signature) {
		return nil, broken(RuleJoin, "payload and signature cannot be told apart once joined")
	}
	return raw, nil
}

// insert folds a signature into the header of a commit at an offset: a space
// goes before each of its lines, and the header's name before the first.
func insert(f Format, signed, signature []byte, at int) []byte {
	lines := bytes.Count(signature, []byte("\n")) + 1
	out := make([]byte, 0, len(signed)+len(f.header())+len(signature)+lines)
	out = append(out, signed[:at]...)
	out = append(out, f.header()...)
	for line := range bytes.Lines(signature) {
		out = append(out, ' ')
		out = append(out, line...)
	}
	return append(out, signed[at:]...)
}
