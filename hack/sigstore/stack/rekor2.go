package stack

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix/app"
)

// startRekor2 runs Rekor v2 over files. The server can only be had as the
// command that it is: it reads os.Args, cannot be stopped, and ends the whole
// process when it cannot start. It takes entries but gives out no tiles, so a
// front serves the folder of tiles beside its API, as the public log's does.
func (s *Stack) startRekor2(ctx context.Context, t *trustMaterial) error {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	keyFile, err := s.writeKey("rekor2-key.pem", key)
	if err != nil {
		return err
	}
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	tiles := s.path(stateDir, "rekor2")
	// Whoever parses flags after the start, as package testing does, must find
	// the true ones again. The server has read its own once it answers.
	args := os.Args
	defer func() { os.Args = args }()
	os.Args = []string{
		args[0], "serve",
		fmt.Sprintf("--http-port=%d", ports[0]),
		fmt.Sprintf("--grpc-port=%d", ports[1]),
		fmt.Sprintf("--http-metrics-port=%d", ports[2]),
		"--hostname=" + loopback, // the log's origin: the host of its URL, without port
		"--storage-dir=" + tiles,
		"--signer-filepath=" + keyFile,
		"--checkpoint-interval=100ms",
		"--batch-max-age=10ms",
		"--log-level=error",
	}
	go app.Execute()
	backend := &url.URL{Scheme: "http", Host: fmt.Sprintf("%s:%d", loopback, ports[0])}
	if err := (request{url: backend.String() + "/healthz"}).await(ctx, nil); err != nil {
		return err
	}
	s.redirectDefaultLogs()
	front := http.NewServeMux()
	files := http.StripPrefix("/api/v2", http.FileServer(http.Dir(tiles)))
	front.Handle("GET /api/v2/checkpoint", files)
	front.Handle("GET /api/v2/tile/", files)
	front.Handle("/", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(backend) }})
	t.rekor2Key = pub
	s.Endpoints.Rekor2, err = s.serveNew(front)
	return err
}
