package login

import (
	"cmp"
	"context"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Bounds on those who come to the listener, and how long the browser may take
// to fetch the last page.
const (
	headerTime = 5 * time.Second
	idleTime   = 30 * time.Second
	maxHeader  = 32 << 10
	lastPage   = 2 * time.Second
)

// browser logs in by a browser on this machine.
func (s *session) browser(ctx context.Context) (*Login, error) {
	l, err := listen(s.config.RedirectURL)
	if err != nil {
		return nil, err
	}
	c := &callback{session: s, url: l.redirect, answers: make(chan answer, 1), result: make(chan page, 1), shown: make(chan struct{})}
	srv := &http.Server{
		Handler: c, ReadTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader, ErrorLog: log.New(io.Discard, "", 0),
	}
	defer srv.Close()
	if c.attempt, err = s.newAttempt(l.redirect.String()); err != nil {
		for _, socket := range l.sockets {
			_ = socket.Close()
		}
		return nil, err
	}
	for _, socket := range l.sockets {
		go func() { _ = srv.Serve(socket) }() // ends with ErrServerClosed
	}
	s.open(c.attempt.url)
	s.say(waiting)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-c.answers:
		l, err := c.finish(ctx, got)
		select { // a browser that left needs no page
		case <-c.shown:
		case <-time.After(lastPage):
		}
		return l, err
	}
}

// open shows the page to log in at, in a browser if one can be started.
func (s *session) open(page string) {
	name, err := s.System.open(s.config.Browser, page)
	if err != nil {
		s.say("paraph: no browser could be opened: "+err.Error(), "paraph: to sign, log in at")
	} else {
		s.say("paraph: to sign, log in in the browser (" + name + "); if no page opens there, it is")
	}
	s.say("", "    "+page, "")
}

// An answer is what the issuer sent to the listener.
type answer struct {
	code string
	err  error
}

// A callback serves the listener. What does not belong to the attempt is told
// so and forgotten; the first answer that does is the only one.
type callback struct {
	session *session
	attempt *attempt
	url     *url.URL

	answers chan answer
	result  chan page
	shown   chan struct{} // closed when the last page was written
	once    sync.Once
}

func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Another name for this machine is another site (DNS rebinding).
	if !strings.EqualFold(host(r.Host), host(c.url.Host)) || r.URL.Path != cmp.Or(c.url.Path, "/") || r.Method != http.MethodGet {
		nothingHere().write(w)
		return
	}
	code, belongs, err := c.session.answer(c.attempt, r.URL.Query())
	if !belongs {
		notThisLogin().write(w)
		return
	}
	first := false
	c.once.Do(func() { first = true })
	if !first {
		answeredBefore().write(w)
		return
	}
	defer close(c.shown)
	c.answers <- answer{code, err}
	select {
	case p := <-c.result:
		p.write(w)
	case <-r.Context().Done():
	}
}

// host is a host and its port, which browsers leave away where it is 80.
func host(s string) string { return strings.TrimSuffix(s, ":80") }

// finish redeems the code and shows what came of it.
func (c *callback) finish(ctx context.Context, got answer) (l *Login, err error) {
	if err = got.err; err == nil {
		l, err = c.session.redeem(ctx, c.attempt, got.code)
	}
	if err != nil {
		c.result <- failed(err)
		return nil, err
	}
	c.result <- loggedIn(l.Identity)
	return l, nil
}
