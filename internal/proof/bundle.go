package proof

import (
	"encoding/json"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/strictjson"
)

const (
	mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
	algorithm = "SHA2_256" // of dev.sigstore.common.v1.HashAlgorithm
)

// A Bundle is a signature over an artifact, here the id of an object, with the
// certificate of its key and the entry of a log. Nothing in it is verified.
type Bundle struct {
	Leaf      []byte   // DER certificate
	Digest    [32]byte // SHA-256 of the artifact
	Signature []byte   // DER ECDSA signature over the digest
	Entry     *rekor.Entry
	Tokens    [][]byte // bare RFC 3161 tokens over Signature; usually none
}

// The protojson of dev.sigstore.bundle.v1.Bundle, as far as it is used here.
type (
	bundleJSON struct {
		MediaType string       `json:"mediaType"`
		Material  materialJSON `json:"verificationMaterial"`
		Signature struct {
			Digest struct {
				Algorithm string `json:"algorithm"`
				Digest    []byte `json:"digest"`
			} `json:"messageDigest"`
			Signature []byte `json:"signature"`
		} `json:"messageSignature"`
	}
	materialJSON struct {
		Certificate struct {
			RawBytes []byte `json:"rawBytes"`
		} `json:"certificate"`
		Entries    []*rekor.Entry  `json:"tlogEntries"`
		Timestamps *timestampsJSON `json:"timestampVerificationData,omitempty"`
	}
	timestampsJSON struct {
		RFC3161 []timestampJSON `json:"rfc3161Timestamps"`
	}
	timestampJSON struct {
		Response []byte `json:"signedTimestamp"`
	}
)

// New makes a bundle of an entry with its body, as Rekor v1 answers with it.
// An entry of another kind than hashedrekord 0.0.1 makes none.
func New(e *rekor.Entry) (*Bundle, error) {
	if err := e.CheckKind(); err != nil {
		return nil, err
	}
	digest, signature, leaf, err := rekor.ParseBodyV1(e.Body)
	if err != nil {
		return nil, err
	}
	return &Bundle{Leaf: leaf, Digest: digest, Signature: signature, Entry: e}, nil
}

// Parse reads one line of a note: a Sigstore bundle v0.3 of a message
// signature with exactly one log entry, of which nothing is unknown and
// nothing stands twice. Errors are of class Syntax.
func Parse(line []byte) (*Bundle, error) {
	var j bundleJSON
	if err := strictjson.UnmarshalKnown(line, maxLine, &j); err != nil {
		return nil, syntax("note-bundle", "the line is not a Sigstore bundle of a message signature: %w", err)
	}
	b := &Bundle{Leaf: j.Material.Certificate.RawBytes, Signature: j.Signature.Signature}
	switch {
	case j.MediaType != mediaType:
		return nil, syntax("note-bundle", "the bundle has media type %.80q, only %s is read", j.MediaType, mediaType)
	case len(j.Material.Entries) != 1 || j.Material.Entries[0] == nil:
		return nil, syntax("note-entries", "the bundle has %d log entries, expected one", len(j.Material.Entries))
	case j.Signature.Digest.Algorithm != algorithm || len(j.Signature.Digest.Digest) != len(b.Digest):
		return nil, syntax("note-digest", "the bundle is not over a SHA-256 digest")
	case len(b.Leaf) == 0 || len(b.Signature) == 0:
		return nil, syntax("note-bundle", "the bundle has no certificate or no signature")
	}
	b.Entry = j.Material.Entries[0]
	copy(b.Digest[:], j.Signature.Digest.Digest)
	if t := j.Material.Timestamps; t != nil {
		if len(t.RFC3161) > maxTimestamps {
			return nil, syntax("note-timestamps", "the bundle has %d timestamps, at most %d are read", len(t.RFC3161), maxTimestamps)
		}
		for _, r := range t.RFC3161 {
			token, err := tokenOf(r.Response)
			if err != nil {
				return nil, err
			}
			b.Tokens = append(b.Tokens, token)
		}
	}
	return b, nil
}

// tokenOf takes the token out of the answer that it came in, RFC 3161, 2.4.2:
//
//	TimeStampResp ::= SEQUENCE { status PKIStatusInfo, timeStampToken TimeStampToken OPTIONAL }
//	PKIStatusInfo ::= SEQUENCE { status PKIStatus, ... }
func tokenOf(response []byte) ([]byte, error) {
	in := cryptobyte.String(response)
	var resp, info, token cryptobyte.String
	var status int
	if len(response) > maxToken || !in.ReadASN1(&resp, asn1.SEQUENCE) || !in.Empty() ||
		!resp.ReadASN1(&info, asn1.SEQUENCE) || !info.ReadASN1Integer(&status) || status < 0 || status > 1 ||
		!resp.ReadASN1Element(&token, asn1.SEQUENCE) || !resp.Empty() {
		return nil, syntax("note-timestamps", "a timestamp of the bundle is not an RFC 3161 answer that grants one")
	}
	return token, nil
}

// JSON writes the bundle in one line without its end. Tokens are not written:
// a bundle that New made has none.
func (b *Bundle) JSON() ([]byte, error) {
	j := bundleJSON{MediaType: mediaType}
	j.Material.Certificate.RawBytes = b.Leaf
	j.Material.Entries = []*rekor.Entry{b.Entry}
	j.Signature.Digest.Algorithm, j.Signature.Digest.Digest = algorithm, b.Digest[:]
	j.Signature.Signature = b.Signature
	return json.Marshal(j)
}
