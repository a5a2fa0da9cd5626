package proof_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/proof"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

var alice = testpki.Identity{Email: "alice@example.com", Issuer: "https://accounts.example.com"}

const objectID = "0123456789012345678901234567890123456789"

// A world is an instance, a signer's certificate, and a second signature of
// hers over an object's id.
type world struct {
	pki  *testpki.PKI
	root *trust.Root
	leaf *x509.Certificate
	ids  []proof.LoggedID
}

func newWorld(t *testing.T, options ...testpki.Option) *world {
	t.Helper()
	w := &world{pki: testpki.New(options...), ids: []proof.LoggedID{{ID: strings.Repeat("9", 40)}, {ID: objectID, Form: "the object's id"}}}
	var err error
	if w.root, err = trust.Parse(w.pki.TrustedRoot(), "test"); err != nil {
		t.Fatal(err)
	}
	if w.leaf, err = x509.ParseCertificate(w.pki.Certificate(testpki.Key("alice").Public(), alice)); err != nil {
		t.Fatal(err)
	}
	return w
}

func sign(t *testing.T, key crypto.Signer, id string) (digest [32]byte, signature []byte) {
	t.Helper()
	digest = sha256.Sum256([]byte(id))
	signature, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return digest, signature
}

// bundle logs a second signature, in the given version of Rekor.
func (w *world) bundle(t *testing.T, major int, id string) *proof.Bundle {
	t.Helper()
	digest, signature := sign(t, testpki.Key("alice"), id)
	logged := w.pki.LogV1(digest, signature, w.leaf.Raw)
	if major == 2 {
		logged = w.pki.LogV2(digest, signature, w.leaf.Raw)
	}
	e, err := rekor.ParseEntry(logged.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if e.Body, err = e.RebuiltBody(digest, signature, w.leaf.Raw); err != nil {
		t.Fatal(err)
	}
	return &proof.Bundle{Leaf: w.leaf.Raw, Digest: digest, Signature: signature, Entry: e}
}

func line(t *testing.T, b *proof.Bundle) []byte {
	t.Helper()
	text, err := b.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.ContainsRune(text, '\n') {
		t.Fatal("a bundle is not one line")
	}
	return text
}

// An entry as the log answers makes a line, and the line proves.
func TestBundle(t *testing.T) {
	w := newWorld(t)
	made, err := proof.New(w.bundle(t, 1, objectID).Entry)
	if err != nil {
		t.Fatal(err)
	}
	b, err := proof.Parse(line(t, made))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(line(t, b), line(t, made)) {
		t.Error("the line is another after it was read")
	}
	p, err := b.Verify(w.leaf, w.ids, w.root)
	if err != nil || p.ID != w.ids[1] || p.Major != 1 || p.IntegratedTime.IsZero() || len(p.Checks) != 4 {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := proof.New(w.bundle(t, 2, objectID).Entry); err == nil {
		t.Error("an entry of Rekor v2 made a bundle: it proves no time")
	}
}

// A line with timestamps, of whatever log, proves if all of them hold.
func TestTimestamps(t *testing.T) {
	w := newWorld(t)
	for major := 1; major <= 2; major++ {
		b := w.bundle(t, major, objectID)
		good := w.pki.Timestamp(b.Signature)
		other := w.pki.Timestamp([]byte("something else"))
		for name, tt := range map[string]struct {
			responses [][]byte
			times     int
			rule      string
		}{
			"one":          {[][]byte{response(0, good)}, 1, ""},
			"with mods":    {[][]byte{response(1, good)}, 1, ""},
			"false":        {[][]byte{response(0, good), response(0, other)}, 0, "timestamp-imprint"},
			"refused":      {[][]byte{response(2, good)}, 0, "note-timestamps"},
			"bare":         {[][]byte{good}, 0, "note-timestamps"},
			"none in it":   {[][]byte{response(0, nil)}, 0, "note-timestamps"},
			"five of them": {[][]byte{good, good, good, good, good}, 0, "note-timestamps"},
		} {
			var timestamps []map[string][]byte
			for _, r := range tt.responses {
				timestamps = append(timestamps, map[string][]byte{"signedTimestamp": r})
			}
			text := change(t, line(t, b), func(m map[string]any) {
				m["verificationMaterial"].(map[string]any)["timestampVerificationData"] = map[string]any{"rfc3161Timestamps": timestamps}
			})
			var p *proof.Proven
			parsed, err := proof.Parse(text)
			if err == nil {
				p, err = parsed.Verify(w.leaf, w.ids, w.root)
			}
			if got := rule(err); got != tt.rule || err == nil && len(p.Timestamps) != tt.times {
				t.Errorf("v%d, %s: %s, %v, want %s", major, name, got, p, tt.rule)
			}
		}
	}
}

// response is a TimeStampResp with a status of less than 128.
func response(status byte, token []byte) []byte {
	body := append([]byte{0x30, 3, 2, 1, status}, token...)
	return append([]byte{0x30, 0x82, byte(len(body) >> 8), byte(len(body))}, body...)
}

// change is the line after something was done to its JSON.
func change(t *testing.T, text []byte, do func(map[string]any)) []byte {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	do(m)
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rule(err error) string {
	var e *verdict.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Rule
	}
	return err.Error()
}

// What is no bundle, or more than one, is refused before anything in it counts.
func TestParseRefuses(t *testing.T) {
	w := newWorld(t)
	good := line(t, w.bundle(t, 1, objectID))
	material := func(do func(map[string]any)) []byte {
		return change(t, good, func(m map[string]any) { do(m["verificationMaterial"].(map[string]any)) })
	}
	for name, tt := range map[string]struct {
		text []byte
		rule string
	}{
		"two bundles": {append(append([]byte{}, good...), good...), "note-bundle"},
		"a list":      {[]byte("[" + string(good) + "]"), "note-bundle"},
		"cut":         {good[:len(good)-1], "note-bundle"},
		"10 MB":       {append(append([]byte{}, good...), bytes.Repeat([]byte(" "), 10<<20)...), "note-bundle"},
		"empty":       {nil, "note-bundle"},
		"dsse": {change(t, good, func(m map[string]any) {
			delete(m, "messageSignature")
			m["dsseEnvelope"] = map[string]any{"payload": "", "payloadType": "x", "signatures": []any{}}
		}), "note-bundle"},
		"other media type": {change(t, good, func(m map[string]any) { m["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2" }), "note-bundle"},
		"unknown member":   {change(t, good, func(m map[string]any) { m["x"] = 1 }), "note-bundle"},
		"a public key":     {material(func(m map[string]any) { m["publicKey"] = map[string]any{"hint": "x"} }), "note-bundle"},
		"no certificate":   {material(func(m map[string]any) { delete(m, "certificate") }), "note-bundle"},
		"no entry":         {material(func(m map[string]any) { m["tlogEntries"] = []any{} }), "note-entries"},
		"null entry":       {material(func(m map[string]any) { m["tlogEntries"] = []any{nil} }), "note-entries"},
		"two entries": {material(func(m map[string]any) {
			e := m["tlogEntries"].([]any)
			m["tlogEntries"] = append(e, e[0])
		}), "note-entries"},
		"SHA-512": {change(t, good, func(m map[string]any) {
			m["messageSignature"].(map[string]any)["messageDigest"].(map[string]any)["algorithm"] = "SHA2_512"
		}), "note-digest"},
		"short digest": {change(t, good, func(m map[string]any) {
			m["messageSignature"].(map[string]any)["messageDigest"].(map[string]any)["digest"] = "AAAA"
		}), "note-digest"},
	} {
		if _, err := proof.Parse(tt.text); rule(err) != tt.rule {
			t.Errorf("%s: %s (%v), want %s", name, rule(err), err, tt.rule)
		}
	}
}

// Attacks of section D through notes: each proves nothing.
func TestVerifyRefuses(t *testing.T) {
	w := newWorld(t)
	other := newWorld(t, testpki.Seed("other"))
	good, second := w.bundle(t, 1, objectID), w.bundle(t, 1, strings.Repeat("9", 39)+"8")
	copyOf := func(do func(*proof.Bundle)) *proof.Bundle {
		b := *good
		e := *good.Entry
		p := *good.Entry.Proof
		e.Proof, b.Entry = &p, &e
		do(&b)
		return &b
	}
	for name, tt := range map[string]struct {
		b    *proof.Bundle
		rule string
	}{
		"another object's":            {second, "note-object"},
		"another certificate":         {other.bundle(t, 1, objectID), "note-certificate"},
		"the id under another digest": {copyOf(func(b *proof.Bundle) { b.Digest = second.Digest }), "note-object"},
		"another signature":           {copyOf(func(b *proof.Bundle) { b.Signature = second.Signature }), "note-signature"},
		"another object's entry":      {copyOf(func(b *proof.Bundle) { b.Entry = second.Entry }), "entry-body"},
		"the same without its body": {copyOf(func(b *proof.Bundle) {
			e := *second.Entry
			e.Body = nil
			b.Entry = &e
		}), "inclusion"},
		"another SET":        {copyOf(func(b *proof.Bundle) { b.Entry.SET = second.Entry.SET }), "set-signature"},
		"another time":       {copyOf(func(b *proof.Bundle) { b.Entry.IntegratedTime++ }), "set-signature"},
		"another proof":      {copyOf(func(b *proof.Bundle) { b.Entry.Proof.Hashes = second.Entry.Proof.Hashes[:0] }), "inclusion"},
		"another checkpoint": {copyOf(func(b *proof.Bundle) { b.Entry.Proof.Checkpoint = second.Entry.Proof.Checkpoint }), "checkpoint-size"},
		"unknown log":        {copyOf(func(b *proof.Bundle) { b.Entry.LogID = make([]byte, 32) }), "unknown-log"},
		"no SET":             {copyOf(func(b *proof.Bundle) { b.Entry.SET = nil }), "entry-time"},
		"another kind":       {copyOf(func(b *proof.Bundle) { b.Entry.Kind = "rekord" }), "entry-kind"},
	} {
		parsed, err := proof.Parse(line(t, tt.b))
		if err == nil {
			_, err = parsed.Verify(w.leaf, w.ids, w.root)
		}
		if rule(err) != tt.rule {
			t.Errorf("%s: %s (%v), want %s", name, rule(err), err, tt.rule)
		}
	}
	if _, err := good.Verify(w.leaf, nil, w.root); rule(err) != "note-object" {
		t.Errorf("without an id: %v", err)
	}
	if _, err := good.Verify(w.leaf, w.ids, other.root); rule(err) != "unknown-log" {
		t.Errorf("under another instance's root: %v", err)
	}
}

func TestLines(t *testing.T) {
	many := strings.Repeat("x\n", 20)
	for note, want := range map[string]int{"": 0, "\n\n": 0, "a": 1, "a\n\nb\r\n": 2, many: proof.MaxLines, strings.Repeat("x", proof.MaxNote+1): 0} {
		if got := proof.Lines([]byte(note)); len(got) != want || want == 2 && string(got[1]) != "b" {
			t.Errorf("%.20q: %d lines, want %d", note, len(got), want)
		}
	}
}

// Whatever can be read is the same once it was written and read again.
func FuzzParse(f *testing.F) {
	b := &proof.Bundle{Leaf: []byte{1}, Signature: []byte{1}, Entry: &rekor.Entry{
		LogID: make([]byte, 32), Kind: "hashedrekord", Version: "0.0.1", SET: []byte{1},
		Proof: &rekor.Proof{TreeSize: 1, RootHash: make([]byte, 32), Checkpoint: "x"},
	}}
	text, err := b.JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(base64.StdEncoding.EncodeToString(text)))
	f.Fuzz(func(t *testing.T, in []byte) {
		b, err := proof.Parse(in)
		if err != nil || len(b.Tokens) > 0 {
			return
		}
		one := line(t, b)
		again, err := proof.Parse(one)
		if err != nil || !bytes.Equal(line(t, again), one) {
			t.Errorf("%v: %s", err, one)
		}
	})
}
