// Package httpclient is how paraph-agent talks to services. None of them is
// believed: an answer has a bound in bytes and in time, a redirect leads
// nowhere else, and what a server writes is escaped before anybody sees it.
//
//   - https only, TLS 1.2 or later; http only to a loopback host, and only
//     where the configured URL says http; and to the metadata server of a
//     Google machine, which never is behind a proxy.
//   - Redirects change neither scheme, host, port nor method.
//   - No cookies. Proxies are those of [http.ProxyFromEnvironment].
//   - No retries: most requests add something to a log, and the user is
//     waiting. Whoever calls may do so again.
package httpclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/paraph/paraph/internal/version"
)

// Bounds on what a service may take.
const (
	totalTime   = 60 * time.Second // for one request, where its context has no earlier deadline
	bodyTime    = 10 * time.Second // from the end of the header to the end of the body
	maxHeader   = 64 << 10         // bytes of a response's header
	maxRedirect = 3
	maxIdle     = 16 // connections to one host that are kept for the next requests
)

// A Client sends requests. It is safe for concurrent use and keeps
// connections open for the next one.
type Client struct {
	http     *http.Client
	bodyTime time.Duration
}

// New returns a client that keeps the rules of this package.
func New() *Client {
	return &Client{
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                  proxy,
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
				TLSHandshakeTimeout:    15 * time.Second,
				IdleConnTimeout:        90 * time.Second,
				MaxIdleConnsPerHost:    maxIdle,
				MaxResponseHeaderBytes: maxHeader,
				DisableCompression:     true, // bounds are in bytes as sent
				ForceAttemptHTTP2:      true,
			},
			CheckRedirect: checkRedirect,
		},
		bodyTime: bodyTime,
	}
}

// A Request is one request to a service.
type Request struct {
	Method      string // http.MethodGet or http.MethodPost
	URL         string
	ContentType string // of Body
	Accept      string
	// Authorization is the header of that name, a secret.
	Authorization string
	Body          []byte
	// Expect are the statuses of answers. Any other is an [*Error].
	Expect []int
	// MaxBody is how many bytes of body an answer may have.
	MaxBody int64
	// Metadata says that the URL is that of a Google machine's metadata server,
	// which has no https.
	Metadata bool
	// Secrets must not stand in any error, even if the server writes them.
	Secrets []string
}

// A Response is an answer with one of the statuses that were expected.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request and reads the whole answer. Every failure is an [*Error].
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	ctx, stop := context.WithTimeoutCause(ctx, totalTime, ErrTime)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	defer resp.Body.Close()
	guard := time.AfterFunc(c.bodyTime, func() { cancel(ErrTime) })
	defer guard.Stop()
	body, err := readAll(resp.Body, r.MaxBody)
	if !slices.Contains(r.Expect, resp.StatusCode) {
		// Whatever came of the body helps to see what is wrong.
		return nil, r.refused(resp, body)
	}
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	check := checkURL
	if r.Metadata {
		check = checkMetadataURL
	}
	u, err := check(r.URL)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "paraph/"+version.String())
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	if r.Accept != "" {
		req.Header.Set("Accept", r.Accept)
	}
	if r.Authorization != "" {
		req.Header.Set("Authorization", r.Authorization)
	}
	if r.Metadata {
		req.Header.Set(MetadataFlavor, "Google")
	}
	return c.http.Do(req)
}

// readAll reads a body of at most limit bytes. What was read comes along with
// an error.
func readAll(body io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return b, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(b)) > limit {
		return b[:limit], fmt.Errorf("%w: it has more than %d bytes", ErrSize, limit)
	}
	return b, nil
}

// Reasons for which an answer is given up. An [*Error] wraps them.
var (
	ErrTime = errors.New("the answer takes too long")
	ErrSize = errors.New("the answer is too large")
)
