package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/fulcio"
	"github.com/paraph/paraph/internal/smime"
	"github.com/paraph/paraph/internal/verdict"
)

// InstanceSMIME stands for no Sigstore instance: a CA certified the signer, and
// no OpenID Connect issuer vouches for the name. No instance may be called so.
const InstanceSMIME = "smime"

// ClaimSMIMECA is the claim of an S/MIME signer that names the root of its
// chain: "sha256:" and the digest of the certificate in hexadecimal.
const ClaimSMIMECA = "smimeCA"

// smimeLeaf returns the signer's certificate if it is not one of Fulcio's, nil
// if it is, or if there is none. sd and err are what package cms made of the
// message: others write CMS in more forms than it reads.
func smimeLeaf(sd *cms.SignedData, err error, ber []byte) *x509.Certificate {
	var leaf *x509.Certificate
	if err == nil {
		leaf = sd.Leaf
	} else if leaf, err = smime.Leaf(ber); err != nil {
		return nil
	}
	if fulcio.IsLeaf(leaf) {
		return nil
	}
	return leaf
}

// againstSMIME tells the story of a classic S/MIME signature.
func (o *Opened) againstSMIME(t Trust) *Result {
	r := o.r.clone()
	roots, now := t.SMIMERoots, t.Now
	if roots == nil { // no CA is known at any time
		roots, now = func() (*x509.CertPool, error) { return x509.NewCertPool(), nil }, r.Leaf.NotBefore
	}
	if name, err := smime.Email(r.Leaf); err == nil {
		r.Claimed = Display(name, r.Leaf.Issuer.String())
	}
	verified, checks := smime.Verify(o.signed, o.smime, smime.Options{Roots: roots, Now: now})
	for _, c := range checks {
		switch {
		case c.Skipped:
			r.skip(c.Name, c.Detail)
		case c.Name == CheckFormat:
			r.check(c.Name, c.Err, verdict.Syntax, fmt.Sprintf("one S/MIME signature over a %s", r.Kind))
		default:
			r.check(c.Name, c.Err, verdict.Infrastructure, c.Detail)
		}
	}
	for _, name := range []string{CheckSCT, CheckEntry, CheckInclusion, CheckCheckpoint, CheckSET} {
		r.skip(name, "an S/MIME signature is in no log")
	}
	if verified == nil {
		if r.Err == nil { // nothing holds that nobody vouches for
			r.fail(CheckChain, verdict.Errorf(verdict.Syntax, "smime", "the S/MIME signature does not hold"), verdict.Syntax)
		}
		return r.finish()
	}
	r.Hash = verified.Hash
	root := verified.Chain[len(verified.Chain)-1]
	r.Signer = &Signer{Instance: InstanceSMIME, Identity: fulcio.Identity{
		Name: verified.Email, Issuer: root.Subject.String(),
		Claims: map[string]string{ClaimSMIMECA: fmt.Sprintf("sha256:%x", sha256.Sum256(root.Raw))},
	}}
	if !verified.Timestamp.IsZero() {
		r.Timestamps = append(r.Timestamps, verified.Timestamp)
	}
	return r.finish()
}
