package cache

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verify"
)

func testRecord(n, gen, size int) record {
	r := record{kind: embedded, body: bytes.Repeat([]byte{byte(n)}, size)}
	binary.BigEndian.PutUint64(r.tag[:], uint64(n))
	r.generation[0] = byte(gen)
	return r
}

func in(p page, r record) (found bool) {
	p.each(func(other record) bool {
		found = found || other.tag == r.tag && other.generation == r.generation && bytes.Equal(other.body, r.body)
		return true
	})
	return found
}

// A page takes whatever fits, the newest always, and is never larger.
func TestPageTakesWhatFits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var p page
	for n := range 2000 {
		r := testRecord(n, n/100, random.IntN(maxBody+1))
		if p = p.with(r); len(p) != pageSize || !in(p, r) {
			t.Fatalf("record %d of %d bytes: page of %d bytes, %v", n, len(r.body), len(p), in(p, r))
		}
	}
}

// A record takes the place of its predecessor.
func TestPageReplaces(t *testing.T) {
	var p page
	for size := range 100 {
		p = p.with(testRecord(1, 1, size))
	}
	if n := count(p); n != 1 {
		t.Errorf("%d records", n)
	}
}

func count(p page) (n int) {
	p.each(func(record) bool { n++; return true })
	return n
}

// What is under other roots, or of another build, goes first.
func TestPageDropsOtherGenerationsFirst(t *testing.T) {
	var p page
	for n := range 4 {
		p = p.with(testRecord(n, n%2, 900))
	}
	p = p.with(testRecord(4, 0, 900))
	p = p.with(testRecord(5, 0, 900))
	for n, want := range map[int]bool{0: true, 1: false, 2: true, 3: false, 4: true, 5: true} {
		if got := in(p, testRecord(n, n%2*(1-n/4), 900)); got != want {
			t.Errorf("record %d: %v, want %v", n, got, want)
		}
	}
}

// Who asks again and again for more than there is room for finds some of it.
func TestPageKeepsSomeOfTooMuch(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var records []record
	for range 10 {
		r := testRecord(0, 1, 700)
		binary.BigEndian.PutUint64(r.tag[:], random.Uint64())
		records = append(records, r)
	}
	var p page
	hits := 0
	for range 100 {
		for _, r := range records {
			if in(p, r) {
				hits++
			} else {
				p = p.with(r)
			}
		}
	}
	if hits < 100 {
		t.Errorf("%d of 1000 were found, where 5 of 10 fit", hits)
	}
}

// Whatever lies in a page, reading ends, and a record can be put.
func FuzzPage(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte(page(nil).with(testRecord(1, 1, 10))))
	f.Add([]byte{0xff, 0xff, 1})
	f.Add(append([]byte{0, 29}, make([]byte, 29)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := page(data[:min(len(data), pageSize)])
		size := 0
		p.each(func(r record) bool {
			size += r.size()
			return true
		})
		if size > len(p) {
			t.Errorf("records of %d bytes in %d", size, len(p))
		}
		r := testRecord(7, 7, 100)
		if p = p.with(r); !in(p, r) {
			t.Error("the record was not put")
		}
	})
}

// Whatever a record holds, reading it ends, and what it leads to is inside of
// the message.
func FuzzDecode(f *testing.F) {
	roots := []*trust.Root{{Instance: "test"}}
	message := []byte("a message with a certificate in it")
	armored := cms.Armor(message)
	body, ok := encode(&verify.Result{
		Root: roots[0], Leaf: &x509.Certificate{Raw: message[17:28]}, Signer: new(verify.Signer), Log: &verify.LogEntry{LogID: []byte{1}, Kind: "kind", Major: 1},
		Checks: []verify.Check{{Name: verify.CheckFormat, OK: true, Detail: "detail"}},
	}, message, roots)
	if !ok {
		f.Fatal("not encoded")
	}
	f.Add(body)
	for n := range body {
		f.Add(body[:n])
		f.Add(append(bytes.Clone(body[:n]), 0xff))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, leaf, ok := decode(data, armored, roots)
		if ok && (r.Root != roots[0] || !bytes.Contains(message, leaf)) {
			t.Errorf("%v, %q", r.Root, leaf)
		}
		if bytes.Equal(data, body) && (!ok || string(leaf) != "certificate") {
			t.Errorf("%q is not what was encoded", leaf)
		}
	})
}
