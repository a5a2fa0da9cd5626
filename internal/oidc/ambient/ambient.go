// Package ambient gets identity tokens from where the program runs: a CI job,
// a cloud machine, a pod. Nobody logs in there; the platform vouches for the
// job.
//
// Each platform is a row of one table. A detector looks at the environment and
// at whether a file is there, so that it costs nothing on a laptop. The first
// row in the order of the table whose platform this is decides: what it lacks
// is an error that says what to grant, not a reason to sign as somebody else
// whom the machine could also be.
//
// What comes out is unread text: whoever asked parses it and checks audience
// and times. Nothing secret stands in an error.
package ambient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/httpclient"
)

// maxToken bounds a token, and maxAnswer what it comes in, in bytes.
const (
	maxToken  = 64 << 10
	maxAnswer = maxToken + 8<<10
)

// An Env is the world that tokens come from.
type Env struct {
	Environ []string
	Files   fs.FS // the root folder
	Client  *httpclient.Client
	// Audience is whom the token must be for. Without one nothing is asked.
	Audience string
	// IAM is Google's service for impersonation, of the form https://host.
	IAM string
}

// IAM is where [Env.IAM] is, outside of tests.
const IAM = "https://iamcredentials.googleapis.com"

// A row is one platform.
type row struct {
	name string // as paraph.tokenSource names it
	here func(e *Env) bool
	get  func(ctx context.Context, e *Env) (string, error)
	// seen is what here looks for, in words.
	seen string
	// needs is what the platform's user has to grant. It ends every error.
	needs string
}

// rows are all platforms. A machine comes after what runs on it.
func rows() []row {
	return []row{
		{
			"github", onActions, fromActions, "GITHUB_ACTIONS = true, or ACTIONS_ID_TOKEN_REQUEST_URL",
			"the job needs `permissions: id-token: write` (Forgejo: `enable-openid-connect: true`), which pull requests from forks do not get",
		},
		{"gitlab", onGitLab, fromGitLab, "GITLAB_CI = true", "the job needs `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`, or what is the same for another audience"},
		{"buildkite", onBuildkite, fromBuildkite, "BUILDKITE = true", "the job needs buildkite-agent on its PATH and BUILDKITE_AGENT_ACCESS_TOKEN; a container gets both by mount-buildkite-agent"},
		{"circleci", onCircleCI, fromCircleCI, "CIRCLECI = true", "the step needs the circleci program of CircleCI's own job environment"},
		{"codefresh", onCodefresh, fromCodefresh, "CF_BUILD_ID, or CF_OIDC_REQUEST_URL", "the step needs CF_OIDC_REQUEST_URL and CF_OIDC_REQUEST_TOKEN of its build"},
		{"kubernetes", onKubernetes, fromKubernetes, "/var/run/sigstore/cosign/oidc-token", "the pod needs a serviceAccountToken volume with this audience, mounted at /var/run/sigstore/cosign, path oidc-token"},
		{"spiffe", onSPIFFE, fromSPIFFE, "SPIFFE_ENDPOINT_SOCKET", "the workload needs a registration entry, and SPIFFE_ENDPOINT_SOCKET must lead to the agent"},
		{
			"google", onGoogle, fromGoogle, "/sys/class/dmi/id/product_name says Google, or GCE_METADATA_HOST",
			"the machine needs a service account, and impersonation (GOOGLE_SERVICE_ACCOUNT_NAME) the role roles/iam.serviceAccountOpenIdTokenCreator on its target",
		},
	}
}

// Auto is the name for the first row whose platform this is.
const Auto = "auto"

// Names are the names of all rows, in order.
func Names() (names []string) {
	for _, r := range rows() {
		names = append(names, r.name)
	}
	return names
}

// Detect returns the name of the first row whose platform this is, "" if it is
// none.
func (e *Env) Detect() string {
	for _, r := range rows() {
		if r.here(e) {
			return r.name
		}
	}
	return ""
}

// Token asks the platform called name, or the one that this is, for a token
// and returns it with the platform's name. Without a platform both are empty.
func (e *Env) Token(ctx context.Context, name string) (platform, token string, err error) {
	if name == Auto {
		if name = e.Detect(); name == "" {
			return "", "", nil
		}
	}
	all := rows()
	i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
	switch {
	case i < 0:
		return "", "", fmt.Errorf("%q is no platform that gives tokens", name)
	case e.Audience == "":
		return "", "", errors.New("no audience to ask a token for")
	}
	token, err = all[i].get(ctx, e)
	switch token = strings.TrimSpace(token); {
	case err == nil && token == "":
		err = errors.New("the answer has no token")
	case err == nil && len(token) > maxToken:
		err = fmt.Errorf("the token has more than %d bytes", maxToken)
	}
	if err != nil {
		return "", "", fmt.Errorf("asking %s for an identity token: %w (%s; another paraph.tokenSource does without)", name, err, all[i].needs)
	}
	return name, token, nil
}

// getenv is a variable's value, "" if there is none.
func (e *Env) getenv(name string) string {
	for _, entry := range slices.Backward(e.Environ) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// require returns the values of variables that must be there.
func (e *Env) require(names ...string) ([]string, error) {
	values := make([]string, len(names))
	for i, name := range names {
		if values[i] = e.getenv(name); values[i] == "" {
			return nil, fmt.Errorf("%s is not set", name)
		}
	}
	return values, nil
}
