package agent

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/paraph/paraph/internal/bounded"
)

// perJob is how many requests are with the agent for each that it may run at
// once.
const perJob = 4

// Lookup has the agent at path look up requests and calls answer for each, in
// any order. It takes no more of requests than the agent keeps up with, in a
// goroutine beside the caller's, and returns when that has ended. An error of
// answer ends the look-up.
//
// An error of Lookup means that requests may be unanswered. The agent has
// ended then, as it always has.
func Lookup(ctx context.Context, path string, environ []string, version string, jobs int, requests iter.Seq[Request], answer func(Answer) error) error {
	if err := CheckJobs(jobs); err != nil {
		return err
	}
	whole, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	l := &lookup{version: version, open: make(map[int]bool), slots: make(chan struct{}, perJob*jobs)}
	if err := l.start(whole, path, environ, jobs); err != nil {
		return err
	}
	err := l.talk(whole, fail, requests, answer)
	status := l.end()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case whole.Err() != nil:
		return context.Cause(whole)
	case errors.Is(err, io.EOF):
		if status == nil {
			status = errors.New("exit status 0")
		}
		return fmt.Errorf("%s ended without an answer: %w%s", Program, status, lastWords(string(l.stderr.Bytes())))
	}
	return err
}

// A lookup is one conversation with an agent.
type lookup struct {
	version string
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.ReadCloser
	lines   *bufio.Scanner // of stdout
	stderr  bounded.Writer
	slots   chan struct{} // taken by requests that are with the agent

	mu   sync.Mutex
	open map[int]bool // requests that are with the agent
	sent bool         // there are no more
}

// start starts the agent. When ctx ends, so does the agent, and whatever it
// started can keep nobody waiting.
func (l *lookup) start(ctx context.Context, path string, environ []string, jobs int) (err error) {
	l.cmd = exec.CommandContext(ctx, path, "lookup", "--client-version", l.version, "--jobs", strconv.Itoa(jobs))
	l.cmd.Env, l.cmd.WaitDelay = environ, patience
	l.stderr.Max = maxLastWords
	l.cmd.Stderr = &l.stderr
	if l.stdin, err = l.cmd.StdinPipe(); err != nil {
		return err
	}
	if l.stdout, err = l.cmd.StdoutPipe(); err != nil {
		return err
	}
	l.lines = bufio.NewScanner(l.stdout)
	l.lines.Buffer(nil, maxAnswer)
	l.lines.Split(wholeLines)
	if err := l.cmd.Start(); err != nil {
		return fmt.Errorf("%s cannot be started: %w", Program, err)
	}
	context.AfterFunc(ctx, func() {
		l.stdin.Close()
		l.stdout.Close()
	})
	return nil
}

// end ends the agent, however busy it is.
func (l *lookup) end() error {
	l.stdin.Close()
	l.stdout.Close()
	defer time.AfterFunc(patience, func() { _ = l.cmd.Process.Kill() }).Stop()
	return l.cmd.Wait()
}

// talk sends all requests and receives all answers. The error io.EOF is an
// agent that left.
func (l *lookup) talk(ctx context.Context, fail context.CancelCauseFunc, requests iter.Seq[Request], answer func(Answer) error) error {
	if err := l.readVersion(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var sender sync.WaitGroup
	sender.Go(func() {
		if err := l.send(ctx, requests); err != nil {
			fail(err)
		}
	})
	err := l.receive(answer)
	stop()
	l.stdin.Close() // also under the sender that waits for the agent to read
	sender.Wait()
	return err
}

// readVersion reads the agent's first line, which says who it is.
func (l *lookup) readVersion() error {
	first, err := l.read()
	if err == nil {
		err = checkVersion(first.Version, l.version)
	}
	if err == nil && first.Error != "" {
		err = errors.New(first.Error)
	}
	return err
}

// send sends requests until there are no more, or nobody takes them.
func (l *lookup) send(ctx context.Context, requests iter.Seq[Request]) error {
	for r := range requests {
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if len(line) >= MaxRequest {
			return fmt.Errorf("request %d has %d bytes, %s reads at most %d", r.N, len(line), Program, MaxRequest)
		}
		if !l.begin(r.N) {
			return fmt.Errorf("there are two requests %d", r.N)
		}
		if _, err := l.stdin.Write(append(line, '\n')); err != nil {
			return nil // whoever receives sees why
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = true
	if len(l.open) == 0 {
		l.stdin.Close() // nobody is left to be received from
	}
	return nil
}

// receive passes answers on until all requests have theirs.
func (l *lookup) receive(answer func(Answer) error) error {
	for {
		line, err := l.read()
		switch {
		case errors.Is(err, io.EOF) && l.done():
			return nil
		case err != nil:
			return err
		case line.Version != "":
			return fmt.Errorf("%s gave up: %s", Program, line.Error)
		case !l.finish(line.N):
			return fmt.Errorf("%s answered request %d, which was not asked", Program, line.N)
		}
		if err := answer(line.Answer); err != nil {
			return err
		}
		<-l.slots
		if l.done() {
			return nil
		}
	}
}

// begin takes a request down, and reports whether it is a new one.
func (l *lookup) begin(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.open[n]
	l.open[n] = true
	return !known
}

// finish crosses a request out, and reports whether it was there.
func (l *lookup) finish(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.open[n]
	delete(l.open, n)
	return known
}

// done reports whether everything was sent and answered.
func (l *lookup) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent && len(l.open) == 0
}

// A line is what the agent says: an answer, or with a version a [Reply].
type line struct {
	Version string `json:"version"`
	Answer
}

// read reads a line; io.EOF is that there is no more.
func (l *lookup) read() (line, error) {
	var out line
	if !l.lines.Scan() {
		switch err := l.lines.Err(); {
		case err == nil:
			return out, io.EOF
		case errors.Is(err, bufio.ErrTooLong):
			return out, fmt.Errorf("%s answered with more than %d bytes", Program, maxAnswer)
		default:
			return out, err
		}
	}
	if err := json.Unmarshal(l.lines.Bytes(), &out); err != nil {
		return out, fmt.Errorf("%s answered in a form that is not its own: %w", Program, err)
	}
	return out, nil
}

// wholeLines is a bufio.SplitFunc. What has no line feed was cut short, when
// the agent broke down, and is nothing.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}
