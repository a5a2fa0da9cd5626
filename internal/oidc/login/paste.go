package login

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/paraph/paraph/internal/terminal"
)

// oob has an issuer show the code instead of sending it anywhere. It is that
// of Sigstore's issuers; no standard has it any more.
const oob = "urn:ietf:wg:oauth:2.0:oob"

// paste logs in by a code that is carried here by hand. Where a redirect URL
// is set, nobody listens at it, and what is carried is the address of the page
// that the browser could not open.
func (s *session) paste(ctx context.Context) (*Login, error) {
	redirect, what := oob, "the code that it shows"
	if s.config.RedirectURL != "" {
		redirect, what = s.config.RedirectURL, "the address of the page that cannot be opened in the end"
	}
	a, err := s.newAttempt(redirect)
	if err != nil {
		return nil, err
	}
	s.say("paraph: to sign, log in at", "", "    "+a.url, "")
	fmt.Fprintf(s.Terminal, "and paste here %s (Ctrl-C gives up): ", what)
	line, err := terminal.ReadLine(ctx, s.Terminal)
	if err != nil {
		return nil, fmt.Errorf("reading from the terminal: %w", err)
	}
	code, err := s.pasted(a, line)
	if err != nil {
		return nil, err
	}
	return s.redeem(ctx, a, code)
}

// pasted reads a code, or the address with one in it.
func (s *session) pasted(a *attempt, line string) (string, error) {
	line = strings.TrimSpace(line)
	switch {
	case line == "":
		return "", fmt.Errorf("nothing was pasted")
	case s.config.RedirectURL == "":
		return line, nil
	case !strings.Contains(line, "://"):
		return "", fmt.Errorf("what was pasted is no address: paste all of it, from http:// on")
	}
	u, err := url.Parse(line)
	if err != nil {
		return "", fmt.Errorf("the address that was pasted cannot be read")
	}
	code, belongs, err := s.answer(a, u.Query())
	if !belongs {
		return "", fmt.Errorf("the address that was pasted belongs to another login, or to none")
	}
	return code, err
}
