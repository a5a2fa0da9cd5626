package login

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	goidc "github.com/coreos/go-oidc/v3/oidc"

	"github.com/paraph/paraph/internal/httpclient"
)

// Bounds on what an issuer says, in bytes, and on its keys.
const (
	maxMetadata = 256 << 10
	maxKeySet   = 1 << 20
	maxTokens   = 256 << 10
	maxKeys     = 100
)

// An issuer is what its metadata says (OpenID Connect Discovery 1.0, section
// 3; RFC 8414, section 2; RFC 9207, section 3).
type issuer struct {
	Name       string   `json:"issuer"`
	Authorize  string   `json:"authorization_endpoint"`
	Token      string   `json:"token_endpoint"`
	Device     string   `json:"device_authorization_endpoint"`
	Revoke     string   `json:"revocation_endpoint"`
	Keys       string   `json:"jwks_uri"`
	Scopes     []string `json:"scopes_supported"`
	Algorithms []string `json:"id_token_signing_alg_values_supported"`
	Challenges []string `json:"code_challenge_methods_supported"`
	TokenAuth  []string `json:"token_endpoint_auth_methods_supported"`
	SaysIssuer bool     `json:"authorization_response_iss_parameter_supported"`

	config Config
	world  World
	set    *goidc.StaticKeySet // of jwks_uri, once it was asked for
}

// discover reads the metadata of the configured issuer.
func discover(ctx context.Context, w World, c Config) (*issuer, error) {
	i := &issuer{config: c, world: w}
	err := i.get(ctx, strings.TrimRight(c.Issuer, "/")+"/.well-known/openid-configuration", maxMetadata, i)
	if err != nil {
		return nil, fmt.Errorf("asking the issuer how to log in: %w", err)
	}
	// A final slash is all that the two may differ in: which of them is right
	// the user cannot know.
	if strings.TrimRight(i.Name, "/") != strings.TrimRight(c.Issuer, "/") {
		return nil, fmt.Errorf("the issuer at %s says that it is %q: set paraph.issuer to its name", c.Issuer, quote(i.Name))
	}
	for _, e := range []struct {
		name, url string
		optional  bool
	}{
		{"authorization_endpoint", i.Authorize, false},
		{"token_endpoint", i.Token, false},
		{"jwks_uri", i.Keys, false},
		{"device_authorization_endpoint", i.Device, true},
		{"revocation_endpoint", i.Revoke, true},
	} {
		if err := i.checkURL(e.url); err != nil && (e.url != "" || !e.optional) {
			return nil, fmt.Errorf("the issuer's %s: %w", e.name, err)
		}
	}
	// What needs no public key to verify is no signature of an issuer.
	i.Algorithms = slices.DeleteFunc(i.Algorithms, func(alg string) bool { return strings.HasPrefix(alg, "HS") || alg == "none" })
	return i, nil
}

// checkURL holds a URL by the issuer against the rules for all URLs: an issuer
// by https does not lead to this machine.
func (i *issuer) checkURL(s string) error {
	if err := httpclient.CheckURL(s); err != nil {
		return err
	}
	if strings.HasPrefix(i.config.Issuer, "https:") && !strings.HasPrefix(s, "https:") {
		return fmt.Errorf("the issuer is at an https URL, and this is none")
	}
	return nil
}

// get reads a JSON document.
func (i *issuer) get(ctx context.Context, url string, limit int64, into any) error {
	r, err := i.world.HTTP.Do(ctx, httpclient.Request{
		Method: http.MethodGet, URL: url, Accept: "application/json", Expect: []int{http.StatusOK}, MaxBody: limit,
	})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(r.Body, into); err != nil {
		return fmt.Errorf("%s answers in a form that is not its own: %s", url, quote(err.Error()))
	}
	return nil
}
