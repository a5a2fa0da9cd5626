package httpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxQuoted is how many bytes of an error's body, or of an error by the
// network, are shown.
const maxQuoted = 200

// An Error is a request that got no answer, or not the one expected.
type Error struct {
	Method string
	// URL has neither user nor query, in which secrets could stand.
	URL string
	// Status is the HTTP status, 0 if the request failed before there was one
	// to look at: name, connection, TLS, redirect, time, size.
	Status int
	// Message says what is wrong. What the server wrote in it is escaped and
	// cut short, and the request's secrets are taken out.
	Message string
	// Err is the cause where Status is 0. Its own text is not escaped.
	Err error
	// RetryAfter is the header of that name (RFC 9110, 10.2.3) as the server
	// wrote it.
	RetryAfter string
}

func (e *Error) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("%s %s: %s", e.Method, e.URL, e.Message)
	}
	s := fmt.Sprintf("%s %s: status %d", e.Method, e.URL, e.Status)
	if text := http.StatusText(e.Status); text != "" {
		s += " " + text
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether the same request may fare better later: the server
// asks for fewer requests, is broken or in need of rest, or could not be
// reached. An answer that is against the rules of this package, or by a server
// whose certificate is, stays so.
func (e *Error) Temporary() bool {
	var (
		rule        ruleError
		certificate *tls.CertificateVerificationError
	)
	switch e.Status {
	case 0:
		return !errors.As(e.Err, &rule) && !errors.As(e.Err, &certificate) && !errors.Is(e.Err, ErrSize) && !errors.Is(e.Err, context.Canceled)
	case http.StatusNotImplemented:
		return false
	}
	return e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError
}

// refused makes the error for a status that was not expected.
func (r *Request) refused(resp *http.Response, body []byte) *Error {
	return &Error{
		Method: r.Method, URL: shortURL(r.URL), Status: resp.StatusCode, Message: r.quote(strings.TrimSpace(string(body))),
		RetryAfter: resp.Header.Get("Retry-After"),
	}
}

// failed makes the error for a request without a status. A context that ended
// is the reason for whatever happened after.
func (r *Request) failed(ctx context.Context, err error) *Error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // the outer one repeats the URL, with its query
	}
	message := r.quote(err.Error())
	if errors.Is(err, context.DeadlineExceeded) {
		message = "no answer in time"
	}
	return &Error{Method: r.Method, URL: shortURL(r.URL), Message: message, Err: err}
}

// quote makes a text by a server safe to show.
func (r *Request) quote(s string) string {
	for _, secret := range r.Secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[secret]")
		}
	}
	if len(s) > maxQuoted {
		s = s[:maxQuoted] + "..."
	}
	q := strconv.Quote(s)
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

// shortURL is a URL as errors show it.
func shortURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" {
		return "(a URL that cannot be parsed)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
