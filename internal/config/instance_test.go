package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Instances add up in git's order, an empty value begins anew, the
// environment stands in for all of them.
func TestInstances(t *testing.T) {
	for name, tt := range map[string]struct {
		src  Source
		want []string
	}{
		"none":              {Source{}, []string{"public"}},
		"one":               {Source{Git: git("paraph.instance", "acme")}, []string{"acme"}},
		"several":           {Source{Git: git("paraph.instance", "public", "paraph.instance", "acme, staging")}, []string{"public", "acme", "staging"}},
		"twice":             {Source{Git: git("paraph.instance", "acme", "paraph.instance", "public,acme")}, []string{"acme", "public"}},
		"begun anew":        {Source{Git: git("paraph.instance", "public", "paraph.instance", "", "paraph.instance", "acme")}, []string{"acme"}},
		"emptied":           {Source{Git: git("paraph.instance", "acme", "paraph.instance", "")}, []string{"public"}},
		"environment":       {Source{Env: []string{"PARAPH_INSTANCE=b,a"}, Git: git("paraph.instance", "acme")}, []string{"b", "a"}},
		"empty environment": {Source{Env: []string{"PARAPH_INSTANCE="}, Git: git("paraph.instance", "acme")}, []string{"acme"}},
	} {
		v, err := ForVerification(tt.src)
		if err != nil || !slices.Equal(v.Instances, tt.want) {
			t.Errorf("%s: verification %v, %v, want %v", name, v, err, tt.want)
		}
		s, err := ForSigning(tt.src)
		if err != nil || !slices.Equal(s.Instances, tt.want) {
			t.Errorf("%s: signing %v, %v, want %v", name, s, err, tt.want)
		}
	}
	for _, bad := range []string{"../x", "Public", "-a", "a/b", "a.b", ",", strings.Repeat("a", 32), "ä"} {
		if _, err := ForVerification(Source{Env: []string{"PARAPH_INSTANCE=" + bad}}); err == nil || !strings.Contains(err.Error(), "names of Sigstore instances") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestMaxRootAge(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"30d": 30 * 24 * time.Hour, "1h30m": 90 * time.Minute,
		"": 0, "0d": 0, "-1h": 0, "-1d": 0, "1w": 0, "d": 0, "99999999999d": 0, "40000d": 0, "1.5d": 0,
	} {
		v, err := ForVerification(Source{Flags: map[string]string{MaxRootAge: value}})
		if (err == nil) != (want != 0) || err == nil && v.MaxRootAge != want {
			t.Errorf("%q: %v, %v", value, v, err)
		}
		if err != nil && !strings.Contains(err.Error(), "--max-root-age") {
			t.Error(err)
		}
	}
}
