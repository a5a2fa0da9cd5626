package rekor

import (
	"time"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// The names of the checks, in the order in which [Verify] reports them.
const (
	CheckNameEntry      = "entry"      // kind, log, body
	CheckNameInclusion  = "inclusion"  // the body is in the tree
	CheckNameCheckpoint = "checkpoint" // the tree is the log's
	CheckNameSET        = "set"        // Rekor v1: the log's promise, and its time
)

// A Check is the outcome of one check.
type Check struct {
	Name string
	// Err is nil if the check holds, or was skipped; else a *[verdict.Error].
	Err error
	// Skipped says that there is nothing to check: Rekor v2 has no SET.
	Skipped bool
}

// A Result is what a verified entry proves.
type Result struct {
	// Log is the one of the trusted root that has the entry.
	Log *trust.Log
	// Major is the version of Rekor, 1 or 2.
	Major int
	// IntegratedTime is when a log of version 1 says that it took the entry.
	// It is zero for version 2, which proves no time.
	IntegratedTime time.Time
}

// Verify checks that e is the entry of a signature in a log of the trusted
// root. digest, signature and leaf are those of [Entry.RebuiltBody].
//
// The result is nil unless every check holds. The checks are those that were
// reached: an entry that fails the first is not looked at further, since it is
// of no known log or of another signature; the others do not depend on each
// other. A log that is not known is a failure of class Material, whatever its
// entry says besides.
func Verify(e *Entry, digest [32]byte, signature, leaf []byte, root *trust.Root) (*Result, []Check) {
	body, log, err := e.identify(digest, signature, leaf, root)
	if err != nil {
		return nil, []Check{{Name: CheckNameEntry, Err: err}}
	}
	checks := []Check{
		{Name: CheckNameEntry},
		{Name: CheckNameInclusion, Err: e.CheckInclusion(body)},
		{Name: CheckNameCheckpoint, Err: e.CheckCheckpoint(log)},
		{Name: CheckNameSET, Skipped: true},
	}
	r := &Result{Log: log, Major: e.MajorVersion()}
	if r.Major == 1 {
		r.IntegratedTime = e.integrated()
		checks[3] = Check{Name: CheckNameSET, Err: e.CheckSET(body, log)}
	}
	for _, c := range checks {
		if c.Err != nil {
			return nil, checks
		}
	}
	return r, checks
}

// identify says which body in which log the entry stands for.
func (e *Entry) identify(digest [32]byte, signature, leaf []byte, root *trust.Root) ([]byte, *trust.Log, error) {
	if err := e.checkShape(); err != nil {
		return nil, nil, err
	}
	if err := e.CheckKind(); err != nil {
		return nil, nil, err
	}
	log := root.Log(e.LogID)
	if log == nil {
		return nil, nil, verdict.Errorf(verdict.Material, "unknown-log", "the log entry is of log %x, which the trusted root does not know", e.LogID)
	}
	body, err := e.RebuiltBody(digest, signature, leaf)
	return body, log, err
}
