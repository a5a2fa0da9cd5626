package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Lines tells one result in a few lines of text without control characters;
// the first says what is wrong, if something is.
func Lines(r *verify.Result) []string { return Object{Result: r}.Lines() }

// Lines tells one object's result, as [Lines] does, and who decided it.
func (o Object) Lines() []string {
	lines := []string{o.why()}
	switch {
	case o.signer() != "":
		lines = append(lines, "signer: "+o.signer())
	case o.Claimed != "":
		lines = append(lines, "claims to be: "+Escape(cut(o.Claimed)))
	}
	if proofs := proofs(o.Result); len(proofs) > 0 && o.Signer != nil {
		lines = append(lines, "proven: "+strings.Join(proofs, ", "))
	}
	if rule := o.decidedBy(); rule != "" {
		lines = append(lines, "policy: "+rule)
	}
	if hint := o.hint(); hint != "" {
		lines = append(lines, "hint: "+hint)
	}
	if o.Root != nil && o.Root.Origin != "" && (o.Verdict == verdict.Unknown || expired(o.Result)) {
		lines = append(lines, "root of trust: "+rootLine(o.Result))
	}
	return lines
}

// why is the verdict in a sentence, with the rule that was broken.
func (o Object) why() string {
	s := sentence(o.Verdict)
	if o.Err != nil {
		s += fmt.Sprintf(": %s (%s)", Escape(cut(o.Err.Message)), Escape(cut(o.Err.Rule)))
	}
	return s
}

// sentence says what a verdict means, for people.
func sentence(v verdict.Verdict) string {
	switch v {
	case verdict.Trusted:
		return "Good signature by a trusted signer"
	case verdict.Exempt:
		return "Not judged: whoever set the policy vouches for it"
	case verdict.Valid:
		return "Valid signature, but nobody said whom to trust here"
	case verdict.Refused:
		return "Valid signature by a signer who is not allowed"
	case verdict.Expired:
		return "The certificate was not valid when this was signed"
	case verdict.Unproven:
		return "The signature holds, but when it was made is not proven"
	case verdict.Unknown:
		return "The signature cannot be judged: something that it relies on is not known here"
	case verdict.Bad:
		return "BAD signature"
	case verdict.Malformed:
		return "The signature cannot be read"
	case verdict.Unsigned:
		return "There is no signature"
	}
	return "Not verified"
}

// signer says who signed: the policy's name, and who that is. It is "" where
// nobody is proven.
func (o Object) signer() string {
	who := ""
	switch {
	case o.Signer != nil:
		who = Escape(cut(verify.Display(o.Signer.Name, o.Signer.Issuer))) + byInstance(o.Signer.Instance)
	case o.Key != "":
		who = Escape(cut(o.Key))
	default:
		return ""
	}
	if o.SignerName != "" {
		return Escape(cut(o.SignerName)) + ", " + who
	}
	return who
}

// byInstance names the instance that certified a signer, where it is not the
// one that goes without saying.
func byInstance(name string) string {
	switch name {
	case builtin.Instance:
		return ""
	case verify.InstanceSMIME:
		return " by S/MIME"
	}
	return " by instance " + Escape(cut(name))
}

// decidedBy says which line of which policy decided, "" if no policy did.
func (o Object) decidedBy() string {
	if o.PolicySource == "" || o.Rule == "" {
		return ""
	}
	s := Escape(cut(o.PolicySource))
	if o.Line > 0 {
		s += fmt.Sprintf(" line %d", o.Line)
	}
	return s + ": " + Escape(cut(o.Rule))
}

// expired reports whether the metadata by which the trusted root came has ended.
func expired(r *verify.Result) bool {
	return r.RootAge > 0 && !r.Root.Expires.IsZero() && r.Root.Expires.Before(r.Root.Checked.Add(r.RootAge))
}

// rootLine says which trusted root was asked and how old it is.
func rootLine(r *verify.Result) string {
	s := fmt.Sprintf("%s (%s", Escape(r.Root.Instance), Escape(r.Root.Origin))
	switch days := r.RootAge / (24 * time.Hour); {
	case days == 1:
		s += ", 1 day old"
	case days > 1:
		s += fmt.Sprintf(", %d days old", days)
	}
	if expired(r) {
		s += fmt.Sprintf(", its metadata ended on %s", r.Root.Expires.UTC().Format(time.DateOnly))
	}
	return s + ")"
}

// The next steps for a signature that holds.
const (
	hintSigner = "set paraph.certificateIdentity and paraph.certificateOIDCIssuer to the signer you trust"
	hintRef    = "what the policy says depends on the branch or tag: paraph verify --ref REF"
)

// hint says what to do next, "" if there is nothing.
func (o Object) hint() string {
	rule := ""
	if o.Err != nil {
		rule = o.Err.Rule
	}
	smime := o.Signer != nil && o.Signer.Instance == verify.InstanceSMIME
	switch {
	case o.Verdict == verdict.Valid && o.PolicySource != "":
		return hintRef
	case o.Verdict == verdict.Valid && o.Signer != nil && !smime:
		return hintSigner
	case rule == verify.RuleNoEntry:
		return "signatures without embedded proof need their log entry looked up: paraph proof fetch"
	case rule == "root-age":
		return "paraph trust update brings the trusted root up to date"
	case rule == "unknown-ca" && o.Root == nil:
		return "is the certificate's CA among the system's, or in paraph.smimeRoots?"
	case o.Verdict == verdict.Unknown && o.Root != nil:
		return "is this signature of another Sigstore instance (paraph.instance), or the trusted root old (paraph trust update)?"
	}
	return ""
}

func proofs(r *verify.Result) (out []string) {
	if r.Log != nil && !r.LogTime.IsZero() {
		out = append(out, fmt.Sprintf("logged %s at index %d", rfc3339(r.LogTime), r.Log.Index))
	} else if r.Log != nil {
		out = append(out, fmt.Sprintf("logged at index %d", r.Log.Index))
	}
	for _, t := range r.Timestamps {
		out = append(out, "timestamped "+rfc3339(t))
	}
	return out
}
