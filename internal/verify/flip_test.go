package verify_test

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
)

// TestEveryBit flips each bit of a good commit, one at a time: of what was
// signed, of the signature in DER with everything in it, and of its armored
// text. No flip may leave a signature that holds. There are no exceptions.
//
// One flip in the text may change several bits of the message, and where base64
// happens to fall that way, it turns a good signature into another good one:
// an entry of Rekor v2 counts under either of two labels, and
// the letter for one may be a bit away from the letter for the other. That
// very text, and no other, is therefore not a flip.
func TestEveryBit(t *testing.T) {
	// P-384 would take nine tenths of the time, and has its turn elsewhere.
	fast := []testpki.Option{testpki.CAKeyP256(), testpki.TSAKeyP256()}
	for name, how := range map[string]spec{
		"Rekor v1":                 {log: 1, options: fast},
		"Rekor v2 and a timestamp": {log: 2, stamp: true, options: fast},
	} {
		t.Run(name, func(t *testing.T) {
			s := sign(t, how)
			root := s.trustedRoot(t)
			if r := verify.Signature(s.payload, s.armored, verify.Trust{Roots: []*trust.Root{root}}); r.Verdict != verdict.Valid {
				t.Fatalf("%s before any flip: %s", r.Verdict, describe(r.Err))
			}
			t.Run("payload", func(t *testing.T) {
				flipAll(t, s.payload, nil, root, func(payload []byte) ([]byte, []byte) { return payload, s.armored })
			})
			t.Run("DER", func(t *testing.T) {
				flipAll(t, s.der, nil, root, func(der []byte) ([]byte, []byte) { return s.payload, cms.Armor(der) })
			})
			t.Run("armor", func(t *testing.T) {
				flipAll(t, s.armored, cms.Armor(otherLabel(s.der)), root, func(armored []byte) ([]byte, []byte) { return s.payload, armored })
			})
		})
	}
}

// otherLabel returns the message with its entry of Rekor v2 under the other of
// the two labels that such an entry may have; any other message as it is.
func otherLabel(der []byte) []byte {
	return bytes.Replace(der, []byte("\x0chashedrekord\x12\x050.0.2"), []byte("\x0chashedrekord\x12\x050.0.1"), 1)
}

// flipAll verifies what use makes of good with each bit flipped, on all cores,
// and leaves out the one flip that makes alsoGood.
// Under the race detector, which makes it ten times as slow, one bit in
// raceStep is flipped; elsewhere every one.
func flipAll(t *testing.T, good, alsoGood []byte, root *trust.Root, use func([]byte) (payload, armored []byte)) {
	t.Helper()
	step := 1
	if raceEnabled {
		step = raceStep
		t.Logf("the race detector is on: one bit in %d is flipped, all of them without it", step)
	}
	var next, flipped atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for {
				bit := int(next.Add(int64(step))) - step
				if bit >= 8*len(good) {
					return
				}
				b := bytes.Clone(good)
				b[bit/8] ^= 1 << (bit % 8)
				flipped.Add(1)
				if bytes.Equal(b, alsoGood) {
					continue
				}
				payload, armored := use(b)
				r := verify.Signature(payload, armored, verify.Trust{Roots: []*trust.Root{root}})
				expectFlipNoticed(t, r, bit)
			}
		})
	}
	wg.Wait()
	if want := (8*len(good) + step - 1) / step; int(flipped.Load()) != want {
		t.Errorf("%d bits were flipped, want %d", flipped.Load(), want)
	}
}

// expectFlipNoticed is safe for concurrent use.
func expectFlipNoticed(t *testing.T, r *verify.Result, bit int) {
	t.Helper()
	switch {
	case r.Verdict == verdict.Valid || r.Verdict == verdict.Trusted || holds(r):
		t.Errorf("bit %d of byte %d flipped, and the signature is %s", bit%8, bit/8, r.Verdict)
	case r.Err == nil || notAFailure(r.Verdict):
		t.Errorf("bit %d of byte %d flipped: verdict %q, error %v", bit%8, bit/8, r.Verdict, r.Err)
	}
}

// notAFailure reports whether v is none of the verdicts on what does not hold.
func notAFailure(v verdict.Verdict) bool {
	switch v {
	case verdict.Bad, verdict.Malformed, verdict.Unknown, verdict.Unproven, verdict.Expired:
		return false
	}
	return true
}

// raceStep is odd, so that over the bytes every bit of a byte has its turn.
const raceStep = 17
