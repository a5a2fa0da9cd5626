// Package report writes verification results: one result, several writers.
//
// Results come one by one and go out one by one: however long a history is,
// what a [Writer] keeps is bounded. Everything that comes from a signed object,
// a certificate or a policy is escaped on its way out.
package report

import (
	"fmt"
	"io"

	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// An Object is one verified object of a repository.
type Object struct {
	ID   string
	Type string // "commit" or "tag"
	Ref  string // the ref that led to it, or ""
	// Range is the argument that led to it: A..B, --all, or a revision.
	Range string
	// Single is an object that was named by itself: text explains it, whatever
	// its verdict. Others are counted, and explained where they fail.
	Single bool
	*verify.Result
	// Key made a signature that no certificate belongs to, as
	// "SSH SHA256:..." or "OpenPGP FINGERPRINT"; "" unless it did.
	Key string

	// PolicySource says who was asked whether the signer is allowed, or "":
	// COMMITID:PATH, a file, or the setting that names the one signer.
	// PolicyBlob is the id of a policy's blob, "" for a file.
	PolicySource, PolicyBlob string
	SignerName               string // the policy's name for the signer, or ""
	Rule                     string // what decided, as `[branch "main"] allow`, or ""
	Line                     int    // where that stands, or 0
}

// A Writer writes the results of one run.
type Writer interface {
	// Object writes one result; they come in the order of the history.
	Object(o Object) error
	// Close writes the end. It is called once, also by a run that was
	// interrupted or could not check everything. Output without it is not whole.
	Close(s Summary) error
}

// Options are what the reader's side wishes.
type Options struct {
	Colour bool // verdicts in text have colours: for a terminal, without NO_COLOR
	Width  int  // columns of the terminal, 0 if there is none
}

// word is a verdict's word, coloured if that is wished: SGR parameters of
// ECMA-48, 8.3.117.
func (opt Options) word(v verdict.Verdict) string {
	if !opt.Colour {
		return word(v)
	}
	sgr := "31" // red
	switch v {
	case verdict.Trusted:
		sgr = "32" // green
	case verdict.Exempt, verdict.Valid:
		sgr = "33" // yellow
	}
	return "\x1b[" + sgr + "m" + word(v) + "\x1b[m"
}

// New returns the Writer of a format: text, json, ndjson, sarif or github.
func New(format string, w io.Writer, opt Options) (Writer, error) {
	switch format {
	case "text":
		return newText(w, opt), nil
	case "json":
		return newJSON(w), nil
	case "ndjson":
		return &ndjsonWriter{w}, nil
	case "sarif":
		return newSARIF(w), nil
	case "github":
		return &githubWriter{w: w}, nil
	}
	return nil, fmt.Errorf("%q is none of text, json, ndjson, sarif, github", format)
}

// A Summary is a whole run. The zero value is one that looked at nothing.
type Summary struct {
	Counts      map[verdict.Verdict]int // of all objects
	Ranges      []string                // that were asked for; single objects are none
	Interrupted bool                    // there would have been more
	// Unchecked are sentences that say what could not be checked.
	Unchecked []string

	unlisted int // more of them
}

// maxUnchecked bounds how many sentences say what could not be checked.
const maxUnchecked = 100

// Count adds an object of this verdict.
func (s *Summary) Count(v verdict.Verdict) {
	if s.Counts == nil {
		s.Counts = map[verdict.Verdict]int{}
	}
	s.Counts[v]++
}

// Incomplete reports whether there is something that was not checked.
func (s *Summary) Incomplete() bool { return s.Interrupted || len(s.Unchecked) > 0 }

// Uncheck adds something that could not be checked. The first hundred are
// told, the others counted.
func (s *Summary) Uncheck(sentence string) {
	if len(s.Unchecked) < maxUnchecked {
		s.Unchecked = append(s.Unchecked, cut(sentence))
	} else {
		s.unlisted++
	}
}

// unchecked is what Unchecked says, and how much it leaves out.
func (s Summary) unchecked() []string {
	out := append([]string{}, s.Unchecked...)
	if s.unlisted > 0 {
		out = append(out, fmt.Sprintf("%d more could not be checked", s.unlisted))
	}
	return out
}

// total is the number of objects.
func (s Summary) total() (n int) {
	for _, count := range s.Counts {
		n += count
	}
	return n
}

// unverified is the word for the zero verdict: nothing was said of the signature.
const unverified = "unverified"

// word is a verdict as the output has it.
func word(v verdict.Verdict) string {
	if v == "" {
		return unverified
	}
	return string(v)
}

// verdicts are all of them, best first, as tables have them.
func verdicts() []verdict.Verdict {
	return []verdict.Verdict{
		verdict.Trusted, verdict.Exempt, verdict.Valid, verdict.Refused, verdict.Unproven, verdict.Unknown,
		verdict.Expired, verdict.Bad, verdict.Malformed, verdict.Unsigned, "",
	}
}

// failed reports whether an object wants to be explained wherever it stands.
func failed(v verdict.Verdict) bool {
	return v != verdict.Trusted && v != verdict.Exempt && v != verdict.Valid
}
