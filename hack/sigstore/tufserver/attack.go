package tufserver

import (
	"bytes"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// PublishWith publishes the next version of a role with another key than the
// role's, such as one that Replace has revoked. Everything else is in order.
func (s *Server) PublishWith(key signature.Signer, role string) {
	own := s.repo.Key(role)
	s.repo.SetKey(role, key)
	s.renew(role)
	s.repo.SetKey(role, own)
}

// SetThreshold publishes a root that wants n signatures for a role, which has
// one key. With n above one, metadata of that role has too few: of the root
// itself, this very version.
func (s *Server) SetThreshold(role string, n int) {
	s.repo.Threshold(role, n)
	s.repo.Rotate()
}

// WithdrawRoot takes back the root that PublishWith or SetThreshold made: a
// client that refused it can go on from the one before.
func (s *Server) WithdrawRoot() { s.repo.WithdrawRoot() }

// RollBack serves a version of timestamp, snapshot or targets that is one less
// than the last. Whatever leads to it is new and signed, so that nothing but
// the number is wrong.
func (s *Server) RollBack(role string) {
	switch role {
	case Timestamp:
		last := s.repo.Version[Timestamp]
		s.repo.Version[Timestamp] = last - 2
		s.repo.PublishTimestamp()
		s.repo.Version[Timestamp] = last
	case Snapshot:
		s.repo.OnTimestamp = func(m *metadata.TimestampType) { m.Meta["snapshot.json"].Version-- }
		s.repo.PublishTimestamp()
		s.repo.OnTimestamp = nil
	case Targets:
		s.repo.OnSnapshot = func(m *metadata.SnapshotType) { m.Meta["targets.json"].Version-- }
		s.repo.PublishSnapshot()
		s.repo.OnSnapshot = nil
	}
}

// Spoil changes the last byte of a target and leaves the metadata as it is:
// the length is right, the hash is wrong.
func (s *Server) Spoil(name string) {
	s.repo.Change("."+name, func(data []byte) []byte {
		data = bytes.Clone(data)
		data[len(data)-1] ^= 1
		return data
	})
}

// Freeze serves the timestamp of this moment until Thaw, whatever is
// published: a client never learns of anything newer.
func (s *Server) Freeze() {
	b := s.repo.File(timestampPath[1:])
	s.frozen.Store(&b)
}

// Thaw ends Freeze.
func (s *Server) Thaw() { s.frozen.Store(nil) }
