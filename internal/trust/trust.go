// Package trust answers which key, log or certificate authority counts at a
// given time. It is pure: bytes of a Sigstore trusted_root.json go in, keys
// with their validity come out. Who fetched those bytes, and when, is not its
// business.
//
// Specification: sigstore/protobuf-specs, sigstore_trustroot.proto, media type
// application/vnd.dev.sigstore.trustedroot+json.
package trust

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"sync/atomic"
	"time"
)

// An Interval is a span of time that contains both of its ends. A zero End
// means that it has not ended. The zero Interval contains nothing.
type Interval struct {
	Start, End time.Time
}

// Contains reports whether t lies inside, ends included.
func (i Interval) Contains(t time.Time) bool {
	if i.Start.IsZero() || t.Before(i.Start) {
		return false
	}
	return i.End.IsZero() || !t.After(i.End)
}

// A Root is everything that one Sigstore instance is trusted for.
// It is immutable after Parse and safe for concurrent use.
type Root struct {
	// Instance is the name of the Sigstore instance that this root speaks for.
	Instance string
	// Origin says for people where the root came from, and of which day it is
	// where that is known.
	Origin string
	// Checked is when the root was last known to be the instance's own: the
	// last time that TUF said so, for a built-in one the day it was taken, for a
	// file the day it was added. Zero: nobody knows.
	Checked time.Time
	// Expires is when the metadata ends by which TUF said so; zero if it is not
	// known. A root serves on after that: its age is what is shown.
	Expires time.Time
	// Digest is the SHA-256 of the JSON that was parsed.
	Digest [sha256.Size]byte

	CAs    []*Authority
	CTLogs []*Log
	Logs   []*Log
	TSAs   []*Authority
}

// An Authority is a certificate authority: one that certifies signers
// (Fulcio) or one that issues timestamps.
type Authority struct {
	URL string
	// Chain ends in the self-signed root. It begins with the certificate that
	// issues signers' certificates, or that signs timestamps.
	Chain []*x509.Certificate
	Valid Interval

	once    sync.Once
	checked atomic.Bool
	err     error // of the chain's check, once it is done
	// last is the certificate that was last found to be the authority's:
	// whoever signs looks at one twice.
	last atomic.Pointer[certified]
	// anchored leaves the signatures between the chain's certificates out.
	anchored bool
}

// A Log is a transparency log: Rekor v1, Rekor v2 or a certificate
// transparency log.
type Log struct {
	// ID names the log in entries and SCTs: SHA-256 of the key's
	// SubjectPublicKeyInfo, or for Ed25519 logs of Rekor v2 the full hash of
	// the checkpoint's note key.
	ID    [32]byte
	URL   string
	Key   crypto.PublicKey // *ecdsa.PublicKey, ed25519.PublicKey or *rsa.PublicKey
	Valid Interval
}

// Log returns the signature transparency log with this id, or nil.
func (r *Root) Log(id []byte) *Log { return find(r.Logs, id) }

// CTLog returns the certificate transparency log with this id, or nil.
func (r *Root) CTLog(id []byte) *Log { return find(r.CTLogs, id) }

func find(logs []*Log, id []byte) *Log {
	for _, l := range logs {
		if string(l.ID[:]) == string(id) {
			return l
		}
	}
	return nil
}
