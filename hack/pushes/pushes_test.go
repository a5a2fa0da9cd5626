package pushes

import (
	"errors"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
)

// Each push of the table ends as the table says, and what is refused leaves
// nothing.
func TestPushes(t *testing.T) {
	table, err := readTable(tableText)
	if err != nil {
		t.Fatal(err)
	}
	y := ours(t)
	r := newReach(t, y)
	t.Run("all", func(t *testing.T) { // ends when they all have
		for _, s := range table {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				s.play(t, r)
			})
		}
	})
}

// play makes the server of a situation, and pushes.
func (s *situation) play(t *testing.T, r *reach) {
	t.Helper()
	server := r.y.serve(t, s.name, s.hook, s.before...)
	server.set(t, s.set...)
	for _, file := range s.put {
		server.write(t, file[0], r.y.labels.Replace(file[1])+"\n", 0o600)
	}
	url, env := r.to(t, server, s.over)
	before := server.state(t)
	for i, p := range s.pushes {
		words, ok := told(t, server.pushing(url, append(env, s.as...), p))
		s.compare(t, i, words, ok)
		after := server.state(t)
		// git keeps a certificate before it asks anybody (receive-pack.c,
		// prepare_push_cert_sha1).
		kept := 0
		if p.signer != "" {
			kept = 1
		}
		switch {
		case ok && maps.Equal(after.refs, before.refs):
			t.Errorf("line %d: push %d is accepted, and no ref has moved", s.line, i+1)
		case !ok && !maps.Equal(after.refs, before.refs):
			t.Errorf("line %d: push %d is refused, and there was\n%q, now\n%q", s.line, i+1, before.refs, after.refs)
		case !ok && len(after.objects) > len(before.objects)+kept && s.hook == "pre-receive":
			t.Errorf("line %d: push %d is refused, and its objects have stayed", s.line, i+1)
		}
		before = after
	}
}

// compare holds what came of a push to the table.
func (s *situation) compare(t *testing.T, i int, words string, ok bool) {
	t.Helper()
	p := s.pushes[i]
	if ok != p.accepted {
		t.Errorf("line %d: push %d %q: accepted %t, want %t: %s (%s)\n%s", s.line, i+1, p.args, ok, p.accepted, s.about, s.source, words)
		return
	}
	for _, w := range p.words {
		if !strings.Contains(words, w) {
			t.Errorf("line %d: push %d %q: the pusher is not told %q, but\n%s", s.line, i+1, p.args, w, words)
		}
	}
	decent(t, words)
}

// mostLines bounds what a pusher is told, with git's own words.
const mostLines = 25

// decent holds what a pusher is told to few lines without control characters.
func decent(t *testing.T, words string) {
	t.Helper()
	if n := strings.Count(words, "\n"); n > mostLines {
		t.Errorf("the pusher is told %d lines:\n%s", n, words)
	}
	if at := strings.IndexFunc(words, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' }); at >= 0 {
		t.Errorf("a control character is in %q", words)
	}
}

// patience bounds each push.
const patience = time.Minute

// told runs a push, and is what the pusher sees, and whether it was accepted.
func told(t *testing.T, cmd *exec.Cmd) (words string, ok bool) {
	t.Helper()
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() < 0 {
		t.Fatalf("%s was killed\n%s", cmd, out)
	}
	return string(out), err == nil
}
