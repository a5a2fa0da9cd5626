// Package report writes verification results: one result, several writers.
// Everything that comes from a signed object or a certificate is escaped on
// its way out.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// An Object is one verified object of a repository.
type Object struct {
	ID   string
	Type string // "commit" or "tag"
	Ref  string // the ref that led to it, or ""
	*verify.Result
	// PolicySource says who was asked whether the signer is allowed, or "".
	PolicySource string
}

// A Writer writes the results of one run.
type Writer func(w io.Writer, objects []Object) error

// Writers are the formats that exist, by the name that --format takes.
var Writers = map[string]Writer{"text": Text, "json": JSON, "ndjson": NDJSON}

// Text writes results for people.
func Text(w io.Writer, objects []Object) error {
	var b strings.Builder
	for i, o := range objects {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s %s %s\n", o.Type, o.ID, o.Verdict)
		for _, line := range Lines(o.Result) {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	// Whom all of this believes, and since when.
	var told []*trust.Root
	for _, o := range objects {
		if o.Root == nil || o.Root.Origin == "" || slices.Contains(told, o.Root) {
			continue
		}
		if len(told) == 0 {
			b.WriteByte('\n')
		}
		told = append(told, o.Root)
		fmt.Fprintf(&b, "root of trust: %s\n", rootLine(o.Result))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sentences say what a verdict means, for people.
var sentences = map[verdict.Verdict]string{
	verdict.Trusted:   "Good signature by a trusted signer",
	verdict.Valid:     "Valid signature, but nobody said whom to trust here",
	verdict.Refused:   "Valid signature by a signer who is not allowed",
	verdict.Expired:   "The certificate was not valid when this was signed",
	verdict.Unproven:  "The signature holds, but when it was made is not proven",
	verdict.Unknown:   "The signature cannot be judged: something that it relies on is not known here",
	verdict.Bad:       "BAD signature",
	verdict.Malformed: "The signature cannot be read",
	verdict.Unsigned:  "There is no signature",
}

// Lines tells one result in a few lines of text without control characters;
// the first says what is wrong, if something is.
func Lines(r *verify.Result) []string {
	sentence := sentences[r.Verdict]
	if sentence == "" {
		sentence = "Not verified"
	}
	if r.Err != nil {
		sentence += fmt.Sprintf(": %s (%s)", Escape(cut(r.Err.Message)), r.Err.Rule)
	}
	lines := []string{sentence}
	switch {
	case r.Signer != nil:
		lines = append(lines, "signer: "+Escape(verify.Display(r.Signer.Name, r.Signer.Issuer))+byInstance(r.Signer.Instance))
	case r.Claimed != "":
		lines = append(lines, "claims to be: "+Escape(r.Claimed))
	}
	if proofs := proofs(r); len(proofs) > 0 && r.Signer != nil {
		lines = append(lines, "proven: "+strings.Join(proofs, ", "))
	}
	if hint := hint(r); hint != "" {
		lines = append(lines, "hint: "+hint)
	}
	if r.Root != nil && r.Root.Origin != "" && (r.Verdict == verdict.Unknown || expired(r)) {
		lines = append(lines, "root of trust: "+rootLine(r))
	}
	return lines
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
	return " by instance " + Escape(name)
}

// maxMessage bounds what a line says of an error, in bytes: certificates are
// quoted there, whose names may be as long as a signature.
const maxMessage = 1000

func cut(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + "..."
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

// hint says what to do next, "" if there is nothing.
func hint(r *verify.Result) string {
	rule := ""
	if r.Err != nil {
		rule = r.Err.Rule
	}
	smime := r.Signer != nil && r.Signer.Instance == verify.InstanceSMIME
	switch {
	case r.Verdict == verdict.Valid && !smime:
		return "set paraph.certificateIdentity and paraph.certificateOIDCIssuer to the signer you trust"
	case rule == verify.RuleNoEntry:
		return "signatures without embedded proof need their log entry looked up: paraph proof fetch"
	case rule == "root-age":
		return "paraph trust update brings the trusted root up to date"
	case rule == "unknown-ca" && r.Root == nil:
		return "is the certificate's CA among the system's, or in paraph.smimeRoots?"
	case r.Verdict == verdict.Unknown && r.Root != nil:
		return "is this signature of another Sigstore instance (paraph.instance), or the trusted root old (paraph trust update)?"
	}
	return ""
}

func proofs(r *verify.Result) (out []string) {
	if r.Log != nil && !r.LogTime.IsZero() {
		out = append(out, fmt.Sprintf("logged %s at index %d", r.LogTime.Format(time.RFC3339), r.Log.Index))
	} else if r.Log != nil {
		out = append(out, fmt.Sprintf("logged at index %d", r.Log.Index))
	}
	for _, t := range r.Timestamps {
		out = append(out, "timestamped "+t.Format(time.RFC3339))
	}
	return out
}

// Escape makes text safe to show: control characters, and the format
// characters that change what a reader sees (direction, zero width), become
// \u escapes, as do bytes that are not UTF-8.
func Escape(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == unicode.ReplacementChar, isHostile(c):
			fmt.Fprintf(&b, "\\u%04x", c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// isHostile tells characters that a terminal obeys, or that a reader does not
// see: control characters, format characters, separators of lines.
func isHostile(c rune) bool {
	return unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)
}
