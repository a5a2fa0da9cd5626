package daemon

import (
	"errors"
	"sync"
)

// errWiped says that a secret was needed after its end.
var errWiped = errors.New("the secret was wiped")

// A secret is bytes in memory of their own, which the system keeps out of the
// swap space and of core dumps where it can.
type secret struct {
	locked bool // it stays out of the swap space

	mu   sync.Mutex
	page []byte // whole pages; nil once wiped
	size int
}

// newSecret moves data into memory of its own: what data held is wiped.
func newSecret(data []byte) (*secret, error) {
	page, locked, err := newPage(len(data))
	if err != nil {
		return nil, err
	}
	copy(page, data)
	clear(data)
	return &secret{locked: locked, page: page, size: len(data)}, nil
}

// use calls f with the bytes, which f does not keep. Nobody wipes them
// meanwhile.
func (s *secret) use(f func(b []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.page == nil {
		return errWiped
	}
	return f(s.page[:s.size])
}

// wipe overwrites the bytes and gives the memory back. A secret that is nil
// or wiped stays so.
func (s *secret) wipe() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.page != nil {
		clear(s.page)
		freePage(s.page)
		s.page = nil
	}
}
