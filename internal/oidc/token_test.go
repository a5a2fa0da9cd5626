package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const issuer = "https://accounts.example.com"

// token makes a token that nobody signed: defaults, and changes to them; nil
// takes a claim away.
func token(changes map[string]any) string {
	claims := map[string]any{
		"iss": issuer, "sub": "s-1", "aud": "sigstore", "email": "alice@example.com", "email_verified": true,
		"exp": now.Unix() + 300, "nbf": now.Unix(),
	}
	for name, v := range changes {
		claims[name] = v
		if v == nil {
			delete(claims, name)
		}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return "aGVhZA." + base64.RawURLEncoding.EncodeToString(body) + ".c2VjcmV0"
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		raw     string
		subject string
	}{
		"e-mail":                {token(nil), "alice@example.com"},
		"white space around it": {" \n" + token(nil) + "\r\n", "alice@example.com"},
		"verified as a word":    {token(map[string]any{"email_verified": "true"}), "alice@example.com"},
		"subject":               {token(map[string]any{"email": nil}), "s-1"},
		"no nbf":                {token(map[string]any{"nbf": nil}), "alice@example.com"},
		"clock a little behind": {token(map[string]any{"nbf": now.Unix() + 59}), "alice@example.com"},
		"fraction of a second":  {token(map[string]any{"exp": float64(now.Unix()) + 300.5}), "alice@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tt.raw, now)
			if err != nil {
				t.Fatal(err)
			}
			if got.ProofSubject() != tt.subject || got.Secret() != strings.TrimSpace(tt.raw) {
				t.Errorf("subject %q, secret %q", got.ProofSubject(), got.Secret())
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	body := func(s string) string {
		return "aGVhZA." + base64.RawURLEncoding.EncodeToString([]byte(s)) + ".c2VjcmV0"
	}
	for name, tt := range map[string]struct{ raw, want string }{
		"empty":                {"", "not a JWT"},
		"one part":             {"secret", "three parts"},
		"four parts":           {token(nil) + ".x", "three parts"},
		"no header":            {"." + strings.SplitN(token(nil), ".", 2)[1], "three parts"},
		"no signature":         {strings.TrimSuffix(token(nil), "c2VjcmV0"), "three parts"},
		"not base64":           {"aGVhZA.!!.c2VjcmV0", "not base64url"},
		"padded base64":        {"aGVhZA.e30=.c2VjcmV0", "not base64url"},
		"not JSON":             {body("secret"), "not a JSON object"},
		"an array":             {body("[]"), "not a JSON object"},
		"null":                 {body("null"), "names no issuer"},
		"64 KiB and one":       {token(nil) + strings.Repeat("x", maxToken), "at most 65536"},
		"no issuer":            {token(map[string]any{"iss": nil}), "names no issuer"},
		"issuer is a number":   {token(map[string]any{"iss": 7}), "not a JSON object"},
		"no expiry":            {token(map[string]any{"exp": nil}), "no expiry"},
		"expiry before 1970":   {token(map[string]any{"exp": -1}), "no expiry"},
		"expiry beyond time":   {token(map[string]any{"exp": 1e300}), "no expiry"},
		"expired this second":  {token(map[string]any{"exp": now.Unix()}), "it expired at 2026-05-04T12:00:00Z, and it is 2026-05-04T12:00:00Z now"},
		"not yet valid":        {token(map[string]any{"nbf": now.Unix() + 61}), "is the clock right?"},
		"e-mail not verified":  {token(map[string]any{"email_verified": false}), "has not verified"},
		"verification missing": {token(map[string]any{"email_verified": nil}), "has not verified"},
		"verified as a number": {token(map[string]any{"email_verified": 1}), "has not verified"},
		"nobody":               {token(map[string]any{"email": nil, "sub": nil}), "neither e-mail nor subject"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tt.raw, now)
			if got != nil || !errors.Is(err, ErrToken) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, %v, want ...%s...", got, err, tt.want)
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "c2VjcmV0") {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	workflow := map[string]any{"email": nil, "job_workflow_ref": "acme/widget/.github/workflows/release.yml@refs/heads/main"}
	const uri = "https://github.com/acme/widget/.github/workflows/release.yml@refs/heads/main"
	for name, tt := range map[string]struct {
		claims       map[string]any
		name, issuer string
		want         string // "" matches
	}{
		"e-mail":                    {nil, "alice@example.com", issuer, ""},
		"another e-mail":            {nil, "bob@example.com", issuer, `for "bob@example.com"`},
		"another case":              {nil, "Alice@example.com", issuer, "the token is for"},
		"another issuer":            {nil, "alice@example.com", issuer + "/", "for the issuer"},
		"federated issuer":          {map[string]any{"federated_claims": map[string]string{"connector_id": "https://github.com/login/oauth"}}, "alice@example.com", "https://github.com/login/oauth", ""},
		"no federation, no issuer":  {nil, "alice@example.com", "", "for the issuer"},
		"workflow":                  {workflow, uri, issuer, ""},
		"workflow of another ref":   {workflow, uri + "2", issuer, "the workflow"},
		"workflow of a longer name": {workflow, "https://github.com/evilacme/widget/.github/workflows/release.yml@refs/heads/main", issuer, "the workflow"},
		"subject decides no name":   {map[string]any{"email": nil}, "anything", issuer, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tok, err := Parse(token(tt.claims), now)
			if err != nil {
				t.Fatal(err)
			}
			err = tok.Matches(tt.name, tt.issuer)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want ...%s...", err, tt.want)
			}
		})
	}
}

func TestSource(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token(map[string]any{"email": "file@example.com"})+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	env := token(map[string]any{"email": "env@example.com"})
	for name, tt := range map[string]struct {
		s    Source
		want string // subject, or what the error says
	}{
		"environment before file":   {Source{Kind: "auto", Value: env, EnvName: "E", File: file}, "env@example.com"},
		"file alone":                {Source{Kind: "auto", File: file}, "file@example.com"},
		"file asked for":            {Source{Kind: "file", Value: env, EnvName: "E", File: file}, "file@example.com"},
		"environment asked for":     {Source{Kind: "env", Value: env, EnvName: "E", File: file}, "env@example.com"},
		"environment, but not set":  {Source{Kind: "env", File: file}, "no identity token: set PARAPH_ID_TOKEN"},
		"file, but not set":         {Source{Kind: "file", Value: env, EnvName: "E"}, "no identity token: "},
		"nothing":                   {Source{Kind: "auto"}, "no identity token: "},
		"zero":                      {Source{}, "no identity token: "},
		"false one in the variable": {Source{Kind: "auto", Value: "x", EnvName: "SIGSTORE_ID_TOKEN", File: file}, "SIGSTORE_ID_TOKEN: identity token: "},
		"no such file":              {Source{Kind: "file", File: file + "2", FileSource: "F"}, "F: stat " + file + "2: "},
		"folder":                    {Source{Kind: "file", File: filepath.Dir(file), FileSource: "F"}, "F: read "},
		"megabyte":                  {Source{Kind: "file", File: large, FileSource: "F"}, "F: " + large + ": identity token: it has 65537 bytes, at most 65536"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.s.Audience = DefaultAudience
			tok, err := tt.s.Get(t.Context(), now)
			if err != nil {
				if tok != nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want ...%s...", err, tt.want)
				}
			} else if tok.ProofSubject() != tt.want {
				t.Errorf("got a token for %s, want %s", tok.ProofSubject(), tt.want)
			}
		})
	}
}

// A token is for the audience that counts here, or it goes nowhere, from
// wherever it comes.
func TestAudience(t *testing.T) {
	for name, tt := range map[string]struct {
		aud  any
		want string // "" takes it
	}{
		"the one":           {"sigstore", ""},
		"among several":     {[]string{"a", "sigstore"}, ""},
		"another":           {"a", `it is for the audience "a", not for "sigstore"`},
		"several others":    {[]string{"a", "b"}, `the audience "a, b"`},
		"none":              {nil, `the audience ""`},
		"empty list":        {[]string{}, `the audience ""`},
		"another case":      {"Sigstore", "the audience"},
		"with something":    {"sigstore ", "the audience"},
		"joined":            {"a sigstore", "the audience"},
		"number":            {7, "not a JSON object"},
		"long and hostile":  {"\x1b" + strings.Repeat("x", 1000), `the audience "\x1bxxx`},
		"list with numbers": {[]any{"sigstore", 7}, "not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := token(map[string]any{"aud": tt.aud})
			for from, s := range map[string]Source{
				"E":                        {Kind: "env", Value: raw, EnvName: "E"},
				"the identity token of ci": {Kind: "ci", Platform: func(context.Context, string) (string, string, error) { return "ci", raw, nil }},
			} {
				s.Audience = DefaultAudience
				tok, err := s.Get(t.Context(), now)
				switch {
				case tt.want == "":
					if tok == nil || err != nil {
						t.Errorf("%v, %v", tok, err)
					}
				case tok != nil || !errors.Is(err, ErrToken) || !strings.HasPrefix(err.Error(), from+": ") || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 400:
					t.Errorf("%v, %v, want %s: ...%s...", tok, err, from, tt.want)
				}
			}
		})
	}
}

// Without an audience no token is good, not one for "" either.
func TestNoAudience(t *testing.T) {
	if tok, err := (Source{Kind: "env", Value: token(map[string]any{"aud": ""}), EnvName: "E"}).Get(t.Context(), now); tok != nil || err == nil {
		t.Errorf("%v, %v", tok, err)
	}
}

// The platform is asked last, or alone where it is named.
func TestSourceOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token(map[string]any{"email": "file@example.com"})), 0o600); err != nil {
		t.Fatal(err)
	}
	env := token(map[string]any{"email": "env@example.com"})
	for name, tt := range map[string]struct {
		s     Source
		want  string
		asked string
	}{
		"auto, all there":    {Source{Kind: "auto", Value: env, EnvName: "E", File: file}, "env@example.com", ""},
		"auto, file":         {Source{Kind: "auto", File: file}, "file@example.com", ""},
		"auto, platform":     {Source{Kind: "auto"}, "platform@example.com", "auto"},
		"named, all there":   {Source{Kind: "ci", Value: env, EnvName: "E", File: file}, "platform@example.com", "ci"},
		"environment, empty": {Source{Kind: "env", File: file}, "no identity token", ""},
		"file, not set":      {Source{Kind: "file", Value: env, EnvName: "E"}, "no identity token", ""},
		"nothing found":      {Source{Kind: "auto", Audience: "nothing"}, "no identity token", "auto"},
		"platform refuses":   {Source{Kind: "auto", Audience: "refuse"}, "not today", "auto"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := ""
			behaviour := tt.s.Audience
			tt.s.Audience = DefaultAudience
			tt.s.Platform = func(_ context.Context, name string) (string, string, error) {
				asked = name
				switch behaviour {
				case "nothing":
					return "", "", nil
				case "refuse":
					return "", "", errors.New("not today")
				}
				return "ci", token(map[string]any{"email": "platform@example.com"}), nil
			}
			tok, err := tt.s.Get(t.Context(), now)
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = tok.Email()
			}
			if !strings.HasPrefix(got, tt.want) || asked != tt.asked {
				t.Errorf("got %q, asked %q; want %q, %q", got, asked, tt.want, tt.asked)
			}
		})
	}
}

// Two tokens for the same differ in when and how they were issued, in nothing
// else.
func TestSameClaims(t *testing.T) {
	parse := func(claims map[string]any) *Token {
		t.Helper()
		parsed, err := Parse(token(claims), now)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	job := map[string]any{"email": nil, "sub": "repo:o/r", "sha": "1", "nested": map[string]any{"a": 1}}
	with := func(name string, value any) map[string]any {
		out := maps.Clone(job)
		out[name] = value
		return out
	}
	first := parse(job)
	for name, tt := range map[string]struct {
		claims map[string]any
		want   bool
	}{
		"the same":           {job, true},
		"another token":      {with("jti", "x"), true},
		"another time":       {with("exp", now.Unix()+420), true},
		"another nonce":      {with("nonce", "n"), true},
		"another commit":     {with("sha", "2"), false},
		"another subject":    {with("sub", "repo:o/other"), false},
		"one claim more":     {with("ref", "refs/heads/main"), false},
		"one claim less":     {with("sha", nil), false},
		"deep down":          {with("nested", map[string]any{"a": 2}), false},
		"an e-mail address":  {with("email", "bob@example.com"), false},
		"another's audience": {with("aud", []string{"sigstore", "x"}), false},
	} {
		if got := first.SameClaims(parse(tt.claims)); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A token says by either name that its repository is not public. What else
// stands there tells nothing.
func TestPrivate(t *testing.T) {
	for name, tt := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"nothing said":   {nil, ""},
		"public":         {map[string]any{"repository_visibility": "public", "project_visibility": "public"}, ""},
		"private":        {map[string]any{"repository_visibility": "private"}, "repository_visibility: private"},
		"internal":       {map[string]any{"repository_visibility": "internal"}, "repository_visibility: internal"},
		"GitLab's":       {map[string]any{"project_visibility": "private"}, "project_visibility: private"},
		"one of two":     {map[string]any{"repository_visibility": "public", "project_visibility": "internal"}, "project_visibility: internal"},
		"not text":       {map[string]any{"repository_visibility": []string{"private"}}, ""},
		"something else": {map[string]any{"repository_visibility": "PRIVATE "}, ""},
	} {
		got, err := Parse(token(tt.claims), now)
		if err != nil || got.Private() != tt.want {
			t.Errorf("%s: %v, %v, want %q", name, got.Private(), err, tt.want)
		}
	}
}
