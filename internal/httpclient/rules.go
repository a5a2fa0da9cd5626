package httpclient

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A ruleError is a URL or a redirect against the rules: not to be tried again.
type ruleError string

func (e ruleError) Error() string { return string(e) }

// checkURL parses the URL of a service and refuses one that may not be used.
// Its errors do not quote it: it may hold a password.
func checkURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, ruleError("the URL cannot be parsed")
	case u.User != nil:
		return nil, ruleError("the URL has a user name or password, which no service here takes")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, ruleError("http is for loopback hosts only")
	}
	return nil, ruleError("the URL is not https")
}

// MetadataHost is where a Google machine finds its metadata server: an address
// that no router forwards (RFC 3927, 2.6.2). MetadataFlavor is the header that
// stands in each request to it and in each answer.
const (
	MetadataHost   = "169.254.169.254"
	MetadataFlavor = "Metadata-Flavor"
)

// checkMetadataURL is checkURL for a metadata server.
func checkMetadataURL(s string) (*url.URL, error) {
	if u, err := url.Parse(s); err == nil && u.Scheme == "http" && u.Host == MetadataHost && u.User == nil {
		return u, nil
	}
	return checkURL(s)
}

// proxy is that of the environment, but nobody in between is to see what a
// metadata server says.
func proxy(r *http.Request) (*url.URL, error) {
	if r.URL.Host == MetadataHost {
		return nil, nil
	}
	return http.ProxyFromEnvironment(r)
}

// CheckURL refuses a URL to which this package would send no request.
func CheckURL(s string) error {
	_, err := checkURL(s)
	return err
}

// isLoopback reports whether a host is this machine without asking anybody.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// checkRedirect follows a redirect that stays with the same server and asks
// the same.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case len(via) > maxRedirect:
		return ruleError(fmt.Sprintf("more than %d redirects", maxRedirect))
	case next.URL.Scheme != first.URL.Scheme:
		return ruleError("the server redirects to another scheme")
	case !strings.EqualFold(next.URL.Hostname(), first.URL.Hostname()) || port(next.URL) != port(first.URL):
		return ruleError("the server redirects to another host")
	case next.URL.User != nil:
		return ruleError("the server redirects to a URL with a user name")
	case next.Method != first.Method:
		return ruleError("the server redirects with another method")
	}
	return nil
}

func port(u *url.URL) string {
	switch p := u.Port(); {
	case p != "":
		return p
	case u.Scheme == "http":
		return "80"
	}
	return "443"
}
