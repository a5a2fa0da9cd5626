package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/tsa"
	"github.com/paraph/paraph/internal/verdict"
)

// checkProofs verifies what the signature carries as proof, or what lies beside
// it: its log entry, its timestamp, and the times that they prove.
func (r *Result) checkProofs(o *Opened, ca *trust.Path, i issuer) {
	log := r.checkEntry(o, ca, i.root)
	r.checkTimestamp(i.token)
	r.checkTime(o.sd, ca, log)
}

// attribute returns the value of an unsigned attribute, nil if there is none.
// That no type is without a meaning, none stands twice and each has one value
// is what package cms saw to.
func attribute(sd *cms.SignedData, is func(cms.Attribute) bool) []byte {
	for _, a := range sd.UnsignedAttributes {
		if is(a) {
			return a.Values[0]
		}
	}
	return nil
}

// checkEntry verifies the log entry, and returns what it proves: nil if there
// is none that does.
func (r *Result) checkEntry(o *Opened, ca *trust.Path, root *trust.Root) *rekor.Result {
	sd := o.sd
	value := attribute(sd, func(a cms.Attribute) bool { return a.Type.Equal(cms.OIDTransparencyLogEntry) })
	if value == nil {
		return r.checkNote(o, ca, root)
	}
	in := cryptobyte.String(value)
	var pb cryptobyte.String
	if !in.ReadASN1(&pb, asn1.OCTET_STRING) || !in.Empty() {
		r.fail(CheckEntry, verdict.Errorf(verdict.Syntax, "entry-form", "the log entry's attribute is not an OCTET STRING"), verdict.Syntax)
		return nil
	}
	entry, err := rekor.ParseEntry(pb)
	if err != nil {
		r.fail(CheckEntry, err, verdict.Syntax)
		return nil
	}
	proven, checks := rekor.Verify(entry, sha256.Sum256(sd.RawSignedAttributes), sd.Signature, sd.Leaf.Raw, root)
	r.checkLogged(checks, entry, "")
	if proven == nil {
		return nil
	}
	r.setLog(entry, proven, SourceEmbedded)
	return proven
}

// checkLogged records the checks of an entry. What follows the detail of the
// first says more about it.
func (r *Result) checkLogged(checks []rekor.Check, entry *rekor.Entry, more string) {
	for _, c := range checks {
		switch {
		case c.Skipped:
			r.skip(c.Name, "Rekor v2 promises nothing")
		case c.Name == CheckEntry:
			r.check(c.Name, c.Err, verdict.Log, entryDetail(c.Name, entry)+more)
		default:
			r.check(c.Name, c.Err, verdict.Log, entryDetail(c.Name, entry))
		}
	}
}

func (r *Result) setLog(entry *rekor.Entry, proven *rekor.Result, source string) {
	r.Log = &LogEntry{LogID: entry.LogID, Index: entry.LogIndex, Kind: entry.Kind + " " + entry.Version, Major: proven.Major, Source: source}
	r.LogTime = proven.IntegratedTime
}

func entryDetail(check string, e *rekor.Entry) string {
	switch check {
	case CheckEntry:
		return fmt.Sprintf("%s %s, index %d of log %s", e.Kind, e.Version, e.LogIndex, hex.EncodeToString(e.LogID))
	case CheckInclusion:
		return fmt.Sprintf("leaf %d of a tree of %d", e.Proof.LogIndex, e.Proof.TreeSize)
	case CheckCheckpoint:
		return "signed by the log"
	}
	return "promised for " + time.Unix(e.IntegratedTime, 0).UTC().Format(time.RFC3339)
}

// A pendingTimestamp is the verification of a token that goes on beside that
// of the certificate: they do not depend on each other, and take as long.
type pendingTimestamp struct {
	done     chan struct{}
	verified *tsa.Timestamp
	err      error
	panicked any
}

// startTimestamp begins to verify the RFC 3161 token, which is over the
// signature. It returns nil if there is none.
func startTimestamp(sd *cms.SignedData, root *trust.Root) *pendingTimestamp {
	token := attribute(sd, func(a cms.Attribute) bool { return a.Type.Equal(cms.OIDTimeStampToken) })
	if token == nil {
		return nil
	}
	p := &pendingTimestamp{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer func() { p.panicked = recover() }()
		p.verified, p.err = tsa.Verify(token, sd.Signature, root)
	}()
	return p
}

// wait returns what came of it; a panic goes on in the caller.
func (p *pendingTimestamp) wait() (*tsa.Timestamp, error) {
	<-p.done
	if p.panicked != nil {
		panic(p.panicked)
	}
	return p.verified, p.err
}

// checkTimestamp records what came of the token.
func (r *Result) checkTimestamp(token *pendingTimestamp) {
	if token == nil {
		r.skip(CheckTimestamp, "the signature carries no timestamp")
		return
	}
	t, err := token.wait()
	if err != nil {
		r.fail(CheckTimestamp, err, verdict.Time)
		return
	}
	r.pass(CheckTimestamp, fmt.Sprintf("%s by %s", t.Time.Format(time.RFC3339), t.Authority.URL))
	r.Timestamps = append(r.Timestamps, t.Time)
}

// checkTime holds every proven time against the certificate, its authority
// and the log: each must have been valid then. A signature counts from the
// moment that a log and a clock other than the signer's saw it.
func (r *Result) checkTime(sd *cms.SignedData, ca *trust.Path, log *rekor.Result) {
	if ca == nil {
		return // the certificate proves nothing, at no time
	}
	proven := r.Timestamps
	if !r.LogTime.IsZero() {
		proven = append([]time.Time{r.LogTime}, proven...)
	}
	for _, t := range proven {
		if err := validAt(t, sd, ca, log); err != nil {
			r.fail(CheckTime, err, verdict.Time)
			return
		}
	}
	switch {
	case r.Err != nil:
		return // what is proven does not matter any more
	case log == nil && r.noteErr != nil:
		r.fail(CheckTime, verdict.Errorf(verdict.Proof, RuleNoEntry, "the signature carries no proof that it was logged, and its note proves nothing: %w", r.noteErr), verdict.Proof)
	case log == nil:
		r.fail(CheckTime, verdict.Errorf(verdict.Proof, RuleNoEntry, "the signature carries no proof that it was logged"), verdict.Proof)
	case len(proven) == 0:
		r.fail(CheckTime, verdict.Errorf(verdict.Proof, "no-timestamp", "the log proves no time, and the signature carries no timestamp"), verdict.Proof)
	default:
		r.pass(CheckTime, fmt.Sprintf("%d proven, inside the certificate's %s to %s", len(proven),
			r.NotBefore.Format(time.RFC3339), r.NotAfter.Format(time.RFC3339)))
	}
}

// validAt checks one proven time. All intervals contain their ends.
func validAt(t time.Time, sd *cms.SignedData, ca *trust.Path, log *rekor.Result) error {
	if t.Before(sd.Leaf.NotBefore) || t.After(sd.Leaf.NotAfter) {
		return verdict.Errorf(verdict.Window, "certificate-window", "signed at %s, and the certificate is valid from %s to %s",
			t.UTC().Format(time.RFC3339), sd.Leaf.NotBefore.UTC().Format(time.RFC3339), sd.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	if err := ca.Covers(t); err != nil {
		return err
	}
	if log != nil && !log.Log.Valid.Contains(t) {
		return verdict.Errorf(verdict.Time, "log-window", "the trusted root does not trust the log at %s", t.UTC().Format(time.RFC3339))
	}
	return nil
}
