package ambient

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

// A platform's program that fails, hangs, floods or says nothing gives no
// token; its last words are told without the secret that it knows.
func TestProgramFails(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"refused":      {`echo "fatal: 403 for $BUILDKITE_AGENT_ACCESS_TOKEN" >&2; exit 1`, `exit status 1: "fatal: 403 for [secret]"`},
		"long words":   {`printf '\033[2J' >&2; head -c 100000 /dev/zero | tr '\0' x >&2; exit 3`, `exit status 3: "\x1b[2Jxxx`},
		"says nothing": {`exit 0`, "the answer has no token"},
		"floods":       {`head -c 200000 /dev/zero | tr '\0' x`, "the token has more than 65536 bytes"},
		"hangs":        {`exec sleep 60`, "buildkite-agent: no answer in time"},
		"killed":       {`kill -9 $$`, "buildkite-agent: signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.program(t, "buildkite-agent", tt.script)
			w.Environ = append(w.Environ, "BUILDKITE=true", "BUILDKITE_AGENT_ACCESS_TOKEN="+secret)
			w.fails(moment(t, name == "hangs"), t, tt.want)
		})
	}
}

// CircleCI's ready-made token is for another audience, and never taken.
func TestCircleCIReadyToken(t *testing.T) {
	w := newWorld(t)
	w.program(t, "circleci", "echo no; exit 1")
	w.Environ = append(w.Environ, "CIRCLECI=true", "CIRCLE_OIDC_TOKEN_V2="+want)
	w.fails(t.Context(), t, "exit status 1")
}

// A projected token is a file with some bytes in it.
func TestProjectedFile(t *testing.T) {
	for name, tt := range map[string]struct {
		file *fstest.MapFile
		want string
	}{
		"empty":  {&fstest.MapFile{}, "the answer has no token"},
		"huge":   {&fstest.MapFile{Data: []byte(strings.Repeat("x", 1<<20))}, "more than 65536 bytes"},
		"pipe":   {&fstest.MapFile{Mode: fs.ModeNamedPipe}, "/var/run/sigstore/cosign/oidc-token is not a file"},
		"folder": {&fstest.MapFile{Mode: fs.ModeDir}, "is not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Files = fstest.MapFS{projected: tt.file}
			w.fails(t.Context(), t, tt.want)
		})
	}
}

// With a target the machine's account asks for a token of that account.
func TestGoogleImpersonation(t *testing.T) {
	const target = "signer@example.iam.gserviceaccount.com"
	answer := func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/computeMetadata/v1/instance/service-accounts/default/token":
			rw.Header().Set("Metadata-Flavor", "Google")
			check(rw, r.URL.Query().Get("scopes") == "https://www.googleapis.com/auth/cloud-platform", map[string]any{"access_token": secret, "expires_in": 300})
		case "/v1/projects/-/serviceAccounts/" + target + ":generateIdToken":
			var request struct {
				Audience     string
				IncludeEmail bool
			}
			err := json.NewDecoder(r.Body).Decode(&request)
			ok := err == nil && r.Method == "POST" && request.Audience == "sigstore" && request.IncludeEmail && r.Header.Get("Authorization") == "Bearer "+secret
			check(rw, ok, map[string]any{"token": want})
		default:
			http.NotFound(rw, r)
		}
	}
	w := newWorld(t)
	host := w.serve(t, answer)
	w.IAM = "http://" + host
	w.Environ = []string{"GCE_METADATA_HOST=" + host, "GOOGLE_SERVICE_ACCOUNT_NAME=" + target}
	if _, token, err := w.Token(t.Context(), Auto); token != want || err != nil || w.requests != 2 {
		t.Errorf("%q, %v, %d requests", token, err, w.requests)
	}
	w.answer = func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			http.Error(rw, "Permission iam.serviceAccounts.getOpenIdToken denied for "+secret, http.StatusForbidden)
			return
		}
		answer(rw, r)
	}
	w.fails(t.Context(), t, "getOpenIdToken denied for [secret] (the machine needs a service account, and impersonation")
}

// A server that is none of Google's is not believed, and no other host is
// asked without TLS.
func TestGoogleMetadata(t *testing.T) {
	w := platforms["google"](t)
	w.answer = func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(want)) }
	w.fails(t.Context(), t, "what answers is not Google's metadata server")
	w.Environ = []string{"GCE_METADATA_HOST=metadata.example.com"}
	w.fails(t.Context(), t, "http is for loopback hosts only")
}

// What the workload API answers wrong, one thing at a time.
func TestSPIFFEFails(t *testing.T) {
	frame := func(s string) []byte { return frame([]byte(s)) }
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"no identity":      {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, nil, "7", "no identity issued") }, `gRPC status "7": "no identity issued" (the workload needs a registration entry`},
		"words in escapes": {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, nil, "2", strings.Repeat("%1B", 1000)) }, `gRPC status "2": "%1B%1B`},
		"status in header": {func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Grpc-Status", "12") }, `gRPC status "12"`},
		"no status":        {func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(frame("")) }, `gRPC status ""`},
		"not gRPC":         {http.NotFound, "status 404"},
		"no SVID":          {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, frame(""), "0", "") }, "the answer has no token"},
		"no frame":         {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, nil, "0", "") }, "not one message"},
		"two frames":       {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, append(frame(""), frame("")...), "0", "") }, "not one message"},
		"compressed":       {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, []byte{1, 0, 0, 0, 0}, "0", "") }, "not one message"},
		"frame is cut":     {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, []byte{0, 0, 0, 0, 9, 1}, "0", "") }, "not one message"},
		"tag is cut":       {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, frame("\xff"), "0", "") }, "cannot be parsed"},
		"value is cut":     {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, frame("\x0a\x7fx"), "0", "") }, "cannot be parsed"},
		"huge":             {func(rw http.ResponseWriter, _ *http.Request) { grpc(rw, make([]byte, 1<<20), "0", "") }, "more than 73728 bytes"},
		"never":            {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			w := spiffeWorld(t)
			w.answer = tt.answer
			w.fails(moment(t, name == "never"), t, tt.want)
		})
	}
}

// Only a socket on this machine is asked.
func TestSPIFFEAddress(t *testing.T) {
	for _, address := range []string{"tcp://10.0.0.1:8000", "/run/agent.sock", "unix:run/agent.sock", "unix://host/agent.sock", "unix:///run/agent.sock?x", "%"} {
		w := newWorld(t)
		w.Environ = []string{"SPIFFE_ENDPOINT_SOCKET=" + address}
		w.fails(t.Context(), t, "is not of the form unix:///path")
	}
}
