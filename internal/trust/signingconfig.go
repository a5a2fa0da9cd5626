package trust

import (
	"encoding/json"
	"fmt"
	"slices"
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

// Newest returns the service to use at time now where one of a kind is used,
// as certificate authorities and issuers are: of those that are valid, with
// the highest of the given API versions, the one whose validity began last,
// the first listed of several.
func Newest(kind string, services []Service, now time.Time, versions ...int) (Service, error) {
	list := candidates(services, now, versions)
	if len(list) == 0 {
		return Service{}, fmt.Errorf("signing config: no %s with API version %v is valid at %s", kind, versions, now.UTC().Format(time.RFC3339))
	}
	return list[0], nil
}

// Select returns the services to use at time now where a selector says how
// many, as for logs and timestamp authorities: Newest of each operator, no
// operator twice, all of the same API version.
func Select(kind string, services []Service, sel Selector, now time.Time, versions ...int) ([]Service, error) {
	if _, err := Newest(kind, services, now, versions...); err != nil {
		return nil, err
	}
	var list []Service
	for _, s := range candidates(services, now, versions) {
		taken := slices.ContainsFunc(list, func(t Service) bool { return t.Operator == s.Operator })
		if !taken {
			list = append(list, s)
		}
	}
	switch {
	case sel.Name == "ANY":
		return list[:1], nil
	case sel.Name == "ALL":
		return list, nil
	case sel.Name == "EXACT" && sel.Count > 0 && sel.Count <= len(list):
		return list[:sel.Count], nil
	case sel.Name == "EXACT":
		return nil, fmt.Errorf("signing config: it asks for EXACT %d of the %s, by as many operators, and only %d can be used", sel.Count, kind, len(list))
	case sel.Name == "" || sel.Name == "SERVICE_SELECTOR_UNDEFINED":
		return nil, fmt.Errorf("signing config: it does not say which %s to use: its selector must be ANY, ALL or EXACT", kind)
	}
	return nil, fmt.Errorf("signing config: the selector %q for the %s is not ANY, ALL or EXACT", sel.Name, kind)
}

// candidates are the services that are valid and have the highest of the API
// versions that any valid one has, newest first.
func candidates(services []Service, now time.Time, versions []int) (list []Service) {
	highest := 0
	for _, s := range services {
		if s.Valid.Contains(now) && slices.Contains(versions, s.MajorAPIVersion) {
			highest = max(highest, s.MajorAPIVersion)
			list = append(list, s)
		}
	}
	list = slices.DeleteFunc(list, func(s Service) bool { return s.MajorAPIVersion != highest })
	slices.SortStableFunc(list, func(a, b Service) int { return b.Valid.Start.Compare(a.Valid.Start) })
	return list
}
