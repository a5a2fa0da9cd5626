package git

import (
	"crypto/x509"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verify"
)

// A Signature is one that was verified. Only Verify makes one; of the zero
// value no method says anything, and Verdict is empty.
//
// What its methods return is to be read only.
type Signature struct {
	format  Format
	typ     Type
	id      string
	payload []byte
	result  *verify.Result
}

// verified returns the result behind a Signature, an empty one for the zero value.
func (s *Signature) verified() *verify.Result {
	if s.result == nil {
		return new(verify.Result)
	}
	return s.result
}

// Verdict returns VerdictTrusted if one of VerifyOptions.Signers signed, and
// VerdictValid if AnySigner would do.
func (s *Signature) Verdict() Verdict { return Verdict(s.verified().Verdict) }

// Format returns the format of the object's repository.
func (s *Signature) Format() Format { return s.format }

// Type returns the type of the object.
func (s *Signature) Type() Type { return s.typ }

// ID returns the object's id, computed from its bytes.
func (s *Signature) ID() string { return s.id }

// Payload returns the bytes that were signed: the raw object without its
// signature. What a caller reads out of a verified object, it reads from here.
func (s *Signature) Payload() []byte { return s.payload }

// A TagTarget is what a signed tag says of itself.
type TagTarget struct {
	Name string // the tag's name, without refs/tags/
	ID   string // of the object that it leads to
	Type string // of that object: commit, tree, blob or tag
}

// Tag returns what a tag says of itself, and the zero value for other objects.
// Whoever came here by a ref compares its name: a tag that was moved to
// another one is signed all the same.
func (s *Signature) Tag() TagTarget {
	if s.typ != Tag {
		return TagTarget{}
	}
	p, err := payload.Parse(s.payload)
	if err != nil {
		return TagTarget{}
	}
	return TagTarget{Name: p.TagName, ID: p.Object, Type: p.ObjectType}
}

// Identity returns who signed.
func (s *Signature) Identity() Identity { return identityOf(s.verified()) }

// identityOf returns the signer of a result, the zero Identity, which is
// nobody's, if there is none.
func identityOf(r *verify.Result) Identity {
	if r.Signer == nil {
		return Identity{}
	}
	return Identity{r.Signer.Name, r.Signer.Issuer}
}

// By reports whether this identity signed: its name and issuer, both exactly.
// It decides among several of VerifyOptions.Signers, or after AnySigner.
func (s *Signature) By(id Identity) bool {
	return id.Name != "" && id.Issuer != "" && s.Identity() == id
}

// Claims returns what else the certificate says of the signer, such as the
// repository and workflow of a CI job, by the names of docs/oid-info.md in
// sigstore/fulcio, each as one word: buildSignerURI.
func (s *Signature) Claims() map[string]string {
	if signer := s.verified().Signer; signer != nil {
		return maps.Clone(signer.Claims)
	}
	return nil
}

// Instance returns the name of the Sigstore instance that the signer was
// certified by, as ParseTrustedRoot was told.
func (s *Signature) Instance() string {
	if signer := s.verified().Signer; signer != nil {
		return signer.Instance
	}
	return ""
}

// Certificate returns the signer's certificate.
func (s *Signature) Certificate() *x509.Certificate { return s.verified().Leaf }

// Time returns when the signature was made at the latest, in UTC: the log's
// time, else that of the first timestamp. The signer's own clock plays no part.
func (s *Signature) Time() time.Time { return s.verified().Time() }

// LogTime returns when the log took the signature; zero from Rekor v2, which
// proves no time.
func (s *Signature) LogTime() time.Time { return s.verified().LogTime }

// Timestamps returns the times that timestamp authorities signed (RFC 3161).
func (s *Signature) Timestamps() []time.Time { return slices.Clone(s.verified().Timestamps) }

// A LogEntry says where a signature stands in a transparency log.
type LogEntry struct {
	LogID string // lowercase hexadecimal, as a trusted root lists it
	Index int64  // over all shards of the log
	Kind  string // such as "hashedrekord 0.0.1"
	Major int    // API version of the log: 1 or 2
}

// Log returns where the signature is logged.
func (s *Signature) Log() LogEntry {
	e := s.verified().Log
	if e == nil {
		return LogEntry{}
	}
	return LogEntry{LogID: hex.EncodeToString(e.LogID), Index: e.Index, Kind: e.Kind, Major: e.Major}
}

// A Check is one line of the story of a verification.
type Check struct {
	// Name is one of format, digest, signature, chain, sct, entry, inclusion,
	// checkpoint, set, timestamp, time, policy.
	Name    string
	OK      bool
	Skipped bool   // there was nothing to check
	Detail  string // for people; may quote what an attacker wrote
}

// Checks returns all checks, in the order in which they are told.
func (s *Signature) Checks() []Check { return checksOf(s.verified()) }

func checksOf(r *verify.Result) []Check {
	var out []Check
	for _, c := range r.Checks {
		out = append(out, Check(c))
	}
	return out
}
