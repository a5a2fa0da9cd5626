package ambient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/httpclient"
)

const (
	actionsURL   = "ACTIONS_ID_TOKEN_REQUEST_URL"
	actionsToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
)

// onActions: GitHub Actions, and Forgejo's, which is made like it.
func onActions(e *Env) bool {
	return e.getenv("GITHUB_ACTIONS") == "true" || e.getenv(actionsURL) != ""
}

// fromActions: GitHub Docs, "OpenID Connect reference", "Methods for requesting
// the OIDC token". The URL has a query already.
func fromActions(ctx context.Context, e *Env) (string, error) {
	v, err := e.require(actionsURL, actionsToken)
	if err != nil {
		return "", err
	}
	return e.ask(ctx, v[0], "bearer "+v[1], v[1], "value")
}

func onCodefresh(e *Env) bool {
	return e.getenv("CF_BUILD_ID") != "" || e.getenv("CF_OIDC_REQUEST_URL") != ""
}

// fromCodefresh: Codefresh's documentation, "OIDC in pipelines". The header
// has no scheme.
func fromCodefresh(ctx context.Context, e *Env) (string, error) {
	v, err := e.require("CF_OIDC_REQUEST_URL", "CF_OIDC_REQUEST_TOKEN")
	if err != nil {
		return "", err
	}
	return e.ask(ctx, v[0], v[1], v[1], "id_token")
}

// ask gets a token from a job's own endpoint; it is the member of the answer
// that is called name.
func (e *Env) ask(ctx context.Context, endpoint, authorization, secret, name string) (string, error) {
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	resp, err := e.Client.Do(ctx, httpclient.Request{
		Method: http.MethodGet, URL: endpoint + separator + "audience=" + url.QueryEscape(e.Audience), Accept: "application/json",
		Authorization: authorization, Expect: []int{http.StatusOK}, MaxBody: maxAnswer, Secrets: []string{secret},
	})
	if err != nil {
		return "", err
	}
	return member(resp.Body, name)
}

// member reads one member of a JSON object. Its error does not quote the
// answer, which may hold a token.
func member(data []byte, name string) (string, error) {
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		return "", errors.New("the answer is not a JSON object")
	}
	s, _ := object[name].(string)
	if s == "" {
		return "", fmt.Errorf("the answer has no %q", name)
	}
	return s, nil
}

func onGitLab(e *Env) bool { return e.getenv("GITLAB_CI") == "true" }

// fromGitLab: GitLab's documentation, "ID token authentication". The job's
// author chooses the variable's name; the convention is the audience's, in
// capitals.
func fromGitLab(_ context.Context, e *Env) (string, error) {
	name := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z':
			return c - 'a' + 'A'
		case 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			return c
		}
		return '_'
	}, e.Audience) + "_ID_TOKEN"
	v, err := e.require(name)
	if err != nil {
		return "", err
	}
	return v[0], nil
}

func onBuildkite(e *Env) bool { return e.getenv("BUILDKITE") == "true" }

// fromBuildkite: buildkite-agent oidc request-token --help.
func fromBuildkite(ctx context.Context, e *Env) (string, error) {
	return e.run(ctx, e.getenv("BUILDKITE_AGENT_ACCESS_TOKEN"), "buildkite-agent", "oidc", "request-token", "--audience", e.Audience)
}

func onCircleCI(e *Env) bool { return e.getenv("CIRCLECI") == "true" }

// fromCircleCI: CircleCI's documentation, "OIDC tokens with custom claims". The
// token in CIRCLE_OIDC_TOKEN_V2 has the organisation for its audience, and
// Fulcio knows the root issuer.
func fromCircleCI(ctx context.Context, e *Env) (string, error) {
	claims, err := json.Marshal(map[string]string{"aud": e.Audience})
	if err != nil {
		return "", err
	}
	return e.run(ctx, e.getenv("CIRCLE_OIDC_TOKEN_V2"), "circleci", "run", "oidc", "get", "--root-issuer", "--claims", string(claims))
}

// Bounds on a platform's program: bytes of its last words that are read, and
// repeated, and how long it may hold its output open after its end.
const (
	maxStderr    = 4 << 10
	maxLastWords = 200
	patience     = 2 * time.Second
)

// run has the platform's own program print a token. It is looked for on PATH,
// never in the current folder. What it writes to standard error is quoted, but
// for the secret.
func (e *Env) run(ctx context.Context, secret, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = e.Environ
	cmd.WaitDelay = patience
	stdout, stderr := bounded.Writer{Max: maxAnswer}, bounded.Writer{Max: maxStderr}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", fmt.Errorf("%s: no answer in time", program)
	}
	if err != nil {
		words := strings.TrimSpace(string(stderr.Bytes()))
		if secret != "" {
			words = strings.ReplaceAll(words, secret, "[secret]")
		}
		return "", fmt.Errorf("%s: %w: %q", program, err, words[:min(len(words), maxLastWords)])
	}
	return string(stdout.Bytes()), nil
}
