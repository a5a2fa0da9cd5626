package cache

import "encoding/binary"

// Bounds of the file: together 64 MiB.
const (
	pages    = 16384
	pageSize = 4096 // what a disk and the memory of a kernel take for one thing
)

// A record is one answer as it lies in a page: the length of all that follows
// in two bytes, then the fields in this order.
type record struct {
	tag        tag        // of the question
	generation generation // of roots and build
	kind       byte
	mac        mac
	body       []byte
}

type (
	tag        [8]byte
	generation [4]byte
	mac        [16]byte // an HMAC-SHA256, cut (RFC 2104, section 5)
)

const (
	headSize   = len(tag{}) + len(generation{}) + 1 + len(mac{})
	lengthSize = 2
	maxBody    = pageSize - lengthSize - headSize
)

// Kinds of records. Each is vouched for by as many sums as it always has.
const (
	embedded = 1 // a verdict
	noted    = 2 // a verdict that depends on a note
	settings = 3 // git's configuration
)

// A page is the records of questions whose digests are alike, one after the
// other, and zeros. It may hold anything: what is no record ends it.
type page []byte

// each calls f for the records until it returns false.
func (p page) each(f func(record) bool) {
	for {
		r, rest, ok := p.next()
		if !ok || !f(r) {
			return
		}
		p = rest
	}
}

func (p page) next() (r record, rest page, ok bool) {
	if len(p) < lengthSize {
		return r, nil, false
	}
	n := int(binary.BigEndian.Uint16(p))
	p = p[lengthSize:]
	if n < headSize || n > len(p) {
		return r, nil, false
	}
	in := p[:n]
	in = in[copy(r.tag[:], in):]
	in = in[copy(r.generation[:], in):]
	r.kind, in = in[0], in[1:]
	in = in[copy(r.mac[:], in):]
	r.body = in
	return r, p[n:], true
}

func (r record) size() int { return lengthSize + headSize + len(r.body) }

func (r record) appendTo(p page) page {
	p = binary.BigEndian.AppendUint16(p, uint16(headSize+len(r.body)))
	p = append(p, r.tag[:]...)
	p = append(p, r.generation[:]...)
	p = append(p, r.kind)
	p = append(p, r.mac[:]...)
	return append(p, r.body...)
}

// with is the page with one more record, in the place of its predecessor and
// of as many others as have to go: those under other roots or of another
// build first, since these may never be asked for again; else any, so that a
// walk over more than there is room for still finds some.
func (p page) with(r record) page {
	var kept []record
	size := r.size()
	p.each(func(old record) bool {
		if old.tag != r.tag || old.generation != r.generation || old.kind != r.kind {
			kept = append(kept, old)
			size += old.size()
		}
		return true
	})
	for size > pageSize {
		i := victim(kept, r)
		size -= kept[i].size()
		kept = append(kept[:i], kept[i+1:]...)
	}
	out := make(page, 0, pageSize)
	for _, old := range kept {
		out = old.appendTo(out)
	}
	out = r.appendTo(out)
	return out[:pageSize]
}

func victim(kept []record, r record) int {
	for i, old := range kept {
		if old.generation != r.generation {
			return i
		}
	}
	return int(binary.BigEndian.Uint16(r.tag[:])) % len(kept)
}
