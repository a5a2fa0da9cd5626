package rekor_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/verdict"
)

func TestCheckpoint(t *testing.T) {
	b64 := base64.StdEncoding.EncodeToString
	text := func(l *logged, lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	type makeNote func(l *logged, size, root string) string
	for _, test := range []struct {
		name  string
		note  makeNote
		class verdict.Class
		rule  string
	}{
		{"of another tree size", func(l *logged, _, root string) string { return l.log.Note(text(l, l.log.Origin(), "999", root)) }, verdict.Log, "checkpoint-size"},
		{"of another root hash", func(l *logged, size, _ string) string {
			return l.log.Note(text(l, l.log.Origin(), size, b64(make([]byte, 32))))
		}, verdict.Log, "checkpoint-root"},
		{"no size", func(l *logged, _, root string) string { return l.log.Note(text(l, l.log.Origin(), root)) }, verdict.Syntax, "checkpoint-form"},
		{"size with a leading zero", func(l *logged, size, root string) string { return l.log.Note(text(l, l.log.Origin(), "0"+size, root)) }, verdict.Syntax, "checkpoint-form"},
		{"negative size", func(l *logged, size, root string) string { return l.log.Note(text(l, l.log.Origin(), "-"+size, root)) }, verdict.Syntax, "checkpoint-form"},
		{"no root hash", func(l *logged, size, _ string) string { return l.log.Note(text(l, l.log.Origin(), size)) }, verdict.Syntax, "checkpoint-form"},
		{"short root hash", func(l *logged, size, _ string) string {
			return l.log.Note(text(l, l.log.Origin(), size, b64(make([]byte, 31))))
		}, verdict.Syntax, "checkpoint-form"},
		{"no origin", func(l *logged, size, root string) string { return l.log.Note(text(l, "", size, root)) }, verdict.Syntax, "checkpoint-origin"},
		{"forged", func(l *logged, size, root string) string {
			return l.log.ForgedNote(text(l, l.log.Origin(), size, root))
		}, verdict.Log, "checkpoint-signature"},
		{"by a stranger's key", func(l *logged, size, root string) string {
			other := l.p.Other().Rekor1
			if l.log == l.p.Rekor2 {
				other = l.p.Other().Rekor2
			}
			return other.Note(text(l, l.log.Origin(), size, root))
		}, verdict.Log, "checkpoint-key"},
		{"no signature", func(l *logged, size, root string) string { return text(l, l.log.Origin(), size, root) }, verdict.Syntax, "checkpoint-form"},
		{"signed twice", func(l *logged, size, root string) string {
			n := l.log.Note(text(l, l.log.Origin(), size, root))
			return n + n[strings.Index(n, "\n\n")+2:]
		}, verdict.Syntax, "checkpoint-signatures"},
		{"too many signatures", func(l *logged, size, root string) string {
			n := l.log.Note(text(l, l.log.Origin(), size, root))
			for i := range 40 {
				n += fmt.Sprintf("— witness-%d.example %s\n", i, b64(make([]byte, 68)))
			}
			return n
		}, verdict.Syntax, "checkpoint-signatures"},
		{"witness without a signature", func(l *logged, size, root string) string {
			return l.log.Note(text(l, l.log.Origin(), size, root)) + "— witness.example AAAA\n"
		}, verdict.Syntax, "checkpoint-form"},
		{"bytes after the signatures", func(l *logged, size, root string) string {
			return l.log.Note(text(l, l.log.Origin(), size, root)) + "x"
		}, verdict.Syntax, "checkpoint-form"},
	} {
		for _, major := range []int{1, 2} {
			t.Run(fmt.Sprintf("v%d, %s", major, test.name), func(t *testing.T) {
				l := logSignature(t, major)
				e := l.entry
				e.Proof.Checkpoint = test.note(l, fmt.Sprint(e.Proof.TreeSize), b64(e.Proof.RootHash))
				l.expect(t, e.Bytes(), "checkpoint", test.class, test.rule)
			})
		}
	}
}

// TestCheckpointNames covers what names and key hashes decide.
func TestCheckpointNames(t *testing.T) {
	tree := func(e *testpki.Entry) string {
		return fmt.Sprintf("\n%d\n%s\n", e.Proof.TreeSize, base64.StdEncoding.EncodeToString(e.Proof.RootHash))
	}
	t.Run("v1 under a name that is not its origin's", func(t *testing.T) {
		l := logSignature(t, 1)
		l.entry.Proof.Checkpoint = l.log.NoteAs("other.example", l.log.Origin()+tree(l.entry))
		l.expect(t, l.entry.Bytes(), "checkpoint", verdict.Log, "checkpoint-key")
	})
	t.Run("v2 under a name that is not its origin's", func(t *testing.T) {
		l := logSignature(t, 2)
		l.entry.Proof.Checkpoint = l.log.NoteAs("other.example", l.log.Origin()+tree(l.entry))
		l.expect(t, l.entry.Bytes(), "checkpoint", verdict.Log, "checkpoint-key")
	})
	t.Run("v2 of another origin by the same key", func(t *testing.T) {
		l := logSignature(t, 2)
		l.entry.Proof.Checkpoint = l.log.NoteAs("other.example", "other.example"+tree(l.entry))
		l.expect(t, l.entry.Bytes(), "checkpoint", verdict.Log, "checkpoint-origin")
	})
	t.Run("v2 of a log whose URL moved", func(t *testing.T) {
		l := logSignature(t, 2)
		l.root = parseRoot(t, l.p.TrustedRoot(func(r *testpki.Root) { r.Tlogs[1].BaseURL = "https://elsewhere.example" }))
		l.expect(t, l.entry.Bytes(), "checkpoint", verdict.Log, "checkpoint-origin")
	})
	t.Run("v2 of a log without a URL", func(t *testing.T) {
		l := logSignature(t, 2)
		l.root = parseRoot(t, l.p.TrustedRoot(func(r *testpki.Root) { r.Tlogs[1].BaseURL = "" }))
		l.expect(t, l.entry.Bytes(), "checkpoint", verdict.Material, "log-url")
	})
	t.Run("v2 of a log with a port in its URL", func(t *testing.T) {
		l := logSignature(t, 2)
		l.root = parseRoot(t, l.p.TrustedRoot(func(r *testpki.Root) { r.Tlogs[1].BaseURL += ":8443" }))
		if _, check, err := l.verify(l.entry.Bytes()); err != nil {
			t.Errorf("%s: %v", check, err)
		}
	})
	t.Run("wrong key hash", func(t *testing.T) {
		l := logSignature(t, 1)
		cp := l.entry.Proof.Checkpoint
		i := strings.LastIndexByte(cp, ' ') + 1
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(cp[i:]))
		if err != nil {
			t.Fatal(err)
		}
		raw[0] ^= 1
		l.entry.Proof.Checkpoint = cp[:i] + base64.StdEncoding.EncodeToString(raw) + "\n"
		l.expect(t, l.entry.Bytes(), "checkpoint", verdict.Log, "checkpoint-key")
	})
	t.Run("base64 with bits that mean nothing", func(t *testing.T) {
		const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		l := logSignature(t, 2)
		cp, padded := strings.CutSuffix(l.entry.Proof.Checkpoint, "=\n")
		if !padded {
			t.Fatalf("no padding after an Ed25519 signature: %s", cp)
		}
		last := len(cp) - 1
		l.entry.Proof.Checkpoint = cp[:last] + string(alphabet[strings.IndexByte(alphabet, cp[last])+1]) + "=\n"
		l.expect(t, l.entry.Bytes(), "checkpoint", verdict.Syntax, "checkpoint-form")
	})
	t.Run("witnesses count for nothing", func(t *testing.T) {
		l := logSignature(t, 2)
		l.entry.Proof.Checkpoint += "— witness.example " + base64.StdEncoding.EncodeToString(make([]byte, 76)) + "\n"
		if _, check, err := l.verify(l.entry.Bytes()); err != nil {
			t.Errorf("%s: %v", check, err)
		}
	})
	t.Run("extension lines are part of what is signed", func(t *testing.T) {
		l := logSignature(t, 1)
		l.entry.Proof.Checkpoint = l.log.Note(l.log.Origin() + tree(l.entry) + "Timestamp: 1689177396617352539\n")
		if _, check, err := l.verify(l.entry.Bytes()); err != nil {
			t.Errorf("%s: %v", check, err)
		}
	})
}
