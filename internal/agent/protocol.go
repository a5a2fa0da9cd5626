// Package agent starts paraph-agent and talks to it. Everything that holds a
// key or reaches a service happens there, in another process: this package
// links none of it.
//
// So far the agent is a one-shot: started for one signature, with the payload
// on its standard input; it answers with one JSON object on its standard
// output and ends.
package agent

import (
	"encoding/json"
	"fmt"
)

// Program is the agent's file name.
const Program = "paraph-agent"

// Bounds on what the agent may say, in bytes.
const (
	maxReply     = 1 << 20 // its answer
	maxLastWords = 400     // of its standard error, when it broke down
)

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
	if r.Version != version {
		return nil, fmt.Errorf("%s is version %s and paraph is %s: install both from one build", Program, r.Version, version)
	}
	if (r.Armored == "") == (r.Error == "") {
		return nil, fmt.Errorf("%s answered neither with a signature nor with an error", Program)
	}
	return &r, nil
}
