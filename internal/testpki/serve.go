package testpki

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// tsaPath is where the timestamp authority answers, as Sigstore's does.
const tsaPath = "/api/v1/timestamp"

// Servers are an instance's services over plain http on loopback, each at a
// port of its own.
type Servers struct {
	URLs                                URLs
	Issuer, Fulcio, Rekor1, Rekor2, TSA *Server
}

// A Server is one running service. Its fault may be changed at any time; a
// request keeps the one it met.
type Server struct {
	URL string // base, without a path

	http *httptest.Server
	stop chan struct{} // closed when the test ends

	mu       sync.Mutex
	fault    Fault
	requests int
}

// Serve starts all services and stops them when the test ends. From then on
// the instance's URLs, and with them its trusted root, the logs' origins and
// the id of Rekor v2, are those of the servers: call it right after [New].
func (p *PKI) Serve(t testing.TB) *Servers {
	t.Helper()
	p.Rekor1.setName(loopback)
	p.Rekor2.setName(loopback)
	s := &Servers{
		Issuer: start(t, p.issuerHandler()),
		Fulcio: start(t, p.fulcioHandler()),
		Rekor1: start(t, p.rekor1Handler()),
		Rekor2: start(t, p.rekor2Handler()),
		TSA:    start(t, p.tsaHandler()),
	}
	s.URLs = URLs{
		Issuer: s.Issuer.URL,
		Fulcio: s.Fulcio.URL,
		CT:     staticURLs.CT,
		Rekor1: s.Rekor1.URL,
		Rekor2: s.Rekor2.URL,
		TSA:    s.TSA.URL + tsaPath,
	}
	p.mu.Lock()
	p.urls = s.URLs
	p.mu.Unlock()
	return s
}

// loopback is the host that httptest listens at.
const loopback = "127.0.0.1"

func start(t testing.TB, h http.Handler) *Server {
	s := &Server{stop: make(chan struct{})}
	s.http = httptest.NewServer(s.handler(h))
	s.URL = s.http.URL
	t.Cleanup(func() {
		close(s.stop)
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// Set makes every request from now on meet f. The zero Fault is none.
func (s *Server) Set(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Requests returns how many requests came so far, answered or not.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// next counts a request and returns the fault it meets.
func (s *Server) next(method string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	f := s.fault
	if f.method != "" && f.method != method {
		return Fault{}
	}
	if f.times > 0 {
		s.fault.times--
		if s.fault.times == 0 {
			s.fault = Fault{}
		}
	}
	return f
}

type faultKey struct{}

// faultOf is the fault that a service's handler has to make itself.
func faultOf(r *http.Request) Fault {
	f, _ := r.Context().Value(faultKey{}).(Fault)
	return f
}

func (s *Server) handler(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.next(r.Method)
		r = r.WithContext(context.WithValue(r.Context(), faultKey{}, f))
		if f.answer != nil {
			f.answer(s, h, w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}
