package rekor

import (
	"bytes"
	"crypto/sha256"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paraph/paraph/internal/verdict"
)

// ParseEntry reads a binary dev.sigstore.rekor.v1.TransparencyLogEntry:
//
//	message TransparencyLogEntry {
//	  int64 log_index = 1;
//	  LogId log_id = 2;                        // { bytes key_id = 1; }
//	  KindVersion kind_version = 3;            // { string kind = 1; string version = 2; }
//	  int64 integrated_time = 4;
//	  InclusionPromise inclusion_promise = 5;  // { bytes signed_entry_timestamp = 1; }
//	  InclusionProof inclusion_proof = 6;
//	  bytes canonicalized_body = 7; }
//
// There is one encoding of an entry and no other is read: fields in the order
// of their numbers, each once, none unknown, none with its default value,
// shortest varints. So e.Bytes() gives back pb, and nothing hides in it.
//
// Failures are of type *[verdict.Error] and class Syntax.
func ParseEntry(pb []byte) (*Entry, error) {
	if len(pb) > maxEntry {
		return nil, syntax("entry-size", "the log entry has %d bytes, at most %d are read", len(pb), maxEntry)
	}
	e := new(Entry)
	if err := e.parse(bytes.Clone(pb)); err != nil {
		return nil, err
	}
	if err := e.checkShape(); err != nil {
		return nil, err
	}
	if !bytes.Equal(e.Bytes(), pb) {
		return nil, syntax("entry-encoding", "the log entry is not in canonical protobuf encoding")
	}
	return e, nil
}

func (e *Entry) parse(pb []byte) error {
	return readMessage(pb, func(n protowire.Number) any {
		switch n {
		case 1:
			return &e.LogIndex
		case 2:
			return message{1: &e.LogID}.field
		case 3:
			return message{1: &e.Kind, 2: &e.Version}.field
		case 4:
			return &e.IntegratedTime
		case 5:
			return message{1: &e.SET}.field
		case 6:
			e.Proof = new(Proof)
			return e.Proof.field
		case 7:
			return &e.Body
		}
		return nil
	})
}

// field says where the fields of an inclusion proof go:
//
//	message InclusionProof { int64 log_index = 1; bytes root_hash = 2;
//	  int64 tree_size = 3; repeated bytes hashes = 4;
//	  Checkpoint checkpoint = 5; }             // { string envelope = 1; }
func (p *Proof) field(n protowire.Number) any {
	switch n {
	case 1:
		return &p.LogIndex
	case 2:
		return &p.RootHash
	case 3:
		return &p.TreeSize
	case 4:
		return &p.Hashes
	case 5:
		return message{1: &p.Checkpoint}.field
	}
	return nil
}

// A message says where the fields of a small message go, by their numbers.
type message [3]any

func (m message) field(n protowire.Number) any {
	if int(n) < len(m) {
		return m[n]
	}
	return nil
}

// readMessage reads a message. target gives the place for a field: *int64,
// *[]byte, *string, *[][]byte, or for a message inside, its own target
// function; nil for a field that is not known.
func readMessage(b []byte, target func(protowire.Number) any) error {
	var last protowire.Number
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return syntax("entry-form", "the log entry cannot be parsed: %w", protowire.ParseError(n))
		}
		dst := target(num)
		_, repeated := dst.(*[][]byte)
		switch {
		case dst == nil:
			return syntax("entry-unknown-field", "the log entry has a field %d without a meaning", num)
		case num == last && !repeated:
			return syntax("entry-repeated-field", "the log entry has field %d twice", num)
		case num < last:
			return syntax("entry-field-order", "the log entry has field %d after field %d", num, last)
		}
		last, b = num, b[n:]
		n, err := readField(b, num, typ, dst)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// readField reads the value of a field and returns how many bytes it took.
func readField(b []byte, num protowire.Number, typ protowire.Type, dst any) (int, error) {
	number, isNumber := dst.(*int64)
	want := protowire.BytesType
	if isNumber {
		want = protowire.VarintType
	}
	if typ != want {
		return 0, syntax("entry-wire-type", "field %d of the log entry has wire type %d, expected %d", num, typ, want)
	}
	var v uint64
	var value []byte
	var n int
	if isNumber {
		v, n = protowire.ConsumeVarint(b)
	} else {
		value, n = protowire.ConsumeBytes(b)
	}
	if n < 0 {
		return 0, syntax("entry-form", "the log entry cannot be parsed: %w", protowire.ParseError(n))
	}
	switch dst := dst.(type) {
	case *int64:
		*number = int64(v)
	case *[]byte:
		*dst = value
	case *string:
		*dst = string(value)
	case *[][]byte:
		*dst = append(*dst, value) // no more than maxEntry has room for, until checkShape counts
	case func(protowire.Number) any:
		return n, readMessage(value, dst)
	}
	return n, nil
}

// checkShape checks what holds for every entry, whatever it says: what must be
// there is there, and no longer than it can be.
func (e *Entry) checkShape() error {
	p := e.Proof
	switch {
	case len(e.LogID) != sha256.Size:
		return syntax("entry-log-id", "the log entry has a log id of %d bytes, expected %d", len(e.LogID), sha256.Size)
	case len(e.Kind) > maxWord || len(e.Version) > maxWord:
		return syntax("entry-kind", "the log entry's kind or version is longer than %d bytes", maxWord)
	case len(e.SET) > maxSET:
		return syntax("entry-set", "the signed entry timestamp has %d bytes, at most %d are read", len(e.SET), maxSET)
	case p == nil:
		return syntax("entry-proof", "the log entry has no inclusion proof")
	case e.LogIndex < 0 || e.IntegratedTime < 0 || p.LogIndex < 0 || p.TreeSize < 0:
		return syntax("entry-number", "the log entry has a negative index, size or time")
	case p.Checkpoint == "":
		return syntax("entry-checkpoint", "the inclusion proof has no checkpoint")
	case len(p.Checkpoint) > maxCheckpoint:
		return syntax("entry-checkpoint", "the checkpoint has %d bytes, at most %d are read", len(p.Checkpoint), maxCheckpoint)
	case len(p.RootHash) != sha256.Size:
		return syntax("entry-hashes", "the inclusion proof has a root hash of %d bytes, expected %d", len(p.RootHash), sha256.Size)
	case len(p.Hashes) > maxHashes:
		return syntax("entry-hashes", "the inclusion proof has more than %d hashes", maxHashes)
	}
	for _, h := range p.Hashes {
		if len(h) != sha256.Size {
			return syntax("entry-hashes", "the inclusion proof has a hash of %d bytes, expected %d", len(h), sha256.Size)
		}
	}
	return nil
}

func syntax(rule, format string, args ...any) *verdict.Error {
	return verdict.Errorf(verdict.Syntax, rule, format, args...)
}
