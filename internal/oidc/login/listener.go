package login

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/paraph/paraph/internal/httpclient"
)

// defaultRedirect is what Sigstore's issuers take from a public client, at any
// port. It must be this name: they know no numbers.
const defaultRedirect = "http://localhost:0/auth/callback"

// CheckRedirect refuses a redirect URL that no listener on this machine's
// loopback can serve.
func CheckRedirect(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" || httpclient.CheckURL(s) != nil {
		return fmt.Errorf("a URL of the form http://localhost:8085/auth/callback, at a loopback host (port 0: a free one)")
	}
	return nil
}

// A listener is where the browser brings the answer.
type listener struct {
	sockets  []net.Listener
	redirect *url.URL // with the port that was found
}

// listen opens the port of a redirect URL. Where a browser takes the name
// localhost for ::1 there must be somebody too.
func listen(redirect string) (*listener, error) {
	if redirect == "" {
		redirect = defaultRedirect
	}
	u, err := url.Parse(redirect)
	if err != nil || CheckRedirect(redirect) != nil {
		return nil, fmt.Errorf("the redirect URL %q is not %w", redirect, CheckRedirect(redirect))
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = "80"
	}
	hosts := []string{host}
	if strings.EqualFold(host, "localhost") {
		hosts = []string{"127.0.0.1", "::1"}
	}
	l := &listener{redirect: u}
	for n, host := range hosts {
		socket, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil && n == 0 {
			return nil, fmt.Errorf("waiting for the browser's answer: %w", err)
		}
		if err != nil {
			break // a machine without IPv6
		}
		l.sockets = append(l.sockets, socket)
		_, port, _ = net.SplitHostPort(socket.Addr().String())
	}
	if u.Port() != "" {
		u.Host = net.JoinHostPort(host, port)
	}
	return l, nil
}
