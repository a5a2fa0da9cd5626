package testpki

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
)

// searchQuery is Rekor v1's SearchIndex.
type searchQuery struct {
	Email     string `json:"email"`
	Hash      string `json:"hash"` // sha256:HEX, or HEX
	Operator  string `json:"operator"`
	PublicKey *struct {
		Format  string `json:"format"`
		Content []byte `json:"content"` // PEM
	} `json:"publicKey"`
}

// searchV1 answers the UUIDs of entries that match one term of the query, or
// with operator "and" all of them.
func (p *PKI) searchV1(w http.ResponseWriter, r *http.Request) {
	var query searchQuery
	if err := readJSON(r, &query); err != nil {
		answerError(w, http.StatusBadRequest, "parsing query body from \"\" failed: %v", err)
		return
	}
	var terms []func(*rekor1Request, []byte) bool
	if query.Hash != "" {
		hash := strings.ToLower(strings.TrimPrefix(query.Hash, "sha256:"))
		terms = append(terms, func(q *rekor1Request, _ []byte) bool { return q.Spec.Data.Hash.Value == hash })
	}
	if key := query.PublicKey; key != nil {
		if key.Format != "x509" {
			answerError(w, http.StatusBadRequest, "the PKI format requested is not supported by this server")
			return
		}
		_, canonical, err := parseVerifier(key.Content)
		if err != nil {
			answerError(w, http.StatusBadRequest, "public key provided could not be parsed")
			return
		}
		terms = append(terms, func(_ *rekor1Request, verifier []byte) bool { return bytes.Equal(verifier, canonical) })
	}
	if query.Email != "" {
		terms = append(terms, func(_ *rekor1Request, verifier []byte) bool { return certifies(verifier, query.Email) })
	}
	answerJSON(w, http.StatusOK, p.Rekor1.search(terms, query.Operator == "and"))
}

// certifies reports whether a PEM certificate has this e-mail address.
func certifies(verifier []byte, email string) bool {
	block, _ := pem.Decode(verifier)
	if block == nil {
		return false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.EmailAddresses, func(a string) bool { return strings.EqualFold(a, email) })
}

// search looks through all bodies, which is what an index is for elsewhere.
func (l *Log) search(terms []func(*rekor1Request, []byte) bool, all bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	uuids := []string{}
	for _, body := range l.bodies {
		var q rekor1Request
		if json.Unmarshal(body, &q) != nil {
			continue
		}
		matched := 0
		for _, term := range terms {
			if term(&q, q.Spec.Signature.PublicKey.Content) {
				matched++
			}
		}
		if matched > 0 && (!all || matched == len(terms)) {
			uuids = append(uuids, (&Entry{Body: body}).UUID())
		}
	}
	return uuids
}
