package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/oidc"
)

// tokens is an answer of the token endpoint (RFC 6749, 5.1).
type tokens struct {
	ID      string `json:"id_token"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

// refused is an error that an issuer names (RFC 6749, 4.1.2.1 and 5.2).
type refused struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *refused) Error() string {
	said := ""
	if e.Description != "" {
		said = " (" + quote(e.Description) + ")"
	}
	switch e.Code {
	case "access_denied":
		return "it was denied" + said
	case "expired_token":
		return "the code has expired before it was entered: try again"
	}
	return "the issuer says " + quote(e.Code) + said
}

// hide takes out what an issuer repeats of a request's secrets.
func (e *refused) hide(secrets []string) {
	for _, secret := range secrets {
		if secret != "" {
			e.Code = strings.ReplaceAll(e.Code, secret, "[secret]")
			e.Description = strings.ReplaceAll(e.Description, secret, "[secret]")
		}
	}
}

// post sends a form as the client that is configured, and reads the answer,
// which may name an error. Where into is nil no more is expected of it.
func (i *issuer) post(ctx context.Context, url string, form url.Values, into any) error {
	r := httpclient.Request{
		Method: http.MethodPost, URL: url, ContentType: "application/x-www-form-urlencoded", Accept: "application/json",
		Expect:  []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden},
		MaxBody: maxTokens,
		Secrets: []string{i.config.ClientSecret},
	}
	for _, name := range []string{"code", "code_verifier", "device_code", "refresh_token", "token"} {
		r.Secrets = append(r.Secrets, form.Get(name))
	}
	i.authenticate(&r, form)
	r.Body = []byte(form.Encode())
	answer, err := i.world.HTTP.Do(ctx, r)
	if err != nil {
		return err
	}
	no := new(refused)
	if err := json.Unmarshal(answer.Body, no); err == nil && no.Code != "" {
		no.hide(r.Secrets)
		return no
	}
	// The parser's words would quote what may be a secret.
	if answer.Status != http.StatusOK || into != nil && json.Unmarshal(answer.Body, into) != nil {
		return fmt.Errorf("%s answers with status %d, in a form that is not its own", url, answer.Status)
	}
	return nil
}

// authenticate says who the client is (RFC 6749, 2.3.1): in the header, which
// is what an issuer takes that does not say, else in the form.
func (i *issuer) authenticate(r *httpclient.Request, form url.Values) {
	id, secret := i.config.ClientID, i.config.ClientSecret
	inForm := slices.Contains(i.TokenAuth, "client_secret_post") && !slices.Contains(i.TokenAuth, "client_secret_basic")
	if secret != "" && !inForm {
		both := url.QueryEscape(id) + ":" + url.QueryEscape(secret)
		r.Authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(both))
		return
	}
	form.Set("client_id", id)
	if secret != "" {
		form.Set("client_secret", secret)
	}
}

var errNoID = errors.New("the issuer answered without an ID token")

// verify holds an ID token against the issuer's keys and this login (OpenID
// Connect Core 1.0, 3.1.3.7). nonce is "" where the way has none, which is the
// device's.
func (i *issuer) verify(ctx context.Context, t *tokens, nonce string) (*Login, error) {
	if t.ID == "" {
		return nil, errNoID
	}
	keys, err := i.keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the issuer's keys: %w", err)
	}
	verifier := goidc.NewVerifier(i.Name, keys, &goidc.Config{
		ClientID: i.config.ClientID, SupportedSigningAlgs: i.Algorithms, Now: i.world.Now,
	})
	got, err := verifier.Verify(ctx, t.ID)
	if err != nil {
		return nil, fmt.Errorf("the issuer's token cannot be used: %s", quote(err.Error()))
	}
	var claims struct {
		Party string `json:"azp"`
	}
	if err := got.Claims(&claims); err != nil {
		return nil, fmt.Errorf("the issuer's token cannot be used: its azp is no text")
	}
	switch {
	case nonce != "" && !same(got.Nonce, nonce):
		return nil, fmt.Errorf("the issuer's token is of another login: its nonce differs")
	case claims.Party != "" && claims.Party != i.config.ClientID, claims.Party == "" && len(got.Audience) > 1:
		return nil, fmt.Errorf("the issuer's token is for another client too: its audience is %s, its azp %q", quote(strings.Join(got.Audience, ", ")), quote(claims.Party))
	case got.AccessTokenHash != "" && got.VerifyAccessToken(t.Access) != nil:
		return nil, fmt.Errorf("the issuer's token does not belong to the access token beside it: its at_hash differs")
	}
	parsed, err := oidc.Parse(t.ID, i.world.Now())
	if err != nil {
		return nil, fmt.Errorf("the issuer's token cannot be used: %w", err)
	}
	return &Login{Token: parsed, Kept: Kept{
		Refresh: t.Refresh, Issuer: got.Issuer, Subject: got.Subject, Audience: got.Audience, Nonce: got.Nonce,
		Identity: parsed.ProofSubject(),
	}}, nil
}

// keys reads the issuer's JWK Set (RFC 7517, section 5). What is no public key
// for signatures is passed over.
func (i *issuer) keys(ctx context.Context) (*goidc.StaticKeySet, error) {
	if i.set != nil {
		return i.set, nil
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := i.get(ctx, i.Keys, maxKeySet, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("there are %d, at most %d are read", len(set.Keys), maxKeys)
	}
	out := new(goidc.StaticKeySet)
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) == nil && key.Valid() && key.IsPublic() && key.Use != "enc" {
			out.PublicKeys = append(out.PublicKeys, key.Key)
		}
	}
	i.set = out
	return out, nil
}
