package socket

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/strictjson"
)

// patience is how long an agent may take to say who it is, and to give a
// lease back.
const patience = 5 * time.Second

// A Client is a connection to an agent. It is safe for concurrent use; its
// requests go one after the other. When the context of one of them ends, so
// does the connection.
type Client struct {
	conn   *net.UnixConn
	r      *bufio.Reader
	status Status
	turn   chan struct{} // held by the request that is on its way
	once   sync.Once
}

// A Status is what an agent says of itself.
type Status struct {
	Version      int
	Build        string // of paraph-agent
	PID          int
	Remote       bool      // it is the socket for other machines
	Entries      int       // certificates that it holds, or has to offer
	Until        time.Time // when the last of them ends, zero without any
	MemoryLocked bool      // keys cannot get to the swap space
}

// An Entry is a certificate whose key the agent holds.
type Entry struct {
	Key         string // hex SHA-256 of the SubjectPublicKeyInfo
	Instance    string
	Issuer      string // where the user logged in
	Certificate *x509.Certificate
	TokenUntil  time.Time // zero without an identity token
}

// Dial connects to the agent that listens at path, once the folder is ours,
// and the one who listens is us. The error is [ErrNone] if nobody listens,
// [ErrFolder] where others could, [ErrVersion] if that agent is another one.
func Dial(ctx context.Context, path string) (*Client, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	if err := checkSocket(path); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
	if err != nil {
		return nil, notThere(err)
	}
	c := &Client{conn: conn.(*net.UnixConn), r: bufio.NewReader(conn), turn: make(chan struct{}, 1)}
	if err := CheckPeer(c.conn); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := c.hello(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// hello asks who is there. An agent that is just ending is none.
func (c *Client) hello(ctx context.Context) error {
	a, err := c.ask(ctx, Head{Version, DoStatus}, nil)
	var answered *Error
	switch {
	case err != nil && ctx.Err() == nil && !errors.As(err, &answered) && gone(err),
		errors.As(err, &answered) && answered.Code == CodeStopping:
		return fmt.Errorf("%w: it is just ending", ErrNone)
	case err != nil:
		return err
	case a.StatusAnswer == nil:
		return errors.New("the agent does not say who it is")
	}
	c.status = Status{
		Version: a.Version, Build: a.Build, PID: a.PID, Remote: a.Remote, Entries: a.Held,
		Until: fromUnix(a.Until), MemoryLocked: a.MemoryLocked,
	}
	return nil
}

// Status is what the agent said when it was called.
func (c *Client) Status() Status { return c.status }

// Close ends the connection. Keys without a certificate and leases go with it.
func (c *Client) Close() error {
	err := net.ErrClosed
	c.once.Do(func() { err = c.conn.Close() })
	return err
}

// ask sends a request, and what follows it, and reads the answer.
func (c *Client) ask(ctx context.Context, request any, follows []byte) (*Answer, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	failed := writeLine(c.conn, request)
	if failed == nil && len(follows) > 0 {
		_, failed = c.conn.Write(follows)
	}
	// An agent that refuses to read on has said why.
	line, err := readLine(c.r, maxAnswer)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		_ = c.Close()
		return nil, fmt.Errorf("%w: %w", ErrLost, cmpErr(failed, err))
	}
	return parseAnswer(line)
}

// awaitEnd waits for the agent to hang up, which it does when its sockets are
// removed.
func (c *Client) awaitEnd(ctx context.Context) error {
	c.turn <- struct{}{} // no other request takes long any more
	defer func() { <-c.turn }()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	_, err := c.r.ReadByte()
	_ = c.Close()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil:
		return errors.New("the agent goes on after it was stopped")
	case !gone(err):
		return fmt.Errorf("waiting for the agent's end: %w", err)
	}
	return nil
}

// parseAnswer reads an answer. Members of a later build are ignored.
func parseAnswer(line []byte) (*Answer, error) {
	var a Answer
	if err := strictjson.Unmarshal(line, maxAnswer, &a); err != nil {
		return nil, fmt.Errorf("the agent answers in a form that is not its own: %w", err)
	}
	switch {
	case a.Version != Version && a.Error == "":
		return nil, fmt.Errorf("%w: the agent that runs speaks %d, and paraph %d: end it with the paraph that started it (`paraph agent stop`), or with `pkill paraph-agent`", ErrVersion, a.Version, Version)
	case a.Code == CodeLease:
		return nil, &LeaseError{Message: oneLine(a.Error)}
	case a.Error != "" || a.Code != "":
		return nil, &Error{Code: a.Code, Message: oneLine(a.Error)}
	}
	return &a, nil
}

// cmpErr is the first that is an error.
func cmpErr(first, second error) error {
	if first != nil && !errors.Is(second, errLine) {
		return first
	}
	return second
}

// gone reports whether the other side hung up.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || hungUp(err)
}

func fromUnix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
