package server

import (
	"bufio"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/rekor"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/version"
)

// A fakeClock moves on when somebody sleeps.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// A talk is one run of the agent that looks up.
type talk struct {
	*call
	p     *testpki.PKI
	s     *testpki.Servers
	clock *fakeClock
	last  agent.Reply // what it said when it gave up
}

func newTalk(t *testing.T, options ...testpki.Option) *talk {
	t.Helper()
	c, p, s := newCall(t, append(options, testpki.CAKeyP256())...)
	k := &talk{call: c, p: p, s: s, clock: &fakeClock{now: testpki.DefaultTime}}
	k.env.Args = []string{"lookup", "--client-version", version.String(), "--jobs", "4"}
	k.env.Environ = append(k.env.Environ, "PARAPH_SIGNING_CONFIG=", "PARAPH_ID_TOKEN=")
	k.env.Now, k.env.Sleep = k.clock.Now, k.clock.Sleep
	return k
}

// slept is how long the run would have taken in pauses.
func (k *talk) slept() time.Duration { return k.clock.Now().Sub(testpki.DefaultTime) }

// leaf makes a certificate of somebody's.
func (k *talk) leaf(name string, options ...testpki.CertOption) []byte {
	return k.p.Certificate(testpki.Key(name).Public(), testpki.Identity{Email: name + "@example.com", Issuer: "https://accounts.example.com"}, options...)
}

// log logs n signatures of somebody's as old commits have them.
func (k *talk) log(t *testing.T, name string, leaf []byte, n int) {
	t.Helper()
	for i := range n {
		digest := sha256.Sum256(fmt.Appendf(nil, "%040d", i))
		signature, err := testpki.Key(name).Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		k.p.LogV1(digest, signature, leaf)
	}
}

// public asks about leaves of the public instance, numbered from 0.
func public(leaves ...[]byte) []agent.Request {
	var out []agent.Request
	for i, leaf := range leaves {
		out = append(out, agent.Request{N: i, Instance: "public", Leaf: leaf})
	}
	return out
}

// run has the agent answer requests. Standard input ends when everything is
// answered, or the agent stops.
func (k *talk) run(t *testing.T, want int, requests ...agent.Request) map[int]agent.Answer {
	t.Helper()
	stdin, send := io.Pipe()
	receive, stdout := io.Pipe()
	k.env.Stdin, k.env.Stdout = stdin, stdout
	status := make(chan int)
	go func() {
		s := Run(t.Context(), k.env)
		stdout.Close()
		stdin.Close()
		status <- s
	}()
	go func() {
		for _, r := range requests {
			if err := json.NewEncoder(send).Encode(r); err != nil {
				return
			}
		}
		if len(requests) == 0 {
			send.Close()
		}
	}()
	answers := make(map[int]agent.Answer)
	lines := bufio.NewReader(receive)
	for i := 0; ; i++ {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var said struct {
			agent.Answer
			Version string
		}
		if err := json.Unmarshal(line, &said); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if said.Version != "" {
			if (i == 0) != (said.Error == "") || said.Version != version.String() {
				t.Errorf("line %d: %s", i, line)
			}
			k.last = agent.Reply{Version: said.Version, Error: said.Error}
			continue
		}
		if _, twice := answers[said.N]; twice {
			t.Errorf("%d was answered twice", said.N)
		}
		answers[said.N] = said.Answer
		if len(answers) == len(requests) {
			send.Close()
		}
	}
	if got := <-status; got != want {
		t.Errorf("status %d, want %d: %+v", got, want, k.last)
	}
	return answers
}

// bodies are the bodies of an answer's entries, which are read as paraph does.
func bodies(t *testing.T, a agent.Answer) []string {
	t.Helper()
	var out []string
	for _, raw := range a.Entries {
		e, err := rekor.ParseV1Response(raw)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(e.Body))
	}
	return out
}
