package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"

	"github.com/paraph/paraph/internal/agent"
)

// Bounds on what is remembered. Commits that share a certificate come close
// together: it lives ten minutes.
const (
	maxRemembered = 1000                 // certificates
	maxMemory     = 4 * agent.MaxEntries // bytes of entries
)

// A memory keeps what was found last. The zero memory is empty. It is safe for
// concurrent use.
type memory struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*finding
	order [][sha256.Size]byte // of those that are finished, oldest first
	size  int                 // bytes of entries
}

// A finding is what was found, once done is closed.
type finding struct {
	done    chan struct{}
	entries []json.RawMessage
	err     error
}

// get returns what is known under key, or has find find it: once, however
// many ask meanwhile. What is not complete is not kept.
func (m *memory) get(ctx context.Context, key [sha256.Size]byte, find func() ([]json.RawMessage, error)) ([]json.RawMessage, error) {
	m.mu.Lock()
	f := m.known[key]
	if f != nil {
		m.mu.Unlock()
		select {
		case <-f.done:
			return f.entries, f.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	f = &finding{done: make(chan struct{}), err: errors.New("it was not found out")} // what a panic leaves
	if m.known == nil {
		m.known = make(map[[sha256.Size]byte]*finding)
	}
	m.known[key] = f
	m.mu.Unlock()

	defer m.keep(key, f)
	f.entries, f.err = find()
	return f.entries, f.err
}

// keep finishes a finding, and forgets others for it.
func (m *memory) keep(key [sha256.Size]byte, f *finding) {
	close(f.done)
	m.mu.Lock()
	defer m.mu.Unlock()
	if f.err != nil {
		delete(m.known, key)
		return
	}
	m.order = append(m.order, key)
	m.size += f.size()
	for len(m.order) > maxRemembered || m.size > maxMemory {
		m.size -= m.known[m.order[0]].size()
		delete(m.known, m.order[0])
		m.order = m.order[1:]
	}
}

func (f *finding) size() (n int) {
	for _, e := range f.entries {
		n += len(e)
	}
	return n
}
