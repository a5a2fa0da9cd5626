package cache

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"sync"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
	"github.com/paraph/paraph/internal/version"
)

// epoch is raised when records change their form or meaning.
const epoch = "paraph cache 1"

// maxTries bounds how many records a question is held against: its tag is
// nobody's secret, and an HMAC is work.
const maxTries = 4

// Verdicts are the answers that a cache has under some roots.
type Verdicts struct {
	c     *Cache
	trust verify.Trust
	sum   sum         // of build and roots
	sound func() bool // nil: nothing is remembered here
}

// Under returns the verdicts under the roots that count, in their order: of
// two that know a CA the first one under which all holds decides. Roots read
// with trust.Glance find answers; to verify what has none takes real ones.
//
// Nothing is remembered where a root may be too old: the answer changes with
// the clock then.
func (c *Cache) Under(t verify.Trust) *Verdicts {
	v := &Verdicts{c: c, trust: t}
	if c == nil || c.file == "" || t.MaxRootAge != 0 || len(t.Roots) == 0 || len(t.Roots) > maxRoots {
		return v
	}
	var texts []string
	for _, root := range t.Roots {
		texts = append(texts, root.Instance, string(root.Digest[:]))
	}
	v.sum = sumOf("verdicts", texts)
	v.sound = sync.OnceValue(func() bool { return sound(t.Roots) })
	return v
}

// Trust is what the answers are under.
func (v *Verdicts) Trust() verify.Trust { return v.trust }

// sumOf is the sum of some texts, for this build.
func sumOf(what string, texts []string) (out sum) {
	h := sha256.New()
	for _, s := range append([]string{epoch, version.Build(), runtime.Version(), what}, texts...) {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s)))) // a hash never fails to write
		_, _ = h.Write([]byte(s))
	}
	h.Sum(out[:0])
	return out
}

// sound reports whether all chains inside of the roots hold. Only then do
// verifications that check them, and those that do not (trust.Root.ForOne),
// give the same answers.
func sound(roots []*trust.Root) bool {
	for _, r := range roots {
		for _, list := range [][]*trust.Authority{r.CAs, r.TSAs} {
			for _, a := range list {
				if a.Check() != nil {
					return false
				}
			}
		}
	}
	return true
}

// Get returns the answer to a question. It is the caller's to change.
func (v *Verdicts) Get(q *Question) (r *verify.Result, ok bool) {
	if v.sound == nil {
		return nil, false
	}
	tries := 0
	v.c.look(q.sum, func(rec record) bool {
		if rec.tag != q.sum.tag() || rec.generation != v.generation() {
			return true
		}
		r, ok = v.open(q, rec)
		tries++
		return !ok && tries < maxTries
	})
	if !ok || !v.sound() {
		return nil, false
	}
	return r, true
}

// open makes a result of a record, if it is one for this question.
func (v *Verdicts) open(q *Question, rec record) (*verify.Result, bool) {
	mac, ok := v.mac(q, rec, false)
	if !ok || !hmac.Equal(mac[:], rec.mac[:]) {
		return nil, false
	}
	kept, leaf, ok := decode(rec.body, q.armored, v.trust.Roots)
	if !ok {
		return nil, false
	}
	return verify.Recall(q.signed, leaf, kept, v.trust)
}

// Put remembers the answer to a question, if it is one that can be: before
// anybody was asked whether the signer is allowed.
func (v *Verdicts) Put(q *Question, r *verify.Result) {
	if v.sound == nil || !keepable(r) {
		return
	}
	message, err := cms.Unarmor(q.armored)
	if err != nil {
		return
	}
	body, ok := encode(r, message, v.trust.Roots)
	if !ok || !v.sound() {
		return
	}
	rec := record{tag: q.sum.tag(), generation: v.generation(), kind: embedded, body: body}
	if r.Log.Source == verify.SourceNote {
		rec.kind = noted
	}
	if rec.mac, ok = v.mac(q, rec, true); ok {
		v.c.put(q.sum, rec)
	}
}

// keepable reports whether a result is a signature's by Sigstore that holds,
// and whom nobody has judged.
func keepable(r *verify.Result) bool {
	return r.Verdict == verdict.Valid && r.Err == nil && r.Root != nil && r.Log != nil && r.Leaf != nil &&
		r.Signer != nil && r.Signer.Instance == r.Root.Instance && r.Signer.Instance != verify.InstanceSMIME
}

func (v *Verdicts) generation() generation { return generation(v.sum[:len(generation{})]) }

// mac vouches for a record as the answer to a question under these roots.
func (v *Verdicts) mac(q *Question, rec record, create bool) (mac, bool) {
	switch rec.kind {
	case embedded:
		return v.c.mac(rec, create, v.sum, q.sum, sum{})
	case noted:
		note, err := q.noteSum()
		if err != nil {
			return mac{}, false
		}
		return v.c.mac(rec, create, v.sum, q.sum, note)
	}
	return mac{}, false
}

// mac vouches for a record as what it is, and for what it answers. All that
// stands before the body is of fixed length. Without a key there is none; one
// is made if asked for.
func (c *Cache) mac(rec record, create bool, answers ...sum) (out mac, ok bool) {
	key := c.readKey(create)
	if key == nil {
		return out, false
	}
	h := hmac.New(sha256.New, key[:])
	_, _ = h.Write([]byte{rec.kind}) // a hash never fails to write
	for _, a := range answers {
		_, _ = h.Write(a[:])
	}
	_, _ = h.Write(rec.body)
	copy(out[:], h.Sum(nil))
	return out, true
}
