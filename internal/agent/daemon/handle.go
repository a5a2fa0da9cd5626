package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/strictjson"
)

// Bounds on words, in bytes.
const (
	maxName    = 256
	maxSubject = 4096
)

// nothing comes after an answer.
func nothing() {}

// handle does what a request asks for. then is called when the answer is
// written.
func (c *conn) handle(ctx context.Context, line []byte) (a socket.Answer, then func(), err error) {
	var head socket.Head
	if err := strictjson.Unmarshal(line, socket.MaxRequest, &head); err != nil {
		return a, nothing, malformed(err)
	}
	if head.Version != socket.Version {
		return a, nothing, &socket.Error{Code: socket.CodeVersion, Message: fmt.Sprintf("the request is of version %d, the agent speaks version %d", head.Version, socket.Version)}
	}
	switch head.Do {
	case socket.DoStatus, socket.DoCertificate, socket.DoSign:
	default:
		if c.remote {
			return a, nothing, &socket.Error{Code: socket.CodeRefused, Message: "this socket is for other machines: status, certificate and sign are all it does"}
		}
	}
	then = nothing
	switch head.Do {
	case socket.DoStatus:
		a, err = decode(line, c.status)
	case socket.DoCertificate:
		a, err = decode(line, c.certificates)
	case socket.DoSign:
		a, err = decode(line, func(r socket.SignRequest) (socket.Answer, error) { return c.sign(ctx, r) })
	case socket.DoKey:
		a, err = decode(line, c.newKey)
	case socket.DoProve:
		a, err = decode(line, c.prove)
	case socket.DoStore:
		a, err = decode(line, c.store)
	case socket.DoToken:
		a, err = decode(line, c.token)
	case socket.DoAcquire:
		a, err = decode(line, func(r socket.LeaseRequest) (socket.Answer, error) { return a, c.acquire(ctx, r) })
	case socket.DoRelease:
		a, err = decode(line, c.release)
	case socket.DoForget:
		a, err = decode(line, func(r socket.KeyRequest) (socket.Answer, error) {
			return socket.Answer{Count: c.d.forget(r.Key)}, nil
		})
	case socket.DoOffer:
		a, err = decode(line, c.offer)
	case socket.DoStop:
		a, err = decode(line, func(socket.Head) (socket.Answer, error) { return a, nil })
		if err == nil {
			then = c.d.stop
		}
	default:
		err = malformed(fmt.Errorf("%q is nothing that the agent does", head.Do))
	}
	return a, then, err
}

// decode reads a request, and refuses members that it does not have.
func decode[T any](line []byte, do func(T) (socket.Answer, error)) (socket.Answer, error) {
	var r T
	if err := strictjson.UnmarshalKnown(line, socket.MaxRequest, &r); err != nil {
		return socket.Answer{}, malformed(err)
	}
	return do(r)
}

// checkWord refuses what is empty, long or not fit to be shown.
func checkWord(what, s string, limit int) error {
	if s == "" || len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return &socket.Error{Code: socket.CodeRefused, Message: fmt.Sprintf("the %s is not 1 to %d bytes of UTF-8 without control characters", what, limit)}
	}
	return nil
}

func (c *conn) status(socket.Head) (socket.Answer, error) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	s := &socket.StatusAnswer{Build: c.d.Build, PID: c.d.PID, Remote: c.remote, MemoryLocked: !c.d.unlocked}
	for _, e := range c.d.visible(c.remote) {
		s.Held++
		s.Until = max(s.Until, e.leaf.NotAfter.Unix())
	}
	return socket.Answer{StatusAnswer: s}, nil
}

func (c *conn) certificates(socket.Head) (a socket.Answer, err error) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	for _, e := range c.d.visible(c.remote) {
		w := socket.WireEntry{Key: e.key.id, Instance: e.instance, Issuer: e.login, Certificate: e.leaf.Raw}
		if e.token != nil && !c.remote {
			w.TokenUntil = e.tokenUntil.Unix()
		}
		a.Entries = append(a.Entries, w)
	}
	return a, nil
}

func (c *conn) token(r socket.KeyRequest) (a socket.Answer, err error) {
	e, err := c.d.find(r.Key, false)
	if err != nil {
		return a, err
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	e.expire(c.d.Now())
	if e.token == nil {
		return a, nil
	}
	err = e.token.use(func(b []byte) error {
		a.Token = string(b)
		return nil
	})
	return a, err
}

// acquire waits for a lease.
func (c *conn) acquire(ctx context.Context, r socket.LeaseRequest) error {
	if err := checkWord("name", r.Name, maxName); err != nil {
		return err
	}
	if r.Error != "" {
		return malformed(errors.New("acquire has no error"))
	}
	watched, stop := c.whileConnected(ctx)
	defer stop()
	return c.d.acquire(watched, c, r.Name)
}

func (c *conn) release(r socket.LeaseRequest) (a socket.Answer, err error) {
	var failed error
	if r.Error != "" {
		failed = &socket.Error{Code: socket.CodeLease, Message: r.Error[:min(len(r.Error), maxReason)]}
	}
	return a, c.d.release(c, r.Name, failed)
}

// maxReason bounds what is passed on of a failure.
const maxReason = 4 << 10

// offer chooses what other machines may sign with.
func (c *conn) offer(r socket.OfferRequest) (a socket.Answer, err error) {
	chosen := offer{confirm: r.Confirm == nil || *r.Confirm}
	if r.Key != "" {
		e, err := c.d.find(r.Key, false)
		if err != nil {
			return a, err
		}
		chosen.identity = e.identity
	}
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.offer = chosen
	return a, nil
}
