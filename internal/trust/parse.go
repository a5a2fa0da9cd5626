package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"
)

// Bounds on what a trusted root or signing config may hold.
const (
	maxJSON     = 1 << 20 // bytes of JSON
	maxServices = 64      // entries of each list
	maxChain    = 6       // certificates of one chain
)

// The JSON that follows is the protojson form of dev.sigstore.trustroot.v1.
// Unknown fields are ignored, as the specification asks of clients.

type validityJSON struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type logJSON struct {
	BaseURL       string `json:"baseUrl"`
	HashAlgorithm string `json:"hashAlgorithm"`
	PublicKey     struct {
		RawBytes   []byte        `json:"rawBytes"`
		KeyDetails string        `json:"keyDetails"`
		ValidFor   *validityJSON `json:"validFor"`
	} `json:"publicKey"`
	LogID struct {
		KeyID []byte `json:"keyId"`
	} `json:"logId"`
}

type authorityJSON struct {
	URI       string `json:"uri"`
	CertChain struct {
		Certificates []struct {
			RawBytes []byte `json:"rawBytes"`
		} `json:"certificates"`
	} `json:"certChain"`
	ValidFor *validityJSON `json:"validFor"`
}

type rootJSON struct {
	MediaType   string          `json:"mediaType"`
	Tlogs       []logJSON       `json:"tlogs"`
	CAs         []authorityJSON `json:"certificateAuthorities"`
	CTLogs      []logJSON       `json:"ctlogs"`
	Timestamper []authorityJSON `json:"timestampAuthorities"`
}

var rootMediaTypes = map[string]bool{
	"application/vnd.dev.sigstore.trustedroot+json;version=0.1": true,
	"application/vnd.dev.sigstore.trustedroot+json;version=0.2": true,
	"application/vnd.dev.sigstore.trustedroot.v0.2+json":        true,
}

// A Parser makes a Root of a trusted_root.json, on behalf of the named
// instance: Parse or Glance.
type Parser func(data []byte, instance string) (*Root, error)

// Glance names the root that Parse would return, without a look inside. It
// knows no authority and no log, so that nothing holds under it.
func Glance(data []byte, instance string) (*Root, error) {
	return &Root{Instance: instance, Digest: sha256.Sum256(data)}, nil
}

// Parse reads a trusted_root.json on behalf of the named instance.
//
// It refuses the whole file when any of its entries is in doubt: no start of
// validity, an algorithm that is not known, a log id given twice. A root that
// is half understood must not decide what is trusted.
func Parse(data []byte, instance string) (*Root, error) {
	if len(data) > maxJSON {
		return nil, fmt.Errorf("trusted root: %d bytes, at most %d are read", len(data), maxJSON)
	}
	var j rootJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("trusted root: not the JSON of a trusted_root.json: %w", err)
	}
	if !rootMediaTypes[j.MediaType] {
		return nil, fmt.Errorf("trusted root: media type %q is not that of a trusted root", j.MediaType)
	}
	r := &Root{Instance: instance, Digest: sha256.Sum256(data)}
	var err error
	if r.Logs, err = parseLogs("tlogs", j.Tlogs); err != nil {
		return nil, err
	}
	if r.CTLogs, err = parseLogs("ctlogs", j.CTLogs); err != nil {
		return nil, err
	}
	if n := max(len(j.CAs), len(j.Timestamper)); n > maxServices {
		return nil, fmt.Errorf("trusted root: %d authorities, at most %d are read", n, maxServices)
	}
	for i, a := range j.CAs {
		c, err := parseAuthority(a)
		if err != nil {
			return nil, fmt.Errorf("trusted root: certificateAuthorities[%d]: %w", i, err)
		}
		r.CAs = append(r.CAs, c)
	}
	for i, a := range j.Timestamper {
		c, err := parseAuthority(a)
		if err != nil {
			return nil, fmt.Errorf("trusted root: timestampAuthorities[%d]: %w", i, err)
		}
		r.TSAs = append(r.TSAs, c)
	}
	return r, nil
}

func parseLogs(list string, logs []logJSON) ([]*Log, error) {
	if len(logs) > maxServices {
		return nil, fmt.Errorf("trusted root: %d %s, at most %d are read", len(logs), list, maxServices)
	}
	var out []*Log
	for i, l := range logs {
		p, err := parseLog(l)
		if err != nil {
			return nil, fmt.Errorf("trusted root: %s[%d]: %w", list, i, err)
		}
		if find(out, p.ID[:]) != nil {
			return nil, fmt.Errorf("trusted root: %s[%d]: log id %x is given twice", list, i, p.ID)
		}
		out = append(out, p)
	}
	return out, nil
}

func parseLog(l logJSON) (*Log, error) {
	if l.HashAlgorithm != "SHA2_256" {
		return nil, fmt.Errorf("hash algorithm %q, only SHA2_256 is known", l.HashAlgorithm)
	}
	out := &Log{URL: l.BaseURL}
	if len(l.LogID.KeyID) != len(out.ID) {
		return nil, fmt.Errorf("log id of %d bytes, expected %d", len(l.LogID.KeyID), len(out.ID))
	}
	copy(out.ID[:], l.LogID.KeyID)
	var err error
	if out.Valid, err = parseInterval(l.PublicKey.ValidFor); err != nil {
		return nil, err
	}
	out.Key, err = parseKey(l.PublicKey.RawBytes, l.PublicKey.KeyDetails)
	return out, err
}

// parseKey reads a SubjectPublicKeyInfo and holds it against its declared
// algorithm (dev.sigstore.common.v1.PublicKeyDetails).
func parseKey(der []byte, details string) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	known, ok := map[string]func() bool{
		"PKIX_ECDSA_P256_SHA_256":       func() bool { return isECDSA(key, elliptic.P256()) },
		"PKIX_ECDSA_P384_SHA_384":       func() bool { return isECDSA(key, elliptic.P384()) },
		"PKIX_ECDSA_P521_SHA_512":       func() bool { return isECDSA(key, elliptic.P521()) },
		"PKIX_ED25519":                  func() bool { _, ok := key.(ed25519.PublicKey); return ok },
		"PKIX_RSA_PKCS1V15_2048_SHA256": func() bool { return isRSA(key, 2048) },
		"PKIX_RSA_PKCS1V15_3072_SHA256": func() bool { return isRSA(key, 3072) },
		"PKIX_RSA_PKCS1V15_4096_SHA256": func() bool { return isRSA(key, 4096) },
	}[details]
	if !ok {
		return nil, fmt.Errorf("public key: algorithm %q is not known", details)
	}
	if !known() {
		return nil, fmt.Errorf("public key: a %T is not %s", key, details)
	}
	return key, nil
}

func isECDSA(key crypto.PublicKey, curve elliptic.Curve) bool {
	k, ok := key.(*ecdsa.PublicKey)
	return ok && k.Curve == curve
}

func isRSA(key crypto.PublicKey, bits int) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && k.N.BitLen() == bits
}

func parseAuthority(a authorityJSON) (*Authority, error) {
	n := len(a.CertChain.Certificates)
	if n == 0 || n > maxChain {
		return nil, fmt.Errorf("a chain of %d certificates, expected 1 to %d", n, maxChain)
	}
	out := &Authority{URL: a.URI}
	for i, c := range a.CertChain.Certificates {
		cert, err := x509.ParseCertificate(c.RawBytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i, err)
		}
		out.Chain = append(out.Chain, cert)
	}
	var err error
	out.Valid, err = parseInterval(a.ValidFor)
	return out, err
}

func parseInterval(v *validityJSON) (Interval, error) {
	if v == nil || v.Start == "" {
		return Interval{}, fmt.Errorf("no start of validity")
	}
	start, err := time.Parse(time.RFC3339Nano, v.Start)
	if err != nil {
		return Interval{}, fmt.Errorf("start of validity: %w", err)
	}
	out := Interval{Start: start}
	if v.End == "" {
		return out, nil
	}
	if out.End, err = time.Parse(time.RFC3339Nano, v.End); err != nil {
		return Interval{}, fmt.Errorf("end of validity: %w", err)
	}
	if out.End.Before(out.Start) {
		return Interval{}, fmt.Errorf("validity ends before it starts")
	}
	return out, nil
}
