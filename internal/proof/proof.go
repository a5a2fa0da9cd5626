// Package proof is the proof that lies beside an old signature: gitsign, as it
// is set up unless told otherwise, puts none into the signature itself. It
// signs the object's id in hexadecimal a second time with the same key and
// logs that signature in Rekor v1. Such an entry, once found, is kept as a
// Sigstore bundle in a git note of the object, one compact line of JSON.
//
// In the order of need:
//
//   - [LoggedIDs] says which ids can have been logged for an object.
//   - [New] makes a [Bundle] of an entry that the log answered with.
//   - [Parse] reads one from a line of a note, [Lines] the lines.
//   - [Bundle.Verify] says what it proves.
//
// It is pure: no network, no clock, no git. What a log or a note says is an
// attacker's until it is verified.
//
// Specifications: sigstore/protobuf-specs sigstore_bundle.proto (v0.3), git's
// notes in git-notes(1).
package proof

import (
	"bytes"

	"github.com/paraph/paraph/internal/verdict"
)

// Ref is where the notes are.
const Ref = "refs/notes/sigstore"

// Bounds on what is read.
const (
	MaxLines = 8        // lines of a note; what comes after is as absent
	maxLine  = 96 << 10 // bytes of a line: a log entry of 32 KiB in base64, and its body
	MaxNote  = 1 << 20  // bytes of a note; a larger one is as absent

	maxTimestamps = 4        // tokens of a bundle
	maxToken      = 64 << 10 // bytes of a token
)

// Lines are the lines of a note that count, without their ends. A line that is
// empty counts as none.
func Lines(note []byte) [][]byte {
	lines, _ := Split(note)
	return lines
}

// Split is Lines, and reports whether there is more than counts.
func Split(note []byte) (lines [][]byte, more bool) {
	if len(note) > MaxNote {
		return nil, true
	}
	for line := range bytes.Lines(note) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
		case len(lines) == MaxLines:
			return lines, true
		default:
			lines = append(lines, line)
		}
	}
	return lines, false
}

func syntax(rule, format string, args ...any) error {
	return verdict.Errorf(verdict.Syntax, rule, format, args...)
}
