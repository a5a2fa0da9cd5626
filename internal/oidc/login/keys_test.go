package login

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/paraph/paraph/internal/testpki"
)

// Of an issuer's keys only those for signatures count, and not too many.
func TestKeys(t *testing.T) {
	const none, shared = `{"kty":"x"}`, `{"kty":"oct","k":"c2VjcmV0"}`
	for name, tt := range map[string]struct {
		set  func(key string) []string
		want string // "" logs in
	}{
		"beside others":       {func(key string) []string { return []string{none, shared, "7", key} }, ""},
		"a hundred":           {func(key string) []string { return append(slices.Repeat([]string{none}, maxKeys-1), key) }, ""},
		"a hundred and one":   {func(key string) []string { return append(slices.Repeat([]string{none}, maxKeys), key) }, "there are 101, at most 100"},
		"for encryption only": {func(key string) []string { return []string{strings.Replace(key, `"sig"`, `"enc"`, 1)} }, "failed to verify signature"},
		"none":                {func(string) []string { return nil }, "failed to verify signature"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			var own struct{ Keys []json.RawMessage }
			if err := json.Unmarshal([]byte(f.get(f.config.Issuer+"/keys")), &own); err != nil || len(own.Keys) != 1 {
				t.Fatalf("%d keys, %v", len(own.Keys), err)
			}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `{"keys":[`+strings.Join(tt.set(string(own.Keys[0])), ",")+`]}`)
			}))
			defer s.Close()
			f.servers.Issuer.Set(testpki.LogIn(testpki.Login{Metadata: map[string]any{"jwks_uri": s.URL}}))
			if tt.want == "" {
				f.succeed()
			} else {
				f.fail(tt.want)
			}
		})
	}
}
