package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/paraph/paraph/internal/verify"
)

// A Question is what a verification is asked, but for the roots under which:
// signed bytes, a signature, and the note beside them.
type Question struct {
	signed, armored []byte
	objectID        string
	sum             sum // of signed and armored
	read            func() ([]byte, error)
}

// Ask makes the question. The bytes must not change while it is in use. The
// note is read at most once, and not before it matters.
func Ask(signed, armored []byte, n verify.Note) *Question {
	q := &Question{signed: signed, armored: armored, objectID: n.ObjectID}
	a, b := sha256.Sum256(signed), sha256.Sum256(armored)
	q.sum = sha256.Sum256(append(a[:], b[:]...))
	if n.Read != nil {
		q.read = sync.OnceValues(n.Read)
	}
	return q
}

// Open begins a verification that finds the answer.
func (q *Question) Open() *verify.Opened { return verify.Open(q.signed, q.armored).Beside(q.Note()) }

// Note is the note of the question, for a verification: what that reads is
// what the answer will be found under.
func (q *Question) Note() verify.Note { return verify.Note{ObjectID: q.objectID, Read: q.read} }

var errNoNote = errors.New("there is no note")

// noteSum stands for the note, all of it: a line that does not prove today
// could be one that does, and would be taken, under another root.
func (q *Question) noteSum() (sum, error) {
	if q.read == nil {
		return sum{}, errNoNote
	}
	note, err := q.read()
	if err != nil {
		return sum{}, err
	}
	n := sha256.Sum256(note)
	return sha256.Sum256(append(n[:], q.objectID...)), nil
}

// A sum is the SHA-256 of what a record answers, or of a part of it.
type sum [sha256.Size]byte

// tag finds the records of what has this sum in their page.
func (s sum) tag() tag { return tag(s[:len(tag{})]) }

// offset is where their page begins.
func (s sum) offset() int64 {
	return int64(binary.BigEndian.Uint64(s[len(tag{}):])%pages) * pageSize
}
