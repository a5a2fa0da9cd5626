package testpki_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/paraph/paraph/internal/testpki"
)

// included checks an entry's proof with transparency-dev/merkle.
func included(e *testpki.Entry) error {
	return proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(e.Proof.LogIndex), uint64(e.Proof.TreeSize),
		rfc6962.DefaultHasher.HashLeaf(e.Body), e.Proof.Hashes, e.Proof.RootHash)
}

func TestInclusionAtEverySize(t *testing.T) {
	for later := range 9 {
		p := testpki.New(testpki.EarlierEntries(later))
		for range 20 {
			before := p.Rekor1.Size()
			e := p.Rekor1.AddBefore([]byte("body"), later)
			if err := included(e); err != nil {
				t.Fatalf("%d before, %d after: %v", before, later, err)
			}
			if e.Proof.LogIndex != int64(before) || e.Proof.TreeSize != int64(before+1+later) {
				t.Fatalf("index %d of %d", e.Proof.LogIndex, e.Proof.TreeSize)
			}
			e.Body = append(e.Body, 'x')
			if included(e) == nil {
				t.Fatal("another body is included too")
			}
		}
	}
}

// ecdsaNote verifies ECDSA notes as Rekor writes them.
type ecdsaNote struct {
	name string
	key  *ecdsa.PublicKey
	hash uint32
}

func (v ecdsaNote) Name() string    { return v.name }
func (v ecdsaNote) KeyHash() uint32 { return v.hash }
func (v ecdsaNote) Verify(msg, sig []byte) bool {
	sum := sha256.Sum256(msg)
	return ecdsa.VerifyASN1(v.key, sum[:], sig)
}

func verifier(t *testing.T, l *testpki.Log) note.Verifier {
	t.Helper()
	if key, ok := l.Public().(ed25519.PublicKey); ok {
		vkey, err := note.NewEd25519VerifierKey(l.Name(), key)
		if err != nil {
			t.Fatal(err)
		}
		v, err := note.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	id := l.ID()
	return ecdsaNote{l.Name(), l.Public().(*ecdsa.PublicKey), uint32(id[0])<<24 | uint32(id[1])<<16 | uint32(id[2])<<8 | uint32(id[3])}
}

func TestCheckpoint(t *testing.T) {
	p, ecdsaP := testpki.New(), testpki.New(testpki.Rekor2ECDSA())
	for _, test := range []struct {
		name   string
		log    *testpki.Log
		origin string
	}{
		{"v1", p.Rekor1, "rekor.testpki.example - 1193050959916656506"},
		{"v2", p.Rekor2, "log2026-1.rekor.testpki.example"},
		{"v2 with ECDSA", ecdsaP.Rekor2, "log2026-1.rekor.testpki.example"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := test.log.Add([]byte("body"))
			n, err := note.Open([]byte(e.Proof.Checkpoint), note.VerifierList(verifier(t, test.log)))
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("%s\n%d\n%s\n", test.origin, e.Proof.TreeSize, base64.StdEncoding.EncodeToString(e.Proof.RootHash))
			if n.Text != want {
				t.Errorf("text %q, want %q", n.Text, want)
			}
			_, err = note.Open([]byte(test.log.ForgedNote(want)), note.VerifierList(verifier(t, test.log)))
			if _, ok := err.(*note.InvalidSignatureError); !ok {
				t.Errorf("forged note: %v", err)
			}
		})
	}
}

func TestSET(t *testing.T) {
	p := testpki.New()
	e := p.LogV1(sha256.Sum256([]byte("artifact")), []byte("signature"), p.Certificate(testpki.Key("alice").Public(), alice))
	sum := sha256.Sum256(setPayload(e))
	if !ecdsa.VerifyASN1(p.Rekor1.Public().(*ecdsa.PublicKey), sum[:], e.SET) {
		t.Error("SET does not hold")
	}
	if e.IntegratedTime != testpki.DefaultTime.Unix() || e.LogIndex <= e.Proof.LogIndex {
		t.Errorf("integrated at %d, index %d and %d", e.IntegratedTime, e.LogIndex, e.Proof.LogIndex)
	}
}

// setPayload is what Rekor v1 signs for an entry, made by another JSON encoder.
func setPayload(e *testpki.Entry) []byte {
	b, err := json.Marshal(map[string]any{
		"body": e.Body, "integratedTime": e.IntegratedTime, "logID": hex.EncodeToString(e.LogID), "logIndex": e.LogIndex,
	})
	if err != nil {
		panic(err)
	}
	return b
}

// canonical re-encodes JSON with sorted members and no white space. For
// strings of ASCII without markup, this is RFC 8785.
func canonical(t *testing.T, b []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBodies(t *testing.T) {
	p := testpki.New()
	leaf := p.Certificate(testpki.Key("alice").Public(), alice)
	digest := sha256.Sum256([]byte("artifact"))
	for _, body := range [][]byte{
		testpki.BodyV1(digest, []byte("signature"), leaf),
		testpki.BodyV2(digest, []byte("signature"), leaf),
	} {
		if want := canonical(t, body); !bytes.Equal(body, want) {
			t.Errorf("not canonical:\n%s\n%s", body, want)
		}
	}
	v2 := string(testpki.BodyV2(digest, []byte("signature"), leaf))
	for _, part := range []string{
		`"keyDetails":"PKIX_ECDSA_P256_SHA_256"`, `"algorithm":"SHA2_256"`,
		`"x509Certificate":{"rawBytes":"` + base64.StdEncoding.EncodeToString(leaf) + `"}`,
	} {
		if !strings.Contains(v2, part) {
			t.Errorf("v2 body lacks %s: %s", part, v2)
		}
	}
}

func TestEntryV2HasNoTime(t *testing.T) {
	p := testpki.New()
	e := p.LogV2(sha256.Sum256([]byte("artifact")), []byte("signature"), p.Certificate(testpki.Key("alice").Public(), alice))
	if e.SET != nil || e.IntegratedTime != 0 || e.Version != "0.0.2" || e.LogIndex != e.Proof.LogIndex {
		t.Errorf("%+v", e)
	}
	if err := included(e); err != nil {
		t.Error(err)
	}
}
