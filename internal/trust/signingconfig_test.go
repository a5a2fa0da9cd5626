package trust_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
)

// day is a service of an operator that began on a day of May and ends never,
// or at an hour of the fourth.
func day(operator string, version, began int, ends ...int) trust.Service {
	valid := trust.Interval{Start: time.Date(2026, 5, began, 0, 0, 0, 0, time.UTC)}
	for _, hour := range ends {
		valid.End = time.Date(2026, 5, 4, hour, 0, 0, 0, time.UTC)
	}
	return trust.Service{URL: fmt.Sprintf("%s/%d/%d", operator, version, began), MajorAPIVersion: version, Valid: valid, Operator: operator}
}

// dev.sigstore.trustroot.v1.SigningConfig, the comments of its lists and of
// ServiceSelector.
func TestSelect(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	any, all := trust.Selector{Name: "ANY"}, trust.Selector{Name: "ALL"}
	exact := func(n int) trust.Selector { return trust.Selector{Name: "EXACT", Count: n} }
	two := []trust.Service{day("a", 1, 1), day("a", 2, 1), day("a", 2, 3), day("b", 2, 2), day("c", 1, 4), day("a", 2, 9)}
	for name, tt := range map[string]struct {
		services []trust.Service
		sel      trust.Selector
		versions []int
		want     string // URLs, or a part of the error
	}{
		"highest version, newest start":  {two, any, []int{1, 2}, "a/2/3"},
		"the version that is asked for":  {two, any, []int{1}, "c/1/4"},
		"no version that is known":       {two, any, []int{3}, "no log with API version [3]"},
		"one of each operator":           {two, all, []int{1, 2}, "a/2/3 b/2/2"},
		"two operators are enough":       {two, exact(2), []int{1, 2}, "a/2/3 b/2/2"},
		"not enough operators":           {two, exact(3), []int{1, 2}, "it asks for EXACT 3 of the log, by as many operators, and only 2"},
		"exactly one":                    {two, exact(1), []int{1, 2}, "a/2/3"},
		"exactly none":                   {two, exact(0), []int{1, 2}, "EXACT 0"},
		"below none":                     {two, exact(-1), []int{1, 2}, "EXACT -1"},
		"all of one":                     {two[:3], all, []int{1, 2}, "a/2/3"},
		"undefined":                      {two, trust.Selector{Name: "SERVICE_SELECTOR_UNDEFINED"}, []int{1}, "does not say which log"},
		"absent":                         {two, trust.Selector{}, []int{1}, "does not say which log"},
		"a selector that nobody knows":   {two, trust.Selector{Name: "SOME"}, []int{1}, `"SOME"`},
		"first of those of one day":      {[]trust.Service{day("z", 1, 1), day("a", 1, 1)}, any, []int{1}, "z/1/1"},
		"its end is inside":              {[]trust.Service{day("a", 1, 1, 12)}, any, []int{1}, "a/1/1"},
		"it has ended":                   {[]trust.Service{day("a", 1, 1, 11)}, any, []int{1}, "no log"},
		"a newer one has ended":          {[]trust.Service{day("a", 2, 3, 11), day("a", 1, 1)}, any, []int{1, 2}, "a/1/1"},
		"not released":                   {[]trust.Service{day("a", 0, 1)}, any, []int{1, 2}, "no log"},
		"none at all":                    {nil, all, []int{1}, "no log"},
		"operators are told by the name": {[]trust.Service{day("a", 1, 1), day("A", 1, 1)}, all, []int{1}, "a/1/1 A/1/1"},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := trust.Select("log", tt.services, tt.sel, noon, tt.versions...)
			var urls []string
			for _, s := range list {
				urls = append(urls, s.URL)
			}
			if got := strings.Join(urls, " "); got != tt.want && (err == nil || got != "" || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%q, %v, want %s", got, err, tt.want)
			}
			if newest, err := trust.Newest("log", tt.services, noon, tt.versions...); len(list) > 0 && (err != nil || newest != list[0]) {
				t.Errorf("newest: %v, %v", newest, err)
			}
		})
	}
}

// What the public instance says: Rekor v1, and in its second file v2 first.
func TestPublicSigningConfigs(t *testing.T) {
	at := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"signing_config.v0.2.json": "https://rekor.sigstore.dev", "signing_config_rekor_v2.v0.2.json": "https://log2025-1.rekor.sigstore.dev",
	} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := trust.ParseSigningConfig(data)
		if err != nil {
			t.Fatal(err)
		}
		logs, err := trust.Select("log", c.Logs, c.LogSelector, at, 1, 2)
		if err != nil || len(logs) != 1 || logs[0].URL != want {
			t.Errorf("%s: %v, %v", name, logs, err)
		}
		tsas, err := trust.Select("timestamp authority", c.TSAs, c.TSASelector, at, 1)
		if err != nil || len(tsas) != 1 {
			t.Errorf("%s: %v, %v", name, tsas, err)
		}
	}
}

func TestParseSigningConfigRefuses(t *testing.T) {
	p := testpki.New()
	for name, tt := range map[string]struct {
		change func(*testpki.SigningConfig)
		want   string
	}{
		"no start":   {func(c *testpki.SigningConfig) { c.TSAURLs[0].ValidFor = nil }, "tsaUrls[0]: no start"},
		"media type": {func(c *testpki.SigningConfig) { c.MediaType = "x" }, "media type"},
	} {
		_, err := trust.ParseSigningConfig(p.SigningConfig(p.URLs(), 1, tt.change))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := trust.ParseSigningConfig(json.RawMessage(`[]`)); err == nil {
		t.Error("a list was accepted")
	}
}
