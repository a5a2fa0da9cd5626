package testpki

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
)

// BodyV1 is the canonical body of a hashedrekord 0.0.1 entry, RFC 8785 JSON:
// digest is the SHA-256 of the artifact, leaf a DER certificate, which goes in
// as base64 of its PEM.
func BodyV1(digest [32]byte, signature, leaf []byte) []byte {
	return bodyV1(digest[:], signature, pemCertificate(leaf))
}

// bodyV1 takes the verifier as it is: Rekor logs PEM, of certificates and of
// public keys.
func bodyV1(digest, signature, verifier []byte) []byte {
	return fmt.Appendf(nil, `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{`+
		`"data":{"hash":{"algorithm":"sha256","value":"%x"}},`+
		`"signature":{"content":"%s","publicKey":{"content":"%s"}}}}`,
		digest, b64(signature), b64(verifier))
}

// BodyV2 is the canonical body of a hashedrekord 0.0.2 entry: the protojson
// form of rekor-tiles' dev.sigstore.rekor.v2.Entry, made canonical by RFC 8785.
//
//	message Entry { kind, api_version, Spec spec }
//	message Spec { oneof { HashedRekordLogEntryV002 hashed_rekord_v002 } }
//	message HashedRekordLogEntryV002 { HashOutput data, Signature signature }
//	message Signature { bytes content, Verifier verifier }
//	message Verifier { oneof { public_key, x509_certificate }, key_details }
//
// Members are sorted by name, bytes are padded base64, enumerations their
// names; the digest's algorithm follows from key_details.
func BodyV2(digest [32]byte, signature, leaf []byte) []byte {
	c := must(x509.ParseCertificate(leaf))
	return bodyV2(digest[:], signature, keyDetails(c.PublicKey), "x509Certificate", leaf)
}

func bodyV2(digest, signature []byte, details, verifier string, raw []byte) []byte {
	member := fmt.Sprintf(`"%s":{"rawBytes":"%s"}`, verifier, b64(raw))
	keyMember := fmt.Sprintf(`"keyDetails":"%s"`, details)
	return fmt.Appendf(nil, `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{`+
		`"data":{"algorithm":"SHA2_256","digest":"%s"},`+
		`"signature":{"content":"%s","verifier":{%s,%s}}}}}`,
		b64(digest), b64(signature), keyMember, member)
}

// keyDetails is the name of a key in dev.sigstore.common.v1.PublicKeyDetails.
func keyDetails(pub any) string {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 256:
			return "PKIX_ECDSA_P256_SHA_256"
		case 384:
			return "PKIX_ECDSA_P384_SHA_384"
		case 521:
			return "PKIX_ECDSA_P521_SHA_512"
		}
	case ed25519.PublicKey:
		return "PKIX_ED25519"
	case *rsa.PublicKey:
		return fmt.Sprintf("PKIX_RSA_PKCS1V15_%d_SHA256", k.N.BitLen())
	}
	return "PUBLIC_KEY_DETAILS_UNSPECIFIED"
}

// pemCertificate is PEM with 64 columns and a final newline.
func pemCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
