package trust

import (
	"encoding/json"
	"fmt"
	"time"
)

// A SigningConfig says which services a Sigstore instance offers for signing.
//
// Specification: sigstore/protobuf-specs, sigstore_trustroot.proto, message
// SigningConfig, media type application/vnd.dev.sigstore.signingconfig.v0.2+json.
type SigningConfig struct {
	CAs, Issuers, Logs, TSAs []Service
	LogSelector, TSASelector Selector
}

// A Service is one endpoint. For a timestamp authority URL is the whole path,
// for the others the base of the API.
type Service struct {
	URL             string
	MajorAPIVersion int
	Valid           Interval
	Operator        string
}

// A Selector says how many services of a kind a signature needs.
type Selector struct {
	Name  string // ANY, ALL or EXACT
	Count int    // for EXACT
}

const signingConfigMediaType = "application/vnd.dev.sigstore.signingconfig.v0.2+json"

type serviceJSON struct {
	URL             string        `json:"url"`
	MajorAPIVersion int           `json:"majorApiVersion"`
	ValidFor        *validityJSON `json:"validFor"`
	Operator        string        `json:"operator"`
}

type selectorJSON struct {
	Selector string `json:"selector"`
	Count    int    `json:"count"`
}

// ParseSigningConfig reads a signing_config.v0.2.json.
func ParseSigningConfig(data []byte) (*SigningConfig, error) {
	if len(data) > maxJSON {
		return nil, fmt.Errorf("signing config: %d bytes, at most %d are read", len(data), maxJSON)
	}
	var j struct {
		MediaType string        `json:"mediaType"`
		CAs       []serviceJSON `json:"caUrls"`
		Issuers   []serviceJSON `json:"oidcUrls"`
		Logs      []serviceJSON `json:"rekorTlogUrls"`
		TSAs      []serviceJSON `json:"tsaUrls"`
		LogConfig selectorJSON  `json:"rekorTlogConfig"`
		TSAConfig selectorJSON  `json:"tsaConfig"`
	}
	if err := json.Unmarshal(data, &j); err != nil {
		return nil, fmt.Errorf("signing config: not the JSON of a signing_config.v0.2.json: %w", err)
	}
	if j.MediaType != signingConfigMediaType {
		return nil, fmt.Errorf("signing config: media type %q, expected %q", j.MediaType, signingConfigMediaType)
	}
	c := &SigningConfig{
		LogSelector: Selector{j.LogConfig.Selector, j.LogConfig.Count},
		TSASelector: Selector{j.TSAConfig.Selector, j.TSAConfig.Count},
	}
	for _, l := range []struct {
		name string
		in   []serviceJSON
		out  *[]Service
	}{
		{"caUrls", j.CAs, &c.CAs},
		{"oidcUrls", j.Issuers, &c.Issuers},
		{"rekorTlogUrls", j.Logs, &c.Logs},
		{"tsaUrls", j.TSAs, &c.TSAs},
	} {
		if len(l.in) > maxServices {
			return nil, fmt.Errorf("signing config: %d %s, at most %d are read", len(l.in), l.name, maxServices)
		}
		for i, s := range l.in {
			valid, err := parseInterval(s.ValidFor)
			if err != nil {
				return nil, fmt.Errorf("signing config: %s[%d]: %w", l.name, i, err)
			}
			*l.out = append(*l.out, Service{s.URL, s.MajorAPIVersion, valid, s.Operator})
		}
	}
	return c, nil
}

// Select returns the service to use at time now: of those that are valid and
// speak one of the given API versions, the first with the highest version.
// It refuses a selector that asks for more than one service, since a
// signature holds one log entry and one timestamp.
func Select(kind string, services []Service, sel Selector, now time.Time, versions ...int) (Service, error) {
	switch {
	case sel.Name == "" || sel.Name == "SERVICE_SELECTOR_UNDEFINED" || sel.Name == "ANY":
	case sel.Name == "EXACT" && sel.Count == 1:
	default:
		return Service{}, fmt.Errorf("signing config: selector %s %d for the %s is not supported: one is used", sel.Name, sel.Count, kind)
	}
	var best Service
	for _, s := range services {
		if !s.Valid.Contains(now) {
			continue
		}
		for _, v := range versions {
			if s.MajorAPIVersion == v && v > best.MajorAPIVersion {
				best = s
			}
		}
	}
	if best.URL == "" {
		return best, fmt.Errorf("signing config: no %s with API version %v is valid at %s", kind, versions, now.UTC().Format(time.RFC3339))
	}
	return best, nil
}
