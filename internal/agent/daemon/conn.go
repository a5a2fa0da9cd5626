package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
)

var (
	// errGone says that the client hung up, or talks before it was answered.
	errGone = errors.New("the client is gone")
	// errStopping says that the agent is about to end.
	errStopping = &socket.Error{Code: socket.CodeStopping, Message: "the agent is about to end"}
	// past is a deadline that has come.
	past = time.Unix(1, 0)
)

// A conn is a client's connection.
type conn struct {
	d      *daemon
	nc     *net.UnixConn
	r      *bufio.Reader
	remote bool
	slots  chan struct{}   // for payloads in memory
	keys   map[string]*key // of this connection, without a certificate

	busy bool // a request is being answered; with the daemon's lock
}

func newConn(d *daemon, nc *net.UnixConn, remote bool, slots chan struct{}) *conn {
	return &conn{d: d, nc: nc, r: bufio.NewReader(nc), remote: remote, slots: slots, keys: make(map[string]*key)}
}

// serve answers requests until the client hangs up, breaks the protocol, or
// the agent ends.
func (c *conn) serve(ctx context.Context) {
	defer c.nc.Close()
	if err := c.enter(); err != nil {
		_ = c.answer(socket.Answer{}, err)
		return
	}
	defer c.leave()
	for {
		line, err := socket.ReadRequest(c.r)
		var n net.Error
		if errors.Is(err, io.EOF) || errors.As(err, &n) {
			return
		}
		if !c.begin() {
			return
		}
		var a socket.Answer
		then := func() {}
		if err == nil {
			a, then, err = c.safely(ctx, line)
		} else {
			err = malformed(err)
		}
		if errors.Is(err, errGone) || c.answer(a, err) != nil {
			return
		}
		then()
		if hangUp(err) || !c.done() {
			return
		}
	}
}

// enter counts the connection in.
func (c *conn) enter() error {
	d := c.d
	d.mu.Lock()
	defer d.mu.Unlock()
	n := 0
	for o := range d.conns {
		if o.remote == c.remote {
			n++
		}
	}
	switch {
	case d.stopping:
		return errStopping
	case n >= maxConnections:
		return errFull
	}
	d.conns[c] = true
	return nil
}

// leave counts it out, with all that it had.
func (c *conn) leave() {
	for _, k := range c.keys {
		k.scalar.wipe()
	}
	c.d.releaseAll(c)
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	delete(c.d.conns, c)
	c.d.idle = c.d.Now()
}

// begin reports whether a request may still be answered.
func (c *conn) begin() bool {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.busy = !c.d.stopping
	return c.busy
}

// done reports whether there may be another request.
func (c *conn) done() bool {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.busy = false
	return !c.d.stopping
}

// interrupt ends the wait for a request.
func (c *conn) interrupt() { _ = c.nc.SetReadDeadline(past) }

// safely handles a request. A fault costs the connection, not the agent.
func (c *conn) safely(ctx context.Context, line []byte) (a socket.Answer, then func(), err error) {
	defer func() {
		if p := recover(); p != nil {
			a, then, err = socket.Answer{}, func() {}, &socket.Error{Code: socket.CodeInternal, Message: fmt.Sprintf("internal error in the agent: %v", p)}
		}
	}()
	return c.handle(ctx, line)
}

// answer writes an answer, or an error.
func (c *conn) answer(a socket.Answer, err error) error {
	var e *socket.Error
	switch {
	case errors.As(err, &e):
		a = socket.Answer{Error: e.Message, Code: e.Code}
	case err != nil && c.d.isStopped():
		a = socket.Answer{Error: errStopping.Message, Code: errStopping.Code}
	case err != nil:
		a = socket.Answer{Error: shown(err.Error()), Code: socket.CodeInternal}
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(c.d.Limits.Answer))
	return socket.WriteAnswer(c.nc, a)
}

func (d *daemon) isStopped() bool {
	select {
	case <-d.stopped:
		return true
	default:
		return false
	}
}

// malformed is an error about a request that cannot be read.
func malformed(err error) error {
	return &socket.Error{Code: socket.CodeMalformed, Message: "the request cannot be read: " + shown(err.Error())}
}

// hangUp reports whether nobody knows any more where the next request begins.
func hangUp(err error) bool {
	var e *socket.Error
	return errors.As(err, &e) && (e.Code == socket.CodeMalformed || e.Code == socket.CodeVersion || e.Code == socket.CodeInternal)
}

// whileConnected is a context for something that takes long: it ends, because
// of errGone, when the client hangs up, or talks before it was answered. The
// caller calls stop before it reads on.
func (c *conn) whileConnected(ctx context.Context) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if _, err := c.r.Peek(1); !errors.Is(err, os.ErrDeadlineExceeded) {
			cancel(errGone)
		}
	}()
	return watched, func() {
		c.interrupt()
		<-done
		cancel(nil)
		_ = c.nc.SetReadDeadline(time.Time{})
	}
}
