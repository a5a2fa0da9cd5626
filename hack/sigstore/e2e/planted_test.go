package e2e

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/paraph/paraph/git"
	"github.com/paraph/paraph/hack/sigstore/oldway"
	"github.com/paraph/paraph/internal/proof"
)

// A planted note is one that somebody made to prove what it does not. o has a
// true proof, and so has other, its parent, by the same certificate.
type planted struct {
	name    string
	verdict string
	lines   func(t *testing.T, o, other *oldObject) [][]byte
}

// logged makes a line of what the log has about another id, or by another
// signer.
func logged(t *testing.T, by *oldway.Signer, id string) []byte {
	t.Helper()
	p, err := oldway.Log{URL: servers.Endpoints.Rekor1}.Add(t.Context(), by, id)
	if err != nil {
		t.Fatal(err)
	}
	return (&oldObject{proof: p}).line(t)
}

// changed is the object's line after a change of its entry.
func (o *oldObject) changed(t *testing.T, change func(e *rekorpb.TransparencyLogEntry)) []byte {
	t.Helper()
	p := *o.proof
	p.Entry = proto.Clone(p.Entry).(*rekorpb.TransparencyLogEntry)
	change(p.Entry)
	return (&oldObject{proof: &p}).line(t)
}

// otherBundle is the object's line after a change of the bundle around the
// entry.
func (o *oldObject) otherBundle(t *testing.T, change func(b *bundlepb.Bundle)) []byte {
	t.Helper()
	b := new(bundlepb.Bundle)
	if err := protojson.Unmarshal(o.line(t), b); err != nil {
		t.Fatal(err)
	}
	change(b)
	line, err := oldway.Line(b)
	if err != nil {
		t.Fatal(err)
	}
	return append(line, '\n')
}

func toDSSE(b *bundlepb.Bundle) {
	signature := b.GetMessageSignature().GetSignature()
	b.Content = &bundlepb.Bundle_DsseEnvelope{DsseEnvelope: &dsse.Envelope{
		Payload: []byte("{}"), PayloadType: "application/vnd.in-toto+json",
		Signatures: []*dsse.Signature{{Sig: signature}},
	}}
}

// otherCheckpoint is what the other log of the same root has signed.
func otherCheckpoint(t *testing.T) string {
	t.Helper()
	resp, err := http.Get(servers.Endpoints.Rekor2 + "/api/v2/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return string(b)
}

func lines(l ...[]byte) [][]byte { return l }

const tenMegabytes = 10 << 20

var plantedNotes = []planted{
	{"its own", "valid", func(t *testing.T, o, _ *oldObject) [][]byte { return lines(o.line(t)) }},
	{"its own, written anew", "valid", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(o.changed(t, func(*rekorpb.TransparencyLogEntry) {}))
	}},
	{"its own, read and written anew", "valid", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(o.otherBundle(t, func(*bundlepb.Bundle) {}))
	}},
	{"nothing", "unproven", func(*testing.T, *oldObject, *oldObject) [][]byte { return lines([]byte("\n")) }},
	{"bundle of its parent, by the same certificate", "unproven", func(t *testing.T, _, other *oldObject) [][]byte {
		return lines(other.line(t))
	}},
	{"its id, logged by another certificate", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(logged(t, certify(t, nil), o.logged))
	}},
	{"its id, logged by another person", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(logged(t, certify(t, map[string]any{"email": "somebody.else@example.com"}), o.logged))
	}},
	{"its id with a newline", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(logged(t, o.by, o.logged+"\n"))
	}},
	{"its id in capitals", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(logged(t, o.by, strings.ToUpper(o.logged)))
	}},
	{"two bundles on one line", "unproven", func(t *testing.T, o, other *oldObject) [][]byte {
		return lines(bytes.TrimSpace(o.line(t)), other.line(t))
	}},
	{"a bundle of an attestation", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(o.otherBundle(t, toDSSE))
	}},
	{"a bundle of another version", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(o.otherBundle(t, func(b *bundlepb.Bundle) { b.MediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1" }))
	}},
	{"two entries in one bundle", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(o.otherBundle(t, func(b *bundlepb.Bundle) {
			m := b.VerificationMaterial
			m.TlogEntries = append(m.TlogEntries, m.TlogEntries[0])
		}))
	}},
	{"its bundle with another digest", "unproven", func(t *testing.T, o, other *oldObject) [][]byte {
		return lines(o.otherBundle(t, func(b *bundlepb.Bundle) {
			b.GetMessageSignature().MessageDigest = &commonpb.HashOutput{
				Algorithm: commonpb.HashAlgorithm_SHA2_256, Digest: other.proof.Digest[:],
			}
		}))
	}},
	{"ten megabytes of JSON", "unproven", func(*testing.T, *oldObject, *oldObject) [][]byte {
		return lines([]byte(`{"x":"`), bytes.Repeat([]byte("x"), tenMegabytes), []byte("\"}\n"))
	}},
	{"ten megabytes of braces", "unproven", func(*testing.T, *oldObject, *oldObject) [][]byte {
		return lines(bytes.Repeat([]byte("["), tenMegabytes))
	}},
	{"SET of another entry", "unproven", func(t *testing.T, o, other *oldObject) [][]byte {
		return lines(o.changed(t, func(e *rekorpb.TransparencyLogEntry) { e.InclusionPromise = other.proof.Entry.InclusionPromise }))
	}},
	{"proof of another entry", "unproven", func(t *testing.T, o, other *oldObject) [][]byte {
		return lines(o.changed(t, func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof = other.proof.Entry.InclusionProof }))
	}},
	{"checkpoint of another log", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		checkpoint := otherCheckpoint(t)
		return lines(o.changed(t, func(e *rekorpb.TransparencyLogEntry) { e.InclusionProof.Checkpoint.Envelope = checkpoint }))
	}},
	{"another kind", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(o.changed(t, func(e *rekorpb.TransparencyLogEntry) { e.KindVersion.Kind = "rekord" }))
	}},
	{"a time that the log did not say", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return lines(o.changed(t, func(e *rekorpb.TransparencyLogEntry) { e.IntegratedTime++ }))
	}},
	{"another's bundle first, its own then", "valid", func(t *testing.T, o, other *oldObject) [][]byte {
		return lines(other.line(t), []byte("{}\n"), o.line(t))
	}},
	{"its own last of the lines that count", "valid", func(t *testing.T, o, _ *oldObject) [][]byte {
		return append(slices.Repeat(lines([]byte("{}\n")), proof.MaxLines-1), o.line(t))
	}},
	{"its own after the lines that count", "unproven", func(t *testing.T, o, _ *oldObject) [][]byte {
		return append(slices.Repeat(lines([]byte("{}\n")), proof.MaxLines), o.line(t))
	}},
}

// A note lifts what it proves, and harms nothing.
func TestPlantedNotes(t *testing.T) {
	t.Parallel()
	u := newOldUser(t)
	signer := certify(t, nil)
	objects := u.oldHistory(git.SHA1, len(plantedNotes)+1, 0, func(int) *oldway.Signer { return signer })
	logAll(t, objects)
	for n, p := range plantedNotes {
		o, parent := objects[n+1], objects[n]
		u.note(o.id, p.lines(t, o, parent)...)
		t.Run(p.name, func(t *testing.T) {
			got, status := u.verify("--any-signer", o.id)
			if v := got.Results[0]; v.Verdict != p.verdict || (status == 0) != (p.verdict == "valid") {
				t.Errorf("it is %s, exit status %d, want %s: %+v", v.Verdict, status, p.verdict, v.Error)
			}
			if want, letter := map[string]string{"valid": "U", "unproven": "E"}[p.verdict], u.letter(o.id); letter != want {
				t.Errorf("git log says %s, want %s", letter, want)
			}
		})
	}
}

// Where an entry is embedded nobody reads the note.
func TestPlantedNoteBesideAnEntry(t *testing.T) {
	t.Parallel()
	needLog(t, logVersions[0])
	u := newUser(t, logVersions[0], mint(t, nil))
	id := u.commit("first")
	u.note(id, bytes.Repeat([]byte("["), tenMegabytes))
	got, _ := u.verify(id)
	if v := got.Results[0]; v.Verdict != "valid" || v.Log == nil || v.Log.Source != "embedded" {
		t.Errorf("it is %s, log %+v: %+v", v.Verdict, v.Log, v.Error)
	}
}
