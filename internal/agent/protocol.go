// Package agent starts paraph-agent and talks to it. Everything that holds a
// key or reaches a service happens there, in another process: this package
// links none of it.
//
// So far the agent is a one-shot. For one signature ([Sign]) it is started with
// the payload on its standard input, answers with a [Reply] on its standard
// output and ends.
//
// For looking up proof of old signatures ([Lookup]) it first says a Reply with
// nothing but its version, then takes a [Request] on each line and says an
// [Answer] on each line, in any order. A second Reply is its last word: why it
// gives up. It ends when its standard input does, whatever it was doing: the
// caller closes it when everything is answered, or is no more.
package agent

import (
	"encoding/json"
	"fmt"
)

// Program is the agent's file name.
const Program = "paraph-agent"

// Bounds on what is said, in bytes.
const (
	maxReply     = 1 << 20 // a signature
	maxLastWords = 400     // of the agent's standard error, when it broke down

	// MaxRequest is the length of a line to the agent: twice what a leaf takes
	// that came out of a signature. MaxEntries is how much JSON the entries of
	// one answer may be.
	MaxRequest = 256 << 10
	MaxEntries = 8 << 20
	maxAnswer  = MaxEntries + 64<<10 // a line by the agent
)

// A Request asks for the log entries that a certificate is in.
type Request struct {
	// N is the caller's number for the request, of which the answer reminds.
	N int `json:"n"`
	// Instance names the Sigstore instance whose CA issued the certificate.
	// Nobody but its log is asked.
	Instance string `json:"instance"`
	// Leaf is the certificate, DER.
	Leaf []byte `json:"leaf"`
}

// An Answer is what the agent found for a Request. Nothing in it was verified.
type Answer struct {
	N int `json:"n"`
	// Entries are candidates as Rekor v1 has them, which
	// rekor.ParseV1Response reads: entries of this certificate, none of which
	// need be of the object that is looked for.
	Entries []json.RawMessage `json:"entries,omitempty"`
	// Error says in one line why there may be more, "" if these are all.
	Error string `json:"error,omitempty"`
}

// maxJobs is how many requests a log gets at once.
const maxJobs = 16

// CheckJobs checks how many requests are to run at once.
func CheckJobs(jobs int) error {
	if jobs < 1 || jobs > maxJobs {
		return fmt.Errorf("%d requests at once: it must be 1 to %d", jobs, maxJobs)
	}
	return nil
}

// A Reply is the agent's answer: a signature, or an error.
type Reply struct {
	// Version is the agent's build, which must be the caller's.
	Version string `json:"version"`
	// Armored is the signature as git stores it.
	Armored string `json:"armored,omitempty"`
	// Fingerprint is the SHA-256 of the certificate in hex, Time the proven
	// time in seconds since 1970.
	Fingerprint string `json:"fingerprint,omitempty"`
	Time        int64  `json:"time,omitempty"`
	// Error says in one line why there is no signature.
	Error string `json:"error,omitempty"`
	// Usage says that the error is one of configuration.
	Usage bool `json:"usage,omitempty"`
}

// parseReply reads a reply and holds it against the caller's version.
func parseReply(data []byte, version string) (*Reply, error) {
	var r Reply
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s answered in a form that is not its own: %w", Program, err)
	}
	if err := checkVersion(r.Version, version); err != nil {
		return nil, err
	}
	if (r.Armored == "") == (r.Error == "") {
		return nil, fmt.Errorf("%s answered neither with a signature nor with an error", Program)
	}
	return &r, nil
}

// checkVersion holds the agent's version against the caller's.
func checkVersion(got, version string) error {
	if got != version {
		return fmt.Errorf("%s is version %s and paraph is %s: install both from one build", Program, got, version)
	}
	return nil
}
