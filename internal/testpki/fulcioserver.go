package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
)

// fulcioRequest is fulcio.v2.CreateSigningCertificateRequest with a public key.
type fulcioRequest struct {
	Credentials struct {
		OIDCIdentityToken string `json:"oidcIdentityToken"`
	} `json:"credentials"`
	PublicKeyRequest struct {
		PublicKey struct {
			Algorithm string `json:"algorithm"`
			Content   string `json:"content"` // PEM
		} `json:"publicKey"`
		ProofOfPossession []byte `json:"proofOfPossession"`
	} `json:"publicKeyRequest"`
}

// Messages and order of checks are those of Fulcio's server.
const (
	fulcioBadToken = "There was an error processing the identity token"
	fulcioBadKey   = "The public key supplied in the request could not be parsed"
	fulcioBadProof = "The signature supplied in the request could not be verified"
)

// fulcioHandler is Fulcio's v2 API: POST /api/v2/signingCert.
func (p *PKI) fulcioHandler() http.Handler {
	return gateway(http.MethodPost, "/api/v2/signingCert", func(w http.ResponseWriter, r *http.Request) {
		var request fulcioRequest
		if err := readJSON(r, &request); err != nil {
			answerGRPC(w, http.StatusBadRequest, grpcInvalidArgument, err.Error())
			return
		}
		f := faultOf(r)
		id, subject, err := p.authenticate(request.Credentials.OIDCIdentityToken)
		if err != nil {
			answerGRPC(w, http.StatusBadRequest, grpcInvalidArgument, fulcioBadToken)
			return
		}
		pub, err := parsePublicKey(request.PublicKeyRequest.PublicKey.Content)
		if err != nil {
			answerGRPC(w, http.StatusBadRequest, grpcInvalidArgument, fulcioBadKey)
			return
		}
		proved := sha256.Sum256([]byte(subject))
		if !ecdsa.VerifyASN1(pub, proved[:], request.PublicKeyRequest.ProofOfPossession) {
			answerGRPC(w, http.StatusBadRequest, grpcInvalidArgument, fulcioBadProof)
			return
		}
		if f.identity != nil {
			id = *f.identity
		}
		certified := crypto.PublicKey(pub)
		if f.key != nil {
			certified = f.key
		}
		leaf, err := p.certificate(certified, id, f.certificate...)
		if err != nil {
			answerGRPC(w, http.StatusInternalServerError, grpcInternal, "error communicating with CA backend")
			return
		}
		answerJSON(w, http.StatusOK, map[string]any{"signedCertificateEmbeddedSct": map[string]any{
			"chain": map[string]any{"certificates": []string{
				string(pemCertificate(leaf)),
				string(pemCertificate(p.CAIntermediate.Raw)),
				string(pemCertificate(p.CARoot.Raw)),
			}},
		}})
	})
}

// parsePublicKey takes a P-256 key in PEM, the only kind that is signed with.
func parsePublicKey(content string) (*ecdsa.PublicKey, error) {
	block, rest := pem.Decode([]byte(content))
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		return nil, errors.New("not one PEM public key")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok || key.Curve.Params().BitSize != 256 {
		return nil, errors.New("not a P-256 key")
	}
	return key, nil
}
