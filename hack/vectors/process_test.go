package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// long is a judge with a line of signed commits in the repository "long".
func long(t *testing.T, commits int) (judge, *situation, string) {
	t.Helper()
	j, s := newJudge(t), &situation{name: "long"}
	h := begin(usual)
	for i := range commits {
		h.Commit(fmt.Sprintf("M%d", i), alice)
	}
	h = end(h, fmt.Sprintf("M%d", commits-1))
	if err := h.Write(j.dir, s.name); err != nil {
		t.Fatal(err)
	}
	return j, s, h.ID("anchor")
}

// command is paraph in that repository.
func (j judge) command(s *situation, args ...string) *exec.Cmd {
	cmd := exec.Command(j.paraph, args...)
	cmd.Dir, cmd.Env = filepath.Join(j.dir, s.name+".git"), scribe.Env(j.dir)
	return cmd
}

// Killed at any point, nothing is left that another run would stumble over, or
// believe: neither in the repository nor among the verdicts that are kept.
func TestKilled(t *testing.T) {
	const kills = 200
	j, s, anchor := long(t, 40)
	args := []string{"verify", "--format", "ndjson", "--policy-anchor", anchor, "--all"}
	want, words, exit := j.run(t, s, j.paraph, append(args, "--no-cache")...)
	if exit != 0 || strings.Count(want, "\n") < 40 {
		t.Fatalf("exit status %d: %s%s", exit, want, words)
	}
	start := time.Now()
	if got, words, _ := j.run(t, s, j.paraph, args...); got != want {
		t.Fatalf("%s%s", got, words)
	}
	whole := time.Since(start)
	kept := filepath.Join(j.dir, "home", ".cache", "paraph")
	killed := 0
	for i := range kills {
		if i%4 == 0 { // or there would be nothing to be written
			if err := os.RemoveAll(kept); err != nil {
				t.Fatal(err)
			}
		}
		cmd := j.command(s, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(whole))
		if cmd.Process.Kill() == nil {
			killed++
		}
		_ = cmd.Wait()
		if i%10 != 9 {
			continue
		}
		if got, words, exit := j.run(t, s, j.paraph, args...); exit != 0 || got != want {
			t.Fatalf("after %d kills: exit status %d: %s%s", killed, exit, got, words)
		}
	}
	if killed < kills/2 {
		t.Errorf("of %d runs only %d were killed", kills, killed)
	}
	if out, words, exit := j.run(t, s, "git", "fsck", "--strict"); exit != 0 || out+words != "" {
		t.Errorf("git fsck: %d\n%s%s", exit, out, words)
	}
}

// What was found before somebody interrupted is told, and the status says that
// it is not all.
func TestInterrupted(t *testing.T) {
	const commits = 150 // more lines than a pipe holds
	j, s, anchor := long(t, commits)
	for _, format := range []string{"ndjson", "json"} {
		cmd := j.command(s, "verify", "--format", format, "--policy-anchor", anchor, "--all")
		var words bytes.Buffer
		cmd.Stderr = &words
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(out)
		first, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond) // it has heard of it, and waits for a reader
		rest, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 130 {
			t.Errorf("%s: it ends with %v: %s", format, err, words.String())
		}
		whole := first + string(rest)
		if n := strings.Count(whole, `"type":"commit"`) + strings.Count(whole, `"type": "commit"`); n == 0 || n >= commits {
			t.Errorf("%s: %d of %d commits are told", format, n, commits)
		}
		if format == "json" && !strings.Contains(whole, `"interrupted": true`) {
			t.Errorf("it does not say that it was interrupted: ...%s", whole[max(0, len(whole)-500):])
		}
	}
}

// A reader who has seen enough ends it, and nothing hangs.
func TestNobodyReads(t *testing.T) {
	j, s, anchor := long(t, 150)
	cmd := j.command(s, "verify", "--format", "ndjson", "--policy-anchor", anchor, "--all")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err == nil {
			t.Error("exit status 0, and most was never told")
		}
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		t.Error("it does not end")
	}
}
