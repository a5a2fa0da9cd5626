package daemon

import (
	"context"
	"slices"

	"github.com/paraph/paraph/internal/agent/socket"
)

// A lease is with one connection, and others wait for it.
type lease struct {
	holder  *conn
	waiting []*waiter
}

// A waiter is told once how its waiting ended: nil is that it holds the lease.
type waiter struct {
	c    *conn
	told chan error
}

// acquire waits for the lease of a name.
func (d *daemon) acquire(ctx context.Context, c *conn, name string) error {
	w, err := d.enqueue(c, name)
	if w == nil || err != nil {
		return err
	}
	select {
	case err := <-w.told:
		return err
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.leases[name]; l != nil {
		l.waiting = slices.DeleteFunc(l.waiting, func(o *waiter) bool { return o == w })
		if l.holder == c { // it was given the lease in this moment
			d.passOn(name, nil)
		}
	}
	return context.Cause(ctx)
}

// enqueue takes the lease, or puts the connection in line for it.
func (d *daemon) enqueue(c *conn, name string) (*waiter, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	held := 0
	for _, l := range d.leases {
		if l.holder == c {
			held++
		}
	}
	l := d.leases[name]
	switch {
	case held == maxLeases:
		return nil, &socket.Error{Code: socket.CodeBusy, Message: "this connection holds too many leases"}
	case l == nil:
		d.leases[name] = &lease{holder: c}
		return nil, nil
	case l.holder == c:
		return nil, &socket.Error{Code: socket.CodeRefused, Message: "this connection holds that lease already"}
	}
	w := &waiter{c, make(chan error, 1)}
	l.waiting = append(l.waiting, w)
	return w, nil
}

// release ends a connection's lease.
func (d *daemon) release(c *conn, name string, failed error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.leases[name]; l == nil || l.holder != c {
		return &socket.Error{Code: socket.CodeRefused, Message: "this connection does not hold that lease"}
	}
	d.passOn(name, failed)
	return nil
}

// releaseAll ends all leases of a connection.
func (d *daemon) releaseAll(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, l := range d.leases {
		if l.holder == c {
			d.passOn(name, nil)
		}
	}
}

// passOn gives a lease to the next one in line, or a failure to all of them.
// The caller holds the lock.
func (d *daemon) passOn(name string, failed error) {
	l := d.leases[name]
	if failed == nil && len(l.waiting) > 0 {
		next := l.waiting[0]
		l.holder, l.waiting = next.c, l.waiting[1:]
		next.told <- nil
		return
	}
	delete(d.leases, name)
	for _, w := range l.waiting {
		w.told <- failed
	}
}
