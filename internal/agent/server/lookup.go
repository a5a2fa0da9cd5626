package server

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/bounded"
	"github.com/paraph/paraph/internal/config"
	"github.com/paraph/paraph/internal/gitcmd"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/trust/builtin"
	"github.com/paraph/paraph/internal/trust/store"
)

// errLeft says that standard input ended: everything is answered, or the
// caller is gone.
var errLeft = errors.New("nobody waits for answers")

// lookup answers the requests of a client of the same build, as long as it is
// there.
func (env Env) lookup(ctx context.Context, client, jobs string) int {
	if err := checkClient(client); err != nil {
		return env.reply(agent.Reply{Error: err.Error()})
	}
	n, err := strconv.Atoi(jobs)
	if err == nil {
		err = agent.CheckJobs(n)
	}
	if err != nil {
		return env.reply(agent.Reply{Error: err.Error(), Usage: true})
	}
	if status := env.reply(agent.Reply{}); status != 0 {
		return status
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	d := &desk{env: env, jobs: n, finder: newFinder(env, n, stop), roots: make(map[string]*rooted), stop: stop}
	d.run(ctx)
	if err := context.Cause(ctx); !errors.Is(err, errLeft) {
		return env.reply(agent.Reply{Error: err.Error()})
	}
	return 0
}

// A desk takes requests and hands out answers.
type desk struct {
	env    Env
	jobs   int
	finder *finder
	stop   context.CancelCauseFunc // ends the run

	mu    sync.Mutex // one writes at a time
	roots map[string]*rooted
}

// A rooted is an instance's trusted root, or why there is none.
type rooted struct {
	once sync.Once
	root *trust.Root
	err  error
}

// run answers until ctx ends. Whoever reads standard input may stay behind,
// in a read that nothing ends.
func (d *desk) run(ctx context.Context) {
	requests := make(chan agent.Request)
	go func() {
		d.stop(read(ctx, d.env.Stdin, requests))
	}()
	var workers sync.WaitGroup
	for range d.jobs {
		workers.Go(func() {
			for {
				select {
				case r := <-requests:
					d.serve(ctx, r)
				case <-ctx.Done():
					return
				}
			}
		})
	}
	workers.Wait()
}

// read reads requests, and returns why there are no more.
func read(ctx context.Context, stdin io.Reader, requests chan<- agent.Request) error {
	lines := bufio.NewScanner(stdin)
	lines.Buffer(nil, agent.MaxRequest)
	for lines.Scan() {
		var r agent.Request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("a request cannot be parsed: %w", err)
		}
		select {
		case requests <- r:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	switch err := lines.Err(); {
	case err == nil:
		return errLeft
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("a request has more than %d bytes", agent.MaxRequest)
	default:
		return err
	}
}

// serve answers a request, unless nobody waits any more.
func (d *desk) serve(ctx context.Context, r agent.Request) {
	found, err := d.find(ctx, r)
	if ctx.Err() != nil {
		return
	}
	a := agent.Answer{N: r.N, Entries: found}
	if err != nil {
		a.Error = err.Error()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	out := json.NewEncoder(d.env.Stdout)
	out.SetEscapeHTML(false) // the bound on entries is one on the line
	if err := out.Encode(a); err != nil {
		d.stop(fmt.Errorf("writing an answer: %w", err))
	}
}

// find finds what the logs of the request's instance have for its
// certificate. A certificate that another CA issued is nobody's business.
func (d *desk) find(ctx context.Context, r agent.Request) (found []json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			found, err = nil, fmt.Errorf("internal error in %s: %v", agent.Program, p)
		}
	}()
	leaf, err := x509.ParseCertificate(r.Leaf)
	if err != nil {
		return nil, fmt.Errorf("the certificate cannot be parsed: %w", err)
	}
	root, err := d.root(ctx, r.Instance)
	if err != nil {
		return nil, err
	}
	if _, err := root.Issuer(leaf); err != nil {
		return nil, fmt.Errorf("no log is asked: %w", err)
	}
	return d.finder.find(ctx, root, leaf.Raw)
}

// root is [Env.root], once for each instance.
func (d *desk) root(ctx context.Context, instance string) (*trust.Root, error) {
	d.mu.Lock()
	r := d.roots[instance]
	if r == nil {
		r = new(rooted)
		d.roots[instance] = r
	}
	d.mu.Unlock()
	r.once.Do(func() { r.root, r.err = d.env.root(ctx, instance) })
	return r.root, r.err
}

// root returns the trusted root of an instance that the settings name, as
// verification has it.
func (env Env) root(ctx context.Context, instance string) (*trust.Root, error) {
	entries, err := config.ReadGit(ctx, gitcmd.New("", env.Environ))
	if err != nil {
		return nil, err
	}
	cfg, err := config.ForVerification(config.Source{Env: env.Environ, Git: entries})
	if err != nil {
		return nil, err
	}
	switch {
	case cfg.TrustedRoot.Set() && instance == builtin.Instance:
		return cfg.TrustedRoot.Root(bounded.ReadFile)
	case cfg.TrustedRoot.Set() || !slices.Contains(cfg.Instances, instance):
		return nil, fmt.Errorf("%.100q is no instance that counts here", instance)
	}
	return store.New(env.Environ).TrustedRoot(instance)
}
