package verify

import (
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// checkNote looks for an entry beside a signature that carries none. The first
// line of the note that proves counts, all others are as absent: a note lifts a
// signature that is unproven, and never makes another one worse.
func (r *Result) checkNote(o *Opened, ca *trust.Path, root *trust.Root) *rekor.Result {
	proven := r.readNote(o, ca, root)
	if proven == nil {
		for _, name := range []string{CheckEntry, CheckInclusion, CheckCheckpoint, CheckSET} {
			r.skip(name, "the signature carries no log entry")
		}
		return nil
	}
	r.checkLogged(proven.Checks, proven.Entry, fmt.Sprintf(", from a note; bound by SHA-1 %s: %s", proven.ID.ID, proven.ID.Form))
	r.setLog(proven.Entry, proven.Result, SourceNote)
	r.Timestamps = append(r.Timestamps, proven.Timestamps...)
	return proven.Result
}

func (r *Result) readNote(o *Opened, ca *trust.Path, root *trust.Root) *proof.Proven {
	if o.note.Read == nil || ca == nil || r.Err != nil {
		return nil
	}
	note, err := o.note.Read()
	if err != nil {
		r.noteErr = fmt.Errorf("it cannot be read: %w", err)
		return nil
	}
	lines := proof.Lines(note)
	if len(lines) == 0 {
		return nil
	}
	ids := o.LoggedIDs(o.note.ObjectID)
	for _, line := range lines {
		proven, err := o.line(line, ids, ca, root)
		if err == nil {
			return proven
		}
		if r.noteErr == nil {
			r.noteErr = err
		}
	}
	return nil
}

// RuleNoEntry is the rule of a signature that is unproven because no log entry
// is in hand: one that a note can lift.
const RuleNoEntry = "no-entry"

// LoggedIDs are the ids that can have been logged for the object, see
// [proof.LoggedIDs].
func (o *Opened) LoggedIDs(objectID string) []proof.LoggedID {
	return proof.LoggedIDs(o.signed, o.armored, objectID)
}

// Prove reports what a bundle proves of the signature, whose object has the
// id: that it does is what a note of the object would have to say. The error is
// a *verdict.Error.
func (o *Opened) Prove(b *proof.Bundle, objectID string, t Trust) (*proof.Proven, error) {
	if o.sd == nil {
		return nil, verdict.Errorf(verdict.Binding, "note-object", "the object's signature does not hold, whatever was logged")
	}
	ids := o.LoggedIDs(objectID)
	if _, err := b.Match(ids); err != nil {
		return nil, err // before anything that costs
	}
	var first error
	for _, i := range t.issuers(o.sd) {
		err := i.err
		if err == nil {
			var proven *proof.Proven
			if proven, err = o.bundle(b, ids, i.ca, i.root); err == nil {
				return proven, nil
			}
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// line is what one line of a note proves.
func (o *Opened) line(line []byte, ids []proof.LoggedID, ca *trust.Path, root *trust.Root) (*proof.Proven, error) {
	b, err := proof.Parse(line)
	if err != nil {
		return nil, err
	}
	return o.bundle(b, ids, ca, root)
}

// bundle is what a bundle proves of the signature, at a time inside of the
// certificate.
func (o *Opened) bundle(b *proof.Bundle, ids []proof.LoggedID, ca *trust.Path, root *trust.Root) (*proof.Proven, error) {
	proven, err := b.Verify(o.sd.Leaf, ids, root)
	if err != nil {
		return nil, err
	}
	times := proven.Timestamps
	if t := proven.IntegratedTime; !t.IsZero() {
		times = append([]time.Time{t}, times...)
	}
	if len(times) == 0 {
		return nil, verdict.Errorf(verdict.Proof, "no-timestamp", "the log proves no time, and the bundle brings no timestamp")
	}
	for _, t := range times {
		if err := validAt(t, o.sd, ca, proven.Result); err != nil {
			return nil, err
		}
	}
	return proven, nil
}
