package testpki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"net/http"
	"strconv"
)

// rekor2Request is dev.sigstore.rekor.v2.CreateEntryRequest with a hashedrekord.
type rekor2Request struct {
	HashedRekord *hashedRekordRequest `json:"hashedRekordRequestV002"`
}

// hashedRekordRequest is dev.sigstore.rekor.v2.HashedRekordRequestV002.
type hashedRekordRequest struct {
	Digest    []byte `json:"digest"`
	Signature struct {
		Content  []byte `json:"content"`
		Verifier struct {
			PublicKey       *Cert  `json:"publicKey"`
			X509Certificate *Cert  `json:"x509Certificate"`
			KeyDetails      string `json:"keyDetails"`
		} `json:"verifier"`
	} `json:"signature"`
}

// rekor2Handler is Rekor v2: POST /api/v2/log/entries.
func (p *PKI) rekor2Handler() http.Handler {
	return gateway(http.MethodPost, "/api/v2/log/entries", func(w http.ResponseWriter, r *http.Request) {
		var request rekor2Request
		if err := readJSON(r, &request); err != nil {
			answerGRPC(w, http.StatusBadRequest, grpcInvalidArgument, err.Error())
			return
		}
		if request.HashedRekord == nil {
			answerGRPC(w, http.StatusBadRequest, grpcInvalidArgument, "invalid type, must be hashedrekord")
			return
		}
		body, err := request.HashedRekord.body()
		if err != nil {
			answerGRPC(w, http.StatusBadRequest, grpcInvalidArgument, "invalid hashedrekord request")
			return
		}
		if index, ok := p.Rekor2.find(body); ok {
			w.Header().Set("X-Log-Index", strconv.Itoa(index))
			answerGRPC(w, http.StatusConflict, grpcAlreadyExists, "an equivalent entry already exists in the transparency log")
			return
		}
		answerJSON(w, http.StatusCreated, p.logged(p.Rekor2, body, faultOf(r)).v2JSON())
	})
}

// logged adds a body, with the log's faults.
func (p *PKI) logged(l *Log, body []byte, f Fault) *Entry {
	if f.otherEntry {
		body = otherBody(l.major)
	}
	e := l.Add(body)
	if f.entry != nil {
		f.entry(p, l, e)
	}
	return e
}

// otherBody is a well-formed body that nobody asked for.
func otherBody(major int) []byte {
	digest := sha256.Sum256([]byte("something else"))
	key := Key("somebody else")
	signature := sign(key, digest[:], crypto.SHA256)
	if major == 1 {
		return bodyV1(digest[:], signature, pemPublicKey(key.Public()))
	}
	return bodyV2(digest[:], signature, keyDetails(key.Public()), "publicKey", spki(key.Public()))
}

// body checks the request as Rekor does, the signature included, and makes it
// canonical.
func (q *hashedRekordRequest) body() ([]byte, error) {
	v := q.Signature.Verifier
	var pub crypto.PublicKey
	var kind string
	var raw []byte
	switch {
	case v.PublicKey != nil && v.X509Certificate != nil:
		return nil, errors.New("two verifiers")
	case v.PublicKey != nil:
		key, err := x509.ParsePKIXPublicKey(v.PublicKey.RawBytes)
		if err != nil {
			return nil, err
		}
		pub, kind, raw = key, "publicKey", v.PublicKey.RawBytes
	case v.X509Certificate != nil:
		c, err := parseLeaf(v.X509Certificate.RawBytes)
		if err != nil {
			return nil, err
		}
		pub, kind, raw = c.PublicKey, "x509Certificate", c.Raw
	default:
		return nil, errors.New("no verifier")
	}
	if v.KeyDetails != "PKIX_ECDSA_P256_SHA_256" || v.KeyDetails != keyDetails(pub) {
		return nil, errors.New("key details are not those of the key")
	}
	if err := checkSignature(pub, q.Digest, q.Signature.Content); err != nil {
		return nil, err
	}
	return bodyV2(q.Digest, q.Signature.Content, v.KeyDetails, kind, raw), nil
}

// checkSignature verifies an ECDSA signature over a SHA-256 digest.
func checkSignature(pub crypto.PublicKey, digest, signature []byte) error {
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return errors.New("not an ECDSA key")
	}
	if len(digest) != sha256.Size || !ecdsa.VerifyASN1(key, digest, signature) {
		return errors.New("invalid signature")
	}
	return nil
}

// v2JSON is the entry in protojson form with members that are empty, as
// rekor-tiles' gateway writes it: 64-bit integers are strings.
func (e *Entry) v2JSON() map[string]any {
	return map[string]any{
		"logIndex":         strconv.FormatInt(e.LogIndex, 10),
		"logId":            LogID{KeyID: e.LogID},
		"kindVersion":      map[string]string{"kind": e.Kind, "version": e.Version},
		"integratedTime":   strconv.FormatInt(e.IntegratedTime, 10),
		"inclusionPromise": nil,
		"inclusionProof": map[string]any{
			"logIndex":   strconv.FormatInt(e.Proof.LogIndex, 10),
			"rootHash":   e.Proof.RootHash,
			"treeSize":   strconv.FormatInt(e.Proof.TreeSize, 10),
			"hashes":     append([][]byte{}, e.Proof.Hashes...),
			"checkpoint": map[string]string{"envelope": e.Proof.Checkpoint},
		},
		"canonicalizedBody": e.Body,
	}
}
