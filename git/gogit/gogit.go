// Package gogit signs and verifies the commits and tags of go-git v5.
//
// go-git signs commits with whatever its CommitOptions.Signer is:
//
//	worktree.Commit("message", &git.CommitOptions{Signer: gogit.NewSigner(ctx, nil)})
//
// Its options for tags take OpenPGP keys only, so a tag is made unsigned, then
// signed with SignTag, which stores the signed tag beside it and returns its
// hash; the caller moves the ref.
//
// Verify reads an object's raw bytes from go-git's storage, computes their
// hash itself, and hands them to package git. Never verify what go-git
// encodes: Encode of a parsed commit loses headers, their order and their
// spelling, and EncodeWithoutSignature drops headers that nobody signed.
//
// go-git v5 knows SHA-1 repositories only, and so does this package; it does
// not compile with go-git's build tag sha256. For others, package git works on
// bytes from wherever they come.
package gogit

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/git/program"
	"github.com/paraph/paraph/internal/payload"
)

// The hashes of a repository are SHA-1.
var _ [20]byte = plumbing.ZeroHash

// ErrTooLarge says that an object has more bytes than are read.
var ErrTooLarge = errors.New("the object is too large")

// A Signer signs commits for go-git's CommitOptions.
type Signer struct {
	ctx    context.Context
	signer git.Signer
}

// NewSigner returns a Signer that asks s; nil runs the program paraph (see
// package git/program). go-git's interface has no context: the one given here
// ends what the Signer does.
func NewSigner(ctx context.Context, s git.Signer) *Signer {
	return &Signer{ctx, orProgram(s)}
}

// orProgram returns s, by default the program paraph.
func orProgram(s git.Signer) git.Signer {
	if s == nil {
		return program.Signer{}
	}
	return s
}

// Sign returns the armored signature over the commit that message holds
// without one. It refuses what git.Sign refuses.
func (s *Signer) Sign(message io.Reader) ([]byte, error) {
	raw, err := readAll(message)
	if err != nil {
		return nil, fmt.Errorf("reading the commit to sign: %w", err)
	}
	signed, err := git.Sign(s.ctx, git.SHA1, git.Commit, raw, s.signer)
	if err != nil {
		return nil, err
	}
	o, err := git.Split(git.SHA1, git.Commit, signed)
	if err != nil {
		return nil, err
	}
	return o.Signature, nil
}

// SignTag signs the tag object with this hash and stores the signed one,
// whose hash it returns. Refs stay as they are. s may be nil as for NewSigner.
//
// It refuses a tag that is signed already, and one whose message does not end
// in a line break, which those of go-git and git do.
func SignTag(ctx context.Context, st storer.EncodedObjectStorer, hash plumbing.Hash, s git.Signer) (plumbing.Hash, error) {
	raw, typ, err := read(st, hash)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if typ != git.Tag {
		return plumbing.ZeroHash, fmt.Errorf("%s is a %s, not a tag", hash, typ)
	}
	if id, err := git.Hash(git.SHA1, typ, raw); err != nil {
		return plumbing.ZeroHash, err
	} else if id != hash.String() {
		return plumbing.ZeroHash, fmt.Errorf("the bytes that the storage has for %s hash to %s", hash, id)
	}
	signed, err := git.Sign(ctx, git.SHA1, git.Tag, raw, orProgram(s))
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return store(st, signed)
}

// store writes a tag. Its hash is computed here too, and what the storage says
// must be the same.
func store(st storer.EncodedObjectStorer, raw []byte) (plumbing.Hash, error) {
	id, err := git.Hash(git.SHA1, git.Tag, raw)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	o := st.NewEncodedObject()
	o.SetType(plumbing.TagObject)
	o.SetSize(int64(len(raw)))
	w, err := o.Writer()
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("storing the signed tag: %w", err)
	}
	_, err = w.Write(raw)
	if err := errors.Join(err, w.Close()); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("storing the signed tag: %w", err)
	}
	hash, err := st.SetEncodedObject(o)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("storing the signed tag: %w", err)
	}
	if hash.String() != id {
		return plumbing.ZeroHash, fmt.Errorf("storing the signed tag: it is %s, and the storage says %s", id, hash)
	}
	return hash, nil
}

// Verify verifies the commit or tag with this hash as git.Verify does, by the
// bytes that the storage has. Options.ID is the hash, and may be left empty.
//
// Errors of git.Verify say what is wrong with the object. All others say that
// it could not be looked at, such as plumbing.ErrObjectNotFound; neither is a
// pass.
func Verify(st storer.EncodedObjectStorer, hash plumbing.Hash, opts git.VerifyOptions) (*git.Signature, error) {
	if opts.ID != "" && opts.ID != hash.String() {
		return nil, fmt.Errorf("asked for the object %s by the hash %s", opts.ID, hash)
	}
	opts.ID = hash.String()
	raw, typ, err := read(st, hash)
	if err != nil {
		return nil, err
	}
	return git.Verify(git.SHA1, typ, raw, opts)
}

// read returns the bytes of a commit or tag as the storage has them. Nobody
// has checked yet that they have the hash.
func read(st storer.EncodedObjectStorer, hash plumbing.Hash) ([]byte, git.Type, error) {
	o, err := st.EncodedObject(plumbing.AnyObject, hash)
	if err != nil {
		return nil, "", fmt.Errorf("reading object %s: %w", hash, err)
	}
	typ := git.Type(o.Type().String())
	if typ != git.Commit && typ != git.Tag {
		return nil, "", fmt.Errorf("%s is a %s: only commits and tags are signed", hash, typ)
	}
	if o.Size() > payload.MaxSize {
		return nil, "", fmt.Errorf("reading object %s: %w: %d bytes, at most %d", hash, ErrTooLarge, o.Size(), payload.MaxSize)
	}
	r, err := o.Reader()
	if err != nil {
		return nil, "", fmt.Errorf("reading object %s: %w", hash, err)
	}
	raw, err := readAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, "", fmt.Errorf("reading object %s: %w", hash, err)
	}
	return raw, typ, nil
}

// readAll reads to the end, at most payload.MaxSize bytes.
func readAll(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, payload.MaxSize+1))
	if err == nil && len(raw) > payload.MaxSize {
		err = ErrTooLarge
	}
	return raw, err
}
