package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/paraph/paraph/cms"
	"github.com/paraph/paraph/internal/agent/socket"
	"github.com/paraph/paraph/internal/payload"
)

// sign signs a git object: the signed attributes are the agent's own work.
func (c *conn) sign(ctx context.Context, r socket.SignRequest) (a socket.Answer, err error) {
	if r.Size < 1 || r.Size > payload.MaxSize {
		return a, malformed(fmt.Errorf("a payload has 1 to %d bytes, not %d", payload.MaxSize, r.Size))
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return a, errStopping
	}
	signed, err := c.payload(r.Size)
	if err != nil {
		return a, err
	}
	p, err := payload.Parse(signed)
	if err != nil {
		return a, &socket.Error{Code: socket.CodeRefused, Message: "this is not a git object to sign: " + shown(err.Error())}
	}
	e, err := c.d.find(r.Key, c.remote)
	if err != nil {
		return a, err
	}
	if c.remote {
		if err := c.ask(ctx, newQuestion(p, e)); err != nil {
			return a, err
		}
		if e, err = c.d.find(r.Key, c.remote); err != nil { // or it was taken back meanwhile
			return a, err
		}
	}
	now := c.d.Now()
	if err := valid(e.leaf, now); err != nil {
		return a, err
	}
	sd, err := cms.Sign(c.d.Rand, e.key, e.leaf, signed, now)
	if errors.Is(err, errWiped) {
		return a, &socket.Error{Code: socket.CodeUnknown, Message: "the key was wiped just now"}
	}
	if err != nil {
		return a, err
	}
	a.Signed, err = sd.Bytes()
	return a, err
}

// payload reads what follows a request. Memory is taken for what came.
func (c *conn) payload(size int) ([]byte, error) {
	_ = c.nc.SetReadDeadline(time.Now().Add(c.d.Limits.Payload))
	defer func() { _ = c.nc.SetReadDeadline(time.Time{}) }()
	var b bytes.Buffer
	if _, err := io.CopyN(&b, c.r, int64(size)); err != nil {
		return nil, malformed(fmt.Errorf("%d bytes of payload came, not %d", b.Len(), size))
	}
	return b.Bytes(), nil
}

// ask has the user confirm, where that was not switched off.
func (c *conn) ask(ctx context.Context, q Question) error {
	c.d.mu.Lock()
	needed := c.d.offer.confirm
	c.d.mu.Unlock()
	if !needed {
		return nil
	}
	watched, stop := c.whileConnected(ctx)
	defer stop()
	return c.d.confirm(watched, q)
}
