//go:build unix

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// greet says the version, each reads requests and runs a command for each, in
// which $n is its number and $line all of it.
const greet = `echo '{"version":"v1"}'; `

func each(command string) string {
	return greet + `while read -r line; do n=${line#*\"n\":}; n=${n%%,*}; ` + command + `; done`
}

// echo answers each request with itself as the only entry.
var echo = each(`echo "{\"n\":$n,\"entries\":[$line]}"`)

// count makes n requests, and says how many were taken.
func count(n int) (iter.Seq[Request], *int) {
	taken := new(int)
	return func(yield func(Request) bool) {
		for i := range n {
			*taken++
			if !yield(Request{N: i, Instance: "public", Leaf: []byte("leaf")}) {
				return
			}
		}
	}, taken
}

func ignore(Answer) error { return nil }

func TestLookup(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		requests, _ := count(n)
		seen := make(map[int]bool)
		err := Lookup(t.Context(), program(t, echo), os.Environ(), "v1", 4, requests, func(a Answer) error {
			var r Request
			if len(a.Entries) != 1 || json.Unmarshal(a.Entries[0], &r) != nil || r.N != a.N || string(r.Leaf) != "leaf" || r.Instance != "public" || a.Error != "" {
				t.Errorf("%+v", a)
			}
			seen[a.N] = true
			return nil
		})
		if err != nil || len(seen) != n {
			t.Errorf("%d of %d answers, %v", len(seen), n, err)
		}
	}
}

// What the agent is called with.
func TestLookupArguments(t *testing.T) {
	requests, _ := count(1)
	// As the real one, it keeps its output until it is told that there is
	// nothing more.
	path := program(t, greet+`read -r line; echo "{\"n\":0,\"error\":\"$*\"}"; while read -r line; do :; done`)
	err := Lookup(t.Context(), path, os.Environ(), "v1", 7, requests, func(a Answer) error {
		if a.Error != "lookup --client-version v1 --jobs 7" {
			t.Errorf("%+v", a)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for _, jobs := range []int{-1, 0, 17} {
		if err := Lookup(t.Context(), path, nil, "v1", jobs, requests, ignore); err == nil || !strings.Contains(err.Error(), "it must be 1 to 16") {
			t.Errorf("%d jobs: %v", jobs, err)
		}
	}
}

func TestLookupWithBrokenAgent(t *testing.T) {
	for name, test := range map[string]struct{ body, want string }{
		"crash at once":         {"kill -SEGV $$", "ended without an answer: signal"},
		"crash with many words": {"printf 'panic: oh\\n\\ngoroutine 1 [running]:\\n%0100000d' 0 >&2; exit 2", "ended without an answer: exit status 2: panic: oh"},
		"crash in the middle":   {each(`[ $n = 30 ] && exit 3; echo "{\"n\":$n}"`), "ended without an answer: exit status 3"},
		"crash in a line":       {each(`printf '{"n":'; exit 3`), "ended without an answer: exit status 3"},
		"leaves":                {greet, "ended without an answer: exit status 0"},
		"leaves its output":     {greet + "exec sleep 60 >&-", "ended without an answer: signal: killed"},
		"garbage":               {"echo '-----BEGIN'", "in a form that is not its own"},
		"garbage later":         {each("echo oh"), "in a form that is not its own"},
		"other version":         {`echo '{"version":"v2"}'; exec cat`, "is version v2 and paraph is v1: install both from one build"},
		"no version":            {"exec cat", "is version  and paraph is v1"},
		"refuses":               {`echo '{"version":"v1","error":"not today"}'; exit 1`, "not today"},
		"gives up":              {each(`echo '{"version":"v1","error":"the log is down"}'; exit 1`), "paraph-agent gave up: the log is down"},
		"answers twice":         {each(`echo "{\"n\":$n}"; echo "{\"n\":$n}"`), "which was not asked"},
		"answers another":       {each(`echo "{\"n\":12345}"`), "answered request 12345, which was not asked"},
		"answers without end":   {each(`head -c 9000000 /dev/zero | tr '\0' ' '`), "answered with more than 8454144 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Without an answer to the first of them, not all are asked.
			if name == "no version" {
				test.body = "echo '{}'; " + test.body
			}
			requests, taken := count(1_000_000)
			err := Lookup(t.Context(), program(t, test.body), os.Environ(), "v1", 4, requests, ignore)
			if err == nil || !strings.Contains(err.Error(), test.want) || len(err.Error()) > 2*maxLastWords || strings.Contains(err.Error(), "goroutine") {
				t.Errorf("%v, want ...%s...", err, test.want)
			}
			if *taken > 1000 {
				t.Errorf("%d requests were taken", *taken)
			}
		})
	}
	requests, _ := count(1)
	if err := Lookup(t.Context(), "/nothing/"+Program, nil, "v1", 1, requests, ignore); err == nil || !strings.Contains(err.Error(), "cannot be started") {
		t.Error(err)
	}
}

// An agent that is slow to answer is not sent more than it can work on.
func TestLookupBackPressure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready := filepath.Join(t.TempDir(), "ready")
	// The eighth request is all that two jobs get without an answer.
	path := program(t, each(fmt.Sprintf("[ $n = %d ] && : > '%s'", 2*perJob-1, ready)))
	requests, taken := count(1_000_000)
	done := make(chan error)
	go func() { done <- Lookup(ctx, path, os.Environ(), "v1", 2, requests, ignore) }()
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		if time.Since(start) > 20*time.Second {
			t.Fatal("the agent was not sent enough")
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// One more was taken, to wait with.
	if *taken != 2*perJob+1 && *taken != 2*perJob {
		t.Errorf("%d requests were taken", *taken)
	}
}

// Requests that cannot be sent end the look-up.
func TestLookupRequestsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		second Request
		want   string
	}{
		"a number twice": {Request{N: 1}, "there are two requests 1"},
		"too large":      {Request{N: 2, Leaf: make([]byte, MaxRequest)}, "reads at most 262144"},
	} {
		requests := func(yield func(Request) bool) { _ = yield(Request{N: 1}) && yield(test.second) }
		err := Lookup(t.Context(), program(t, greet+"cat >/dev/null"), os.Environ(), "v1", 1, requests, ignore)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever ends the look-up ends the agent and what it started, also one that
// does not listen.
func TestLookupLeavesNothing(t *testing.T) {
	full := errors.New("the disk is full")
	for name, test := range map[string]struct {
		body   string
		answer func(Answer) error
		want   error
	}{
		"silent":               {"exec sleep 60", ignore, context.DeadlineExceeded},
		"does not read":        {greet + "exec sleep 60", ignore, context.DeadlineExceeded},
		"does not answer":      {greet + "cat >/dev/null", ignore, context.DeadlineExceeded},
		"silent child":         {greet + "sleep 5 & wait", ignore, context.DeadlineExceeded},
		"the caller has it":    {echo, func(Answer) error { return full }, full},
		"and it does not end":  {greet + `read -r line; echo '{"n":0}'; trap '' PIPE TERM; exec sleep 60`, func(Answer) error { return full }, full},
		"more than it can say": {greet + `read -r line; yes '{"n":0}'`, func(Answer) error { return full }, full},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if test.want == full {
				ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
			}
			defer cancel()
			pid := filepath.Join(t.TempDir(), "pid")
			start := time.Now()
			requests, _ := count(1_000_000)
			err := Lookup(ctx, program(t, "echo $$ > '"+pid+"'; "+test.body), os.Environ(), "v1", 1, requests, test.answer)
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if d := time.Since(start); d > 4*time.Second {
				t.Errorf("it took %s", d)
			}
			if number, err := os.ReadFile(pid); err == nil {
				if _, err := os.Stat("/proc/" + strings.TrimSpace(string(number))); err == nil {
					t.Error("the agent is still there")
				}
			}
		})
	}
}
