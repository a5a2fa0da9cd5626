package rekor_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
)

// Fields of a TransparencyLogEntry.
const (
	fieldLogIndex = iota + 1
	fieldLogID
	fieldKindVersion
	fieldIntegratedTime
	fieldPromise
	fieldProof
	fieldBody
)

// split cuts a message into its fields, each with tag and value.
func split(t *testing.T, message []byte) [][]byte {
	t.Helper()
	var fields [][]byte
	for len(message) > 0 {
		_, _, n := protowire.ConsumeField(message)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		fields = append(fields, message[:n:n])
		message = message[n:]
	}
	return fields
}

func varint(field protowire.Number, v ...byte) []byte {
	return append(protowire.AppendTag(nil, field, protowire.VarintType), v...)
}

func length(field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), v)
}

// replace puts other bytes in the place of the field at an index.
func replace(fields [][]byte, index int, b []byte) []byte {
	fields = slices.Clone(fields)
	fields[index-1] = b
	return slices.Concat(fields...)
}

// inner is the message inside of a field.
func inner(t *testing.T, field []byte) []byte {
	t.Helper()
	_, _, n := protowire.ConsumeTag(field)
	v, m := protowire.ConsumeBytes(field[n:])
	if m < 0 {
		t.Fatal(protowire.ParseError(m))
	}
	return v
}

func TestParseRefuses(t *testing.T) {
	l := logSignature(t, 1)
	good := l.entry.BytesWithBody()
	f := split(t, good)
	if len(f) != fieldBody {
		t.Fatalf("a v1 entry with its body has %d fields", len(f))
	}
	proof := split(t, inner(t, f[fieldProof-1])) // index, root hash, size, hashes..., checkpoint
	checkpoint := proof[len(proof)-1]
	withProof := func(fields ...[]byte) []byte {
		return replace(f, fieldProof, length(fieldProof, slices.Concat(fields...)))
	}
	with := func(change func(*testpki.Entry)) []byte {
		e := l.entry.Clone()
		change(e)
		return e.Bytes()
	}
	for _, test := range []struct {
		name string
		pb   []byte
		rule string
	}{
		{"empty", nil, "entry-log-id"},
		{"32 KiB and more", append(bytes.Clone(good), make([]byte, 32<<10)...), "entry-size"},
		{"cut in a tag", []byte{0x80}, "entry-form"},
		{"cut in a value", good[:len(good)-1], "entry-form"},
		{"zero byte at the end", append(bytes.Clone(good), 0), "entry-form"},
		{"unknown field", append(bytes.Clone(good), varint(8, 1)...), "entry-unknown-field"},
		{"field of a large number", append(bytes.Clone(good), varint(1<<20, 1)...), "entry-unknown-field"},
		{"unknown field in kind_version", replace(f, fieldKindVersion, length(fieldKindVersion, append(inner(t, f[fieldKindVersion-1]), varint(3, 1)...))), "entry-unknown-field"},
		{"unknown field in the proof", withProof(append(slices.Clone(proof), varint(6, 1))...), "entry-unknown-field"},
		{"unknown field in the checkpoint", withProof(append(slices.Clone(proof[:len(proof)-1]), length(5, append(inner(t, checkpoint), varint(2, 1)...)))...), "entry-unknown-field"},
		{"log_index twice", replace(f, fieldLogIndex, slices.Concat(f[0], f[0])), "entry-repeated-field"},
		{"inclusion_proof twice", replace(f, fieldProof, slices.Concat(f[fieldProof-1], f[fieldProof-1])), "entry-repeated-field"},
		{"log_id twice, the first empty", replace(f, fieldLogID, slices.Concat(length(fieldLogID, nil), f[fieldLogID-1])), "entry-repeated-field"},
		{"fields in another order", slices.Concat(f[1], f[0], slices.Concat(f[2:]...)), "entry-field-order"},
		{"log_index as bytes", replace(f, fieldLogIndex, length(fieldLogIndex, []byte{1})), "entry-wire-type"},
		{"log_id as a number", replace(f, fieldLogID, varint(fieldLogID, 1)), "entry-wire-type"},
		{"inclusion_proof as a group", replace(f, fieldProof, protowire.AppendTag(nil, fieldProof, protowire.StartGroupType)), "entry-wire-type"},
		{"number with a byte too many", replace(f, fieldLogIndex, varint(fieldLogIndex, 0x81, 0x00)), "entry-encoding"},
		{"tag with a byte too many", append([]byte{0x88, 0x00}, good[1:]...), "entry-encoding"},
		{"log_index zero written out", replace(f, fieldLogIndex, varint(fieldLogIndex, 0)), "entry-encoding"},
		{"empty promise", replace(f, fieldPromise, length(fieldPromise, nil)), "entry-encoding"},
		{"empty signed_entry_timestamp", replace(f, fieldPromise, length(fieldPromise, length(1, nil))), "entry-encoding"},
		{"empty body", replace(f, fieldBody, length(fieldBody, nil)), "entry-encoding"},
		{"no kind_version", replace(f, fieldKindVersion, nil), "entry-encoding"},
		{"number of 65 bits", replace(f, fieldLogIndex, varint(fieldLogIndex, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02)), "entry-form"},
		{"negative log_index", with(func(e *testpki.Entry) { e.LogIndex = -1 }), "entry-number"},
		{"negative time", with(func(e *testpki.Entry) { e.IntegratedTime = -1 }), "entry-number"},
		{"negative index in the proof", with(func(e *testpki.Entry) { e.Proof.LogIndex = -1 }), "entry-number"},
		{"negative tree size", with(func(e *testpki.Entry) { e.Proof.TreeSize = -1 }), "entry-number"},
		{"no log id", with(func(e *testpki.Entry) { e.LogID = nil }), "entry-log-id"},
		{"log id of 33 bytes", with(func(e *testpki.Entry) { e.LogID = append(e.LogID, 0) }), "entry-log-id"},
		{"no proof", with(func(e *testpki.Entry) { e.Proof = nil }), "entry-proof"},
		{"no checkpoint", with(func(e *testpki.Entry) { e.Proof.Checkpoint = "" }), "entry-checkpoint"},
		{"checkpoint of 20 KiB", with(func(e *testpki.Entry) { e.Proof.Checkpoint = string(make([]byte, 20<<10)) }), "entry-checkpoint"},
		{"root hash of 31 bytes", with(func(e *testpki.Entry) { e.Proof.RootHash = e.Proof.RootHash[1:] }), "entry-hashes"},
		{"hash of 31 bytes", with(func(e *testpki.Entry) { e.Proof.Hashes[0] = e.Proof.Hashes[0][1:] }), "entry-hashes"},
		{"65 hashes", with(func(e *testpki.Entry) { e.Proof.Hashes = slices.Repeat([][]byte{e.LogID}, 65) }), "entry-hashes"},
		{"kind of 65 bytes", with(func(e *testpki.Entry) { e.Kind = string(make([]byte, 65)) }), "entry-kind"},
		{"SET of 513 bytes", with(func(e *testpki.Entry) { e.SET = make([]byte, 513) }), "entry-set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l.expect(t, test.pb, "parse", verdict.Syntax, test.rule)
		})
	}
}

func TestParseCutsAnywhere(t *testing.T) {
	for _, major := range []int{1, 2} {
		good := logSignature(t, major).entry.Bytes()
		for i := range good {
			if _, err := rekor.ParseEntry(good[:i]); err == nil {
				t.Errorf("v%d: the first %d of %d bytes are an entry", major, i, len(good))
			}
		}
	}
}

// TestParseKeepsNothing changes the input after it was parsed.
func TestParseKeepsNothing(t *testing.T) {
	good := logSignature(t, 1).entry.BytesWithBody()
	in := bytes.Clone(good)
	e, err := rekor.ParseEntry(in)
	if err != nil {
		t.Fatal(err)
	}
	clear(in)
	if !bytes.Equal(e.Bytes(), good) {
		t.Error("the entry changed with the bytes it was parsed from")
	}
}

// TestChecksWithoutProof calls the checks on an entry that no parser made.
func TestChecksWithoutProof(t *testing.T) {
	l := logSignature(t, 1)
	log := l.root.Log(l.entry.LogID)
	e := new(rekor.Entry)
	for name, err := range map[string]error{
		"kind":       e.CheckKind(),
		"inclusion":  e.CheckInclusion(nil),
		"checkpoint": e.CheckCheckpoint(log),
		"set":        e.CheckSET(nil, log),
	} {
		var v *verdict.Error
		if !errors.As(err, &v) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if result, checks := rekor.Verify(e, l.digest, l.signature, l.leaf, l.root); result != nil || len(checks) != 1 || checks[0].Err == nil {
		t.Errorf("%v %v", result, checks)
	}
}

func FuzzParseEntry(f *testing.F) {
	p := testpki.New()
	leaf := p.Certificate(testpki.Key("alice").Public(), alice)
	f.Add(p.LogV1([32]byte{1}, []byte("signature"), leaf).Bytes())
	f.Add(p.LogV2([32]byte{1}, []byte("signature"), leaf).BytesWithBody())
	root, err := trust.Parse(p.TrustedRoot(), "test")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pb []byte) {
		e, err := rekor.ParseEntry(pb)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Bytes(), pb) {
			t.Errorf("parsed from %x, encoded to %x", pb, e.Bytes())
		}
		if result, _ := rekor.Verify(e, [32]byte{2}, nil, nil, root); result != nil {
			t.Error("an entry of nothing holds")
		}
	})
}
