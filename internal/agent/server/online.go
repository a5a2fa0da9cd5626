package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/httpclient"
)

// An asked is a service that signing uses, its URL, and what there is to read
// at it.
type asked struct{ kind, url, page string }

func (s asked) String() string { return s.kind + ": " + s.url }

// Bounds on asking whether a service is there.
const (
	askTime   = 10 * time.Second
	maxAsked  = 1 << 20         // bytes of an answer, which nobody reads
	smallSkew = 1 * time.Minute // between this clock and a service's
	largeSkew = 5 * time.Minute // certificates live ten minutes
)

// ask asks all services at once whether they are there.
func (d *diagnosis) ask(ctx context.Context, hc *httpclient.Client, all []asked) []agent.Check {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	out := make([]agent.Check, len(all))
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() { out[i] = d.reach(ctx, hc, s) })
	}
	wg.Wait()
	return out
}

// reach asks for a page of the service. Whatever it answers, it is there.
func (d *diagnosis) reach(ctx context.Context, hc *httpclient.Client, s asked) agent.Check {
	c := agent.Check{Name: "service", Status: agent.OK, Detail: s.String() + " answers"}
	resp, err := hc.Do(ctx, httpclient.Request{Method: http.MethodGet, URL: strings.TrimRight(s.url, "/") + s.page, Expect: anyStatus(), MaxBody: maxAsked})
	if err != nil {
		c.Status, c.Detail, c.Next = agent.Fail, s.kind+": "+err.Error(), why(err)
		return c
	}
	if resp.Status >= http.StatusInternalServerError {
		c.Status, c.Detail, c.Next = agent.Warn, fmt.Sprintf("%s answers with status %d", s, resp.Status), "try again later"
	}
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return c
	}
	skew := d.Now().Sub(date).Truncate(time.Second)
	if skew.Abs() > smallSkew {
		c.Status, c.Next = agent.Warn, "set this machine's clock"
		if skew.Abs() > largeSkew {
			c.Status = agent.Fail
		}
		c.Detail += fmt.Sprintf("; this machine's clock is %s from its", skew)
	}
	return c
}

// anyStatus are all statuses that end a request, but for redirects.
func anyStatus() (all []int) {
	for status := http.StatusOK; status < 600; status++ {
		all = append(all, status)
	}
	return all
}

// why says what to do about a service that does not answer.
func why(err error) string {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		name    *net.DNSError
	)
	switch {
	case errors.As(err, &unknown):
		return "nobody here knows who signed its certificate: where a proxy looks into connections, name its CA in SSL_CERT_FILE"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate is not valid at this machine's time: set the clock, if it is wrong"
	case errors.As(err, &host):
		return "another host answers in its place: look at the name, at the proxy and at the network's login page"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "what answers there does not speak TLS: look at the port and at HTTPS_PROXY"
	case errors.As(err, &name):
		return "its name leads nowhere: look at the network, at HTTPS_PROXY and at the name"
	}
	return "look at the network and at HTTPS_PROXY"
}
