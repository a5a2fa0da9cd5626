package pushes

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A wire is a push by hand: git's own client sends no certificate twice.
type wire struct {
	*server
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	words bytes.Buffer
	nonce string // that the server asks for
}

// dial starts git receive-pack and reads what it advertises
// (gitprotocol-pack(5), Reference Discovery).
func (s *server) dial(t *testing.T) *wire {
	t.Helper()
	w := &wire{server: s, cmd: s.git(s.dir, "receive-pack", ".")}
	w.cmd.Stderr = &w.words
	in, err := w.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.in, w.out = in, bufio.NewReader(out)
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, line := range w.lines(t) {
		if _, after, ok := strings.Cut(line, "push-cert="); ok {
			w.nonce = strings.Fields(after)[0]
		}
	}
	return w
}

// lines reads pkt-lines up to a flush.
func (w *wire) lines(t *testing.T) (lines []string) {
	t.Helper()
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(w.out, head); err != nil {
			t.Fatalf("%v\n%s", err, w.words.String())
		}
		n, err := strconv.ParseUint(string(head), 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		if n < 4 {
			return lines
		}
		body := make([]byte, n-4)
		if _, err := io.ReadFull(w.out, body); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(body))
	}
}

// send sends a certificate with a pack of what a commit has beyond M2, and is
// what the server says and whether all refs were moved.
func (w *wire) send(t *testing.T, certificate, commit string) (words string, ok bool) {
	t.Helper()
	var b bytes.Buffer
	put := func(line string) { fmt.Fprintf(&b, "%04x%s", len(line)+4, line) }
	put("push-cert\x00report-status\n")
	for line := range strings.Lines(certificate) {
		put(line)
	}
	put("push-cert-end\n")
	b.WriteString("0000")
	pack := w.git(w.client, "pack-objects", "--revs", "--stdout", "-q")
	pack.Stdin = strings.NewReader(w.history.ID(commit) + "\n^" + w.history.ID("M2") + "\n")
	data, err := pack.Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.in.Write(append(b.Bytes(), data...)); err != nil {
		t.Fatal(err)
	}
	report := strings.Join(w.lines(t), "")
	_ = w.in.Close()
	_ = w.cmd.Wait()
	return w.words.String() + report, !strings.Contains(report, "\nng ") && strings.HasPrefix(report, "unpack ok\n")
}

// certificate is a signed one for updates, as send-pack.c's generate_push_cert
// writes it.
func certificate(t *testing.T, by, nonce string, updates ...string) string {
	t.Helper()
	payload := "certificate version 0.1\npusher " + by + " " + fmt.Sprint(signedAt.Unix()) + " +0000\npushee /srv/repo.git\n"
	if nonce != "" {
		payload += "nonce " + nonce + "\n"
	}
	payload += "\n"
	for _, u := range updates {
		payload += u + "\n"
	}
	signature, err := signAs(by, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return payload + string(signature)
}

// A certificate is good for one push: with another nonce, without one, or sent
// again it moves nothing.
func TestReplayed(t *testing.T) {
	y := ours(t)
	s := y.serve(t, "replayed", "pre-receive", usualBefore...)
	s.set(t, "paraph.hook.requirePushCertificate=true")
	update := y.labels.Replace("{M2} {G1} refs/heads/main")
	refused := func(name, words string, ok bool) {
		t.Helper()
		if ok || !strings.Contains(words, "nonce") {
			t.Errorf("%s: accepted %t: %s", name, ok, words)
		}
		decent(t, words)
	}
	for name, nonce := range map[string]string{"wrong nonce": "1784000000-0123456789abcdef0123456789abcdef01234567", "no nonce": ""} {
		words, ok := s.dial(t).send(t, certificate(t, "alice", nonce, update), "G1")
		refused(name, words, ok)
	}
	w := s.dial(t)
	good := certificate(t, "alice", w.nonce, update)
	if words, ok := w.send(t, good, "G1"); !ok {
		t.Fatalf("the first time: %s", words)
	}
	run(t, s.git(s.dir, "update-ref", "refs/heads/main", y.history.ID("M2")))
	time.Sleep(1100 * time.Millisecond) // the nonces of one second are the same
	words, ok := s.dial(t).send(t, good, "G1")
	refused("again", words, ok)
	s.set(t, "receive.certNonceSlop=3600")
	words, ok = s.dial(t).send(t, good, "G1")
	refused("again, where old nonces may be used", words, ok)
}
