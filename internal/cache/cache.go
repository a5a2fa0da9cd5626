// Package cache remembers verdicts: what verify.Signature said of signatures
// that held, so that they need not be verified again.
//
//	c := cache.Open(os.Environ())
//	defer c.Close()
//	r := c.Under(trust).Verify(signed, armored, note) // for verify.Signature
//
// A verification is a function of its inputs: the signed bytes, the signature,
// the note beside it, the trusted roots in their order, and the program. An
// answer is found under all of these, so that it is the one that a fresh
// verification would give. What depends on anything else is never kept: what
// failed, what a policy says, S/MIME, answers where a root may be too old.
//
// Answers lie in one sparse file of fixed bounds, $XDG_CACHE_HOME/paraph/verdicts:
// pages of 4 KiB, found by the digest of what was signed. No process waits for
// another one, and nothing has to be mended after a crash: each record carries
// an HMAC, under a key that lies in the state folder, so that a page that is
// torn, planted, or another machine's is one without answers. Of two that
// write one page at once the later wins, and what the other one kept is
// verified again some day.
//
// Nothing here fails: without a place, a key or a record there is no answer.
package cache

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/paraph/paraph/internal/verify"
	"github.com/paraph/paraph/internal/xdg"
)

// The names of the two files.
const (
	fileName   = "verdicts"
	secretName = "verdicts.key"
)

// A Cache is where one user's verdicts are. It is safe for concurrent use. The
// zero Cache, and a nil one, has no place and remembers nothing.
type Cache struct {
	file   string // path, "" if there is no place
	secret string // path

	mu           sync.Mutex
	read         *os.File // nil if there is none, or nobody looked
	write        *os.File
	looked, made bool // whether read and write were tried
	key          *[secretSize]byte
	keyLooked    bool
}

// Open returns the cache of the user whose environment it is. Nothing is read
// before the first question.
func Open(environ []string) *Cache {
	dir, state := xdg.Cache(environ), xdg.State(environ)
	if dir == "" || state == "" || dir == state {
		return &Cache{} // a key beside what it vouches for vouches for nothing
	}
	return &Cache{file: filepath.Join(dir, fileName), secret: filepath.Join(state, secretName)}
}

// Close lets go of the file. There is nothing to write any more.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range []*os.File{c.read, c.write} {
		if f != nil {
			_ = f.Close() // a write that failed is an answer that is not kept
		}
	}
	c.read, c.write, c.looked, c.made = nil, nil, true, true
	return nil
}

// Mentions reports whether the cache seems to have an answer, under roots that
// nobody has named yet. It is a guess: to save work, and for nothing else.
func (c *Cache) Mentions(q *Question) bool {
	found := false
	c.look(q.sum, func(r record) bool {
		found = r.tag == q.sum.tag()
		return !found
	})
	return found
}

// buffers are pages that nobody reads.
var buffers = sync.Pool{New: func() any { return new([pageSize]byte) }}

// look calls visit for the records of the page that has those of a sum, until it
// returns false. The bodies are the callee's until it returns.
func (c *Cache) look(s sum, visit func(record) bool) {
	f := c.reader()
	if f == nil {
		return
	}
	buffer := buffers.Get().(*[pageSize]byte)
	defer buffers.Put(buffer)
	n, _ := f.ReadAt(buffer[:], s.offset()) // less at the end of the file
	page(buffer[:n]).each(visit)
}

// put keeps a record in its page.
func (c *Cache) put(s sum, r record) {
	f := c.writer()
	if f == nil {
		return
	}
	c.mu.Lock() // two workers of one process do not undo each other's work
	defer c.mu.Unlock()
	if c.write != f {
		return // closed meanwhile
	}
	p := make(page, pageSize)
	n, _ := f.ReadAt(p, s.offset())
	_, _ = f.WriteAt(p[:n].with(r), s.offset())
}

// Verify is verify.Signature with a note beside it, remembered.
func (v *Verdicts) Verify(signed, armored []byte, n verify.Note) *verify.Result {
	q := Ask(signed, armored, n)
	if r, ok := v.Get(q); ok {
		return r
	}
	r := q.Open().Against(v.trust)
	v.Put(q, r)
	return r
}
