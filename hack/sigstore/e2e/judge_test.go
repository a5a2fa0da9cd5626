package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/pem"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"google.golang.org/protobuf/proto"

	"github.com/paraph/paraph/internal/rekor"
)

// A change is something done to a signed commit, and what paraph calls it
// then. "trusted" is what sigstore-go must accept, anything else it must
// refuse.
type change struct {
	name    string
	log     int // only for this version of Rekor; 0 for both
	verdict string
	do      func(m, other *message)
}

var changes = []change{
	{"none", 0, "trusted", func(_, _ *message) {}},
	{"other content", 0, "bad", func(m, _ *message) { m.payload = flipLast(m.payload) }},
	{"content of another commit", 0, "bad", func(m, other *message) { m.payload = other.payload }},
	{"signed attributes", 0, "bad", func(m, _ *message) { m.signer().Attributes = flipValue(m.signer().Attributes) }},
	{"signature", 0, "bad", func(m, _ *message) { m.signer().Signature = flipLast(m.signer().Signature) }},
	{"signature of another commit", 0, "bad", func(m, other *message) { m.signer().Signature = other.signer().Signature }},
	{"other leaf", 0, "bad", func(m, other *message) {
		m.content.Content.Certificates, m.signer().ID = other.content.Content.Certificates, other.signer().ID
	}},
	{"leaf", 0, "bad", func(m, _ *message) {
		m.content.Content.Certificates = flipValue(m.content.Content.Certificates)
	}},
	{"no token", 1, "trusted", func(m, _ *message) { m.token = nil }},
	{"no token", 2, "unproven", func(m, _ *message) { m.token = nil }},
	{"token", 0, "bad", func(m, _ *message) { m.token = flipLast(m.token) }},
	{"token of another commit", 0, "bad", func(m, other *message) { m.token = other.token }},
	{"no entry", 0, "unproven", func(m, _ *message) { m.entry = nil }},
	{"entry of another commit", 0, "bad", func(m, other *message) { m.entry = other.entry }},
	{"SET", 1, "bad", func(m, _ *message) {
		p := m.entry.InclusionPromise
		p.SignedEntryTimestamp = flipLast(p.SignedEntryTimestamp)
	}},
	{"SET of another commit", 1, "bad", func(m, other *message) { m.entry.InclusionPromise = other.entry.InclusionPromise }},
	{"time of the log", 1, "bad", func(m, _ *message) { m.entry.IntegratedTime++ }},
	{"time of the log instead of a token", 2, "malformed", func(m, _ *message) {
		m.token, m.entry.IntegratedTime = nil, 1_700_000_000
	}},
	// For v2 sigstore-go does not look at the index in the proof.
	{"index in the proof", 1, "bad", func(m, _ *message) { m.entry.InclusionProof.LogIndex++ }},
	{"index", 0, "bad", func(m, _ *message) {
		m.entry.LogIndex++
		m.entry.InclusionProof.LogIndex++
	}},
	{"proof", 0, "bad", func(m, _ *message) {
		p := m.entry.InclusionProof
		p.Hashes[0] = flipLast(p.Hashes[0])
	}},
	{"checkpoint signature", 0, "bad", func(m, _ *message) {
		c := m.entry.InclusionProof.Checkpoint
		c.Envelope = otherDigit(c.Envelope, len(c.Envelope)-20)
	}},
	{"checkpoint root", 0, "bad", func(m, _ *message) {
		c := m.entry.InclusionProof.Checkpoint
		lines := strings.SplitN(c.Envelope, "\n", 4)
		lines[2] = otherDigit(lines[2], 5)
		c.Envelope = strings.Join(lines, "\n")
	}},
	{"checkpoint of another commit", 0, "bad", func(m, other *message) {
		m.entry.InclusionProof.Checkpoint = other.entry.InclusionProof.Checkpoint
	}},
}

// otherDigit replaces the base64 digit at i.
func otherDigit(s string, i int) string {
	digit := "A"
	if s[i] == 'A' {
		digit = "B"
	}
	return s[:i] + digit + s[i+1:]
}

// sigstore-go and paraph know the same trusted root and must agree.
func TestSigstoreGoAgrees(t *testing.T) {
	forEachLog(t, func(t *testing.T, log logVersion) {
		u := newUser(t, log, mint(t, nil))
		u.trust(alice, servers.Endpoints.Issuer)
		other := u.object("commit", u.commit("first"))
		raw := u.object("commit", u.commit("second"))
		for _, c := range changes {
			if c.log != 0 && c.log != log.major {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				m := takeApart(t, raw)
				signed := m.payload
				c.do(m, takeApart(t, other))
				if err := judge(t, m, signed, log); (err == nil) != (c.verdict == "trusted") {
					t.Errorf("sigstore-go says %v", err)
				}
				got, status := u.verify(u.store("commit", m.raw(t)))
				if v := got.Results[0]; v.Verdict != c.verdict || (status == 0) != (c.verdict == "trusted") {
					t.Errorf("paraph says %s, exit status %d, want %s: %+v", v.Verdict, status, c.verdict, v.Error)
				}
			})
		}
	})
}

// judge has sigstore-go verify a commit's signature as a Sigstore bundle.
// Where there is a token it must hold, and for Rekor v1 the SET too.
func judge(t *testing.T, m *message, signed []byte, log logVersion) error {
	t.Helper()
	trusted, err := root.NewTrustedRootFromPath(trustedRoot())
	if err != nil {
		t.Fatal(err)
	}
	options := []verify.VerifierOption{verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1)}
	if m.token != nil || log.major == 2 {
		options = append(options, verify.WithSignedTimestamps(1))
	}
	if log.major == 1 {
		options = append(options, verify.WithIntegratedTimestamps(1))
	}
	verifier, err := verify.NewVerifier(trusted, options...)
	if err != nil {
		t.Fatal(err)
	}
	who, err := verify.NewShortCertificateIdentity(servers.Endpoints.Issuer, "", alice, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.NewBundle(toBundle(t, m, signed, log))
	if err != nil {
		return err
	}
	_, err = verifier.Verify(b, verify.NewPolicy(
		verify.WithArtifact(bytes.NewReader(m.artifact(signed))), verify.WithCertificateIdentity(who)))
	return err
}

// toBundle writes the signature as a Sigstore bundle v0.3. The artifact is the
// set of signed attributes; the entry gets the body that paraph leaves out.
func toBundle(t *testing.T, m *message, signed []byte, log logVersion) *bundlepb.Bundle {
	t.Helper()
	digest := sha256.Sum256(m.artifact(signed))
	material := &bundlepb.VerificationMaterial{
		Content: &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: m.leaf()}},
	}
	if m.entry != nil {
		entry := proto.Clone(m.entry).(*rekorpb.TransparencyLogEntry)
		entry.CanonicalizedBody = rekor.BodyV2(digest, m.signer().Signature, m.leaf())
		if log.major == 1 {
			entry.CanonicalizedBody = rekor.BodyV1(digest, m.signer().Signature, m.leaf())
		}
		material.TlogEntries = []*rekorpb.TransparencyLogEntry{entry}
	}
	if m.token != nil {
		material.TimestampVerificationData = &bundlepb.TimestampVerificationData{
			Rfc3161Timestamps: []*commonpb.RFC3161SignedTimestamp{{SignedTimestamp: toResponse(t, m.token)}},
		}
	}
	return &bundlepb.Bundle{
		MediaType:            "application/vnd.dev.sigstore.bundle.v0.3+json",
		VerificationMaterial: material,
		Content: &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: commonpb.HashAlgorithm_SHA2_256, Digest: digest[:]},
			Signature:     m.signer().Signature,
		}},
	}
}

// toResponse wraps a token as the answer that it came in: RFC 3161, 2.4.2.
//
//	TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken TimeStampToken OPTIONAL }
//	PKIStatusInfo ::= SEQUENCE { status PKIStatus, ... }
func toResponse(t *testing.T, token []byte) []byte {
	t.Helper()
	type statusInfo struct{ Status int }
	der, err := asn1.Marshal(struct {
		Status statusInfo
		Token  asn1.RawValue
	}{statusInfo{0}, asn1.RawValue{FullBytes: token}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// openssl reads the message as it is in the commit, with all unsigned
// attributes.
func TestOpenSSLAccepts(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed: nobody else judges the CMS")
	}
	forEachLog(t, func(t *testing.T, log logVersion) {
		u := newUser(t, log, mint(t, nil))
		m := takeApart(t, u.object("commit", u.commit("first")))
		if m.entry == nil || m.token == nil {
			t.Fatal("the signature brings no proof")
		}
		file := func(name string, data []byte) string {
			path := filepath.Join(u.root, name)
			writeFile(t, path, data)
			return path
		}
		leaf := file("leaf.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.leaf()}))
		args := []string{
			"cms", "-verify", "-inform", "DER", "-in", file("signature.der", m.der(t)), "-binary",
			"-partial_chain", "-purpose", "any", "-no_check_time", "-CAfile", leaf, "-out", "/dev/null", "-content",
		}
		if r := u.run("", "openssl", append(args, file("payload", m.payload))...); r.status != 0 {
			t.Errorf("openssl refuses: %s", r.stderr)
		}
		if r := u.run("", "openssl", append(args, file("other", flipLast(m.payload)))...); r.status == 0 {
			t.Error("openssl accepts another payload")
		}
	})
}
