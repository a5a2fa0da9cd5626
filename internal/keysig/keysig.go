// Package keysig asks of a signature by a key without a certificate, SSH or
// OpenPGP, whether one of the keys that a policy names made it.
package keysig

import (
	"bytes"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/openpgp"
	"github.com/paraph/paraph/internal/policy"
	"github.com/paraph/paraph/internal/sshsig"
	"github.com/paraph/paraph/internal/verdict"
)

// A Signature was read. One by an SSH key is verified, since it brings the
// key; one by an OpenPGP key is not, until it is asked whose it is. It does not
// change, and is safe for concurrent use. The zero Signature is nobody's.
type Signature struct {
	files   *Files
	payload []byte
	ssh     *sshsig.Signature
	openpgp *openpgp.Signature
}

// Read reads an armored SSH or OpenPGP signature over payload, which it keeps.
// Errors are a *[verdict.Error] of class Syntax, Binding or Signature.
func Read(files *Files, armored, payload []byte) (*Signature, error) {
	s := &Signature{files: files, payload: payload}
	var err error
	switch {
	case bytes.HasPrefix(armored, []byte("-----BEGIN SSH SIGNATURE-----")):
		s.ssh, err = sshsig.Verify(armored, payload)
	case bytes.HasPrefix(armored, []byte("-----BEGIN PGP SIGNATURE-----")):
		s.openpgp, err = openpgp.Read(armored)
	default:
		err = verdict.Errorf(verdict.Syntax, "armor-begin", "the signature is neither an SSH nor an OpenPGP signature")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Name is the key's fingerprint as its own tools write it. For an OpenPGP
// signature it is what that says, and may be a key ID or a subkey's.
func (s *Signature) Name() string {
	switch {
	case s.ssh != nil:
		return s.ssh.Fingerprint
	case s.openpgp != nil:
		return s.openpgp.Issuer()
	}
	return ""
}

// At returns the signature as one that is judged at a time. There is no
// proven one: the policy says which to take.
func (s *Signature) At(t time.Time) *Judged { return &Judged{*s, t} }

// Judged is a signature with the time at which its key must count. The zero
// Judged is nobody's.
type Judged struct {
	Signature
	at time.Time
}

var _ policy.KeySignature = (*Judged)(nil)

// By reports whether the key made the signature, and counts.
func (j *Judged) By(k policy.Key) bool { return j.Check(k) == nil }

// Check is By with the reason: a *[verdict.Error].
func (j *Judged) Check(k policy.Key) error {
	switch {
	case j.ssh != nil && k.SSH != nil:
		if !bytes.Equal(j.ssh.Key, k.SSH) {
			return verdict.Errorf(verdict.Material, "key-unknown", "signed by the key %s, not %s", j.Name(), sshsig.Fingerprint(k.SSH))
		}
		return nil
	case j.openpgp != nil && k.OpenPGP != nil:
		keys, err := j.files.keys(k.OpenPGP)
		if err != nil {
			return err
		}
		_, err = keys.Verify(j.openpgp, j.payload, j.at)
		return err
	}
	return verdict.Errorf(verdict.Material, "key-unknown", "signed by the key %s, which is of another sort", j.Name())
}

// CanSign says why a key will never make a signature that counts, nil if it may:
// a *[verdict.Error].
func CanSign(k policy.Key) error {
	if k.OpenPGP == nil {
		return nil
	}
	keys, err := openpgp.ParseKeys(k.OpenPGP)
	if err != nil {
		return err
	}
	return keys.CanSign()
}

// maxFiles bounds how many key files are kept. A history whose policies had
// more of them reads some again.
const maxFiles = 256

// Files are the key files that were read, each once. The zero Files have none
// yet, and are safe for concurrent use.
type Files struct {
	mu   sync.Mutex
	read map[[sha256.Size]byte]func() (*openpgp.Keys, error)
}

// keys returns the keys of a file, by its content.
func (f *Files) keys(file []byte) (*openpgp.Keys, error) {
	return f.reading(file)()
}

func (f *Files) reading(file []byte) func() (*openpgp.Keys, error) {
	sum := sha256.Sum256(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	read := f.read[sum]
	if read == nil {
		if f.read == nil || len(f.read) == maxFiles {
			f.read = make(map[[sha256.Size]byte]func() (*openpgp.Keys, error))
		}
		read = sync.OnceValues(func() (*openpgp.Keys, error) { return openpgp.ParseKeys(file) })
		f.read[sum] = read
	}
	return read
}
