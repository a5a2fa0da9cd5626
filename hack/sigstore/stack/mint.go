package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Mint returns an ID token of the issuer for a person. claims replace the
// defaults (alice@example.com, audience sigstore, five minutes from now), a
// nil value takes a claim away. The token is signed, not judged: it may be
// expired, for somebody else, or nonsense.
func (s *Stack) Mint(claims map[string]any) (string, error) {
	return s.issuer.mint(personClaims, claims)
}

// MintCI is Mint for the issuer of workflow identities, [Stack.CIIssuer]; the
// defaults are those of a push to the main branch of acme/widget on GitHub.
func (s *Stack) MintCI(claims map[string]any) (string, error) {
	return s.issuer.mint(workflowClaims, claims)
}

// CIIssuer is the issuer of the tokens that MintCI returns.
func (s *Stack) CIIssuer() string { return s.Endpoints.Issuer + ciPath }

// personClaims are those of an ID token (OpenID Connect Core 1.0, section 2).
func personClaims(issuer string, now time.Time) map[string]any {
	claims := commonClaims(issuer, now)
	claims["sub"] = Users[0]
	claims["email"] = Users[0]
	claims["email_verified"] = true
	return claims
}

// workflowClaims are those of a GitHub Actions token.
func workflowClaims(issuer string, now time.Time) map[string]any {
	const (
		sha      = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"
		workflow = "acme/widget/.github/workflows/release.yml@refs/heads/main"
	)
	claims := commonClaims(issuer+ciPath, now)
	maps.Copy(claims, map[string]any{
		"sub":                   "repo:acme/widget:ref:refs/heads/main",
		"actor":                 "alice",
		"actor_id":              "1001",
		"event_name":            "push",
		"job_workflow_ref":      workflow,
		"job_workflow_sha":      sha,
		"ref":                   "refs/heads/main",
		"ref_type":              "branch",
		"repository":            "acme/widget",
		"repository_id":         "2002",
		"repository_owner":      "acme",
		"repository_owner_id":   "3003",
		"repository_visibility": "public",
		"run_attempt":           "1",
		"run_id":                "4004",
		"run_number":            "12",
		"runner_environment":    "github-hosted",
		"sha":                   sha,
		"workflow":              "release",
		"workflow_ref":          workflow,
		"workflow_sha":          sha,
	})
	return claims
}

func commonClaims(issuer string, now time.Time) map[string]any {
	return map[string]any{
		"iss": issuer,
		"aud": clientID,
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(tokenLifetime).Unix(),
	}
}

type defaultClaims func(issuer string, now time.Time) map[string]any

// mint signs the defaults with claims over them, as a compact JWS (RFC 7515).
func (i *issuer) mint(defaults defaultClaims, claims map[string]any) (string, error) {
	all := defaults(i.url, time.Now())
	for name, value := range claims {
		if value == nil {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	payload, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	key, err := i.storage.SigningKey(context.Background())
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: key.SignatureAlgorithm(), Key: jose.JSONWebKey{Key: key.Key(), KeyID: key.ID()}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	token, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return token.CompactSerialize()
}

// mintHandler takes a JSON object of claims, or nothing, and answers with the
// token as text/plain, without a final newline.
func (i *issuer) mintHandler(defaults defaultClaims) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		claims, err := readClaims(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		token, err := i.mint(defaults, claims)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, token)
	}
}

// readClaims reads one JSON object; an empty body is no claims. Numbers stay
// as they were written.
func readClaims(r io.Reader) (map[string]any, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var claims map[string]any
	if err := dec.Decode(&claims); err != nil {
		return nil, fmt.Errorf("claims must be one JSON object: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("claims must be one JSON object, and nothing after it")
	}
	return claims, nil
}
