package verify

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// A Result is the answer to one verification. Its zero value verified
// nothing: the verdict is none of the known ones.
type Result struct {
	Verdict verdict.Verdict
	// Err is the rule that was broken, nil for valid and trusted.
	Err *verdict.Error

	Kind payload.Kind
	// Signer is who signed; nil unless signature, chain and certificate hold.
	Signer *Signer
	// Claimed is the name inside a certificate that did not hold, for display
	// next to a bad verdict and for nothing else.
	Claimed string
	// Leaf is the certificate that came with the signature, nil if none could
	// be read. Only beside a Signer has anybody vouched for it.
	Leaf *x509.Certificate
	// Hash is the digest algorithm of an S/MIME signature; 0 for those of
	// Sigstore, which is SHA-256 always.
	Hash crypto.Hash
	// Fingerprint is the SHA-256 of the certificate that came with the
	// signature, zero if none could be read. For NotBefore and NotAfter the same.
	Fingerprint         [sha256.Size]byte
	NotBefore, NotAfter time.Time

	// LogTime and Timestamps are proven times: a Rekor v1 log's promise, and
	// RFC 3161 tokens.
	LogTime    time.Time
	Timestamps []time.Time
	// Log is the entry that proves, nil if there is none.
	Log *LogEntry

	Checks []Check

	// Root is the trusted root that was asked, nil if none was; RootAge is how
	// long ago somebody checked that it is the instance's, 0 if that is not known.
	Root    *trust.Root
	RootAge time.Duration

	// noteErr is why the first line of the note proves nothing.
	noteErr error
}

// A Signer is a verified identity, as one Sigstore instance certified it.
type Signer struct {
	fulcio.Identity
	Instance string
	// CAs are the SHA-256 of the certificates that lead to the signer's, the
	// self-signed root last. An instance's name is what this machine calls it;
	// these say which one it is. None for S/MIME, see [ClaimSMIMECA].
	CAs [][sha256.Size]byte
}

// A LogEntry says where the signature stands in a transparency log.
type LogEntry struct {
	LogID []byte
	Index int64
	Kind  string // "hashedrekord 0.0.1"
	Major int    // API version of the log, 1 or 2
	// Source says where the entry was: SourceEmbedded or SourceNote.
	Source string
}

// Where a log entry can be.
const (
	SourceEmbedded = "embedded" // in the signature
	SourceNote     = "note"     // in a git note of the object
)

// A Check is one line of the story.
type Check struct {
	Name    string
	OK      bool
	Skipped bool // there was nothing to check
	Detail  string
}

// The names of the checks, in the order in which they are reported.
const (
	CheckFormat     = "format"
	CheckDigest     = "digest"
	CheckSignature  = "signature"
	CheckChain      = "chain"
	CheckSCT        = "sct"
	CheckEntry      = "entry"
	CheckInclusion  = "inclusion"
	CheckCheckpoint = "checkpoint"
	CheckSET        = "set"
	CheckTimestamp  = "timestamp"
	CheckTime       = "time"
	CheckPolicy     = "policy"
)

var order = []string{
	CheckFormat, CheckDigest, CheckSignature, CheckChain, CheckSCT, CheckEntry,
	CheckInclusion, CheckCheckpoint, CheckSET, CheckTimestamp, CheckTime, CheckPolicy,
}

// Time returns the proven time of the signature that is shown, the log's
// before a timestamp's, and zero if none is proven.
func (r *Result) Time() time.Time {
	if !r.LogTime.IsZero() {
		return r.LogTime
	}
	if len(r.Timestamps) > 0 {
		return r.Timestamps[0]
	}
	return time.Time{}
}

// Times returns all proven times.
func (r *Result) Times() []time.Time {
	if r.LogTime.IsZero() {
		return r.Timestamps
	}
	return append([]time.Time{r.LogTime}, r.Timestamps...)
}

// ByKey is the result for a signature that holds by a key without a
// certificate: SSH or OpenPGP, in the words of key. No time is proven.
func ByKey(kind payload.Kind, key string) *Result {
	r := &Result{Kind: kind}
	r.pass(CheckFormat, fmt.Sprintf("one signature over a %s", kind))
	r.pass(CheckDigest, "of the signed bytes")
	r.pass(CheckSignature, "by "+key)
	for _, name := range order[3:] {
		r.skip(name, "the key has no certificate, and is in no log")
	}
	r.Checks[len(r.Checks)-1].Detail = "nobody said whom to trust here"
	return r.finish()
}

// PrimaryID stays the same for a signer while certificates change: SHA-256
// over instance, issuer and name, separated by NUL.
func (s *Signer) PrimaryID() [sha256.Size]byte {
	return sha256.Sum256([]byte(s.Instance + "\x00" + s.Issuer + "\x00" + s.Name))
}

// severity orders verdicts where several checks failed: what cannot be read
// before what is false, what is false before what is not known.
var severity = map[verdict.Verdict]int{
	verdict.Unproven: 1, verdict.Unknown: 2, verdict.Expired: 3, verdict.Bad: 4, verdict.Malformed: 5,
}

// pass and fail write a line of the story. The worst failure so far decides
// the verdict; among equals the first.
func (r *Result) pass(name, detail string) {
	r.Checks = append(r.Checks, Check{Name: name, OK: true, Detail: detail})
}

func (r *Result) skip(name, why string) {
	r.Checks = append(r.Checks, Check{Name: name, Skipped: true, Detail: why})
}

func (r *Result) fail(name string, err error, class verdict.Class) {
	e := verdict.As(err, class, name)
	r.Checks = append(r.Checks, Check{Name: name, Detail: e.Message})
	if v := e.Class.Verdict(); r.Err == nil || severity[v] > severity[r.Verdict] {
		r.Verdict, r.Err = v, e
	}
}

// check writes pass or fail, and reports which.
func (r *Result) check(name string, err error, class verdict.Class, detail string) bool {
	if err != nil {
		r.fail(name, err, class)
		return false
	}
	r.pass(name, detail)
	return true
}

// clone copies what was found so far, for another end of the story.
func (r *Result) clone() *Result {
	out := *r
	out.Checks = slices.Clone(r.Checks)
	out.Timestamps = slices.Clone(r.Timestamps)
	return &out
}

// finish decides the verdict and names the checks that were not reached.
func (r *Result) finish() *Result {
	done := map[string]Check{}
	for _, c := range r.Checks {
		done[c.Name] = c
	}
	r.Checks = r.Checks[:0]
	for _, name := range order {
		c, ok := done[name]
		switch {
		case ok:
		case name == CheckPolicy:
			c = Check{Name: name, Skipped: true, Detail: "nobody said whom to trust here"}
		default:
			c = Check{Name: name, Detail: "not reached"}
		}
		r.Checks = append(r.Checks, c)
	}
	if r.Err == nil {
		r.Verdict = verdict.Valid
	}
	return r
}

// Judge records what somebody who may say so says of the signer. It changes
// the verdict of a signature that holds, and no other.
func (r *Result) Judge(err *verdict.Error, detail string) {
	if r.Verdict != verdict.Valid {
		return
	}
	c := Check{Name: CheckPolicy, OK: err == nil, Detail: detail}
	r.Verdict = verdict.Trusted
	if err != nil {
		r.Verdict, r.Err, c.Detail = verdict.Refused, err, err.Message
	}
	for i := range r.Checks {
		if r.Checks[i].Name == CheckPolicy {
			r.Checks[i] = c
		}
	}
}

// Undecided records that whoever may say so could not say it without knowing
// more, which err asks for: a signature that holds stays valid.
func (r *Result) Undecided(err *verdict.Error) {
	if r.Verdict != verdict.Valid {
		return
	}
	r.Err = err
	for i := range r.Checks {
		if r.Checks[i].Name == CheckPolicy {
			r.Checks[i] = Check{Name: CheckPolicy, Skipped: true, Detail: err.Message}
		}
	}
}

// Reject records a contradiction that was found outside of the signature,
// such as the name under which an object stands. An object without a signature
// stays one: nobody signed what could be contradicted.
func (r *Result) Reject(err *verdict.Error) {
	if r.Verdict == verdict.Unsigned {
		return
	}
	if v := err.Class.Verdict(); severity[v] > severity[r.Verdict] {
		r.Verdict, r.Err, r.Signer = v, err, nil
	}
	for i := range r.Checks {
		if r.Checks[i].Name == CheckFormat {
			r.Checks[i] = Check{Name: CheckFormat, Detail: err.Message}
		}
	}
}
