// Package socket is how paraph-agent talks to the agent that holds keys: the
// protocol, its frames, a client, and where the socket is.
//
//	path, err := socket.Path(environ, "")
//	c, err := socket.Dial(ctx, path)       // ErrNone: nobody is there, see Start
//	entries, err := c.Entries(ctx)
//	signed, err := c.Sign(ctx, entries[0].Key, payload)
//
// Nothing is sent before the folder of the socket and the user who listens
// are known to be ours. What is asked and answered is described in
// docs/agent.md, for people who write a client of their own.
package socket

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Version is the version of the protocol. One that is not equal is refused.
const Version = 1

// Names in the agent's folder. RemoteName is the socket that may be forwarded
// to other machines; who holds the lock LockName is the agent.
const (
	LocalName  = "agent.sock"
	RemoteName = "remote.sock"
	LockName   = "agent.lock"
)

var (
	// ErrNone says that nobody listens.
	ErrNone = errors.New("no agent is running")
	// ErrFolder says that the socket is in a place that others can change.
	ErrFolder = errors.New("the agent's folder is not safe")
	// ErrVersion says that client and agent are not of one version.
	ErrVersion = errors.New("another version of the agent's protocol")
	// ErrLost says that the agent went away in the middle.
	ErrLost = errors.New("talking to the agent")
	// ErrRefused says that the agent does not do that, whoever asks.
	ErrRefused = errors.New("refused by the agent")
)

// The codes of an error that the agent answers with.
const (
	CodeVersion   = "version"      // the request is of another version
	CodeMalformed = "malformed"    // it cannot be read; the agent hangs up
	CodeRefused   = "refused"      // not on this socket, or not at all
	CodeUnknown   = "unknown-key"  // it has no such key
	CodeEnded     = "ended"        // the certificate is not valid now
	CodeBusy      = "busy"         // there are too many of something
	CodeLease     = "lease-failed" // whoever held the lease failed
	CodeStopping  = "stopping"     // the agent is about to end
	CodeInternal  = "internal"     // a fault of the agent
)

// An Error is what the agent answered instead of doing what it was asked for.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return "the agent answers: " + e.Message }

// Is makes errors.Is tell the codes that have an error of their own.
func (e *Error) Is(target error) bool {
	return e.Code == CodeRefused && target == ErrRefused || e.Code == CodeVersion && target == ErrVersion
}

// A LeaseError is why the one failed who held the lease that was waited for.
type LeaseError struct{ Message string }

func (e *LeaseError) Error() string { return e.Message }

// Path is where the agent's socket is: where configuration says, else the
// environment's PARAPH_AGENT_SOCKET, else in the folder of the user's session.
func Path(environ []string, configured string) (string, error) {
	if configured == "" {
		configured = Getenv(environ, "PARAPH_AGENT_SOCKET")
	}
	path := configured
	if path == "" {
		folder := filepath.Join("/tmp", "paraph-"+strconv.Itoa(uid()))
		if session := Getenv(environ, "XDG_RUNTIME_DIR"); filepath.IsAbs(session) {
			folder = filepath.Join(session, "paraph")
		}
		path = filepath.Join(folder, LocalName)
	}
	if err := checkPath(path); err != nil {
		return "", err
	}
	return path, nil
}

// checkPath refuses what cannot be the path of a socket.
func checkPath(path string) error {
	name, remote := filepath.Base(path), filepath.Join(filepath.Dir(path), RemoteName)
	switch {
	case !filepath.IsAbs(path) || path != filepath.Clean(path):
		return fmt.Errorf("paraph.agentSocket: %q is not an absolute path in its shortest form", path)
	case strings.ContainsRune(path, 0):
		return errors.New("paraph.agentSocket: there is a NUL in the path")
	case name == LockName:
		return fmt.Errorf("paraph.agentSocket: %s is the name of another file of the agent", name)
	case max(len(path), len(remote)) > maxPath:
		return fmt.Errorf("paraph.agentSocket: the path %q and %s beside it may have %d bytes: set a shorter one", path, RemoteName, maxPath)
	}
	return nil
}

// Getenv is the value of a variable; of two, the last counts.
func Getenv(environ []string, name string) (value string) {
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}
