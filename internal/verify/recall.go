package verify

import (
	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/verdict"
)

// Recall is the Result of a signature that held when it was verified before,
// by this build and under these very roots. The caller vouches for that, and
// for what was found then: kept has the log entry, times, checks and the root.
// All else is read from the signature anew.
//
// Nothing is verified here: package cache calls it, and nobody else.
func Recall(signed, armored []byte, kept *Result, t Trust) (*Result, bool) {
	r := new(Result)
	der := r.unarmor(signed, armored)
	if der == nil {
		return nil, false
	}
	sd, err := cms.Parse(der)
	if err != nil || !r.checkForm(sd) {
		return nil, false
	}
	id, err := fulcio.ParseIdentity(sd.Leaf)
	if err != nil {
		return nil, false
	}
	r.Signer = &Signer{Identity: *id, Instance: kept.Root.Instance}
	r.Log, r.LogTime, r.Timestamps, r.Checks = kept.Log, kept.LogTime, kept.Timestamps, kept.Checks
	r.Root = kept.Root
	r.RootAge, _ = t.age(kept.Root)
	r.Verdict = verdict.Valid
	return r, true
}
