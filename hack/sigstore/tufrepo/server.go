package tufrepo

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

const headerTimeout = 5 * time.Second

// A server answers for a repository, at the same address each time it is up.
type server struct {
	address string
	http    *http.Server           // nil while it is down
	frozen  atomic.Pointer[[]byte] // the timestamp that is served whatever comes
}

func (r *Repository) start() error {
	r.server.address = "127.0.0.1:0" // any free port, this once
	if err := r.Up(); err != nil {
		return err
	}
	r.URL = "http://" + r.server.address
	return nil
}

// Up listens again after Down.
func (r *Repository) Up() error {
	l, err := net.Listen("tcp", r.server.address)
	if err != nil {
		return err
	}
	r.server.address = l.Addr().String()
	s := &http.Server{Handler: r.handler(), ReadHeaderTimeout: headerTimeout}
	r.server.http = s
	go func() { _ = s.Serve(l) }() // ends with ErrServerClosed
	return nil
}

// Down closes the port and every connection. It does nothing the second time.
func (r *Repository) Down() {
	if r.server.http != nil {
		_ = r.server.http.Close() // the listener's error: nobody listens, as wanted
	}
	r.server.http = nil
}

// Close is Down for good; the files stay.
func (r *Repository) Close() { r.Down() }

// Freeze serves the timestamp of this moment until Thaw, whatever is
// published: a client never learns of anything newer.
func (r *Repository) Freeze() error {
	b, err := os.ReadFile(r.path(timestampFile))
	if err != nil {
		return err
	}
	r.server.frozen.Store(&b)
	return nil
}

// Thaw ends Freeze.
func (r *Repository) Thaw() { r.server.frozen.Store(nil) }

func (r *Repository) handler() http.Handler {
	mux := http.NewServeMux()
	files := http.FileServer(http.Dir(r.dir))
	mux.Handle("/", files)
	mux.HandleFunc("GET /"+timestampFile, func(w http.ResponseWriter, req *http.Request) {
		if b := r.server.frozen.Load(); b != nil {
			http.ServeContent(w, req, timestampFile, time.Time{}, bytes.NewReader(*b))
			return
		}
		files.ServeHTTP(w, req)
	})
	return mux
}
