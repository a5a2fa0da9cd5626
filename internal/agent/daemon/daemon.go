// Package daemon is the agent: the process that holds keys while their
// certificates live, and signs with them. It knows no URL and talks to nobody
// but the clients of its two sockets, see package socket.
//
// It makes two shapes of signature: one proof of possession per key, before
// there is a certificate for it, and CMS signed attributes that it builds
// itself from a git object. There is no request that could have it sign
// anything else, run something, or give a key out.
//
// Time, randomness and the way to ask the user are parameters, so that tests
// run it within their process.
package daemon

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/agent/socket"
)

// Bounds on what the clients of one user can have at once.
const (
	maxConnections = 128 // per socket
	maxPayloads    = 4   // in memory, per socket
	maxEntries     = 32  // certificates
	maxKeys        = 8   // without a certificate, per connection
	maxLeases      = 16  // per connection
)

// A World is all that an agent needs from outside.
type World struct {
	Now func() time.Time
	// Every gives a tick each d, until it is stopped.
	Every func(d time.Duration) (ticks <-chan time.Time, stop func())
	Rand  io.Reader
	// Confirm asks the user about a signature for another machine. It ends
	// with its context.
	Confirm func(ctx context.Context, q Question) (bool, error)
	Build   string // of this program
	PID     int
	// Wait has the agent wait for its first certificate, however long.
	Wait   bool
	Limits Limits
}

// Limits are the times that an agent allows.
type Limits struct {
	Idle     time.Duration // without certificate and connection, then it ends
	Tick     time.Duration // between two looks at certificates and socket
	Payload  time.Duration // for a payload to arrive
	Answer   time.Duration // for an answer to be read
	Question time.Duration // for the user to confirm
	Grace    time.Duration // for running requests when it ends
}

// DefaultLimits are those of the program.
func DefaultLimits() Limits {
	return Limits{
		Idle: 10 * time.Second, Tick: 2 * time.Second, Payload: time.Minute,
		Answer: 10 * time.Second, Question: time.Minute, Grace: 5 * time.Second,
	}
}

// A daemon is a running agent.
type daemon struct {
	World
	// stopped is closed, by stop, when the agent is to end: whoever waits for
	// something then stops waiting.
	stopped <-chan struct{}
	stop    context.CancelFunc
	running sync.WaitGroup // connections
	asking  chan struct{}  // held by the question that the user sees

	mu       sync.Mutex // for all below
	conns    map[*conn]bool
	entries  []*entry
	offer    offer
	leases   map[string]*lease
	unlocked bool      // memory of a secret could not be locked
	stored   bool      // there was a certificate
	ended    bool      // the last certificate ended by itself
	idle     time.Time // since when there is no connection
	stopping bool      // no further request is begun
}

// errFull says that there are too many connections.
var errFull = &socket.Error{Code: socket.CodeBusy, Message: "there are too many connections to the agent"}

// Serve is the agent at a place. It returns when ctx ends, when a client asks
// for it, when its socket is taken away, or when nobody needs it any more. By
// then the place is closed and every key wiped.
func Serve(ctx context.Context, w World, p *Place) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d := &daemon{
		World: w, stopped: ctx.Done(), stop: stop, idle: w.Now(), asking: make(chan struct{}, 1),
		conns: make(map[*conn]bool), leases: make(map[string]*lease),
	}
	probe, err := newSecret(make([]byte, 1))
	if err != nil {
		return errors.Join(err, p.Close())
	}
	d.unlocked = !probe.locked
	probe.wipe()

	var accepting sync.WaitGroup
	accepting.Go(func() { d.accept(ctx, p.local, false) })
	accepting.Go(func() { d.accept(ctx, p.remote, true) })
	d.live(ctx, p)
	err = p.remove()
	accepting.Wait()
	d.end()
	return errors.Join(err, p.Close())
}

// live returns when the agent is to end.
func (d *daemon) live(ctx context.Context, p *Place) {
	ticks, stop := d.Every(d.Limits.Tick)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			if now := d.Now(); d.expire(now) || !p.intact() {
				return
			}
		}
	}
}

// accept serves everybody who connects.
func (d *daemon) accept(ctx context.Context, l *net.UnixListener, remote bool) {
	slots := make(chan struct{}, maxPayloads)
	for {
		nc, err := l.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // such as too many open files
			select {
			case <-time.After(d.Limits.Tick):
				continue
			case <-ctx.Done():
				return
			}
		case socket.CheckPeer(nc) != nil:
			_ = nc.Close() // without a word
			continue
		}
		d.running.Go(func() { newConn(d, nc, remote, slots).serve(ctx) })
	}
}

// expire wipes what is past its time, and reports whether nobody needs the
// agent any more.
func (d *daemon) expire(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	live := d.entries[:0]
	for _, e := range d.entries {
		e.expire(now)
		if !e.alive(now) {
			e.wipe()
			continue
		}
		live = append(live, e)
	}
	d.ended = d.ended || len(live) == 0 && len(d.entries) > 0
	clear(d.entries[len(live):])
	d.entries = live
	if len(d.conns) > 0 || len(d.entries) > 0 {
		return false
	}
	return d.ended || now.Sub(d.idle) >= d.Limits.Idle && (d.stored || !d.Wait)
}

// end waits for running requests, a while, and wipes everything.
func (d *daemon) end() {
	d.stop()
	d.mu.Lock()
	d.stopping = true
	for c := range d.conns {
		if !c.busy {
			c.interrupt()
		}
	}
	d.mu.Unlock()
	patience := time.AfterFunc(d.Limits.Grace, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		for c := range d.conns {
			_ = c.nc.Close()
		}
	})
	d.running.Wait()
	patience.Stop()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.entries {
		e.wipe()
	}
	d.entries = nil
}
