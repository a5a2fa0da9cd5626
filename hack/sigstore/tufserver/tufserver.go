// Package tufserver serves a TUF repository on loopback whose owner, and whose
// attacker, is a test:
//
//	s, err := tufserver.New(documents)
//	defer s.Close()
//	client starts with s.Root() and asks s.URL
//	s.Publish("trusted_root.json", changed)
//
// The metadata is that of package internal/testpki/tufrepo. What the owner
// does is in this file, what an attacker can do in attack.go. After an attack
// the owner's next Publish is good again; but a root that nobody can accept
// stands in the way until WithdrawRoot.
//
// Any number of repositories can run in a process.
package tufserver

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"

	"github.com/paraph/paraph/internal/testpki/tufrepo"
)

// The roles, for the methods that take one.
const (
	Root      = tufrepo.Root
	Targets   = tufrepo.Targets
	Snapshot  = tufrepo.Snapshot
	Timestamp = tufrepo.Timestamp
)

const (
	timestampPath = "/timestamp.json"
	headerTimeout = 5 * time.Second
)

// A Server is a TUF repository and the server in front of it. Its methods may
// be called while clients ask, by one test at a time.
type Server struct {
	// URL is the base of the metadata; targets are below URL/targets. It stays
	// the same for the server's whole life.
	URL string

	repo    *tufrepo.Repo
	address string
	http    *http.Server           // nil while it is down
	frozen  atomic.Pointer[[]byte] // the timestamp that is served whatever comes
}

// New makes a repository whose targets are the documents, by name, and serves
// it.
func New(documents map[string][]byte) (*Server, error) {
	s := &Server{repo: tufrepo.New(time.Now()), address: "127.0.0.1:0"} // any free port, the first time
	for name, document := range documents {
		s.repo.Target(name, document)
	}
	s.repo.Publish()
	if err := s.Up(); err != nil {
		return nil, err
	}
	s.URL = "http://" + s.address
	return s, nil
}

// Up listens again after Down.
func (s *Server) Up() error {
	l, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.address = l.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: headerTimeout}
	s.http = server
	go func() { _ = server.Serve(l) }() // ends with ErrServerClosed
	return nil
}

// Down closes the port and every connection.
func (s *Server) Down() {
	if s.http != nil {
		_ = s.http.Close() // the listener's error: nobody listens, as wanted
	}
	s.http = nil
}

// Close is Down for good.
func (s *Server) Close() { s.Down() }

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	if b := s.frozen.Load(); b != nil && r.URL.Path == timestampPath {
		_, _ = w.Write(*b) // the client hung up
		return
	}
	s.repo.ServeHTTP(w, r)
}

// Root is the first version of the root metadata: what a client starts from.
func (s *Server) Root() []byte { return s.repo.RootFile() }

// Write copies the repository to a folder.
func (s *Server) Write(dir string) error { return s.repo.Write(dir) }

// Publish adds a target, or replaces it.
func (s *Server) Publish(name string, document []byte) {
	s.repo.Target(name, document)
	s.repo.Publish()
}

// SetExpiry publishes a role with another end, which may be in the past.
func (s *Server) SetExpiry(role string, expires time.Time) {
	s.repo.Expires[role] = expires.UTC().Truncate(time.Second) // TUF has no fractions, section 4.2.1
	s.renew(role)
}

// Replace gives a role a new key: the next version of the root names it in
// place of the old one, and the role's metadata is published anew. It returns
// the key that is revoked.
func (s *Server) Replace(role string) signature.Signer {
	revoked := s.repo.Key(role)
	s.repo.Rotate(role)
	if role != Root {
		s.renew(role)
	}
	return revoked
}

// renew publishes the next version of a role, and of each that leads to it.
func (s *Server) renew(role string) {
	switch role {
	case Root:
		s.repo.Rotate()
	case Targets:
		s.repo.Publish()
	case Snapshot:
		s.repo.PublishSnapshot()
	case Timestamp:
		s.repo.PublishTimestamp()
	}
}
