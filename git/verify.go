package git

import (
	"bytes"
	"errors"
	"slices"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// A TrustedRoot holds the keys of one Sigstore instance: its certificate
// authorities, logs and timestamp authorities, and when each of them counted.
// Only ParseTrustedRoot makes one. It never changes, and may be used by
// several goroutines.
type TrustedRoot struct {
	root *trust.Root
}

// ParseTrustedRoot reads a trusted_root.json (sigstore/protobuf-specs,
// sigstore_trustroot.proto) of at most 1 MiB. Where the bytes come from, and
// whether they are new enough, is the caller's business. The instance is a
// name for people, such as "public": Signature.Instance repeats it.
func ParseTrustedRoot(json []byte, instance string) (*TrustedRoot, error) {
	root, err := trust.Parse(json, instance)
	if err != nil {
		return nil, err
	}
	return &TrustedRoot{root}, nil
}

// An Identity is a signer: a name, and the OpenID Connect issuer that vouches
// for it. One without the other means nothing. Both are compared exactly.
type Identity struct {
	Name   string // e-mail address, URI or user name, such as "alice@example.com"
	Issuer string // such as "https://accounts.google.com"
}

// VerifyOptions say what to verify an object against. The zero value is
// refused: whom to trust has to be said.
type VerifyOptions struct {
	// Root is the Sigstore instance that counts.
	Root *TrustedRoot
	// Signers are those whose signature is accepted.
	Signers []Identity
	// AnySigner accepts everybody whom the instance certified, which is
	// everybody with an account. It is for callers that look at
	// Signature.Identity themselves, and excludes Signers.
	AnySigner bool
	// ID is the id under which the object was asked for, in lowercase
	// hexadecimal. The bytes must have it. Without one, whoever gave the bytes
	// decides which object was verified: see Signature.ID.
	ID string
}

// Verify verifies the raw bytes of a commit, tag or push certificate: that its
// id is the one asked for, that exactly these bytes were signed, that the
// key's certificate is by a known authority, that the signature is in a known
// log, that a proven time lies inside of the certificate, and that the signer
// is one of those asked for. It reaches no network and reads no clock: a
// signature carries its proof.
//
// A Signature is returned only if all of this holds. Else the error is a
// *VerificationError, for an unsigned object one that is also ErrUnsigned; or
// an *Error of the rule RuleUsage, if format, type or options make no sense
// and nothing was looked at.
//
// A tag's name and target are not compared with the ref that led to it, nor
// with what it leads to: only a caller that has those can, see Signature.Tag.
func Verify(f Format, t Type, raw []byte, opts VerifyOptions) (*Signature, error) {
	if err := opts.check(f, t); err != nil {
		return nil, err
	}
	o, id, err := open(f, t, raw, opts.ID)
	if errors.Is(err, ErrUnsigned) {
		return nil, unsigned()
	}
	if err != nil {
		return nil, failure(verify.Failed(payload.Kind(t), err), id, UnknownArmor)
	}
	r := verify.Signature(o.Payload, o.Signature, verify.Trust{Roots: []*trust.Root{opts.Root.root}})
	want := verdict.Valid
	if !opts.AnySigner {
		want = verdict.Trusted
		opts.judge(r)
	}
	if r.Verdict != want {
		return nil, failure(r, id, o.Armor)
	}
	// A tag's payload is a part of raw, which belongs to the caller.
	return &Signature{format: f, typ: t, id: id, payload: bytes.Clone(o.Payload), result: r}, nil
}

// check refuses options that leave open what counts.
func (opts *VerifyOptions) check(f Format, t Type) error {
	switch {
	case f.header() == "" || t.firstWord() == "":
		return misused("not a format and a type: %s, %q", f, string(t))
	case opts.Root == nil || opts.Root.root == nil:
		return misused("no trusted root to verify against")
	case opts.AnySigner && len(opts.Signers) > 0:
		return misused("either Signers or AnySigner, not both")
	case !opts.AnySigner && len(opts.Signers) == 0:
		return misused("nobody said whom to trust: name Signers, or set AnySigner")
	}
	for _, s := range opts.Signers {
		if s.Name == "" || s.Issuer == "" {
			return misused("a signer is a name and an issuer: %q, %q", s.Name, s.Issuer)
		}
	}
	return nil
}

// misused makes the error for a call that makes no sense, whatever the object.
func misused(format string, args ...any) error {
	return newError(verdict.Errorf(verdict.Infrastructure, RuleUsage, format, args...))
}

// judge makes a signature that holds trusted or refused.
func (opts *VerifyOptions) judge(r *verify.Result) {
	by := identityOf(r)
	if slices.Contains(opts.Signers, by) {
		r.Judge(nil, "one of the signers asked for")
		return
	}
	r.Judge(verdict.Errorf(verdict.Identity, RuleIdentity,
		"signed by %q, certified for the issuer %q, who is none of the signers asked for", by.Name, by.Issuer), "")
}

// Open is Split for an object that was asked for by its id, in lowercase
// hexadecimal: bytes that have another one are refused before anything in them
// is looked at. Nothing is verified.
func Open(f Format, t Type, raw []byte, id string) (*Object, error) {
	if id == "" {
		return nil, misused("no object id to open")
	}
	o, _, err := open(f, t, raw, id)
	return o, err
}

// open takes an object apart and returns its id. want may be empty: then any
// id will do.
func open(f Format, t Type, raw []byte, want string) (*Object, string, error) {
	id, err := Hash(f, t, raw)
	if err != nil {
		return nil, "", err
	}
	if want != "" && id != want {
		return nil, id, newError(verdict.Errorf(verdict.Binding, RuleObjectID, "the bytes of the object hash to %s, not to its id", id))
	}
	o, err := Split(f, t, raw)
	return o, id, err
}
