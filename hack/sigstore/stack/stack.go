// Package stack runs a whole Sigstore on loopback: the real Fulcio, CT log,
// timestamp authority, Rekor v2 and OpenID Connect issuer in this process,
// and on request the real Rekor v1 with redis as child processes.
//
//	s, err := stack.Start(ctx, stack.Options{Dir: dir})
//	defer s.Close()
//	token, err := s.Mint(map[string]any{"email": "bob@example.com"})
//
// Everything speaks plain http on ports that the system chose, all keys are
// made at each start, and logs live in memory or below Options.Dir: nothing
// here is worth protecting, and nothing outlives Close but the files in Dir.
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Options says what Start runs.
type Options struct {
	// Dir is the absolute folder that takes all files; it is made if it is
	// not there. It must not have been used by a stack before.
	Dir string
	// Rekor1 adds Rekor v1 and redis, and makes it the log that
	// signing_config.v0.2.json names.
	Rekor1 bool
	// AutoLogin makes the issuer skip its login form: whoever comes is
	// logged in as the request's login_hint, else as the first of [Users].
	AutoLogin bool
	// CertLifetime is how long certificates live; zero means Fulcio's own
	// ten minutes.
	CertLifetime time.Duration
	// CertLifetimes are those of the certificates for somebody, by e-mail
	// address.
	CertLifetimes map[string]time.Duration
}

// Endpoints are the base URLs of the services, without a final slash.
type Endpoints struct {
	Issuer string `json:"issuer"`
	Fulcio string `json:"fulcio"`
	CTLog  string `json:"ctlog"` // up to and including the log's prefix
	TSA    string `json:"tsa"`   // the whole URL that takes timestamp queries
	Rekor1 string `json:"rekor1"`
	Rekor2 string `json:"rekor2"`
	TUF    string `json:"tuf"`
}

// A Stack is a running Sigstore. Its zero value is not usable.
type Stack struct {
	Dir       string
	Endpoints Endpoints

	log      *os.File
	issuer   *issuer
	counters counters
	closers  []func() // run by Close, last one first
}

// The files that Start writes into Options.Dir for clients.
const (
	TrustedRootFile     = "trusted_root.json"
	SigningConfigFile   = "signing_config.v0.2.json"
	SigningConfigRekor2 = "signing_config_rekor_v2.v0.2.json"
	TUFRootFile         = "tuf_root.json"
	EndpointsFile       = "endpoints.json"
)

// What else is there: keys and tiles, logs of the services.
const (
	stateDir    = "state"
	logDir      = "log"
	servicesLog = "services.log"
)

const (
	privateDir  = 0o700
	privateFile = 0o600
	publicFile  = 0o644
)

// started is set by the first Start: Rekor v2 and the timestamp authority
// keep their configuration in package variables and cannot be stopped.
var started atomic.Bool

// Start runs the services and returns when each has answered a request. ctx
// bounds the start only. A process can start one stack in its life, and a
// start that failed half-way counts.
//
// The working directory must lie in the module that contains this package if
// Rekor v1 is asked for: it is built from there.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if !filepath.IsAbs(o.Dir) {
		return nil, fmt.Errorf("the folder must be absolute: %q", o.Dir)
	}
	if o.CertLifetime < 0 {
		return nil, fmt.Errorf("negative lifetime of certificates: %v", o.CertLifetime)
	}
	if !started.CompareAndSwap(false, true) {
		return nil, errors.New("this process has started a stack before")
	}
	s := &Stack{Dir: filepath.Clean(o.Dir)}
	if err := s.start(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context, o Options) error {
	if err := s.makeFolders(); err != nil {
		return err
	}
	if err := s.openLog(); err != nil {
		return err
	}
	// Rekor v1 takes longest, and alone can need things that are not there.
	var rekor1 *rekor1Program
	if o.Rekor1 {
		var err error
		if rekor1, err = findRekor1(ctx); err != nil {
			return err
		}
	}
	t := &trustMaterial{start: time.Now().Add(-validityHeadStart).Truncate(time.Second)}
	trees := new(trillianServer)
	steps := []struct {
		name string
		run  func() error
	}{
		{"timestamp authority", func() error { return s.startTSA(t) }},
		{"rekor v2", func() error { return s.startRekor2(ctx, t) }},
		{"trillian", func() error { return s.startTrillian(ctx, trees) }},
		{"issuer", func() error { return s.startIssuer(o.AutoLogin) }},
		{"certificate authority", func() error { return t.makeCA() }},
		{"ct log", func() error { return s.startCTLog(ctx, t, trees) }},
		{"fulcio", func() error { return s.startFulcio(ctx, t, o) }},
		{"rekor v1", func() error { return s.startRekor1(ctx, t, trees, rekor1) }},
		{"trust documents", func() error { return s.writeTrust(t) }},
		{"tuf repository", func() error { return s.startTUF() }},
		{"self-check", func() error { return s.probe(ctx) }},
	}
	for _, step := range steps {
		if err := step.run(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return s.writeJSON(EndpointsFile, s.Endpoints)
}

// Close ends all that can be ended: every child process, every listener but
// those of Rekor v2, which end with the process.
func (s *Stack) Close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}

func (s *Stack) onClose(f func()) { s.closers = append(s.closers, f) }

func (s *Stack) makeFolders() error {
	if err := os.MkdirAll(s.Dir, privateDir); err != nil {
		return err
	}
	for _, name := range []string{stateDir, logDir} {
		if err := os.Mkdir(s.path(name), privateDir); err != nil {
			return fmt.Errorf("the folder of a new stack must be a new one: %w", err)
		}
	}
	return nil
}

// path returns the absolute path of a file below the stack's folder.
func (s *Stack) path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// writeJSON writes v, indented, to a file of the stack's folder.
func (s *Stack) writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(s.path(name), append(b, '\n'), publicFile)
}
