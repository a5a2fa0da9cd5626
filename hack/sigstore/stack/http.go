package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	loopback      = "127.0.0.1"
	startTimeout  = 30 * time.Second // for one service to answer its first request
	requestLimit  = 5 * time.Second
	probeInterval = 20 * time.Millisecond
	maxBody       = 4 << 20 // of a request or an answer
)

// listen opens a listener on a free loopback port and returns its base URL.
func listen() (net.Listener, string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return nil, "", err
	}
	return l, "http://" + l.Addr().String(), nil
}

// serve answers requests on l until Close.
func (s *Stack) serve(l net.Listener, h http.Handler) {
	srv := &http.Server{Handler: http.MaxBytesHandler(h, maxBody), ReadHeaderTimeout: requestLimit}
	s.onClose(func() { _ = srv.Close() })
	go func() { _ = srv.Serve(l) }() // ends with ErrServerClosed
}

// serveNew answers requests on a free port until Close, and returns its base URL.
func (s *Stack) serveNew(h http.Handler) (string, error) {
	l, url, err := listen()
	if err != nil {
		return "", err
	}
	s.serve(l, h)
	return url, nil
}

// freePorts returns n different ports that were free a moment ago, for
// servers that insist on a number. Another process may take one before the
// server does; the server then says so and ends.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, _, err := listen()
		if err != nil {
			return nil, err
		}
		defer l.Close() // all stay open to the end, so that no two are the same
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// A request is a GET of url, or a POST if there is a JSON body.
type request struct {
	url  string
	body string
}

// await repeats r until the answer is 200, for startTimeout at most. A closed
// gone ends it early: the server has died.
func (r request) await(ctx context.Context, gone <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		_, err := r.do(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-gone:
			return fmt.Errorf("ended before it answered at %s", r.url)
		case <-time.After(probeInterval):
		}
	}
}

// do returns the body of the answer; a status other than 200 is an error.
func (r request) do(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	method := http.MethodGet
	if r.body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, r.url, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", r.url, resp.Status)
	}
	return body, nil
}

// probe asks each service for something that only the real one can answer.
func (s *Stack) probe(ctx context.Context) error {
	e := s.Endpoints
	requests := []request{
		{url: e.Issuer + "/.well-known/openid-configuration"},
		{url: e.Issuer + ciPath + "/.well-known/openid-configuration"},
		{url: e.Fulcio + "/api/v2/trustBundle"},
		{url: e.CTLog + "/ct/v1/get-sth"},
		{url: e.TSA + "/certchain"},
		{url: e.Rekor2 + "/api/v2/checkpoint"},
		{url: e.TUF + "/timestamp.json"},
	}
	if e.Rekor1 != "" {
		requests = append(requests,
			request{url: e.Rekor1 + "/api/v1/log"},
			request{url: e.Rekor1 + "/api/v1/index/retrieve", body: `{"email":"nobody@example.com"}`}) // redis
	}
	for _, r := range requests {
		if err := r.await(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}
