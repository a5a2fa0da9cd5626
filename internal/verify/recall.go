package verify

import (
	"crypto/x509"

	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/payload"
	"github.com/paraph/paraph/internal/verdict"
)

// Recall is the Result of a signature that held when it was verified before,
// by this build and under these very roots. The caller vouches for that, for
// the certificate, and for what was found then: kept has the CAs, the log
// entry, times, checks and the root. All else is read from the signed bytes and the
// certificate anew.
//
// Nothing is verified here: package cache calls it, and nobody else.
func Recall(signed, certificate []byte, kept *Result, t Trust) (*Result, bool) {
	p, err := payload.Parse(signed)
	if err != nil {
		return nil, false
	}
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, false
	}
	id, err := fulcio.ParseIdentity(leaf)
	if err != nil {
		return nil, false
	}
	r := &Result{
		Verdict: verdict.Valid, Kind: p.Kind,
		Signer:  &Signer{Identity: *id, Instance: kept.Root.Instance, CAs: kept.Signer.CAs},
		Claimed: Display(id.Name, id.Issuer),
		Log:     kept.Log, LogTime: kept.LogTime, Timestamps: kept.Timestamps, Checks: kept.Checks,
		Root: kept.Root,
	}
	r.setLeaf(leaf)
	r.RootAge, _ = t.age(kept.Root)
	return r, true
}
