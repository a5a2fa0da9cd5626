package report

import (
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// explain says of a result that is not good what is wrong with objects of its
// kind, and what to do. It quotes nobody.
func explain(r *verify.Result) (what, next string) {
	if r.Err == nil {
		return explainVerdict(r.Verdict)
	}
	switch r.Err.Class {
	case verdict.Syntax:
		return "The signature breaks a format rule", "Nobody's tools should have made this: ask who signed it, and with what."
	case verdict.Binding:
		return "The signature was made over something else", "Do not use the object: it, or its name, was changed after somebody signed."
	case verdict.Signature:
		return "A cryptographic signature is false", "Do not use the object: whoever made it did not have the signer's key."
	case verdict.Chain:
		return "A certificate does not hold", "Do not use the object: its certificate is not what a certificate authority issues to a signer."
	case verdict.Log:
		return "The proof of the transparency log does not hold", "Do not use the object before the log's operator can explain the proof."
	case verdict.Time:
		return "A proven time contradicts another", "Do not use the object before its signer can explain the times."
	case verdict.Window:
		return "The certificate was not valid when the signature was made", "Let the signer sign again."
	case verdict.Material:
		return "Something that the signature relies on is not known here", "Bring the trusted root up to date (paraph trust update), or add the instance (paraph trust add)."
	case verdict.Proof:
		return "There is no proof of when the signature was made", "Look up the proof: paraph proof fetch."
	case verdict.Identity, verdict.Policy:
		return "Whoever signed is not allowed to", "Let somebody sign whom the policy allows, or change the policy."
	}
	return explainVerdict("")
}

// explainVerdict explains a verdict without a broken rule.
func explainVerdict(v verdict.Verdict) (what, next string) {
	switch v {
	case verdict.Valid:
		return "Nobody said whom to trust", "Name the signer (paraph.certificateIdentity and paraph.certificateOIDCIssuer), or write a policy (paraph policy init)."
	case verdict.Unsigned:
		return "There is no signature", "Let the author sign it (git commit --amend --gpg-sign, git tag --sign), or exempt a past without signatures by trustUpTo in the policy."
	}
	return "It could not be checked", "What stopped the check stands in the message: nothing is known of the signature."
}
