package testpki

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

const (
	// tokenAudience is whom tokens are for.
	tokenAudience = "sigstore"
	tokenLifetime = 5 * time.Minute
	// issuerKeyID names the issuer's only key.
	issuerKeyID = "testpki"
	// workflowPath is below the issuer: the issuer of workflow identities.
	workflowPath = "/ci"
	// coordinateSize is the length of a P-256 coordinate or scalar in bytes.
	coordinateSize = 32
)

// IDToken returns a signed token of the issuer for alice@example.com, five
// minutes from the clock's time. claims replace the defaults; nil takes one away.
func (p *PKI) IDToken(claims map[string]any) string {
	return p.signToken(p.commonClaims(""), map[string]any{
		"sub": "alice@example.com", "email": "alice@example.com", "email_verified": true,
	}, claims)
}

// WorkflowToken is IDToken for a workflow of GitHub's kind, from the second
// issuer, whose path ends in /ci.
func (p *PKI) WorkflowToken(claims map[string]any) string {
	const sha, file = "7ad6a6a1c3a0e6b1f2d35a5a38d4a25f06f5bbde", "acme/widget/.github/workflows/release.yml@refs/heads/main"
	return p.signToken(p.commonClaims(workflowPath), map[string]any{
		"sub": "repo:acme/widget:ref:refs/heads/main", "event_name": "push", "sha": sha, "workflow": "release",
		"repository": "acme/widget", "ref": "refs/heads/main", "repository_id": "2002", "repository_owner": "acme",
		"repository_owner_id": "3003", "repository_visibility": "public", "job_workflow_ref": file, "job_workflow_sha": sha,
		"workflow_ref": file, "workflow_sha": sha, "run_id": "4004", "run_attempt": "1", "runner_environment": "github-hosted",
	}, claims)
}

func (p *PKI) commonClaims(path string) map[string]any {
	now := p.Clock.Now()
	return map[string]any{
		"iss": p.URLs().Issuer + path,
		"aud": tokenAudience,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(tokenLifetime).Unix(),
	}
}

// signToken signs all claims, the later ones over the earlier, as a compact
// JWS (RFC 7515 section 3.1) with ES256 (RFC 7518 section 3.4: R || S).
func (p *PKI) signToken(claims ...map[string]any) string {
	all := map[string]any{}
	for _, c := range claims {
		over(all, c)
	}
	header := map[string]string{"alg": "ES256", "kid": issuerKeyID, "typ": "JWT"}
	signed := rawURL(must(json.Marshal(header))) + "." + rawURL(must(json.Marshal(all)))
	return signed + "." + rawURL(joseSignature(signSHA256(p.keys.issuer, []byte(signed))))
}

// idClaims are the claims that Fulcio reads.
type idClaims struct {
	Issuer        string `json:"iss"`
	Subject       string `json:"sub"`
	Audience      any    `json:"aud"`
	Expires       int64  `json:"exp"`
	NotBefore     int64  `json:"nbf"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	workflowClaims
}

// authenticate checks a token as Fulcio does and returns the identity it gives
// and the subject over which possession of the key is proved.
func (p *PKI) authenticate(token string) (id Identity, subject string, err error) {
	claims, err := p.verifyToken(token)
	if err != nil {
		return Identity{}, "", err
	}
	now := p.Clock.Now().Unix()
	if now >= claims.Expires || now < claims.NotBefore {
		return Identity{}, "", errors.New("token is not valid now")
	}
	if !hasAudience(claims.Audience) {
		return Identity{}, "", errors.New("token is for another audience")
	}
	switch issuer := p.URLs().Issuer; claims.Issuer {
	case issuer:
		if claims.Email == "" || !claims.EmailVerified {
			return Identity{}, "", errors.New("no verified e-mail address")
		}
		id = Identity{Email: claims.Email, Issuer: issuer, Claims: map[int]string{24: claims.Subject}}
		return id, claims.Email, nil
	case issuer + workflowPath:
		id, err := claims.identity(claims.Issuer, claims.Subject)
		return id, claims.Subject, err
	}
	return Identity{}, "", errors.New("token of an unknown issuer")
}

// verifyToken checks a compact JWS by the issuer's key.
func (p *PKI) verifyToken(token string) (*idClaims, error) {
	signed, last, ok := cutLast(token, ".")
	head, payload, ok2 := strings.Cut(signed, ".")
	if !ok || !ok2 {
		return nil, errors.New("not a compact JWS")
	}
	var header struct{ Alg, Kid string }
	if err := decodePart(head, &header); err != nil || header.Alg != "ES256" || header.Kid != issuerKeyID {
		return nil, errors.New("another algorithm or key")
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(last)
	if err != nil || len(signature) != 2*coordinateSize {
		return nil, errors.New("not an ES256 signature")
	}
	sum := sha256.Sum256([]byte(signed))
	r := new(big.Int).SetBytes(signature[:coordinateSize])
	s := new(big.Int).SetBytes(signature[coordinateSize:])
	if !ecdsa.Verify(&p.keys.issuer.PublicKey, sum[:], r, s) {
		return nil, errors.New("signature does not hold")
	}
	claims := new(idClaims)
	if err := decodePart(payload, claims); err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	return claims, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func decodePart(part string, v any) error {
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// hasAudience reads aud, a string or several (RFC 7519 section 4.1.3).
func hasAudience(aud any) bool {
	switch aud := aud.(type) {
	case string:
		return aud == tokenAudience
	case []any:
		return slices.Contains(aud, any(tokenAudience))
	}
	return false
}

func rawURL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
