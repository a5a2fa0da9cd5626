package login

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
)

// Times of RFC 8628, 3.2 and 3.5, and how long an issuer may have us wait.
const (
	defaultInterval = 5 * time.Second
	slowDown        = 5 * time.Second
	maxInterval     = time.Minute
	maxLifetime     = time.Hour
)

// maxUserCode bounds the code that a person has to enter.
const maxUserCode = 64

// A deviceCode is an issuer's answer to a device (RFC 8628, 3.2).
type deviceCode struct {
	Device   string  `json:"device_code"`
	User     string  `json:"user_code"`
	URL      string  `json:"verification_uri"`
	Complete string  `json:"verification_uri_complete"`
	Expires  float64 `json:"expires_in"`
	Interval float64 `json:"interval"`
}

// device logs in by a code that is entered on another device.
func (s *session) device(ctx context.Context) (*Login, error) {
	if s.issuer.Device == "" {
		return nil, fmt.Errorf("the issuer has no codes for devices: set paraph.tokenSource to browser or paste")
	}
	var d deviceCode
	if err := s.issuer.post(ctx, s.issuer.Device, url.Values{"scope": {s.issuer.scope()}}, &d); err != nil {
		return nil, fmt.Errorf("asking for a code: %w", err)
	}
	if err := s.checkCode(&d); err != nil {
		return nil, fmt.Errorf("the issuer's code cannot be used: %w", err)
	}
	s.say("paraph: to sign, open this page on any device", "", "    "+d.URL, "", "and enter the code", "", "    "+d.User, "")
	if d.Complete != "" {
		s.say("or open this one, which knows the code", "", "    "+d.Complete, "")
	}
	s.say(waiting)
	t, err := s.poll(ctx, &d)
	if err != nil {
		return nil, err
	}
	return s.issuer.verify(ctx, t, "")
}

// checkCode looks at what the person is going to be shown and to wait for.
func (s *session) checkCode(d *deviceCode) error {
	if d.Device == "" || d.User == "" || len(d.User) > maxUserCode {
		return fmt.Errorf("device_code or user_code is missing, or too long")
	}
	if d.Complete != "" && s.issuer.checkURL(d.Complete) != nil {
		d.Complete = "" // the other one does as well
	}
	if err := s.issuer.checkURL(d.URL); err != nil {
		return fmt.Errorf("verification_uri: %w", err)
	}
	if d.Expires <= 0 || d.Interval < 0 {
		return fmt.Errorf("expires_in or interval makes no sense")
	}
	return nil
}

// poll asks until the code was entered, or is worth nothing any more.
func (s *session) poll(ctx context.Context, d *deviceCode) (*tokens, error) {
	end := s.Now().Add(seconds(d.Expires, maxLifetime))
	interval := seconds(d.Interval, maxInterval)
	if interval == 0 {
		interval = defaultInterval
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.Device}}
	for {
		if err := s.Sleep(ctx, interval); err != nil {
			return nil, err
		}
		if !s.Now().Before(end) {
			return nil, &refused{Code: "expired_token"}
		}
		t := new(tokens)
		err := s.issuer.post(ctx, s.issuer.Token, form, t)
		var (
			said    *refused
			network *httpclient.Error
		)
		switch {
		case err == nil:
			return t, nil
		case errors.As(err, &said) && said.Code == "authorization_pending":
		case errors.As(err, &said) && said.Code == "slow_down":
			interval = min(interval+slowDown, maxInterval)
		case errors.As(err, &network) && network.Temporary():
			interval = min(2*interval, maxInterval)
		default:
			return nil, err
		}
	}
}

// seconds is a whole number of seconds by an issuer, no longer than most.
func seconds(n float64, most time.Duration) time.Duration {
	if n >= most.Seconds() {
		return most
	}
	return time.Duration(n * float64(time.Second)).Round(time.Second)
}
