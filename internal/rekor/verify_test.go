package rekor_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

func TestVerify(t *testing.T) {
	for _, test := range []struct {
		name    string
		major   int
		options []testpki.Option
		change  func(*testpki.Entry)
	}{
		{name: "v1", major: 1},
		{name: "v2", major: 2},
		{name: "v2 with an ECDSA key", major: 2, options: []testpki.Option{testpki.Rekor2ECDSA()}},
		{name: "v2 labelled as gitsign does", major: 2, change: func(e *testpki.Entry) { e.Version = "0.0.1" }},
		{name: "v1, first entry of its log", major: 1, options: []testpki.Option{testpki.EarlierEntries(0)}},
		{name: "v2, first entry of its log", major: 2, options: []testpki.Option{testpki.EarlierEntries(0)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := logSignature(t, test.major, test.options...)
			if test.change != nil {
				test.change(l.entry)
			}
			for _, pb := range [][]byte{l.entry.Bytes(), l.entry.BytesWithBody()} {
				result, check, err := l.verify(pb)
				if err != nil {
					t.Fatalf("%s: %v", check, err)
				}
				want := time.Time{}
				if test.major == 1 {
					want = testpki.DefaultTime
				}
				if result.Major != test.major || !result.IntegratedTime.Equal(want) || !bytes.Equal(result.Log.ID[:], l.log.ID()) {
					t.Errorf("result %+v", result)
				}
			}
		})
	}
}

func TestVerifyListsChecks(t *testing.T) {
	for major, skipped := range map[int]bool{1: false, 2: true} {
		l := logSignature(t, major)
		e, err := rekor.ParseEntry(l.entry.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		_, checks := rekor.Verify(e, l.digest, l.signature, l.leaf, l.root)
		want := []rekor.Check{{Name: "entry"}, {Name: "inclusion"}, {Name: "checkpoint"}, {Name: "set", Skipped: skipped}}
		if fmt.Sprint(checks) != fmt.Sprint(want) {
			t.Errorf("v%d: %v, want %v", major, checks, want)
		}
	}
}

func TestRebuiltBody(t *testing.T) {
	l := logSignature(t, 1)
	if got := rekor.BodyV1(l.digest, l.signature, l.leaf); !bytes.Equal(got, testpki.BodyV1(l.digest, l.signature, l.leaf)) {
		t.Errorf("v1: %s", got)
	}
	if got := rekor.BodyV2(l.digest, l.signature, l.leaf); !bytes.Equal(got, testpki.BodyV2(l.digest, l.signature, l.leaf)) {
		t.Errorf("v2: %s", got)
	}
}

// TestEveryBit flips each bit of a good entry, and of the body that it may bring.
func TestEveryBit(t *testing.T) {
	for _, major := range []int{1, 2} {
		l := logSignature(t, major)
		short, long := l.entry.Bytes(), l.entry.BytesWithBody()
		l.flipBits(t, short, 0)
		l.flipBits(t, long, len(short))
	}
}

// flipBits flips each bit of a good entry from a byte on.
func (l *logged) flipBits(t *testing.T, good []byte, from int) {
	t.Helper()
	for i := from * 8; i < len(good)*8; i++ {
		pb := bytes.Clone(good)
		pb[i/8] ^= 1 << (i % 8)
		if result, _, err := l.verify(pb); err == nil || result != nil {
			t.Errorf("bit %d of byte %d flipped, and the entry holds", i%8, i/8)
		}
	}
}

func TestEntryOfAnother(t *testing.T) {
	for _, major := range []int{1, 2} {
		l := logSignature(t, major)
		for name, change := range map[string]func(){
			"digest":      func() { l.digest = sha256.Sum256([]byte("another artifact")) },
			"signature":   func() { l.signature = append(bytes.Clone(l.signature), 0) },
			"certificate": func() { l.leaf = l.p.Certificate(testpki.Key("alice").Public(), alice) },
		} {
			t.Run(fmt.Sprintf("v%d, another %s", major, name), func(t *testing.T) {
				saved := *l
				defer func() { *l = saved }()
				change()
				l.expect(t, l.entry.Bytes(), "inclusion", verdict.Log, "inclusion")
				l.expect(t, l.entry.BytesWithBody(), "entry", verdict.Log, "entry-body")
			})
		}
	}
}

func TestRefused(t *testing.T) {
	for _, test := range []struct {
		name   string
		major  int
		change func(*logged, *testpki.Entry)
		check  string
		class  verdict.Class
		rule   string
	}{
		{"kind rekord", 1, func(_ *logged, e *testpki.Entry) { e.Kind = "rekord" }, "entry", verdict.Syntax, "entry-kind"},
		{"kind intoto", 1, func(_ *logged, e *testpki.Entry) { e.Kind = "intoto" }, "entry", verdict.Syntax, "entry-kind"},
		{"kind dsse in v2", 2, func(_ *logged, e *testpki.Entry) { e.Kind = "dsse" }, "entry", verdict.Syntax, "entry-kind"},
		{"no kind", 2, func(_ *logged, e *testpki.Entry) { e.Kind = "" }, "entry", verdict.Syntax, "entry-kind"},
		{"version 0.0.3", 2, func(_ *logged, e *testpki.Entry) { e.Version = "0.0.3" }, "entry", verdict.Syntax, "entry-kind"},
		{"v1 labelled 0.0.2", 1, func(_ *logged, e *testpki.Entry) { e.Version = "0.0.2" }, "entry", verdict.Syntax, "entry-kind"},
		{"v2 with a time", 2, func(_ *logged, e *testpki.Entry) { e.IntegratedTime = testpki.DefaultTime.Unix() }, "entry", verdict.Syntax, "entry-time"},
		{"v1 without its SET", 1, func(_ *logged, e *testpki.Entry) { e.SET = nil }, "entry", verdict.Syntax, "entry-time"},
		{"v1 passed off as v2", 1, func(_ *logged, e *testpki.Entry) {
			e.SET, e.IntegratedTime, e.LogIndex = nil, 0, e.Proof.LogIndex
		}, "inclusion", verdict.Log, "inclusion"},
		{"v2 with a SET", 2, func(l *logged, e *testpki.Entry) { e.Version, e.SET = "0.0.1", l.p.Rekor1.SET(e) }, "inclusion", verdict.Log, "inclusion"},
		{"log of a stranger", 1, func(l *logged, e *testpki.Entry) {
			*e = *l.p.Other().LogV1(l.digest, l.signature, l.leaf)
		}, "entry", verdict.Material, "unknown-log"},
		{"log of a stranger, v2", 2, func(l *logged, e *testpki.Entry) {
			*e = *l.p.Other().LogV2(l.digest, l.signature, l.leaf)
		}, "entry", verdict.Material, "unknown-log"},
		{"log id of the other log", 2, func(l *logged, e *testpki.Entry) { e.LogID = l.p.Rekor1.ID() }, "checkpoint", verdict.Log, "checkpoint-origin"},
		{"two indexes in v2", 2, func(_ *logged, e *testpki.Entry) { e.LogIndex++ }, "inclusion", verdict.Log, "entry-index"},
		{"proof false, SET good", 1, func(_ *logged, e *testpki.Entry) { e.Proof.Hashes[0][0] ^= 1 }, "inclusion", verdict.Log, "inclusion"},
		{"hash missing", 1, func(_ *logged, e *testpki.Entry) { e.Proof.Hashes = e.Proof.Hashes[1:] }, "inclusion", verdict.Log, "inclusion"},
		{"hash too many", 2, func(_ *logged, e *testpki.Entry) { e.Proof.Hashes = append(e.Proof.Hashes, e.Proof.RootHash) }, "inclusion", verdict.Log, "inclusion"},
		{"index beyond size", 1, func(_ *logged, e *testpki.Entry) { e.Proof.LogIndex = e.Proof.TreeSize }, "inclusion", verdict.Log, "inclusion"},
		{"empty tree", 1, func(_ *logged, e *testpki.Entry) { e.Proof.TreeSize = 0 }, "inclusion", verdict.Log, "inclusion"},
		{"SET by a stranger", 1, func(l *logged, e *testpki.Entry) { e.SET = l.p.Other().Rekor1.SET(e) }, "set", verdict.Log, "set-signature"},
		{"SET for another time", 1, func(_ *logged, e *testpki.Entry) { e.IntegratedTime++ }, "set", verdict.Log, "set-signature"},
		{"SET for another index", 1, func(_ *logged, e *testpki.Entry) { e.LogIndex++ }, "set", verdict.Log, "set-signature"},
		{"SET for another body", 1, func(l *logged, e *testpki.Entry) {
			c := e.Clone()
			c.Body = []byte("{}")
			e.SET = l.log.SET(c)
		}, "set", verdict.Log, "set-signature"},
		{"integrated before the key was valid", 1, func(l *logged, e *testpki.Entry) {
			e.IntegratedTime = testpki.DefaultTime.AddDate(-2, 0, 0).Unix()
			e.SET = l.log.SET(e)
		}, "set", verdict.Time, "log-window"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := logSignature(t, test.major)
			e := l.entry.Clone()
			test.change(l, e)
			l.expect(t, e.Bytes(), test.check, test.class, test.rule)
		})
	}
}

// TestSETNeedsECDSA asks an Ed25519 log for a promise. Verify does not get that
// far: such a log has no entries of v1.
func TestSETNeedsECDSA(t *testing.T) {
	l := logSignature(t, 2)
	e, err := rekor.ParseEntry(l.entry.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	err = e.CheckSET(l.entry.Body, l.root.Log(e.LogID))
	if v := verdict.As(err, verdict.Infrastructure, ""); v == nil || v.Class != verdict.Log || v.Rule != "set-key" {
		t.Error(err)
	}
}

// TestLogWindowIsClosed sets the end of a log's validity around an entry.
func TestLogWindowIsClosed(t *testing.T) {
	l := logSignature(t, 1)
	for _, test := range []struct {
		name       string
		start, end time.Time
		holds      bool
	}{
		{"ends in that second", testpki.DefaultTime.Add(-time.Hour), testpki.DefaultTime, true},
		{"ended one second before", testpki.DefaultTime.Add(-time.Hour), testpki.DefaultTime.Add(-time.Second), false},
		{"starts in that second", testpki.DefaultTime, time.Time{}, true},
		{"starts one second later", testpki.DefaultTime.Add(time.Second), time.Time{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			l.root = parseRoot(t, l.p.TrustedRoot(func(r *testpki.Root) {
				r.Tlogs[0].PublicKey.ValidFor = testpki.Span(test.start, test.end)
			}))
			if !test.holds {
				l.expect(t, l.entry.Bytes(), "set", verdict.Time, "log-window")
			} else if _, check, err := l.verify(l.entry.Bytes()); err != nil {
				t.Errorf("%s: %v", check, err)
			}
		})
	}
}
