package trust_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
)

func TestSelect(t *testing.T) {
	p := testpki.New()
	now := p.Clock.Now()
	c, err := trust.ParseSigningConfig(p.SigningConfig(p.URLs(), 2))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		versions []int
		want     string
	}{
		{[]int{1, 2}, p.URLs().Rekor2}, {[]int{2}, p.URLs().Rekor2}, {[]int{1}, p.URLs().Rekor1},
	} {
		if s, err := trust.Select("log", c.Logs, c.LogSelector, now, tt.versions...); err != nil || s.URL != tt.want {
			t.Errorf("versions %v: %s, %v", tt.versions, s.URL, err)
		}
	}
	if _, err := trust.Select("log", c.Logs, c.LogSelector, now, 3); err == nil {
		t.Error("a version that nobody offers was found")
	}
	if _, err := trust.Select("log", c.Logs, c.LogSelector, time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), 1, 2); err == nil {
		t.Error("a service was chosen before it began")
	}
	for _, sel := range []trust.Selector{{Name: "ALL"}, {Name: "EXACT", Count: 2}, {Name: "SOME"}} {
		if _, err := trust.Select("log", c.Logs, sel, now, 1, 2); err == nil {
			t.Errorf("selector %v was followed by half", sel)
		}
	}
	if _, err := trust.Select("log", c.Logs, trust.Selector{Name: "EXACT", Count: 1}, now, 1); err != nil {
		t.Errorf("one of one: %v", err)
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
