package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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

// awaitOK asks for url until the answer is 200, for startTimeout at most. A
// value on gone ends it early: the server has died.
func awaitOK(ctx context.Context, url string, gone <-chan struct{}) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		body, err := getOK(ctx, url)
		if err == nil {
			return body, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-gone:
			return nil, fmt.Errorf("ended before it answered at %s", url)
		case <-time.After(probeInterval):
		}
	}
}

// getOK fetches url; an answer other than 200 is an error.
func getOK(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
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
		return nil, fmt.Errorf("%s: %s", url, resp.Status)
	}
	return body, nil
}

// probe asks each service for something that only the real one can answer.
func (s *Stack) probe(ctx context.Context) error {
	e := s.Endpoints
	urls := []string{
		e.Issuer + "/.well-known/openid-configuration",
		e.Issuer + ciPath + "/.well-known/openid-configuration",
		e.Fulcio + "/api/v2/trustBundle",
		e.CTLog + "/ct/v1/get-sth",
		e.TSA + "/certchain",
		e.Rekor2 + "/api/v2/checkpoint",
		e.TUF + "/timestamp.json",
	}
	if e.Rekor1 != "" {
		urls = append(urls, e.Rekor1+"/api/v1/log")
	}
	for _, url := range urls {
		if _, err := awaitOK(ctx, url, nil); err != nil {
			return err
		}
	}
	return nil
}
