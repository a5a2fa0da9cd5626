package ambient

import (
	"context"
	"encoding/json"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/paraph/paraph/internal/httpclient"
)

// want is the token that every platform gives, secret what is shown to get it.
const (
	want   = "aGVhZA.Ym9keQ.c2ln"
	secret = "s3cret"
)

// A world is one platform, in which all is well until its answer is changed.
type world struct {
	Env

	mu       sync.Mutex
	requests int
	answer   http.HandlerFunc // instead of the platform's own
}

// newWorld makes a world without any platform.
func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{Env: Env{Files: fstest.MapFS{}, Client: httpclient.New(), Audience: "sigstore"}}
}

// serve has h answer for the platform, and returns the server's host and port.
func (w *world) serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(w.handler(h))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// handler is h, until the answer is changed.
func (w *world) handler(h http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests++
		answer := w.answer
		w.mu.Unlock()
		if answer == nil {
			answer = h
		}
		answer(rw, r)
	}
}

// moment is the test's context, for whom waits in vain: with an end.
func moment(t *testing.T, vain bool) context.Context {
	t.Helper()
	if !vain {
		return t.Context()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// program puts a shell script on PATH.
func (w *world) program(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	path := dir + string(filepath.ListSeparator) + os.Getenv("PATH")
	t.Setenv("PATH", path)
	w.Environ = append(w.Environ, "PATH="+path)
}

// check answers 400 to a request that the platform's documentation does not
// describe.
func check(rw http.ResponseWriter, ok bool, body map[string]any) {
	rw.Header().Set("Content-Type", "application/json")
	if !ok {
		rw.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(rw).Encode(body)
}

// platforms make a world for each row, by the row's name; google twice.
var platforms = map[string]func(t *testing.T) *world{
	"github": func(t *testing.T) *world {
		w := newWorld(t)
		host := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
			ok := r.Method == "GET" && r.URL.RequestURI() == "/token?api-version=2.0&audience=sigstore" && r.Header.Get("Authorization") == "bearer "+secret
			check(rw, ok, map[string]any{"count": 1, "value": want})
		})
		w.Environ = []string{"GITHUB_ACTIONS=true", "ACTIONS_ID_TOKEN_REQUEST_URL=http://" + host + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + secret}
		return w
	},
	"gitlab": func(t *testing.T) *world {
		w := newWorld(t)
		w.Environ = []string{"GITLAB_CI=true", "SIGSTORE_ID_TOKEN=" + want}
		return w
	},
	"buildkite": func(t *testing.T) *world {
		w := newWorld(t)
		w.program(t, "buildkite-agent", `[ "$*" = "oidc request-token --audience sigstore" ] && echo `+want)
		w.Environ = append(w.Environ, "BUILDKITE=true", "BUILDKITE_AGENT_ACCESS_TOKEN="+secret)
		return w
	},
	"circleci": func(t *testing.T) *world {
		w := newWorld(t)
		w.program(t, "circleci", `[ "$*" = 'run oidc get --root-issuer --claims {"aud":"sigstore"}' ] && echo `+want)
		w.Environ = append(w.Environ, "CIRCLECI=true", "CIRCLE_OIDC_TOKEN_V2="+secret)
		return w
	},
	"codefresh": func(t *testing.T) *world {
		w := newWorld(t)
		host := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
			check(rw, r.URL.RequestURI() == "/token?audience=sigstore" && r.Header.Get("Authorization") == secret, map[string]any{"id_token": want})
		})
		w.Environ = []string{"CF_BUILD_ID=1", "CF_OIDC_REQUEST_URL=http://" + host + "/token", "CF_OIDC_REQUEST_TOKEN=" + secret}
		return w
	},
	"kubernetes": func(t *testing.T) *world {
		w := newWorld(t)
		w.Files = fstest.MapFS{"var/run/sigstore/cosign/oidc-token": {Data: []byte(want + "\n")}}
		return w
	},
	"spiffe": spiffeWorld,
	"google": func(t *testing.T) *world {
		w := newWorld(t)
		host := w.serve(t, func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Metadata-Flavor", "Google")
			if r.Header.Get("Metadata-Flavor") != "Google" || r.URL.RequestURI() != "/computeMetadata/v1/instance/service-accounts/default/identity?format=full&audience=sigstore" {
				rw.WriteHeader(http.StatusNotFound)
			}
			_, _ = rw.Write([]byte(want))
		})
		w.Environ = []string{"GCE_METADATA_HOST=" + host}
		return w
	},
}

// spiffeWorld has an agent at a local socket that speaks HTTP/2 alone, as gRPC
// does.
func spiffeWorld(t *testing.T) *world {
	w := newWorld(t)
	// t.TempDir may be longer than the path of a socket.
	dir, err := os.MkdirTemp("", "paraph")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "agent.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Protocols: new(http.Protocols), Handler: w.handler(fetchJWTSVID)}
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	w.Environ = []string{"SPIFFE_ENDPOINT_SOCKET=unix://" + socket}
	return w
}

// fetchJWTSVID is the method of that name.
func fetchJWTSVID(rw http.ResponseWriter, r *http.Request) {
	body := make([]byte, 64)
	n, _ := r.Body.Read(body)
	if r.Method != "POST" || r.URL.Path != "/SpiffeWorkloadAPI/FetchJWTSVID" || r.Header.Get("Content-Type") != "application/grpc" ||
		r.Header.Get("workload.spiffe.io") != "true" || r.Header.Get("TE") != "trailers" || string(body[:n]) != "\x00\x00\x00\x00\x0a\x0a\x08sigstore" {
		grpc(rw, nil, "3", "another request was expected")
		return
	}
	one := func(id, token string) []byte {
		m := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), id)
		return protowire.AppendString(protowire.AppendTag(m, 2, protowire.BytesType), token)
	}
	var m []byte
	for _, svid := range [][]byte{one("spiffe://example.org/first", want), one("spiffe://example.org/second", "another")} {
		m = protowire.AppendBytes(protowire.AppendTag(m, 1, protowire.BytesType), svid)
	}
	grpc(rw, append([]byte{0, 0, 0, 0, byte(len(m))}, m...), "0", "")
}

// grpc answers with a frame, and the status in the trailer.
func grpc(rw http.ResponseWriter, frame []byte, status, message string) {
	rw.Header().Set("Content-Type", "application/grpc")
	_, _ = rw.Write(frame)
	rw.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
	rw.Header().Set(http.TrailerPrefix+"Grpc-Message", message)
}

// recorder is a file system that remembers what was looked at.
type recorder struct {
	fs.FS
	opened, statted []string
}

func (r *recorder) Open(name string) (fs.File, error) {
	r.opened = append(r.opened, name)
	return r.FS.Open(name)
}

func (r *recorder) Stat(name string) (fs.FileInfo, error) {
	r.statted = append(r.statted, name)
	return fs.Stat(r.FS, name)
}
