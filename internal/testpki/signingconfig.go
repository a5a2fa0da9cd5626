package testpki

import (
	"encoding/json"
	"time"
)

// A SigningConfig is signing_config.v0.2.json
// (dev.sigstore.trustroot.v1.SigningConfig in protojson form).
type SigningConfig struct {
	MediaType       string        `json:"mediaType"`
	CAURLs          []Service     `json:"caUrls"`
	OIDCURLs        []Service     `json:"oidcUrls"`
	RekorTlogURLs   []Service     `json:"rekorTlogUrls"`
	TSAURLs         []Service     `json:"tsaUrls"`
	RekorTlogConfig ServiceChoice `json:"rekorTlogConfig"`
	TSAConfig       ServiceChoice `json:"tsaConfig"`
}

// A Service is dev.sigstore.trustroot.v1.Service.
type Service struct {
	URL             string    `json:"url"`
	MajorAPIVersion int       `json:"majorApiVersion"`
	ValidFor        *TimeSpan `json:"validFor,omitempty"`
	Operator        string    `json:"operator"`
}

// A ServiceChoice is dev.sigstore.trustroot.v1.ServiceConfiguration.
type ServiceChoice struct {
	Selector string `json:"selector"`
}

// SigningConfig returns a signing_config.v0.2.json for services at urls, after
// changes. rekorMajor 1 lists Rekor v1 alone; 2 lists Rekor v2 and, after it,
// v1, as the public instance does.
func (p *PKI) SigningConfig(urls URLs, rekorMajor int, changes ...func(*SigningConfig)) []byte {
	service := func(url string, major int) Service {
		valid := Span(p.start.Add(-authoritiesBefore), time.Time{})
		return Service{URL: url, MajorAPIVersion: major, ValidFor: valid, Operator: "testpki.example"}
	}
	c := &SigningConfig{
		MediaType:       "application/vnd.dev.sigstore.signingconfig.v0.2+json",
		CAURLs:          []Service{service(urls.Fulcio, 1)},
		OIDCURLs:        []Service{service(urls.Issuer, 1)},
		RekorTlogURLs:   []Service{service(urls.Rekor1, 1)},
		TSAURLs:         []Service{service(urls.TSA, 1)},
		RekorTlogConfig: ServiceChoice{Selector: "ANY"},
		TSAConfig:       ServiceChoice{Selector: "ANY"},
	}
	if rekorMajor == 2 {
		c.RekorTlogURLs = append([]Service{service(urls.Rekor2, 2)}, c.RekorTlogURLs...)
	}
	for _, f := range changes {
		f(c)
	}
	return must(json.MarshalIndent(c, "", "  "))
}
