package oldway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	bundlepb "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	commonpb "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	rekorpb "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/rekor/pkg/generated/models"
	"github.com/sigstore/rekor/pkg/tle"
	_ "github.com/sigstore/rekor/pkg/types/hashedrekord/v0.0.1" // tle reads this kind
	"google.golang.org/protobuf/encoding/protojson"
)

const maxAnswer = 1 << 20

// A Log is a Rekor v1.
type Log struct{ URL string }

// A Proof is what the log has about a signed id.
type Proof struct {
	Leaf      []byte // DER
	Digest    [sha256.Size]byte
	Signature []byte // the second one, over the id
	Entry     *rekorpb.TransparencyLogEntry
}

// Add signs an id and logs it as a hashedrekord 0.0.1.
func (l Log) Add(ctx context.Context, s *Signer, id string) (*Proof, error) {
	signature, digest, err := s.signID(id)
	if err != nil {
		return nil, err
	}
	answer, err := l.post(ctx, "hashedrekord", map[string]any{
		"data":      map[string]any{"hash": map[string]string{"algorithm": "sha256", "value": hex.EncodeToString(digest[:])}},
		"signature": map[string]any{"content": signature, "publicKey": map[string]any{"content": s.leafPEM()}},
	})
	if err != nil {
		return nil, err
	}
	entry, err := tle.GenerateTransparencyLogEntry(*answer)
	if err != nil {
		return nil, err
	}
	return &Proof{s.Leaf.Raw, digest, signature, entry}, nil
}

// AddRekord signs an id and logs it as a rekord 0.0.1, which gitsign never did.
func (l Log) AddRekord(ctx context.Context, s *Signer, id string) error {
	signature, _, err := s.signID(id)
	if err != nil {
		return err
	}
	_, err = l.post(ctx, "rekord", map[string]any{
		"data":      map[string]any{"content": []byte(id)},
		"signature": map[string]any{"format": "x509", "content": signature, "publicKey": map[string]any{"content": s.leafPEM()}},
	})
	return err
}

// post proposes an entry of version 0.0.1 and returns what the log made of it.
func (l Log) post(ctx context.Context, kind string, spec map[string]any) (*models.LogEntryAnon, error) {
	body, err := json.Marshal(map[string]any{"apiVersion": "0.0.1", "kind": kind, "spec": spec})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL+"/api/v1/log/entries", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("rekor v1: %s: %s", resp.Status, answer)
	}
	var entries map[string]models.LogEntryAnon
	if err := json.Unmarshal(answer, &entries); err != nil {
		return nil, err
	}
	for _, e := range entries {
		return &e, nil
	}
	return nil, fmt.Errorf("rekor v1: no entry in the answer: %s", answer)
}

// Bundle is the proof as a Sigstore bundle v0.3 on one line, the artifact
// being the id: a line of a note.
func (p *Proof) Bundle() ([]byte, error) {
	return Line(&bundlepb.Bundle{
		MediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
		VerificationMaterial: &bundlepb.VerificationMaterial{
			Content:     &bundlepb.VerificationMaterial_Certificate{Certificate: &commonpb.X509Certificate{RawBytes: p.Leaf}},
			TlogEntries: []*rekorpb.TransparencyLogEntry{p.Entry},
		},
		Content: &bundlepb.Bundle_MessageSignature{MessageSignature: &commonpb.MessageSignature{
			MessageDigest: &commonpb.HashOutput{Algorithm: commonpb.HashAlgorithm_SHA2_256, Digest: p.Digest[:]},
			Signature:     p.Signature,
		}},
	})
}

// Line writes a bundle as protobuf JSON without spaces, which protojson varies
// on purpose, and without a final newline.
func Line(b *bundlepb.Bundle) ([]byte, error) {
	spaced, err := protojson.Marshal(b)
	if err != nil {
		return nil, err
	}
	var line bytes.Buffer
	err = json.Compact(&line, spaced)
	return line.Bytes(), err
}
