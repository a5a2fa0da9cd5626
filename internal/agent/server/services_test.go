package server

import (
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/trust"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// service is one that a signing config lists, valid from a day before now.
func service(url string, version int) trust.Service {
	return trust.Service{URL: url, MajorAPIVersion: version, Valid: trust.Interval{Start: now.AddDate(0, 0, -1)}}
}

func listing() trust.SigningConfig {
	any := trust.Selector{Name: "ANY"}
	return trust.SigningConfig{
		CAs:         []trust.Service{service("https://ca.example", 1)},
		Logs:        []trust.Service{service("https://log2.example", 2), service("https://log1.example", 1)},
		TSAs:        []trust.Service{service("https://tsa.example/ts", 1)},
		LogSelector: any, TSASelector: any,
	}
}

func TestFill(t *testing.T) {
	for name, tt := range map[string]struct {
		given  endpoints
		change func(sc *trust.SigningConfig)
		want   endpoints
		err    string
	}{
		"all from the signing config": {want: endpoints{"https://ca.example", "https://log2.example", "https://tsa.example/ts", 2}},
		"version 1 asked for":         {given: endpoints{rekorVersion: 1}, want: endpoints{"https://ca.example", "https://log1.example", "https://tsa.example/ts", 1}},
		"each key counts first":       {given: endpoints{"https://a", "https://b", "https://c", 2}, want: endpoints{"https://a", "https://b", "https://c", 2}},
		"a log by key is version 1":   {given: endpoints{rekor: "https://b"}, want: endpoints{"https://ca.example", "https://b", "https://tsa.example/ts", 1}},
		"keys alone, no timestamp": {
			given: endpoints{fulcio: "https://a", rekor: "https://b"}, change: func(sc *trust.SigningConfig) { *sc = trust.SigningConfig{} },
			want: endpoints{"https://a", "https://b", "", 1},
		},
		"no CA":                        {change: func(sc *trust.SigningConfig) { sc.CAs = nil }, err: "set paraph.fulcio or paraph.signingConfig"},
		"no log":                       {change: func(sc *trust.SigningConfig) { sc.Logs = nil }, err: "set paraph.rekor or paraph.signingConfig"},
		"version 2 without timestamps": {change: func(sc *trust.SigningConfig) { sc.TSAs = nil }, err: "proves no time: set paraph.timestamp"},
		"two logs to be used": {change: func(sc *trust.SigningConfig) {
			sc.LogSelector = trust.Selector{Name: "ALL"}
			other := service("https://log3.example", 2)
			other.Operator = "other.example"
			sc.Logs = append(sc.Logs, other)
		}, err: "its selector ALL takes 2 for the transparency log, and a signature holds what one says: set paraph.rekor"},
		"two timestamps to be had": {change: func(sc *trust.SigningConfig) { sc.TSASelector = trust.Selector{Name: "EXACT", Count: 2} }, err: "EXACT 2"},
		"no selector":              {change: func(sc *trust.SigningConfig) { sc.LogSelector = trust.Selector{} }, err: "does not say which transparency log"},
		"no selector, no use for it": {
			given: endpoints{rekor: "https://b"}, change: func(sc *trust.SigningConfig) { sc.LogSelector = trust.Selector{} },
			want: endpoints{"https://ca.example", "https://b", "https://tsa.example/ts", 1},
		},
		"CA not yet valid": {change: func(sc *trust.SigningConfig) { sc.CAs[0].Valid.Start = now.Add(time.Second) }, err: "certificate authority"},
		"log's time is over": {change: func(sc *trust.SigningConfig) {
			for i := range sc.Logs {
				sc.Logs[i].Valid.End = now.Add(-time.Second)
			}
		}, err: "transparency log"},
		"version that nobody knows": {change: func(sc *trust.SigningConfig) { sc.Logs = []trust.Service{service("https://log3.example", 3)} }, err: "transparency log"},
		"plain http":                {change: func(sc *trust.SigningConfig) { sc.CAs[0].URL = "http://ca.example" }, err: "not an https URL"},
		"a file":                    {change: func(sc *trust.SigningConfig) { sc.TSAs[0].URL = "file:///etc/passwd" }, err: "is not a"},
		"secrets in the URL":        {change: func(sc *trust.SigningConfig) { sc.Logs[0].URL = "https://a:b@log.example" }, err: "is not a"},
	} {
		t.Run(name, func(t *testing.T) {
			sc, got := listing(), tt.given
			if tt.change != nil {
				tt.change(&sc)
			}
			err := got.fill(sc, now)
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %+v, %v, want ...%s...", got, err, tt.err)
				}
			case err != nil || got != tt.want:
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}
