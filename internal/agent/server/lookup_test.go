package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/version"
)

// Each certificate is answered with its own entries, all of them, in the
// log's order.
func TestLookup(t *testing.T) {
	k := newTalk(t)
	alice, bob, carol := k.leaf("alice"), k.leaf("bob"), k.leaf("carol")
	k.log(t, "alice", alice, 30)
	k.log(t, "bob", bob, 1)
	answers := k.run(t, 0, public(alice, bob, carol)...)
	for n, want := range []int{30, 1, 0} {
		got := bodies(t, answers[n])
		if len(got) != want || answers[n].Error != "" {
			t.Errorf("%d: %d entries, %q", n, len(got), answers[n].Error)
		}
		for i, body := range got {
			if digest := sha256.Sum256(fmt.Appendf(nil, "%040d", i)); !strings.Contains(body, fmt.Sprintf("%x", digest)) {
				t.Errorf("%d: entry %d is another: %s", n, i, body)
			}
		}
	}
	if k.last.Error != "" || k.stderr.Len() != 0 {
		t.Errorf("%+v, %s", k.last, k.stderr.String())
	}
	// 34 requests, 4 of them at once and then 20 a second.
	if d := k.slept(); d < 1500*time.Millisecond {
		t.Errorf("they took %s", d)
	}
	if got := k.s.Rekor1.Requests(); got != 34 {
		t.Errorf("%d requests", got)
	}
}

// Commits that share a certificate share a look-up.
func TestLookupOnce(t *testing.T) {
	k := newTalk(t)
	leaf := k.leaf("alice")
	k.log(t, "alice", leaf, 2)
	var leaves [][]byte
	for range 50 {
		leaves = append(leaves, leaf)
	}
	answers := k.run(t, 0, public(leaves...)...)
	for n := range leaves {
		if got := bodies(t, answers[n]); len(got) != 2 || answers[n].Error != "" {
			t.Errorf("%d: %d entries, %q", n, len(got), answers[n].Error)
		}
	}
	if got := k.s.Rekor1.Requests(); got != 3 {
		t.Errorf("%d requests, want 3", got)
	}
}

// What is refused is not sent anywhere.
func TestLookupRefuses(t *testing.T) {
	k := newTalk(t)
	good := k.leaf("alice")
	unknown := testpki.New(testpki.IntermediateTemplate(func(c *x509.Certificate) { c.Subject.CommonName = "nobody knows" }))
	stranger := unknown.Certificate(testpki.Key("a").Public(), testpki.Identity{Email: "a@example.com"})
	for name, test := range map[string]struct {
		request agent.Request
		want    string
	}{
		"another CA":              {agent.Request{N: 1, Instance: "public", Leaf: k.leaf("alice", testpki.FromOtherCA())}, "no log is asked: "},
		"an unknown CA":           {agent.Request{N: 1, Instance: "public", Leaf: stranger}, "no log is asked: "},
		"not for code signing":    {agent.Request{N: 1, Instance: "public", Leaf: k.leaf("alice", testpki.WithEKU(x509.ExtKeyUsageEmailProtection))}, "no log is asked: "},
		"no certificate":          {agent.Request{N: 1, Instance: "public", Leaf: []byte("leaf")}, "cannot be parsed"},
		"nothing":                 {agent.Request{N: 1, Instance: "public"}, "cannot be parsed"},
		"no instance":             {agent.Request{N: 1, Leaf: good}, `"" is no instance that counts here`},
		"an instance of its own":  {agent.Request{N: 1, Instance: "evil\x1b", Leaf: good}, `"evil\x1b" is no instance`},
		"and two certificates":    {agent.Request{N: 1, Instance: "public", Leaf: append(bytes.Clone(good), good...)}, "cannot be parsed"},
		"of staging, not by name": {agent.Request{N: 1, Instance: "staging", Leaf: good}, "is no instance"},
	} {
		k.last = agent.Reply{}
		a := k.run(t, 0, test.request)[1]
		if !strings.Contains(a.Error, test.want) || len(a.Entries) != 0 {
			t.Errorf("%s: %+v, want ...%s...", name, a, test.want)
		}
	}
	if got := k.s.Rekor1.Requests() + k.s.Rekor2.Requests(); got != 0 {
		t.Errorf("%d requests were sent", got)
	}
}

// Which logs are asked is up to the trusted root.
func TestLookupLogs(t *testing.T) {
	for name, test := range map[string]struct {
		options  []testpki.Option
		change   func(r *testpki.Root)
		entries  int
		one, two int // requests to Rekor v1, v2
	}{
		"v1, and v2 with its own kind of key": {nil, func(*testpki.Root) {}, 2, 3, 0},
		"v2 with the key of a v1":             {[]testpki.Option{testpki.Rekor2ECDSA()}, func(*testpki.Root) {}, 2, 3, 1},
		"two shards in one place":             {nil, func(r *testpki.Root) { r.Tlogs[1] = shard(r.Tlogs[0]) }, 2, 3, 0},
		"a place that may not be asked":       {nil, func(r *testpki.Root) { r.Tlogs[0].BaseURL = "http://rekor.example" }, 0, 0, 0},
		"v2 alone":                            {nil, func(r *testpki.Root) { r.Tlogs = r.Tlogs[1:] }, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, test.options...)
			leaf := k.leaf("alice")
			k.log(t, "alice", leaf, 2)
			file := t.TempDir() + "/root.json"
			if err := os.WriteFile(file, k.p.TrustedRoot(test.change), 0o600); err != nil {
				t.Fatal(err)
			}
			k.env.Environ = append(k.env.Environ, "PARAPH_TRUSTED_ROOT="+file)
			a := k.run(t, 0, public(leaf)...)[0]
			if len(a.Entries) != test.entries || a.Error != "" {
				t.Errorf("%d entries, %q", len(a.Entries), a.Error)
			}
			if one, two := k.s.Rekor1.Requests(), k.s.Rekor2.Requests(); one != test.one || two != test.two {
				t.Errorf("%d and %d requests", one, two)
			}
		})
	}
}

// A log that is down does not hide what another has, nor that there may be
// more.
func TestLookupOneLogIsDown(t *testing.T) {
	for name, first := range map[string]bool{"the first": true, "the second": false} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t)
			other := testpki.New(testpki.Seed("another log"))
			down, well := k.s.Rekor1, other.Serve(t).Rekor1
			if !first {
				down, well = well, down
			}
			leaf := k.leaf("alice")
			k.log(t, "alice", leaf, 2)
			k.p, other = other, k.p
			k.log(t, "alice", leaf, 2)
			file := t.TempDir() + "/root.json"
			root := other.TrustedRoot(func(r *testpki.Root) {
				k.p.TrustedRoot(func(o *testpki.Root) { r.Tlogs = append(r.Tlogs, o.Tlogs[0]) })
			})
			if err := os.WriteFile(file, root, 0o600); err != nil {
				t.Fatal(err)
			}
			k.env.Environ = append(k.env.Environ, "PARAPH_TRUSTED_ROOT="+file)
			down.Set(testpki.Refuse(503, "maintenance"))
			a := k.run(t, 0, public(leaf)...)[0]
			if len(bodies(t, a)) != 2 || !strings.Contains(a.Error, down.URL) || !strings.Contains(a.Error, "maintenance") || strings.Contains(a.Error, well.URL) {
				t.Errorf("%d entries, %q", len(a.Entries), a.Error)
			}
		})
	}
}

// Entries are passed on in the log's own bytes, but for white space: nothing
// makes a line longer than its entries.
func TestLookupPassesOn(t *testing.T) {
	k := newTalk(t)
	leaf := k.leaf("alice")
	k.log(t, "alice", leaf, 1)
	k.s.Rekor1.Set(testpki.Only(http.MethodGet, testpki.ChangeBody(func(b []byte) []byte {
		return bytes.Replace(b, []byte(`{"body"`), []byte("{ \n\"x\":\"<&>\u2028\", \"body\""), 1)
	})))
	a := k.run(t, 0, public(leaf)...)[0]
	if len(bodies(t, a)) != 1 || !bytes.Contains(a.Entries[0], []byte("{\"x\":\"<&>\u2028\",\"body\"")) {
		t.Errorf("%.200q, %q", a.Entries, a.Error)
	}
}

// shard is another log at the same place.
func shard(l testpki.RootLog) testpki.RootLog {
	var other testpki.RootLog
	testpki.New().Other().TrustedRoot(func(r *testpki.Root) { other = r.Tlogs[0] })
	other.BaseURL = l.BaseURL
	return other
}

// Settings that cannot be used are the answer to every request.
func TestLookupSettings(t *testing.T) {
	k := newTalk(t)
	k.env.Environ = append(k.env.Environ, "PARAPH_TRUSTED_ROOT=/nothing")
	answers := k.run(t, 0, public(k.leaf("alice"), k.leaf("bob"))...)
	for n := range 2 {
		if !strings.Contains(answers[n].Error, "PARAPH_TRUSTED_ROOT: ") {
			t.Errorf("%+v", answers[n])
		}
	}
}

// A client of another build, or without sense, is told so in the first line.
func TestLookupClient(t *testing.T) {
	for name, test := range map[string]struct{ client, jobs, want string }{
		"another version": {"v0.0.1", "4", "paraph is version v0.0.1 and paraph-agent is "},
		"no jobs":         {version.String(), "0", "it must be 1 to 16"},
		"too many":        {version.String(), "17", "it must be 1 to 16"},
		"no number":       {version.String(), "x", "invalid syntax"},
	} {
		k := newTalk(t)
		k.env.Args[2], k.env.Args[4] = test.client, test.jobs
		var r agent.Reply
		if status := Run(t.Context(), k.env); status != 1 || json.Unmarshal(k.stdout.Bytes(), &r) != nil || !strings.Contains(r.Error, test.want) || r.Version != version.String() {
			t.Errorf("%s: %d, %s", name, status, k.stdout.String())
		}
	}
}

// Input that is no request ends the run, and nothing else does.
func TestLookupInput(t *testing.T) {
	for name, test := range map[string]struct {
		stdin io.Reader
		want  string
	}{
		"nothing":       {strings.NewReader(""), ""},
		"no JSON":       {strings.NewReader("leaf\n"), "a request cannot be parsed"},
		"two in a line": {strings.NewReader("{}{}\n"), "a request cannot be parsed"},
		"no base64":     {strings.NewReader(`{"leaf":"-"}` + "\n"), "a request cannot be parsed"},
		"no end":        {io.LimitReader(zeros{}, 1<<30), "a request has more than 262144 bytes"},
		"lost":          {lost{}, "the pipe broke"},
	} {
		k := newTalk(t)
		k.env.Stdin = test.stdin
		status := Run(t.Context(), k.env)
		if out := k.stdout.String(); (status == 0) != (test.want == "") || !strings.Contains(out, test.want) {
			t.Errorf("%s: status %d, %s", name, status, out)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// The agent ends with its caller, whatever the log does.
func TestLookupEnds(t *testing.T) {
	for name, end := range map[string]func(k *talk, stdin io.Closer, cancel func()){
		"standard input ends": func(_ *talk, stdin io.Closer, _ func()) { stdin.Close() },
		"a signal":            func(_ *talk, _ io.Closer, cancel func()) { cancel() },
	} {
		for fault, f := range map[string]testpki.Fault{
			"stalls": testpki.Stall(),
			"rests":  testpki.Header("Retry-After", "290", testpki.Refuse(429, "")),
		} {
			t.Run(name+" while it "+fault, func(t *testing.T) {
				k := newTalk(t)
				k.s.Rekor1.Set(f)
				resting := make(chan struct{}, 100)
				k.env.Sleep = func(ctx context.Context, _ time.Duration) error {
					resting <- struct{}{}
					<-ctx.Done()
					return ctx.Err()
				}
				stdin, send := io.Pipe()
				k.env.Stdin, k.env.Stdout = stdin, io.Discard
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				done := make(chan int)
				go func() { done <- Run(ctx, k.env) }()
				if err := json.NewEncoder(send).Encode(public(k.leaf("alice"))[0]); err != nil {
					t.Fatal(err)
				}
				if fault == "rests" {
					<-resting
				}
				for k.s.Rekor1.Requests() == 0 {
					time.Sleep(time.Millisecond)
				}
				end(k, send, cancel)
				select {
				case <-done:
				case <-time.After(10 * time.Second):
					t.Fatal("it is still there")
				}
			})
		}
	}
}

// Answers that nobody takes end the run.
func TestLookupAnswerCannotBeWritten(t *testing.T) {
	k := newTalk(t)
	stdin, send := io.Pipe()
	k.env.Stdin, k.env.Stdout = stdin, &brim{}
	go func() { _ = json.NewEncoder(send).Encode(public(k.leaf("alice"))[0]) }()
	if status := Run(t.Context(), k.env); status == 0 || !strings.Contains(k.stderr.String(), "no space") {
		t.Errorf("status %d, %q", status, k.stderr.String())
	}
}

// brim has room for one line.
type brim struct{ written bool }

func (b *brim) Write(p []byte) (int, error) {
	if b.written {
		return 0, errors.New("no space")
	}
	b.written = true
	return len(p), nil
}
