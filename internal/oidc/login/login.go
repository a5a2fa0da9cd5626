// Package login gets an identity token by having somebody log in at an OpenID
// Connect issuer. [Get] is the story; there are three ways to its end:
//
//   - a browser on this machine, whose answer comes to a listener on loopback
//     (RFC 6749, 4.1; RFC 8252, 7.3);
//   - a code that is entered on any other device (RFC 8628);
//   - a code that the issuer shows and that is pasted into the terminal.
//
// The first and the last use PKCE (RFC 7636), state and nonce. Whatever the
// way, the token is verified before anybody gets it: signature, issuer,
// audience, time, nonce, at_hash, email_verified.
//
// A login may be kept and renewed without anybody's doing, by [Refresh], until
// its issuer or [Revoke] ends it.
//
// All words go to the terminal. What an issuer says is escaped and cut short.
package login

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paraph/paraph/internal/httpclient"
	"github.com/paraph/paraph/internal/oidc"
	"github.com/paraph/paraph/internal/report"
	"github.com/paraph/paraph/internal/terminal"
)

// The ways to log in. Auto is the browser, else the device, else paste.
const (
	Auto    = "auto"
	Browser = "browser"
	Device  = "device"
	Paste   = "paste"
)

// A Config says where to log in, and how.
type Config struct {
	Issuer       string
	ClientID     string
	ClientSecret string // "" for a public client
	// ConnectorID preselects where an issuer such as Sigstore's leads on to.
	ConnectorID string
	// RedirectURL is where the browser's answer comes to; "" is a free port.
	RedirectURL string
	// Browser is the program that opens a page, words with {url} in them; ""
	// is the system's.
	Browser string
	Way     string
	// Offline asks for a refresh token (OpenID Connect Core 1.0, section 11).
	Offline bool
}

// A Login is an identity token, and what renews it.
type Login struct {
	Token *oidc.Token
	Kept
}

// Kept is what is kept of a login to renew it: a secret. Refresh is "" where
// the issuer gave none, and nothing can be renewed. All else is what the first
// token said, to hold the later ones against (OpenID Connect Core 1.0, 12.2).
type Kept struct {
	Refresh         string
	Issuer, Subject string
	Audience        []string
	Nonce           string
	Identity        string // the e-mail address, else the subject
}

// A World is what surrounds a login.
type World struct {
	HTTP     *httpclient.Client
	Terminal io.ReadWriter
	System   System
	Now      func() time.Time
	// Sleep waits, no longer than its context.
	Sleep func(ctx context.Context, d time.Duration) error
}

// A session is one login.
type session struct {
	config Config
	World
	issuer *issuer
}

// Get has somebody log in. It lasts as long as ctx, or as they take.
func Get(ctx context.Context, c Config, w World) (*Login, error) {
	s := &session{config: c, World: w}
	l, err := s.get(ctx)
	switch {
	case err == nil:
		s.say("paraph: logged in as " + l.Identity)
		if s.issuer.offline() && l.Refresh == "" {
			s.say("paraph: the issuer gave no refresh token: this login cannot be renewed")
		}
		return l, nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, errors.New("login: nobody logged in in time: try again")
	case ctx.Err() != nil:
		return nil, fmt.Errorf("login: %w", ctx.Err())
	}
	return nil, fmt.Errorf("login: %w", err)
}

func (s *session) get(ctx context.Context) (l *Login, err error) {
	if s.issuer, err = discover(ctx, s.World, s.config); err != nil {
		return nil, err
	}
	if s.config.Offline && !s.issuer.offline() {
		s.say("paraph: the issuer gives no refresh tokens (" + offlineAccess + "): this login cannot be renewed")
	}
	switch s.choose() {
	case Browser:
		return s.browser(ctx)
	case Device:
		return s.device(ctx)
	case Paste:
		return s.paste(ctx)
	}
	return nil, fmt.Errorf("%q is no way to log in", s.config.Way)
}

// choose settles what auto means here.
func (s *session) choose() string {
	if s.config.Way != Auto {
		return s.config.Way
	}
	why := s.System.noBrowser(s.config.Browser)
	if why == "" {
		return Browser
	}
	s.say("paraph: no browser is opened: " + why)
	if s.issuer.Device == "" {
		return Paste
	}
	return Device
}

const waiting = "paraph: waiting for the login there (Ctrl-C gives up)"

// say writes lines to the terminal.
func (s *session) say(lines ...string) { terminal.Say(s.Terminal, lines...) }

// maxQuoted is how many bytes of a text by an issuer are shown.
const maxQuoted = 300

func quote(text string) string {
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "") + "..."
	}
	return report.Escape(text)
}
