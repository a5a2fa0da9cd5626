// Package rekor reads entries of Sigstore's transparency log and checks what
// they prove: that a signature was logged, and in Rekor v1 when.
//
// It is pure: bytes and a trusted root go in, no network is reached and no
// clock is asked. In the order of need:
//
//   - [ParseEntry] reads the entry that a signature carries.
//   - [Verify] runs all checks, and lists them one by one.
//   - [ParseV1Response] and [ParseV2Response] read what a log answers.
//
// Entries of Rekor v1 and v2 have one form on the wire and different rules.
// A signed entry timestamp (SET) decides which apply, see
// [Entry.MajorVersion]. A label cannot: gitsign writes entries of v2 under
// that of v1.
//
// Specifications: sigstore/protobuf-specs sigstore_rekor.proto, RFC 6962
// section 2.1 (Merkle tree), C2SP signed-note and tlog-checkpoint, RFC 8785
// (canonical JSON).
package rekor

import "errors"

// ErrExists says that a log has an entry already and does not give it out.
var ErrExists = errors.New("the log has this entry already and does not give it out")

// An Entry is a log entry as somebody wrote it down. Nothing in it is true
// before [Verify] says so.
type Entry struct {
	LogIndex       int64  // over all shards of the log
	LogID          []byte // 32 bytes, see [trust.Log]
	Kind, Version  string // "hashedrekord", "0.0.1"
	IntegratedTime int64  // Unix seconds; 0 in Rekor v2
	SET            []byte // signed entry timestamp, DER ECDSA signature; none in Rekor v2
	Proof          *Proof // never nil after parsing
	Body           []byte // canonical body, nil unless the entry brings one
}

// A Proof is an inclusion proof, and the signed checkpoint that it leads to.
type Proof struct {
	LogIndex   int64    // in the shard
	TreeSize   int64    // entries of the shard
	RootHash   []byte   // SHA-256
	Hashes     [][]byte // SHA-256 each, leaf to root
	Checkpoint string   // a signed note
}

// MajorVersion returns the version of Rekor whose rules the entry must meet:
// 1 if there is a signed entry timestamp, else 2.
//
// Nobody gains by taking the timestamp away or adding one: the included leaf
// must be the body of that version, which the other never logs.
func (e *Entry) MajorVersion() int {
	if len(e.SET) > 0 {
		return 1
	}
	return 2
}
