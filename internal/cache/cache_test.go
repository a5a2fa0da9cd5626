package cache_test

import (
	"testing"

	"github.com/paraph/paraph/internal/cache"
)

// What is remembered is what a fresh verification says, in every field that
// can be seen, and later processes find it.
func TestReadBackEqualsFresh(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	for name, o := range map[string]object{"v1": w.embedded(1, 1), "v2": w.embedded(2, 2), "note": w.old(3)} {
		t.Run(name, func(t *testing.T) {
			fresh := o.valid(t, by)
			c := w.open()
			if _, ok := c.Under(by).Get(o.ask()); ok {
				t.Fatal("an answer before anybody asked")
			}
			c.Under(by).Put(o.ask(), fresh)
			for _, c := range []*cache.Cache{c, w.open()} {
				got, ok := c.Under(by).Get(o.ask())
				if !ok {
					t.Fatal("no answer")
				}
				same(t, got, fresh)
				if !c.Mentions(o.ask()) {
					t.Error("the answer is not mentioned")
				}
			}
		})
	}
}

// Verify remembers, and says the same the second time.
func TestVerify(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	for name, o := range map[string]object{"v1": w.embedded(1, 1), "note": w.old(3)} {
		first := w.open().Under(by).Verify(o.signed, o.armored, o.beside())
		second, ok := w.open().Under(by).Get(o.ask())
		if !ok {
			t.Fatalf("%s: no answer", name)
		}
		same(t, first, o.valid(t, by))
		same(t, second, first)
		same(t, (*cache.Cache)(nil).Under(by).Verify(o.signed, o.armored, o.beside()), first)
	}
}

// A note is read where the answer depends on it, and once.
func TestNoteIsReadOnce(t *testing.T) {
	w := newWorld(t)
	by := w.trust()
	old, embedded := w.old(1), w.embedded(2, 1)
	for _, o := range []object{old, embedded} {
		for want := range 3 {
			w.open().Under(by).Verify(o.signed, o.armored, o.beside())
			if len(o.note) == 0 {
				want = -1
			}
			if *o.reads != want+1 {
				t.Errorf("the note was read %d times, want %d", *o.reads, want+1)
			}
		}
	}
}
