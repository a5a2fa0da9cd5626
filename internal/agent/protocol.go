// Package agent starts paraph-agent and talks to it. Everything that holds a
// key or reaches a service happens there, in another process: this package
// links none of it.
//
// The agent is started for each request, and reaches the daemon that holds the
// keys itself; see package socket. For one signature ([Sign]) it is started with
// what git told of the settings and the payload on its standard input, answers
// with a [Reply] on its standard output and ends. git is asked by paraph, which
// has nothing else to do while the agent starts.
//
// For looking up proof of old signatures ([Lookup]) it first says a Reply with
// nothing but its version, then takes a [Request] on each line and says an
// [Answer] on each line, in any order. A second Reply is its last word: why it
// gives up. It ends when its standard input does, whatever it was doing: the
// caller closes it when everything is answered, or is no more.
//
// For changing what is known of Sigstore instances ([Trust]) it takes one
// [TrustRequest] and answers with one [TrustReply]; for who is logged in
// ([Session]) and for looking at what is wrong here ([Doctor]) likewise.
package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/paraph/paraph/internal/trust/store"
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

	// MaxTrust is the length of a TrustRequest: two files of a megabyte, in
	// base64.
	MaxTrust = 4 << 20
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

// A TrustRequest asks the agent to change what is known of Sigstore instances
// ([Trust]). The files in it are those that the user named; the agent verifies
// them before it keeps anything.
type TrustRequest struct {
	Do string `json:"do"` // TrustUpdate, TrustAdd or TrustImport
	// Instances are those to update, or the one to add or to import for.
	Instances []string `json:"instances"`
	// Repository and Root are the URL of a TUF repository and its root.json.
	Repository string `json:"tuf,omitempty"`
	Root       []byte `json:"root,omitempty"`
	// TrustedRoot and SigningConfig stand in for a repository.
	TrustedRoot   []byte `json:"trustedRoot,omitempty"`
	SigningConfig []byte `json:"signingConfig,omitempty"`
	// Folder is a copy of a TUF repository, an absolute path.
	Folder string `json:"folder,omitempty"`
}

// What a TrustRequest asks for.
const (
	TrustUpdate = "update"
	TrustAdd    = "add"
	TrustImport = "import"
)

// A TrustReply says what became of each instance of a TrustRequest, or why
// nothing became of any.
type TrustReply struct {
	Version string        `json:"version"`
	Results []TrustResult `json:"results,omitempty"`
	Error   string        `json:"error,omitempty"`

	asked int // for how many instances
}

// A TrustResult is what TUF knew of an instance before and after; both are
// zero where there is no TUF.
type TrustResult struct {
	Instance string      `json:"instance"`
	Before   store.State `json:"before"`
	After    store.State `json:"after"`
	// RootChanged says that the trusted root is another one now.
	RootChanged bool `json:"rootChanged"`
	// Error says in one line why all stayed as it was, Usage that the request
	// was one that cannot be.
	Error string `json:"error,omitempty"`
	Usage bool   `json:"usage,omitempty"`
}

// A SessionRequest asks who is logged in, or for a change of that ([Session]).
type SessionRequest struct {
	Do string `json:"do"`
	// Remote is the identity that another machine may sign as, for AgentStart.
	Remote string `json:"remote,omitempty"`
}

// What a SessionRequest asks for.
const (
	Login       = "login"
	Logout      = "logout"
	WhoAmI      = "whoami"
	AgentStart  = "start"
	AgentStop   = "stop"
	AgentStatus = "status"
)

// A SessionReply says who is logged in now, and what became of the request.
type SessionReply struct {
	Version string `json:"version"`
	// Agent is the daemon, nil where none runs.
	Agent *Daemon `json:"agent,omitempty"`
	// Sessions are those who are logged in; after a Logout those who were.
	Sessions []LoggedIn `json:"sessions,omitempty"`
	// Notes are sentences for the user.
	Notes []string `json:"notes,omitempty"`
	// Error, Usage and Interrupted are those of a Reply.
	Error       string `json:"error,omitempty"`
	Usage       bool   `json:"usage,omitempty"`
	Interrupted bool   `json:"interrupted,omitempty"`
}

// A Daemon is the process that holds keys.
type Daemon struct {
	Socket       string    `json:"socket"`
	Build        string    `json:"build"`
	PID          int       `json:"pid"`
	Remote       bool      `json:"remote"` // it is another machine's
	Entries      int       `json:"entries"`
	Until        time.Time `json:"until"` // the end of its last certificate
	MemoryLocked bool      `json:"memoryLocked"`
}

// A LoggedIn is a session: a certificate that the agent holds, a login that
// the keyring does, or a token that is given for each signature.
type LoggedIn struct {
	Identity string `json:"identity"`
	Issuer   string `json:"issuer"`
	Instance string `json:"instance"`
	// Certificate, Token and Keyring are the ends of each, zero for what there
	// is not.
	Certificate time.Time `json:"certificate"`
	Token       time.Time `json:"token"`
	Keyring     time.Time `json:"keyring"`
	Given       bool      `json:"given,omitempty"`
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
	// Interrupted says that a signal ended it: Ctrl-C goes to the agent too,
	// which may be the first to know.
	Interrupted bool `json:"interrupted,omitempty"`
}

// A reply is what the agent answers a request with that it was started for.
type reply interface {
	// said is its build, and why it did not do what it was asked for.
	said() (version, failure string)
	// check refuses what no agent says.
	check() error
}

func (r *Reply) said() (version, failure string)        { return r.Version, r.Error }
func (r *TrustReply) said() (version, failure string)   { return r.Version, r.Error }
func (r *SessionReply) said() (version, failure string) { return r.Version, r.Error }

func (r *Reply) check() error {
	if (r.Armored == "") == (r.Error == "") {
		return errors.New("neither with a signature nor with an error")
	}
	return nil
}

func (r *TrustReply) check() error {
	if r.Error == "" && len(r.Results) != r.asked {
		return fmt.Errorf("for %d instances, asked for %d", len(r.Results), r.asked)
	}
	return nil
}

func (r *SessionReply) check() error { return nil }

// parse reads a reply and holds it against the caller's version.
func parse(data []byte, version string, r reply) error {
	if err := json.Unmarshal(data, r); err != nil {
		return fmt.Errorf("%s answered in a form that is not its own: %w", Program, err)
	}
	got, _ := r.said()
	if err := checkVersion(got, version); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return fmt.Errorf("%s answered %w", Program, err)
	}
	return nil
}

// checkVersion holds the agent's version against the caller's.
func checkVersion(got, version string) error {
	if got != version {
		return fmt.Errorf("%s is version %s and paraph is %s: install both from one build", Program, got, version)
	}
	return nil
}
