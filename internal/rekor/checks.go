package rekor

import (
	"crypto/ecdsa"
	"fmt"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

const kindHashedRekord = "hashedrekord"

// CheckKind checks that the entry is of a kind that is understood here, and
// keeps to the form of its major version. Failures are of class Syntax.
//
// Rekor v2 proves no time. A time that an entry brings there is nobody's word
// but the writer's, so it must not be there.
func (e *Entry) CheckKind() error {
	known := e.Kind == kindHashedRekord && (e.Version == "0.0.1" || e.Version == "0.0.2")
	switch {
	case !known:
		return syntax("entry-kind", "the log entry is of kind %q version %q, only hashedrekord 0.0.1 and 0.0.2 count", e.Kind, e.Version)
	case e.MajorVersion() == 1 && e.Version != "0.0.1":
		return syntax("entry-kind", "the log entry has a signed entry timestamp, which hashedrekord %s does not have", e.Version)
	case e.MajorVersion() == 2 && e.IntegratedTime != 0:
		return syntax("entry-time", "the log entry states a time that no signed entry timestamp proves")
	}
	return nil
}

// CheckInclusion checks that the body is a leaf of the tree that the proof
// names, at the index it names (RFC 6962 section 2.1.1). That a log has this
// tree is what [Entry.CheckCheckpoint] shows. Failures are of class Log.
//
// Rekor v2 has no shards behind one index: both indexes are the same number.
// In Rekor v1 the index over all shards is part of what the SET signs.
func (e *Entry) CheckInclusion(body []byte) error {
	if err := e.checkShape(); err != nil {
		return err
	}
	p := e.Proof
	if e.MajorVersion() == 2 && e.LogIndex != p.LogIndex {
		return verdict.Errorf(verdict.Log, "entry-index", "the log entry has index %d, its inclusion proof %d", e.LogIndex, p.LogIndex)
	}
	err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(p.LogIndex), uint64(p.TreeSize),
		rfc6962.DefaultHasher.HashLeaf(body), p.Hashes, p.RootHash)
	if err != nil {
		// The library's words quote hashes over several lines.
		return &verdict.Error{Class: verdict.Log, Rule: "inclusion", Err: err, Message: "the entry is of another signature, or the inclusion proof does not lead to its tree"}
	}
	return nil
}

// CheckSET checks the signed entry timestamp of a Rekor v1 entry: the log's
// promise to include body, and when it was given. It is an ECDSA signature
// over the canonical JSON of four members (RFC 8785).
//
// A false promise is a failure of class Log; one that is given at a time when
// the log's key was not valid, of class Time.
func (e *Entry) CheckSET(body []byte, log *trust.Log) error {
	if _, ok := log.Key.(*ecdsa.PublicKey); !ok {
		return verdict.Errorf(verdict.Log, "set-key", "the log's key is not ECDSA, it gives no signed entry timestamps")
	}
	promised := fmt.Appendf(nil, `{"body":"%s","integratedTime":%d,"logID":"%x","logIndex":%d}`,
		encode(body), e.IntegratedTime, e.LogID, e.LogIndex)
	if !verifyMessage(log.Key, promised, e.SET) {
		return verdict.Errorf(verdict.Log, "set-signature", "the signed entry timestamp is not the log's for this entry")
	}
	if t := e.integrated(); !log.Valid.Contains(t) {
		return verdict.Errorf(verdict.Time, "log-window", "the log integrated the entry at %s, when its key was not valid", t.Format(time.RFC3339))
	}
	return nil
}

func (e *Entry) integrated() time.Time { return time.Unix(e.IntegratedTime, 0).UTC() }
