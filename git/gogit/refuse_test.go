package gogit_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/git/gogit"
)

const (
	unsigned = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
		"author Alice A <alice@example.com> 1700000000 +0200\n" +
		"committer Alice A <alice@example.com> 1700000000 +0200\n\nFirst commit\n"
	tag = "object 1111111111111111111111111111111111111111\ntype commit\ntag v1\n" +
		"tagger Alice A <alice@example.com> 1700000000 +0200\n\nFirst release\n"
)

func wantVerdict(t *testing.T, sig *git.Signature, err error, v git.Verdict, rule string) {
	t.Helper()
	var e *git.VerificationError
	if sig != nil || !errors.As(err, &e) || e.Verdict != v || e.Rule != rule {
		t.Errorf("%v, %#v; want %s, rule %s", sig, err, v, rule)
	}
}

// A storage that fails, or lies.
type storage struct {
	*memory.Storage
	object  plumbing.EncodedObject // given for every hash, unless nil
	created plumbing.EncodedObject // what NewEncodedObject makes, unless nil
	set     func(plumbing.EncodedObject) (plumbing.Hash, error)
}

func (s *storage) EncodedObject(typ plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	if s.object != nil {
		return s.object, nil
	}
	return s.Storage.EncodedObject(typ, h)
}

func (s *storage) NewEncodedObject() plumbing.EncodedObject {
	if s.created != nil {
		return s.created
	}
	return s.Storage.NewEncodedObject()
}

func (s *storage) SetEncodedObject(o plumbing.EncodedObject) (plumbing.Hash, error) {
	if s.set != nil {
		return s.set(o)
	}
	return s.Storage.SetEncodedObject(o)
}

var errDisk = errors.New("the disk is gone")

// A faulty object does what its fields say instead of what it should.
type faulty struct {
	plumbing.MemoryObject
	size                            int64
	noReader, noWriter              bool
	failRead, failWrite, failCloses bool
}

func (f *faulty) Size() int64 { return max(f.size, f.MemoryObject.Size()) }

func (f *faulty) Reader() (io.ReadCloser, error) {
	if f.noReader {
		return nil, errDisk
	}
	return f, nil
}

func (f *faulty) Writer() (io.WriteCloser, error) {
	if f.noWriter {
		return nil, errDisk
	}
	return f, nil
}

func (f *faulty) Read([]byte) (int, error) {
	if f.failRead {
		return 0, errDisk
	}
	return 0, io.EOF
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.failWrite {
		return 0, errDisk
	}
	return f.MemoryObject.Write(p)
}

func (f *faulty) Close() error {
	if f.failCloses {
		return errDisk
	}
	return nil
}

func (f *faulty) as(typ plumbing.ObjectType) *faulty {
	f.SetType(typ)
	return f
}

// What cannot be read has no verdict, and is no pass.
func TestVerifyCannotRead(t *testing.T) {
	st := memory.NewStorage()
	blob := put(t, st, plumbing.BlobObject, []byte("x"))
	commit := put(t, st, plumbing.CommitObject, []byte(unsigned))
	byAnotherID := byAlice()
	byAnotherID.ID = blob.String()
	tests := []struct {
		name    string
		storage *storage
		hash    plumbing.Hash
		opts    git.VerifyOptions
		want    error  // in the chain, or nil
		message string // in the text
	}{
		{"missing object", &storage{Storage: st}, plumbing.ZeroHash, byAlice(), plumbing.ErrObjectNotFound, "reading object"},
		{"blob", &storage{Storage: st}, blob, byAlice(), nil, "is a blob: only commits and tags are signed"},
		{"another id in the options", &storage{Storage: st}, commit, byAnotherID, nil, "asked for the object"},
		{"too large", &storage{object: (&faulty{size: 1 << 40}).as(plumbing.CommitObject)}, commit, byAlice(), gogit.ErrTooLarge, "at most"},
		{"no reader", &storage{object: (&faulty{noReader: true}).as(plumbing.CommitObject)}, commit, byAlice(), errDisk, ""},
		{"failing reader", &storage{object: (&faulty{failRead: true}).as(plumbing.CommitObject)}, commit, byAlice(), errDisk, ""},
		{"failing close", &storage{object: (&faulty{failCloses: true}).as(plumbing.CommitObject)}, commit, byAlice(), errDisk, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sig, err := gogit.Verify(tt.storage, tt.hash, tt.opts)
			var e *git.VerificationError
			if sig != nil || err == nil || errors.As(err, &e) {
				t.Fatalf("%v, %#v", sig, err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("error %v, want %v with %q", err, tt.want, tt.message)
			}
		})
	}
}

func TestVerifyUnsigned(t *testing.T) {
	st := memory.NewStorage()
	sig, err := gogit.Verify(st, put(t, st, plumbing.CommitObject, []byte(unsigned)), byAlice())
	wantVerdict(t, sig, err, git.VerdictUnsigned, git.RuleUnsigned)
}

// A storage that gives a good commit for another hash is found out.
func TestVerifyStorageLies(t *testing.T) {
	st := memory.NewStorage()
	signed, err := git.Sign(t.Context(), git.SHA1, git.Commit, []byte(unsigned), signer())
	if err != nil {
		t.Fatal(err)
	}
	good, err := st.EncodedObject(plumbing.AnyObject, put(t, st, plumbing.CommitObject, signed))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := gogit.Verify(&storage{Storage: st, object: good}, plumbing.NewHash(strings.Repeat("1", 40)), byAlice())
	wantVerdict(t, sig, err, git.VerdictBad, git.RuleObjectID)
}

func TestSignCommitRefuses(t *testing.T) {
	s := gogit.NewSigner(t.Context(), signer())
	if _, err := s.Sign(strings.NewReader(tag)); rule(err) != git.RuleObjectKind {
		t.Errorf("a tag: %v", err)
	}
	if _, err := s.Sign((&faulty{failRead: true}).as(plumbing.CommitObject)); !errors.Is(err, errDisk) {
		t.Errorf("a reader that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gogit.NewSigner(ctx, nil).Sign(strings.NewReader(unsigned)); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
}

func rule(err error) string {
	var e *git.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Rule
}

func TestSignTagRefuses(t *testing.T) {
	st := memory.NewStorage()
	plain := put(t, st, plumbing.TagObject, []byte(tag))
	commit := put(t, st, plumbing.CommitObject, []byte(unsigned))
	open := put(t, st, plumbing.TagObject, []byte(strings.TrimSuffix(tag, "\n")))
	signed, err := gogit.SignTag(t.Context(), st, plain, signer())
	if err != nil {
		t.Fatal(err)
	}
	fails := func(plumbing.EncodedObject) (plumbing.Hash, error) { return plumbing.ZeroHash, errDisk }
	lies := func(plumbing.EncodedObject) (plumbing.Hash, error) { return commit, nil }
	other, err := st.EncodedObject(plumbing.TagObject, open)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		storage *storage
		hash    plumbing.Hash
		want    error
		rule    string
		message string
	}{
		{"missing object", &storage{Storage: st}, plumbing.ZeroHash, plumbing.ErrObjectNotFound, "", ""},
		{"commit", &storage{Storage: st}, commit, nil, "", "is a commit, not a tag"},
		{"signed tag", &storage{Storage: st}, signed, nil, git.RuleSigned, ""},
		{"no final newline", &storage{Storage: st}, open, nil, git.RuleJoin, ""},
		{"other bytes than the hash's", &storage{Storage: st, object: other}, plain, nil, "", "the bytes that the storage has"},
		{"no writer", &storage{Storage: st, created: &faulty{noWriter: true}}, plain, errDisk, "", ""},
		{"failing write", &storage{Storage: st, created: &faulty{failWrite: true}}, plain, errDisk, "", ""},
		{"failing close", &storage{Storage: st, created: &faulty{failCloses: true}}, plain, errDisk, "", ""},
		{"storing fails", &storage{Storage: st, set: fails}, plain, errDisk, "", ""},
		{"stored as another", &storage{Storage: st, set: lies}, plain, nil, "", "and the storage says"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hash, err := gogit.SignTag(t.Context(), tt.storage, tt.hash, signer())
			if hash != plumbing.ZeroHash || err == nil {
				t.Fatalf("%s, %v", hash, err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) || rule(err) != tt.rule || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("error %v (rule %q), want %v, rule %q, %q", err, rule(err), tt.want, tt.rule, tt.message)
			}
		})
	}
}

// A signer that fails leaves nothing behind.
func TestSignTagSignerFails(t *testing.T) {
	st := memory.NewStorage()
	plain := put(t, st, plumbing.TagObject, []byte(tag))
	k := signer()
	k.Prove = func(context.Context, []byte, []byte) (git.Proof, error) { return git.Proof{}, errDisk }
	if hash, err := gogit.SignTag(t.Context(), st, plain, k); hash != plumbing.ZeroHash || !errors.Is(err, errDisk) {
		t.Errorf("%s, %v", hash, err)
	}
	if len(st.Objects) != 1 {
		t.Errorf("%d objects, want the tag alone", len(st.Objects))
	}
}
