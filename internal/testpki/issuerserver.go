package testpki

import (
	"encoding/asn1"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
)

// issuerHandler is the OIDC issuer: discovery and keys for both paths, a
// mint that signs any claims it is sent, and the endpoints of a login.
func (p *PKI) issuerHandler() http.Handler {
	mux := http.NewServeMux()
	for path, mint := range map[string]func(map[string]any) string{"": p.IDToken, workflowPath: p.WorkflowToken} {
		mux.HandleFunc("GET "+path+"/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
			answerJSON(w, http.StatusOK, over(p.discovery(path), loginOf(r).Metadata))
		})
		mux.HandleFunc("POST "+path+"/mint", func(w http.ResponseWriter, r *http.Request) {
			answerMint(w, r, mint)
		})
	}
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, p.jwks())
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /device", p.device)
	mux.HandleFunc("POST /revoke", p.revoke)
	return mux
}

// discovery is the metadata of OpenID Connect Discovery 1.0 section 3 that
// clients and CAs read.
func (p *PKI) discovery(path string) map[string]any {
	base := p.URLs().Issuer
	return map[string]any{
		"issuer":                                base + path,
		"authorization_endpoint":                base + "/authorize",
		"token_endpoint":                        base + "/token",
		"device_authorization_endpoint":         base + "/device",
		"revocation_endpoint":                   base + "/revoke",
		"scopes_supported":                      []string{"openid", "email", "offline_access"},
		"code_challenge_methods_supported":      []string{"S256"},
		"jwks_uri":                              base + "/keys",
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
	}
}

// jwks is the issuer's key as a JWK Set (RFC 7517 section 5, RFC 7518 section 6.2.1).
func (p *PKI) jwks() map[string]any {
	point := must(p.keys.issuer.PublicKey.Bytes()) // 0x04 || X || Y
	return map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": issuerKeyID,
		"x": rawURL(point[1 : 1+coordinateSize]),
		"y": rawURL(point[1+coordinateSize:]),
	}}}
}

// answerMint takes a JSON object of claims, or nothing, and answers a token.
func answerMint(w http.ResponseWriter, r *http.Request, mint func(map[string]any) string) {
	body, err := readBody(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	claims := map[string]any{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &claims); err != nil {
			http.Error(w, "claims must be one JSON object: "+err.Error(), http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, mint(claims))
}

// joseSignature turns a DER ECDSA signature by a P-256 key into R || S.
func joseSignature(der []byte) []byte {
	var sig struct{ R, S *big.Int }
	must(asn1.Unmarshal(der, &sig))
	out := make([]byte, 2*coordinateSize)
	sig.R.FillBytes(out[:coordinateSize])
	sig.S.FillBytes(out[coordinateSize:])
	return out
}
