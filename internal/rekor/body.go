package rekor

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"

	"github.com/paraph/paraph/internal/verdict"
)

// KeyDetails is the name that dev.sigstore.common.v1.PublicKeyDetails has for
// the only kind of key that signs here.
const KeyDetails = "PKIX_ECDSA_P256_SHA_256"

// RebuiltBody returns the canonical body that the log must have included:
// that of [BodyV1] or [BodyV2], as the entry's major version has it. digest is
// the SHA-256 of the artifact, signature the DER ECDSA P-256 signature over
// it, leaf the DER certificate of its key.
//
// An entry may bring its body. One that differs from the rebuilt one is a
// failure of class Log: it is of another signature.
func (e *Entry) RebuiltBody(digest [32]byte, signature, leaf []byte) ([]byte, error) {
	body := BodyV2(digest, signature, leaf)
	if e.MajorVersion() == 1 {
		body = BodyV1(digest, signature, leaf)
	}
	if e.Body != nil && !bytes.Equal(e.Body, body) {
		return nil, verdict.Errorf(verdict.Log, "entry-body", "the log entry brings the body of another signature")
	}
	return body, nil
}

// BodyV1 returns the body of a hashedrekord 0.0.1 entry. It is also what
// Rekor v1 takes as a proposed entry.
//
// It is in canonical form (RFC 8785): members sorted by name, no white space.
// None of its strings has a character that needs an escape.
func BodyV1(digest [32]byte, signature, leaf []byte) []byte {
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})
	return fmt.Appendf(nil, `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{`+
		`"data":{"hash":{"algorithm":"sha256","value":"%x"}},`+
		`"signature":{"content":"%s","publicKey":{"content":"%s"}}}}`,
		digest, encode(signature), encode(certificate))
}

// ParseBodyV1 reads a hashedrekord 0.0.1 body: the digest and the signature
// that it is of, and the certificate. BodyV1 of the three is the body again, or
// it is refused with an error of class Syntax.
func ParseBodyV1(body []byte) (digest [32]byte, signature, leaf []byte, err error) {
	var b struct {
		Spec struct {
			Data struct {
				Hash struct {
					Value hexBytes `json:"value"`
				} `json:"hash"`
			} `json:"data"`
			Signature struct {
				Content   []byte `json:"content"`
				PublicKey struct {
					Content []byte `json:"content"`
				} `json:"publicKey"`
			} `json:"signature"`
		} `json:"spec"`
	}
	if err := unmarshal(body, &b); err != nil {
		return digest, nil, nil, err
	}
	block, _ := pem.Decode(b.Spec.Signature.PublicKey.Content)
	if block == nil || len(b.Spec.Data.Hash.Value) != len(digest) {
		return digest, nil, nil, syntax("entry-body", "the log entry is not of a certificate's signature over a SHA-256 digest")
	}
	copy(digest[:], b.Spec.Data.Hash.Value)
	signature, leaf = b.Spec.Signature.Content, block.Bytes
	if !bytes.Equal(BodyV1(digest, signature, leaf), body) {
		return digest, nil, nil, syntax("entry-body", "the log entry is not a hashedrekord 0.0.1 in canonical form")
	}
	return digest, signature, leaf, nil
}

// BodyV2 returns the body of a hashedrekord 0.0.2 entry: protojson of
// dev.sigstore.rekor.v2.Entry, made canonical by RFC 8785.
//
//	message Entry { string kind; string api_version; Spec spec; }
//	message Spec { oneof spec { HashedRekordLogEntryV002 hashed_rekord_v002; ... } }
//	message HashedRekordLogEntryV002 { HashOutput data; Signature signature; }
//	message Signature { bytes content; Verifier verifier; }
//	message Verifier { oneof verifier { PublicKey public_key; X509Certificate x509_certificate; }
//	                   PublicKeyDetails key_details; }
func BodyV2(digest [32]byte, signature, leaf []byte) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{`+
		`"data":{"algorithm":"SHA2_256","digest":"%s"},`+
		`"signature":{"content":"%s","verifier":{"keyDetails":"%s","x509Certificate":{"rawBytes":"%s"}}}}}}`,
		encode(digest[:]), encode(signature), KeyDetails, encode(leaf))
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
