package testpki

import (
	"crypto"
	"net/http"
	"slices"

	"github.com/digitorus/timestamp"
)

// tsaHandler is Sigstore's timestamp authority: RFC 3161 section 3.4 over
// POST, and the certificate chain in PEM.
func (p *PKI) tsaHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+tsaPath+"/certchain", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		_, _ = w.Write(slices.Concat(pemCertificate(p.TSALeaf.Raw), pemCertificate(p.TSARoot.Raw)))
	})
	mux.HandleFunc("POST "+tsaPath, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Type") != "application/timestamp-query" {
			answerError(w, http.StatusUnsupportedMediaType, "unsupported content type")
			return
		}
		body, err := readBody(r)
		if err != nil {
			answerError(w, http.StatusBadRequest, "Error generating timestamp response")
			return
		}
		request, err := timestamp.ParseRequest(body)
		if err != nil {
			answerError(w, http.StatusBadRequest, "Error generating timestamp response")
			return
		}
		if request.HashAlgorithm == crypto.SHA1 {
			answerError(w, http.StatusBadRequest, "Weak hash algorithm in timestamp request")
			return
		}
		if len(request.HashedMessage) != request.HashAlgorithm.Size() {
			answerError(w, http.StatusBadRequest, "Message digest has incorrect length for specified algorithm")
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(TimeStampResp(p.stamp(request, faultOf(r)).bytes()))
	})
	return mux
}

// stamp makes the token that was asked for; the fault's options come last.
func (p *PKI) stamp(request *timestamp.Request, f Fault) *token {
	asked := []TSAOption{Imprint(request.HashAlgorithm), RawImprint(request.HashedMessage), Nonce(request.Nonce)}
	if request.TSAPolicyOID != nil {
		asked = append(asked, TSAPolicy(request.TSAPolicyOID))
	}
	if !request.Certificates {
		asked = append(asked, NoCertificates())
	}
	return newToken(p, nil, append(asked, f.token...))
}
