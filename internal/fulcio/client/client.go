// Package client asks Fulcio for a certificate.
//
// It reads the answer and believes nothing of it: the caller checks key,
// chain, SCT and identity before the certificate is used.
package client

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/paraph/paraph/internal/httpclient"
)

const (
	pathSigningCert = "/api/v2/signingCert"
	contentType     = "application/json"

	maxAnswer       = 64 << 10 // bytes of a chain as JSON
	maxCertificates = 8
)

// Certificate asks the Fulcio at base to certify pub, an ECDSA key, for whom
// idToken speaks of. proof is a signature by the key over SHA-256 of the
// token's subject or e-mail: proof of possession.
//
// The certificates of the CA that come along are read for their form and
// dropped: the trusted root's are used. idToken appears in no error.
func Certificate(ctx context.Context, hc *httpclient.Client, base, idToken string, pub crypto.PublicKey, proof []byte) (*x509.Certificate, error) {
	leaf, err := certificate(ctx, hc, base, idToken, pub, proof)
	if err != nil {
		return nil, fmt.Errorf("fulcio: %w", err)
	}
	return leaf, nil
}

func certificate(ctx context.Context, hc *httpclient.Client, base, idToken string, pub crypto.PublicKey, proof []byte) (*x509.Certificate, error) {
	endpoint, err := url.JoinPath(base, pathSigningCert)
	if err != nil {
		return nil, err
	}
	body, err := marshalRequest(idToken, pub, proof)
	if err != nil {
		return nil, err
	}
	resp, err := hc.Do(ctx, httpclient.Request{
		Method: http.MethodPost, URL: endpoint, ContentType: contentType, Accept: contentType, Body: body,
		Expect: []int{http.StatusOK, http.StatusCreated}, MaxBody: maxAnswer, Secrets: []string{idToken},
	})
	if err != nil {
		return nil, err
	}
	return parseAnswer(resp.Body)
}

// marshalRequest makes the protojson form of Fulcio's
// dev.sigstore.fulcio.v2.CreateSigningCertificateRequest.
func marshalRequest(idToken string, pub crypto.PublicKey, proof []byte) ([]byte, error) {
	if _, ok := pub.(*ecdsa.PublicKey); !ok {
		return nil, fmt.Errorf("a key of type %T is not ECDSA", pub)
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	type publicKey struct {
		Algorithm string `json:"algorithm"`
		Content   string `json:"content"`
	}
	var request struct {
		Credentials struct {
			Token string `json:"oidcIdentityToken"`
		} `json:"credentials"`
		KeyRequest struct {
			PublicKey publicKey `json:"publicKey"`
			Proof     []byte    `json:"proofOfPossession"`
		} `json:"publicKeyRequest"`
	}
	request.Credentials.Token = idToken
	request.KeyRequest.PublicKey = publicKey{
		Algorithm: "ECDSA",
		Content:   string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}
	request.KeyRequest.Proof = proof
	return json.Marshal(request)
}

// errDetached: a signature on git's wire has room for a certificate and no
// place for an SCT beside it.
var errDetached = errors.New("the CA answered with an SCT beside the certificate, which is of no use here: it must be inside")

// parseAnswer reads a dev.sigstore.fulcio.v2.SigningCertificate and returns
// the signer's certificate, which is the first of its chain.
func parseAnswer(data []byte) (*x509.Certificate, error) {
	var answer struct {
		Embedded *struct {
			Chain struct {
				Certificates []string `json:"certificates"`
			} `json:"chain"`
		} `json:"signedCertificateEmbeddedSct"`
		Detached json.RawMessage `json:"signedCertificateDetachedSct"`
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("the answer cannot be parsed: %w", err)
	}
	if len(answer.Detached) > 0 && string(answer.Detached) != "null" {
		return nil, errDetached
	}
	if answer.Embedded == nil || len(answer.Embedded.Chain.Certificates) == 0 {
		return nil, errors.New("the answer has no certificate")
	}
	texts := answer.Embedded.Chain.Certificates
	if len(texts) > maxCertificates {
		return nil, fmt.Errorf("the answer has %d certificates, at most %d are read", len(texts), maxCertificates)
	}
	var leaf *x509.Certificate
	for i, text := range texts {
		c, err := parseCertificate(text)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the answer cannot be parsed: %w", i, err)
		}
		if i == 0 {
			leaf = c
		}
	}
	return leaf, nil
}

// parseCertificate reads exactly one certificate in PEM.
func parseCertificate(text string) (*x509.Certificate, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("it is not one PEM certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}
