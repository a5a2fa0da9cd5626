package ambient

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Where this is, and what is seen to be missing there, without a request: the
// Env has no client to ask with.
func TestPlaces(t *testing.T) {
	for name, tt := range map[string]struct {
		environ []string
		files   fstest.MapFS
		here    string
		missing string
	}{
		"nowhere":             {nil, nil, "", ""},
		"no permission":       {[]string{"GITHUB_ACTIONS=true"}, nil, "github", "ACTIONS_ID_TOKEN_REQUEST_URL is not set"},
		"a job":               {[]string{"GITHUB_ACTIONS=true", actionsURL + "=https://x.example", actionsToken + "=s3cret"}, nil, "github", ""},
		"no token":            {[]string{"GITLAB_CI=true"}, nil, "gitlab", "SIGSTORE_ID_TOKEN is not set"},
		"no program":          {[]string{"CIRCLECI=true"}, nil, "circleci", "circleci"},
		"no other program":    {[]string{"BUILDKITE=true"}, nil, "buildkite", "buildkite-agent"},
		"half of it":          {[]string{"CF_OIDC_REQUEST_URL=https://x.example"}, nil, "codefresh", "CF_OIDC_REQUEST_TOKEN is not set"},
		"a pod":               {nil, fstest.MapFS{projected: {Data: []byte("s3cret")}}, "kubernetes", ""},
		"a folder in a pod":   {nil, fstest.MapFS{projected + "/x": {}}, "kubernetes", "is not a file"},
		"a socket":            {[]string{endpointSocket + "=unix:///x"}, nil, "spiffe", ""},
		"not a socket":        {[]string{endpointSocket + "=tcp://x"}, nil, "spiffe", "is not of the form unix:///path"},
		"one of the machines": {nil, fstest.MapFS{productName: {Data: []byte("Google\n")}}, "google", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			e := &Env{Environ: tt.environ, Files: tt.files, Audience: "sigstore"}
			places := e.Places()
			if len(places) != len(Names()) {
				t.Fatalf("%d places", len(places))
			}
			for i, p := range places {
				here := p.Name == tt.here
				if p.Name != Names()[i] || p.Seen == "" || p.Needs == "" || p.Here != here ||
					here && ((p.Missing == "") != (tt.missing == "") || !strings.Contains(p.Missing, tt.missing)) || strings.Contains(p.Missing, "s3cret") {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}
