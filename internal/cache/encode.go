package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verify"
)

// Bounds of what a record holds.
const (
	maxRoots = 255 // which one it was is told in a byte
	maxList  = 255 // members of a list
	maxText  = 1 << 10
)

// words are texts that many results have: their place here is what is kept of
// them. A text that is not among them is kept as it is.
var words = [...]string{
	verify.CheckFormat, verify.CheckDigest, verify.CheckSignature, verify.CheckChain, verify.CheckSCT, verify.CheckEntry,
	verify.CheckInclusion, verify.CheckCheckpoint, verify.CheckSET, verify.CheckTimestamp, verify.CheckTime, verify.CheckPolicy,
	verify.SourceEmbedded, verify.SourceNote, "hashedrekord 0.0.1", "hashedrekord 0.0.2",
	"one CMS signature over a commit", "one CMS signature over a tag", "one CMS signature over a push certificate",
	"SHA-256 of the signed bytes", "by the key of the certificate",
	"the certificate is in a certificate transparency log", "signed by the log", "Rekor v2 promises nothing",
	"the signature carries no timestamp", "nobody said whom to trust here",
}

// encode writes what Recall does not find in the certificate, and where that
// stands in the message that the signature is.
func encode(r *verify.Result, message []byte, roots []*trust.Root) (body []byte, ok bool) {
	leaf := bytes.Index(message, r.Leaf.Raw)
	if leaf < 0 {
		return nil, false
	}
	root := slices.Index(roots, r.Root)
	if root < 0 || len(r.Timestamps) > maxList || len(r.Log.LogID) > maxList || len(r.Checks) > maxList || len(r.Signer.CAs) > maxList || uint(r.Log.Major) > maxList {
		return nil, false
	}
	w := writer{ok: true}
	w.out = binary.BigEndian.AppendUint32(w.out, uint32(leaf))
	w.out = binary.BigEndian.AppendUint32(w.out, uint32(len(r.Leaf.Raw)))
	w.byte(root)
	w.time(r.LogTime)
	w.byte(len(r.Timestamps))
	for _, t := range r.Timestamps {
		w.time(t)
	}
	w.byte(len(r.Log.LogID))
	w.out = append(w.out, r.Log.LogID...)
	w.out = binary.BigEndian.AppendUint64(w.out, uint64(r.Log.Index))
	w.text(r.Log.Kind)
	w.byte(r.Log.Major)
	w.text(r.Log.Source)
	w.byte(len(r.Signer.CAs))
	for _, ca := range r.Signer.CAs {
		w.out = append(w.out, ca[:]...)
	}
	w.byte(len(r.Checks))
	for _, c := range r.Checks {
		w.text(c.Name)
		w.check(c)
		w.text(c.Detail)
	}
	return w.out, w.ok && len(w.out) <= maxBody
}

type writer struct {
	out []byte
	ok  bool
}

func (w *writer) byte(n int) { w.out = append(w.out, byte(n)) }

func (w *writer) time(t time.Time) {
	w.out = binary.BigEndian.AppendUint64(w.out, uint64(t.Unix()))
	w.out = binary.BigEndian.AppendUint32(w.out, uint32(t.Nanosecond()))
}

// text is a byte, the word's place counted from one, or zero, the length in two
// bytes and the text.
func (w *writer) text(s string) {
	if i := slices.Index(words[:], s); i >= 0 {
		w.byte(i + 1)
		return
	}
	w.ok = w.ok && len(s) <= maxText
	w.byte(0)
	w.out = binary.BigEndian.AppendUint16(w.out, uint16(len(s)))
	w.out = append(w.out, s...)
}

// How a check of a signature that holds can end.
const (
	checkOK      = 1
	checkSkipped = 2
)

func (w *writer) check(c verify.Check) {
	switch {
	case c.OK && !c.Skipped:
		w.byte(checkOK)
	case c.Skipped && !c.OK:
		w.byte(checkSkipped)
	default:
		w.ok = false
	}
}

// decode undoes encode, for the signature that the record vouches for: as it
// was kept, its armor and all it holds were in order.
func decode(body, armored []byte, roots []*trust.Root) (r *verify.Result, leaf []byte, ok bool) {
	in := reader{cryptobyte.String(body), true}
	begin, size, root := int64(in.uint32()), int64(in.uint32()), int(in.byte())
	if root >= len(roots) {
		return nil, nil, false
	}
	if leaf, ok = cms.Part(armored, int(begin), int(size)); !ok {
		return nil, nil, false
	}
	r = &verify.Result{Log: new(verify.LogEntry), Root: roots[root]}
	r.LogTime = in.time()
	for n := in.byte(); n > 0 && in.ok; n-- {
		r.Timestamps = append(r.Timestamps, in.time())
	}
	var id []byte
	in.ok = in.ok && in.in.ReadBytes(&id, int(in.byte()))
	r.Log.LogID = bytes.Clone(id)
	r.Log.Index = int64(in.uint64())
	r.Log.Kind, r.Log.Major, r.Log.Source = in.text(), int(in.byte()), in.text()
	r.Signer = new(verify.Signer)
	for n := in.byte(); n > 0 && in.ok; n-- {
		r.Signer.CAs = append(r.Signer.CAs, in.digest())
	}
	n := int(in.byte())
	r.Checks = make([]verify.Check, 0, n)
	for ; n > 0 && in.ok; n-- {
		name, outcome := in.text(), in.byte()
		in.ok = in.ok && (outcome == checkOK || outcome == checkSkipped)
		r.Checks = append(r.Checks, verify.Check{Name: name, OK: outcome == checkOK, Skipped: outcome == checkSkipped, Detail: in.text()})
	}
	return r, leaf, in.ok && in.in.Empty()
}

type reader struct {
	in cryptobyte.String
	ok bool
}

func (r *reader) byte() (n uint8) {
	r.ok = r.ok && r.in.ReadUint8(&n)
	return n
}

func (r *reader) uint64() (n uint64) {
	r.ok = r.ok && r.in.ReadUint64(&n)
	return n
}

func (r *reader) uint32() (n uint32) {
	r.ok = r.ok && r.in.ReadUint32(&n)
	return n
}

func (r *reader) time() time.Time {
	seconds, nanoseconds := r.uint64(), r.uint32()
	return time.Unix(int64(seconds), int64(nanoseconds)).UTC()
}

func (r *reader) digest() (d [sha256.Size]byte) {
	r.ok = r.ok && r.in.CopyBytes(d[:])
	return d
}

func (r *reader) text() string {
	i := int(r.byte())
	if i > 0 {
		r.ok = r.ok && i <= len(words)
		if !r.ok {
			return ""
		}
		return words[i-1]
	}
	var s cryptobyte.String
	r.ok = r.ok && r.in.ReadUint16LengthPrefixed(&s)
	return string(s)
}
