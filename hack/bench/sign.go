package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/internal/testpki"
)

// Delays in front of the services, as networks and clocks have them.
const (
	logDelay = 50 * time.Millisecond
	tsaDelay = 80 * time.Millisecond
)

// signatures is how many are timed with the agent and without.
const signatures = 60

// payload is a commit to sign.
const payload = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
	"author Alice <alice@example.com> 1777896000 +0000\n" +
	"committer Alice <alice@example.com> 1777896000 +0000\n\nsigned\n"

// A slow is a service behind a delay, which keeps how long it took to answer
// last, delay and all.
type slow struct {
	*httptest.Server
	mu   sync.Mutex
	took time.Duration
}

func newSlow(to string, delay time.Duration) (*slow, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	s := &slow{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: u.Scheme, Host: u.Host}) }}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		time.Sleep(delay)
		proxy.ServeHTTP(w, r)
		s.mu.Lock()
		s.took = time.Since(start)
		s.mu.Unlock()
	}))
	return s, nil
}

func (s *slow) last() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.took
}

// A tb is what servers in memory ask of a test, outside of one.
type tb struct {
	testing.TB
	cleanups []func()
}

func (*tb) Helper()                   {}
func (t *tb) Cleanup(f func())        { t.cleanups = append(t.cleanups, f) }
func (*tb) Errorf(f string, a ...any) { fmt.Fprintf(os.Stderr, f+"\n", a...) }

func (t *tb) end() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}

// A signing is one way to sign, and what it took beyond the slower of log and
// timestamp authority.
type signing struct {
	name, program string
	way           string // with an agent or without, "" for what signs nothing
	env           []string
	times         []time.Duration
}

// sign times signatures. The ways to sign take turns, so that whatever else
// the machine does hits all of them; so does a program that does nothing,
// which says what the machine makes of a process meanwhile.
func (b bench) sign() error {
	t := new(tb)
	defer t.end()
	pki := testpki.New(testpki.RealClock())
	servers := pki.Serve(t)
	log, err := newSlow(servers.URLs.Rekor1, logDelay)
	if err != nil {
		return err
	}
	defer log.Close()
	tsa, err := newSlow(servers.URLs.TSA, tsaDelay)
	if err != nil {
		return err
	}
	defer tsa.Close()
	u, err := url.Parse(servers.URLs.TSA)
	if err != nil {
		return err
	}
	all := []*signing{{name: "idle", program: b.path("idle")}}
	for _, p := range b.programs()[1:] {
		ways, end, err := newSignings(p[0], p[1], pki, servers, "PARAPH_REKOR="+log.URL, "PARAPH_TIMESTAMP="+tsa.URL+u.Path)
		if err != nil {
			return err
		}
		defer end()
		all = append(all, ways...)
	}
	for i := range signatures + 1 {
		for _, s := range all {
			took, err := s.once(b.dir)
			if err != nil {
				return fmt.Errorf("signing with %s: %w", s.name, err)
			}
			if s.way != "" {
				took -= max(log.last(), tsa.last())
			}
			if i > 0 { // the first one warms the agent
				s.times = append(s.times, took)
			}
		}
	}
	b.tellSigned(all)
	return nil
}

// newSignings are the ways to sign with a program, in a home of its own, and
// what ends them.
func newSignings(name, program string, pki *testpki.PKI, servers *testpki.Servers, services ...string) (ways []*signing, end func(), err error) {
	home, err := os.MkdirTemp("", "paraph-bench-home-") // short enough for a socket
	if err != nil {
		return nil, nil, err
	}
	root, config := filepath.Join(home, "root.json"), filepath.Join(home, "signing.json")
	for name, data := range map[string][]byte{root: pki.TrustedRoot(), config: pki.SigningConfig(servers.URLs, 1)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return nil, nil, errors.Join(err, os.RemoveAll(home))
		}
	}
	env := append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "XDG_RUNTIME_DIR=" + home,
		"PARAPH_TRUSTED_ROOT=" + root, "PARAPH_SIGNING_CONFIG=" + config, "PARAPH_ID_TOKEN=" + pki.IDToken(nil),
	}, services...)
	warm := &signing{name: name + ", warm agent", way: "warm", program: program, env: append(slices.Clone(env), "PARAPH_AGENT=true")}
	none := &signing{name: name + ", no agent", way: "none", program: program, env: append(slices.Clone(env), "PARAPH_AGENT=false")}
	return []*signing{warm, none}, func() {
		_ = warm.command(home, "agent", "stop").Run()
		_ = os.RemoveAll(home)
	}, nil
}

// signBudget is what a signature with a warm agent may take.
const signBudget = 15 * time.Millisecond

// tellSigned shows medians, and of another build the median of what it took
// less in the same rounds: of one process more or less the machine may make
// much between two rounds.
func (b bench) tellSigned(all []*signing) {
	fmt.Printf("one signature, beyond the slower of log (%v) and TSA (%v), median of %d (best)\n", logDelay, tsaDelay, signatures)
	for _, s := range all {
		m, note := median(s.times), ""
		if s.name == "paraph, warm agent" {
			note = " (budget 15 ms)" + missed(m > signBudget)
		}
		if s.way != "" && s.program == b.before {
			note = fmt.Sprintf(", %+.2f ms by rounds", ms(median(s.beyond(all)), 1))
		}
		fmt.Printf("%-18s %6.2f ms (%5.2f), %.1fx%s\n", s.name, ms(m, 1), ms(slices.Min(s.times), 1), float64(m)/float64(median(all[0].times)), note)
	}
	fmt.Println()
}

// beyond is what s took beyond this build in each round.
func (s *signing) beyond(all []*signing) (more []time.Duration) {
	for _, o := range all {
		if o.way == s.way && o != s {
			for i := range o.times {
				more = append(more, s.times[i]-o.times[i])
			}
		}
	}
	return more
}

// once makes a signature, or has a program do nothing.
func (s *signing) once(dir string) (time.Duration, error) {
	cmd := s.command(dir, "--status-fd=2", "-bsau", "KEY")
	cmd.Stdin = strings.NewReader(payload)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if s.way != "" && err == nil && !strings.HasPrefix(out.String(), "-----BEGIN SIGNED MESSAGE-----") {
		err = errors.New("there is no signature")
	}
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, words.String())
	}
	return took, nil
}

func (s *signing) command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(s.program, args...)
	cmd.Env, cmd.Dir = s.env, dir
	return cmd
}
