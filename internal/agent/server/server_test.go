package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/testpki"
	"github.com/paraph/paraph/internal/trust"
	"github.com/paraph/paraph/internal/verdict"
	"github.com/paraph/paraph/internal/verify"
	"github.com/paraph/paraph/internal/version"
)

const commit = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
	"author Alice <alice@example.com> 1777896000 +0000\n" +
	"committer Alice <alice@example.com> 1777896000 +0000\n\nsigned\n"

// A call is one run of the agent.
type call struct {
	env            Env
	pki            *testpki.PKI
	stdout, stderr bytes.Buffer
}

// newCall makes a call that signs with an instance of its own, all well.
func newCall(t *testing.T, options ...testpki.Option) (*call, *testpki.PKI, *testpki.Servers) {
	t.Helper()
	p := testpki.New(options...)
	s := p.Serve(t)
	home := t.TempDir()
	for name, data := range map[string][]byte{"root.json": p.TrustedRoot(), "signing.json": p.SigningConfig(s.URLs, 2)} {
		if err := os.WriteFile(filepath.Join(home, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &call{pki: p}
	c.env = Env{
		Args: []string{"sign", "--client-version", version.String()},
		Environ: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "PARAPH_AGENT=false",
			"PARAPH_TRUSTED_ROOT=" + filepath.Join(home, "root.json"),
			"PARAPH_SIGNING_CONFIG=" + filepath.Join(home, "signing.json"),
			"PARAPH_ID_TOKEN=" + p.IDToken(nil),
		},
		Stdin: request(commit), Stdout: &c.stdout, Stderr: &c.stderr,
		Files: fstest.MapFS{}, Rand: rand.Reader, Now: p.Clock.Now, Limits: DefaultLimits(),
	}
	return c, p, s
}

// request is what paraph sends for a signature where git has no settings.
func request(payload string) io.Reader { return strings.NewReader("0\n" + payload) }

// reply runs the agent and reads its one answer.
func (c *call) reply(t *testing.T, want int) agent.Reply {
	t.Helper()
	var r agent.Reply
	status := Run(t.Context(), c.env)
	dec := json.NewDecoder(&c.stdout)
	if err := dec.Decode(&r); err != nil || dec.More() {
		t.Fatalf("it answered in another form: %v", err)
	}
	if status != want || r.Version != version.String() || (want == 0) != (r.Error == "") || (want == 0) != (r.Armored != "") {
		t.Errorf("status %d, %+v", status, r)
	}
	return r
}

func TestSign(t *testing.T) {
	c, p, _ := newCall(t)
	r := c.reply(t, 0)
	root, err := trust.Parse(p.TrustedRoot(), "public")
	if err != nil {
		t.Fatal(err)
	}
	if got := verify.Signature([]byte(commit), []byte(r.Armored), verify.Trust{Roots: []*trust.Root{root}}); got.Verdict != verdict.Valid || got.Time().Unix() != r.Time || len(r.Fingerprint) != 64 {
		t.Errorf("%+v, %+v", r, got)
	}
	if c.stderr.Len() != 0 {
		t.Errorf("standard error: %s", c.stderr.String())
	}
}

// The answer names what is wrong, whether it is configuration, and no secret.
func TestSignFails(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(c *call, s *testpki.Servers)
		want   string
		usage  bool
	}{
		"another version": {func(c *call, _ *testpki.Servers) { c.env.Args[2] = "v0.0.1" }, "paraph is version v0.0.1 and paraph-agent is ", false},
		"no token":        {func(c *call, _ *testpki.Servers) { c.env.Environ = append(c.env.Environ, "PARAPH_ID_TOKEN=") }, "no identity token", false},
		"no root": {func(c *call, _ *testpki.Servers) {
			c.env.Environ = append(c.env.Environ, "PARAPH_TRUSTED_ROOT=")
			c.env.Limits.TUF = 0 // the public instance's repository is not asked
		}, "which the trusted root does not know", false},
		"unknown instance": {func(c *call, _ *testpki.Servers) {
			c.env.Environ = append(c.env.Environ, "PARAPH_TRUSTED_ROOT=", "PARAPH_INSTANCE=mine")
		}, "instance mine: the instance is not known here; paraph trust add adds it", true},
		"wrong setting":     {func(c *call, _ *testpki.Servers) { c.env.Environ = append(c.env.Environ, "PARAPH_REKOR_VERSION=9") }, "PARAPH_REKOR_VERSION", true},
		"a service refuses": {func(_ *call, s *testpki.Servers) { s.Fulcio.Set(testpki.Refuse(500, "oh")) }, "asking for a certificate", false},
		"a service stalls": {func(c *call, s *testpki.Servers) {
			s.TSA.Set(testpki.Stall())
			c.env.Limits.TSA = 50 * time.Millisecond
		}, "no answer in time", false},
		"log stalls": {func(c *call, s *testpki.Servers) {
			s.Rekor2.Set(testpki.Stall())
			c.env.Limits.Rekor = 50 * time.Millisecond
		}, "no answer in time", false},
		"all takes too long": {func(c *call, s *testpki.Servers) {
			s.Fulcio.Set(testpki.Stall())
			c.env.Limits.Whole = 500 * time.Millisecond // git has to answer first
		}, "no answer in time", false},
		"zero limits":      {func(c *call, _ *testpki.Servers) { c.env.Limits = Limits{} }, "no answer in time", false},
		"not a git object": {func(c *call, _ *testpki.Servers) { c.env.Stdin = request("blob") }, "not a git object", false},
		"payload is lost":  {func(c *call, _ *testpki.Servers) { c.env.Stdin = io.MultiReader(request("tree "), lost{}) }, "the pipe broke", false},
		"panic":            {func(c *call, _ *testpki.Servers) { c.env.Now = func() time.Time { panic("oh") } }, "internal error in paraph-agent: oh", false},
		"clock is an hour on": {func(c *call, _ *testpki.Servers) {
			now := c.env.Now
			c.env.Now = func() time.Time { return now().Add(time.Hour) }
		}, "it expired at", false},
	} {
		t.Run(name, func(t *testing.T) {
			c, p, s := newCall(t)
			tt.change(c, s)
			r := c.reply(t, 1)
			if !strings.Contains(r.Error, tt.want) || r.Usage != tt.usage || strings.Contains(r.Error, p.IDToken(nil)) {
				t.Errorf("%+v, want ...%s...", r, tt.want)
			}
		})
	}
}

// lost is standard input that breaks.
type lost struct{}

func (lost) Read([]byte) (int, error) { return 0, errors.New("the pipe broke") }

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// An answer that cannot be written is a failure, though the signature was made.
func TestAnswerCannotBeWritten(t *testing.T) {
	c, _, _ := newCall(t)
	c.env.Stdout = full{}
	if status := Run(t.Context(), c.env); status == 0 || !strings.Contains(c.stderr.String(), "no space") {
		t.Errorf("status %d, %q", status, c.stderr.String())
	}
}

func TestCommands(t *testing.T) {
	for line, want := range map[string]int{"version": 0, "": 2, "help": 2, "sign": 2, "sign --client-version": 2, "sign --client-version x y": 2, "doctor": 2, "doctor --online": 2, "trust": 2, "trust update": 2, "version x": 2, "lookup": 2, "lookup --client-version x": 2, "lookup --jobs 1 --client-version x": 2, "lookup --client-version x --jobs": 2} {
		c := &call{}
		c.env = Env{Args: strings.Fields(line), Stdin: strings.NewReader(""), Stdout: &c.stdout, Stderr: &c.stderr}
		if status := Run(context.Background(), c.env); status != want || (want == 0) != (c.stdout.Len() > 0) || strings.Count(c.stdout.String()+c.stderr.String(), "\n") != 1 {
			t.Errorf("%q: status %d, %q, %q", line, status, c.stdout.String(), c.stderr.String())
		}
	}
}
