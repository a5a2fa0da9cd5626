package verify_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

// entry is a spec with a changed entry of one of the logs; that of v2 comes
// with a timestamp.
func entry(major int, f func(*signed, *testpki.Entry)) spec {
	return spec{log: major, stamp: major == 2, entry: f}
}

// Attack 41.
func TestEntriesOfOthers(t *testing.T) {
	logs := func(s *signed, major int, digest [32]byte, signature []byte) *testpki.Entry {
		if major == 1 {
			return s.pki.LogV1(digest, signature, s.leaf.Raw)
		}
		return s.pki.LogV2(digest, signature, s.leaf.Raw)
	}
	for _, major := range []int{1, 2} {
		// Another commit, signed by the same key under the same certificate.
		ofOther := func(s *signed, e *testpki.Entry) {
			digest := sha256.Sum256([]byte("the attributes of another commit"))
			signature, err := ecdsa.SignASN1(rand.Reader, s.key.(*ecdsa.PrivateKey), digest[:])
			if err != nil {
				panic(err)
			}
			*e = *logs(s, major, digest, signature)
		}
		// The same attributes signed once more: ECDSA gives another signature.
		again := func(s *signed, e *testpki.Entry) {
			signature, err := ecdsa.SignASN1(rand.Reader, s.key.(*ecdsa.PrivateKey), s.digest[:])
			if err != nil {
				panic(err)
			}
			*e = *logs(s, major, s.digest, signature)
		}
		ofOtherWithBody := entry(major, ofOther)
		ofOtherWithBody.bytesOfEntry = (*testpki.Entry).BytesWithBody
		t.Run(fmt.Sprintf("v%d", major), vectors{
			"of another commit":                {entry(major, ofOther), verdict.Bad, verdict.Log, "inclusion"},
			"of another commit, with its body": {ofOtherWithBody, verdict.Bad, verdict.Log, "entry-body"},
			"of another signature over it":     {entry(major, again), verdict.Bad, verdict.Log, "inclusion"},
			"of another certificate": {
				entry(major, func(s *signed, e *testpki.Entry) {
					other := s.pki.Certificate(s.key.Public(), alice)
					s = &signed{pki: s.pki, leaf: mustParse(other)}
					*e = *logs(s, major, s.digest, nil)
				}), verdict.Bad, verdict.Log, "inclusion",
			},
		}.run)
	}
}

// Attack 42, and entries of one version with the form of the other.
func TestKindsOfEntries(t *testing.T) {
	kind := func(major int, kind, version string) spec {
		return entry(major, func(_ *signed, e *testpki.Entry) { e.Kind, e.Version = kind, version })
	}
	v := vectors{
		"v1 under the label of v2": {kind(1, "hashedrekord", "0.0.2"), verdict.Malformed, verdict.Syntax, "entry-kind"},
		"v2 with a time of its own": {
			entry(2, func(s *signed, e *testpki.Entry) { e.IntegratedTime = s.pki.Clock.Now().Unix() }),
			verdict.Malformed, verdict.Syntax, "entry-time",
		},
		"v1 without its promise": {
			entry(1, func(_ *signed, e *testpki.Entry) { e.SET, e.IntegratedTime = nil, 0 }),
			verdict.Bad, verdict.Log, "entry-index",
		},
		"v1 without its promise, and with the index of v2": {
			entry(1, func(_ *signed, e *testpki.Entry) { e.SET, e.IntegratedTime, e.LogIndex = nil, 0, e.Proof.LogIndex }),
			verdict.Bad, verdict.Log, "inclusion",
		},
		"v2 with a promise": {
			entry(2, func(s *signed, e *testpki.Entry) {
				e.Version, e.IntegratedTime = "0.0.1", s.pki.Clock.Now().Unix()
				e.SET = s.pki.Rekor1.SET(e)
			}), verdict.Bad, verdict.Log, "inclusion",
		},
	}
	for _, k := range []string{"rekord", "intoto", "dsse", "Hashedrekord", ""} {
		for _, major := range []int{1, 2} {
			c := v["v1 under the label of v2"]
			c.spec = kind(major, k, fmt.Sprintf("0.0.%d", major))
			v[fmt.Sprintf("kind %q in v%d", k, major)] = c
		}
	}
	for _, version := range []string{"0.0.3", "0.0.0", "0.0.10", ""} {
		c := v["v1 under the label of v2"]
		c.spec = kind(2, "hashedrekord", version)
		v[fmt.Sprintf("version %q", version)] = c
	}
	v.run(t)
}

// Attack 43.
func TestProofs(t *testing.T) {
	for major, name := range map[int]string{1: "v1", 2: "v2"} {
		log := func(s *signed) *testpki.Log {
			if major == 1 {
				return s.pki.Rekor1
			}
			return s.pki.Rekor2
		}
		other := func(s *signed) *testpki.Log {
			if major == 1 {
				return s.pki.Other().Rekor1
			}
			return s.pki.Other().Rekor2
		}
		// checkpoint signs a checkpoint with changed lines again.
		checkpoint := func(f func(lines []string) []string) spec {
			return entry(major, func(s *signed, e *testpki.Entry) {
				text, _, _ := strings.Cut(e.Proof.Checkpoint, "\n\n")
				e.Proof.Checkpoint = log(s).Note(strings.Join(f(strings.Split(text, "\n")), "\n") + "\n")
			})
		}
		v := vectors{
			"no origin":           {checkpoint(func(l []string) []string { l[0] = ""; return l }), verdict.Malformed, verdict.Syntax, "checkpoint-origin"},
			"no size":             {checkpoint(func(l []string) []string { return []string{l[0], l[2]} }), verdict.Malformed, verdict.Syntax, "checkpoint-form"},
			"no root hash":        {checkpoint(func(l []string) []string { return l[:2] }), verdict.Malformed, verdict.Syntax, "checkpoint-form"},
			"size of another":     {checkpoint(func(l []string) []string { l[1] += "0"; return l }), verdict.Bad, verdict.Log, "checkpoint-size"},
			"root hash of others": {checkpoint(func(l []string) []string { l[2] = strings.Repeat("A", 43) + "="; return l }), verdict.Bad, verdict.Log, "checkpoint-root"},
			"forged": {
				entry(major, func(s *signed, e *testpki.Entry) {
					text, _, _ := strings.Cut(e.Proof.Checkpoint, "\n\n")
					e.Proof.Checkpoint = log(s).ForgedNote(text + "\n")
				}), verdict.Bad, verdict.Log, "checkpoint-signature",
			},
			"of another log of that name": {
				entry(major, func(s *signed, e *testpki.Entry) {
					e.Proof.Checkpoint = other(s).Checkpoint(e.Proof.TreeSize, e.Proof.RootHash)
				}), verdict.Bad, verdict.Log, "checkpoint-key",
			},
			"wrong key hint": {
				entry(major, func(_ *signed, e *testpki.Entry) { e.Proof.Checkpoint = otherHint(e.Proof.Checkpoint) }),
				verdict.Bad, verdict.Log, "checkpoint-key",
			},
			"no signature": {
				entry(major, func(_ *signed, e *testpki.Entry) {
					e.Proof.Checkpoint, _, _ = strings.Cut(e.Proof.Checkpoint, "— ")
				}), verdict.Malformed, verdict.Syntax, "checkpoint-form",
			},
			"no checkpoint": {
				entry(major, func(_ *signed, e *testpki.Entry) { e.Proof.Checkpoint = "" }),
				verdict.Malformed, verdict.Syntax, "entry-checkpoint",
			},
			"no proof": {
				entry(major, func(_ *signed, e *testpki.Entry) { e.Proof = nil }),
				verdict.Malformed, verdict.Syntax, "entry-proof",
			},
			"proof by other hashes": {
				entry(major, func(_ *signed, e *testpki.Entry) { e.Proof.Hashes[0][0] ^= 1 }),
				verdict.Bad, verdict.Log, "inclusion",
			},
			"proof of another leaf": {
				entry(major, func(s *signed, e *testpki.Entry) {
					e.Proof = log(s).Entry(3).Proof
					if major == 2 {
						e.LogIndex = 3
					}
				}), verdict.Bad, verdict.Log, "inclusion",
			},
		}
		t.Run(name, v.run)
	}
	vectors{
		"promise forged, proof good": {
			entry(1, func(_ *signed, e *testpki.Entry) { e.SET[len(e.SET)-1] ^= 1 }), verdict.Bad, verdict.Log, "set-signature",
		},
		"promise of another log": {
			entry(1, func(s *signed, e *testpki.Entry) { e.SET = s.pki.Other().Rekor1.SET(e) }), verdict.Bad, verdict.Log, "set-signature",
		},
		"promise for another time": {
			entry(1, func(_ *signed, e *testpki.Entry) { e.IntegratedTime++ }), verdict.Bad, verdict.Log, "set-signature",
		},
		"promise for another index": {
			entry(1, func(_ *signed, e *testpki.Entry) { e.LogIndex++ }), verdict.Bad, verdict.Log, "set-signature",
		},
		"v2 with two indexes": {
			entry(2, func(_ *signed, e *testpki.Entry) { e.LogIndex++ }), verdict.Bad, verdict.Log, "entry-index",
		},
		"v2 under another origin": {
			entry(2, func(s *signed, e *testpki.Entry) {
				text, _, _ := strings.Cut(e.Proof.Checkpoint, "\n\n")
				_, rest, _ := strings.Cut(text, "\n")
				e.Proof.Checkpoint = s.pki.Rekor2.Note("log.example.com\n" + rest + "\n")
			}), verdict.Bad, verdict.Log, "checkpoint-origin",
		},
		"a log that the root does not know": {
			entry(1, func(s *signed, e *testpki.Entry) {
				*e = *s.pki.Other().LogV1(s.digest, s.signature, s.leaf.Raw)
			}), verdict.Unknown, verdict.Material, "unknown-log",
		},
		"a log of v2 that the root does not know": {
			entry(2, func(s *signed, e *testpki.Entry) {
				*e = *s.pki.Other().LogV2(s.digest, s.signature, s.leaf.Raw)
			}), verdict.Unknown, verdict.Material, "unknown-log",
		},
		"a log id of another": {
			entry(1, func(s *signed, e *testpki.Entry) { e.LogID = s.pki.Rekor2.ID() }), verdict.Bad, verdict.Log, "checkpoint-key",
		},
		"bytes that are no entry": {
			spec{log: 1, bytesOfEntry: func(*testpki.Entry) []byte { return []byte{0xff} }}, verdict.Malformed, verdict.Syntax, "entry-form",
		},
		"a field without a meaning": {
			spec{log: 1, bytesOfEntry: func(e *testpki.Entry) []byte { return append(e.Bytes(), 0x42, 0) }},
			verdict.Malformed, verdict.Syntax, "entry-unknown-field",
		},
	}.run(t)
}
