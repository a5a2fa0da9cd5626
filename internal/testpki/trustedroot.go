package testpki

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"time"
)

// A Root is trusted_root.json (dev.sigstore.trustroot.v1.TrustedRoot in
// protojson form). Tests change what they like and encode it again.
type Root struct {
	MediaType              string      `json:"mediaType"`
	Tlogs                  []RootLog   `json:"tlogs"`
	CertificateAuthorities []Authority `json:"certificateAuthorities"`
	CTLogs                 []RootLog   `json:"ctlogs"`
	TimestampAuthorities   []Authority `json:"timestampAuthorities"`
}

// A RootLog is dev.sigstore.trustroot.v1.TransparencyLogInstance.
type RootLog struct {
	BaseURL       string  `json:"baseUrl"`
	HashAlgorithm string  `json:"hashAlgorithm"`
	PublicKey     RootKey `json:"publicKey"`
	LogID         LogID   `json:"logId"`
}

// A LogID is dev.sigstore.common.v1.LogId.
type LogID struct {
	KeyID []byte `json:"keyId"`
}

// A RootKey is dev.sigstore.common.v1.PublicKey.
type RootKey struct {
	RawBytes   []byte    `json:"rawBytes"` // DER SubjectPublicKeyInfo
	KeyDetails string    `json:"keyDetails"`
	ValidFor   *TimeSpan `json:"validFor,omitempty"`
}

// A TimeSpan is dev.sigstore.common.v1.TimeRange: closed, RFC 3339.
type TimeSpan struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

// An Authority is dev.sigstore.trustroot.v1.CertificateAuthority.
type Authority struct {
	Subject   Subject   `json:"subject"`
	URI       string    `json:"uri"`
	CertChain CertChain `json:"certChain"`
	ValidFor  *TimeSpan `json:"validFor,omitempty"`
}

// A Subject is dev.sigstore.common.v1.DistinguishedName.
type Subject struct {
	Organization string `json:"organization"`
	CommonName   string `json:"commonName"`
}

// A CertChain is dev.sigstore.common.v1.X509CertificateChain, root last.
type CertChain struct {
	Certificates []Cert `json:"certificates"`
}

// A Cert is dev.sigstore.common.v1.X509Certificate.
type Cert struct {
	RawBytes []byte `json:"rawBytes"`
}

// Span is the closed interval from start to end. A zero end leaves it open, a
// zero start leaves the start out.
func Span(start, end time.Time) *TimeSpan {
	s := &TimeSpan{}
	if !start.IsZero() {
		s.Start = start.UTC().Format(time.RFC3339Nano)
	}
	if !end.IsZero() {
		s.End = end.UTC().Format(time.RFC3339Nano)
	}
	return s
}

// TrustedRoot returns the instance's trusted_root.json, after changes: Rekor
// v1 and v2, one CA, one CT log, one timestamp authority, all of them valid
// from a year before the instance's start and without an end.
func (p *PKI) TrustedRoot(changes ...func(*Root)) []byte {
	r := p.root()
	for _, f := range changes {
		f(r)
	}
	return must(json.MarshalIndent(r, "", "  "))
}

func (p *PKI) root() *Root {
	urls := p.URLs()
	valid := func() *TimeSpan { return Span(p.start.Add(-authoritiesBefore), time.Time{}) }
	log := func(url string, key crypto.PublicKey, id []byte) RootLog {
		return RootLog{
			BaseURL:       url,
			HashAlgorithm: "SHA2_256",
			PublicKey:     RootKey{RawBytes: spki(key), KeyDetails: keyDetails(key), ValidFor: valid()},
			LogID:         LogID{KeyID: id},
		}
	}
	return &Root{
		MediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
		Tlogs: []RootLog{
			log(urls.Rekor1, p.Rekor1.Public(), p.Rekor1.ID()),
			log(urls.Rekor2, p.Rekor2.Public(), p.Rekor2.ID()),
		},
		CertificateAuthorities: []Authority{authority(urls.Fulcio, valid(), p.CAIntermediate, p.CARoot)},
		CTLogs:                 []RootLog{log(urls.CT, p.CT.Public(), p.CT.ID[:])},
		TimestampAuthorities:   []Authority{authority(urls.TSA, valid(), p.TSALeaf, p.TSARoot)},
	}
}

// authority describes a chain that ends in its root, under the root's name.
func authority(uri string, valid *TimeSpan, chain ...*x509.Certificate) Authority {
	root := chain[len(chain)-1].Subject
	a := Authority{
		Subject:  Subject{Organization: root.Organization[0], CommonName: root.CommonName},
		URI:      uri,
		ValidFor: valid,
	}
	for _, c := range chain {
		a.CertChain.Certificates = append(a.CertChain.Certificates, Cert{RawBytes: c.Raw})
	}
	return a
}
