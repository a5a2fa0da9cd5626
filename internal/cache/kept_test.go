package cache_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/cache"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// Only what held is kept, and whom nobody judged.
func TestWhatIsNotKept(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	o := w.embedded(1, 2)
	for name, change := range map[string]func(*verify.Result){
		"the zero result":     func(r *verify.Result) { *r = verify.Result{} },
		"trusted by a policy": func(r *verify.Result) { r.Judge(nil, "somebody said so") },
		"refused by a policy": func(r *verify.Result) { r.Judge(verdict.Errorf(verdict.Policy, "signer", "no"), "") },
		"a contradiction":     func(r *verify.Result) { r.Reject(verdict.Errorf(verdict.Binding, "tag-name", "no")) },
		"unproven":            func(r *verify.Result) { r.Verdict = verdict.Unproven },
		"undecided":           func(r *verify.Result) { r.Err = verdict.Errorf(verdict.Policy, "ref", "of which ref?") },
		"a check that failed": func(r *verify.Result) { r.Checks[3].OK = false },
		"nobody signed":       func(r *verify.Result) { r.Signer = nil },
		"S/MIME":              func(r *verify.Result) { r.Signer.Instance, r.Root = verify.InstanceSMIME, nil },
		"another instance's":  func(r *verify.Result) { r.Signer.Instance = "other" },
		"no log":              func(r *verify.Result) { r.Log = nil },
		"under another root":  func(r *verify.Result) { r.Root = w.root("test") },
		"too long a text":     func(r *verify.Result) { r.Checks[3].Detail = string(bytes.Repeat([]byte("x"), 2000)) },
		"too much in all": func(r *verify.Result) {
			r.Timestamps = slices.Repeat(r.Timestamps, 255)
			r.Checks = slices.Repeat(r.Checks, 20)
		},
	} {
		r := o.valid(t, by)
		change(r)
		c := w.open()
		c.Under(by).Put(o.ask(), r)
		if _, ok := w.open().Under(by).Get(o.ask()); ok {
			t.Errorf("%s: kept", name)
		}
	}
	w.open().Under(by).Put(o.ask(), o.valid(t, by))
	if _, ok := w.open().Under(by).Get(o.ask()); !ok {
		t.Error("what held was not kept")
	}
}

// What fails is verified again each time.
func TestFailuresAreNotKept(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	o := w.old(1)
	unproven := object{signed: o.signed, armored: o.armored, reads: new(int)}
	for name, o := range map[string]object{
		"unproven": unproven,
		"bad":      {signed: commit(2), armored: w.embedded(1, 1).armored, reads: new(int)},
		"unknown":  {signed: commit(3), armored: w.pki.Other().OldSigner(testpki.Identity{Email: "a@b", Issuer: issuer}).SignWithProof(commit(3), 1), reads: new(int)},
		"garbage":  {signed: commit(4), armored: []byte("-----BEGIN SIGNED MESSAGE-----\n"), reads: new(int)},
	} {
		for range 2 {
			r := w.open().Under(by).Verify(o.signed, o.armored, o.beside())
			if r.Verdict == verdict.Valid {
				t.Fatalf("%s: %s", name, r.Verdict)
			}
		}
		if _, ok := w.open().Under(by).Get(o.ask()); ok {
			t.Errorf("%s: kept", name)
		}
	}
}

// Attack 56: an answer to another question, or under other roots, is none.
func TestOtherQuestions(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}
	acme := parse(t, testpki.New(testpki.Seed("acme")).TrustedRoot(), "acme")
	newer := parse(t, append(w.pki.TrustedRoot(), '\n'), "test")
	roots := func(r ...*trust.Root) verify.Trust { return verify.Trust{Roots: r} }
	type question struct {
		object
		by verify.Trust
	}
	embedded, old := w.embedded(1, 1), w.old(2)
	for name, tt := range map[string]struct {
		object
		others map[string]func(object) question
	}{
		"embedded": {embedded, map[string]func(object) question{
			"other bytes":             func(o object) question { o.signed = flip(o.signed); return question{o, by} },
			"another signature":       func(o object) question { o.armored = flip(o.armored); return question{o, by} },
			"the same, signed again":  func(o object) question { return question{w.embedded(1, 1), by} },
			"bytes moved across":      func(o object) question { o.signed, o.armored = o.armored, o.signed; return question{o, by} },
			"no root":                 func(o object) question { return question{o, roots()} },
			"a newer root":            func(o object) question { return question{o, roots(newer)} },
			"an instance's namesake":  func(o object) question { return question{o, roots(w.root("other"))} },
			"another instance before": func(o object) question { return question{o, roots(acme, by.Roots[0])} },
			"another instance after":  func(o object) question { return question{o, roots(by.Roots[0], acme)} },
			"the same root twice":     func(o object) question { return question{o, roots(by.Roots[0], by.Roots[0])} },
			"a root that may be old": func(o object) question {
				return question{o, verify.Trust{Roots: by.Roots, MaxRootAge: time.Hour, Now: time.Now()}}
			},
		}},
		"note": {old, map[string]func(object) question{
			"without the note":     func(o object) question { o.note = nil; return question{o, by} },
			"a line before":        func(o object) question { o.note = append([]byte("x\n"), o.note...); return question{o, by} },
			"a line after":         func(o object) question { o.note = append(bytes.Clone(o.note), "x\n"...); return question{o, by} },
			"another id":           func(o object) question { o.id = ""; return question{o, by} },
			"another object's":     func(o object) question { o.note = w.old(3).note; return question{o, by} },
			"a note that is false": func(o object) question { o.note = flip(o.note); return question{o, by} },
		}},
	} {
		w.open().Under(by).Put(tt.ask(), tt.valid(t, by))
		if _, ok := w.open().Under(by).Get(tt.ask()); !ok {
			t.Errorf("%s: no answer to the question itself", name)
		}
		for other, change := range tt.others {
			q := change(tt.object)
			if r, ok := w.open().Under(q.by).Get(q.ask()); ok {
				t.Errorf("%s, %s: %s", name, other, r.Verdict)
			}
		}
	}
}

// Answers under several roots are found under the same ones in the same order.
func TestSeveralRoots(t *testing.T) {
	w := newWorld(t)
	acme := parse(t, testpki.New(testpki.Seed("acme")).TrustedRoot(), "acme")
	for name, roots := range map[string][]*trust.Root{
		"second":                 {acme, w.root("test")},
		"first of two that know": {w.root("first"), w.root("second"), acme},
	} {
		by := verify.Trust{Roots: roots, Now: time.Now()}
		o := w.embedded(1, 1)
		fresh := o.valid(t, by)
		w.open().Under(by).Put(o.ask(), fresh)
		got, ok := w.open().Under(by).Get(o.ask())
		if !ok {
			t.Fatalf("%s: no answer", name)
		}
		same(t, got, fresh)
		by.Roots = slices.Clone(roots)
		slices.Reverse(by.Roots)
		if _, ok := w.open().Under(by).Get(o.ask()); ok {
			t.Errorf("%s: an answer in another order", name)
		}
	}
}

// A glance at the roots is enough to find an answer; its age is today's.
func TestGlance(t *testing.T) {
	w := newWorld(t)
	o := w.embedded(1, 2)
	by := w.trust()
	by.Roots[0].ForOne()
	w.open().Under(by).Put(o.ask(), o.valid(t, by))
	root, err := trust.Glance(w.pki.TrustedRoot(), "test")
	if err != nil {
		t.Fatal(err)
	}
	root.Checked = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	glance := verify.Trust{Roots: []*trust.Root{root}, Now: root.Checked.Add(48 * time.Hour)}
	got, ok := w.open().Under(glance).Get(o.ask())
	if !ok || got.Root != root || got.RootAge != 48*time.Hour {
		t.Errorf("%v, %+v", ok, got)
	}
	if r := o.fresh(t, glance); r.Verdict != verdict.Unknown {
		t.Errorf("under a root that nobody read: %s", r.Verdict)
	}
}

// Where a chain inside of a root does not hold, git's calls and paraph verify
// do not say the same (trust.Root.ForOne), so that nothing is remembered.
func TestUnsoundRoot(t *testing.T) {
	w := newWorld(t)
	unsound := func() verify.Trust {
		root, other := w.root("test"), parse(t, w.pki.Other().TrustedRoot(), "other")
		chain := root.TSAs[0].Chain
		last := len(chain) - 1
		twin := *other.TSAs[0].Chain[last] // of the same names, with another key
		twin.SubjectKeyId = chain[last].SubjectKeyId
		chain[last] = &twin
		return verify.Trust{Roots: []*trust.Root{root}}
	}
	o := w.embedded(1, 1) // its chain holds
	strict, lax := unsound(), unsound()
	w.open().Under(strict).Put(o.ask(), o.valid(t, strict))
	if _, ok := w.open().Under(lax).Get(o.ask()); ok {
		t.Error("an answer that was put")
	}
	lax.Roots[0].ForOne()
	w.open().Under(lax).Put(o.ask(), o.valid(t, lax))
	if _, ok := w.open().Under(lax).Get(o.ask()); !ok {
		t.Fatal("no answer where no chain is checked")
	}
	if _, ok := w.open().Under(strict).Get(o.ask()); ok {
		t.Error("an answer to who checks the chains")
	}
}

// Nobody has a cache without a place for it, or without one for its key.
func TestNoPlace(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	o := w.embedded(1, 1)
	for name, environ := range map[string][]string{
		"nobody's":       nil,
		"one place only": {"XDG_CACHE_HOME=" + w.home, "XDG_STATE_HOME=" + w.home},
		"no state":       {"XDG_CACHE_HOME=" + w.home},
	} {
		for range 2 {
			c := cache.Open(environ)
			same(t, c.Under(by).Verify(o.signed, o.armored, o.beside()), o.valid(t, by))
			if _, ok := c.Under(by).Get(o.ask()); ok || c.Mentions(o.ask()) {
				t.Errorf("%s: an answer", name)
			}
			c.Close()
		}
	}
}
