//go:build unix

package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program writes an agent that is a shell script.
func program(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), Program)
	// A test beside this one must not start a process while the file is open
	// for writing: the process would inherit it, and the file be busy.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// answer prints JSON after all of standard input was read.
func answer(json string) string { return "cat >/dev/null; printf '%s\\n' '" + json + "'" }

// settings are those that git tells.
func settings() ([]byte, error) { return []byte("git"), nil }

func TestSign(t *testing.T) {
	// The fake answers with what it was called with and was sent.
	path := program(t, `payload=$(cat | tr '\n' ' '); printf '{"version":"v1","armored":"%s %s %s: %s"}' "$1" "$2" "$3" "$payload"`)
	r, err := Sign(t.Context(), path, os.Environ(), "v1", settings, []byte("payload"))
	if err != nil || r.Armored != "sign --client-version v1: 3 gitpayload" {
		t.Errorf("%+v, %v", r, err)
	}
}

// An error that the agent names is an answer, whatever its exit status.
func TestSignNamesError(t *testing.T) {
	path := program(t, answer(`{"version":"v1","error":"no token","usage":true}`)+"; exit 1")
	r, err := Sign(t.Context(), path, os.Environ(), "v1", settings, nil)
	if err != nil || r.Error != "no token" || !r.Usage {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSignWithBrokenAgent(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"crash":                     {"cat >/dev/null; kill -SEGV $$", "ended without an answer: signal"},
		"crash with many words":     {"cat >/dev/null; printf 'panic: oh\\n\\ngoroutine 1 [running]:\\n%0100000d' 0 >&2; exit 2", "ended without an answer: exit status 2: panic: oh"},
		"status":                    {"cat >/dev/null; exit 3", "ended without an answer: exit status 3"},
		"does not read":             {"exit 3", "ended without an answer: exit status 3"},
		"nothing, and success":      {"cat >/dev/null", "in a form that is not its own"},
		"garbage":                   {answer("-----BEGIN SIGNED MESSAGE-----"), "in a form that is not its own"},
		"two answers":               {answer(`{"version":"v1","error":"a"}{"version":"v1","error":"b"}`), "in a form that is not its own"},
		"other version":             {answer(`{"version":"v2","armored":"x"}`), "is version v2 and paraph is v1: install both from one build"},
		"no version":                {answer(`{"armored":"x"}`), "is version  and paraph is v1"},
		"neither":                   {answer(`{"version":"v1"}`), "neither with a signature nor with an error"},
		"both":                      {answer(`{"version":"v1","armored":"x","error":"y"}`), "neither with a signature nor with an error"},
		"signature, and failure":    {answer(`{"version":"v1","armored":"x"}`) + "; exit 1", "answered, and failed"},
		"two megabytes":             {`cat >/dev/null; printf '{"version":"v1","armored":"%02000000d"}' 0`, "answered with more than 1048576 bytes"},
		"two megabytes of spaces":   {`cat >/dev/null; printf '{"version":"v1","armored":"x"}%2000000s' ' '`, "answered with more than 1048576 bytes"},
		"one megabyte, cut in half": {`cat >/dev/null; printf '{"version":"v1","armored":"%01000000d' 0`, "in a form that is not its own"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Sign(t.Context(), program(t, tt.body), os.Environ(), "v1", settings, make([]byte, 1<<20))
			if r != nil || err == nil || !strings.Contains(err.Error(), Program) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%.200q, %v, want ...%s...", fmt.Sprint(r), err, tt.want)
			}
			if len(err.Error()) > 2*maxLastWords || strings.Contains(err.Error(), "goroutine") {
				t.Errorf("the error is too long: %v", err)
			}
		})
	}
	if _, err := Sign(t.Context(), "/nothing/"+Program, nil, "v1", settings, nil); err == nil {
		t.Error("an agent that is not there answered")
	}
}

// Without settings there is no signature, whatever the agent says.
func TestSignWithoutSettings(t *testing.T) {
	path := program(t, answer(`{"version":"v1","armored":"x"}`))
	for want, settings := range map[string]func() ([]byte, error){
		"no git":                             func() ([]byte, error) { return nil, errors.New("no git") },
		"more than 1048576 bytes for paraph": func() ([]byte, error) { return make([]byte, maxSettings+1), nil },
	} {
		if r, err := Sign(t.Context(), path, os.Environ(), "v1", settings, []byte("payload")); r != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v, %v, want ...%s...", r, err, want)
		}
	}
}

// An agent that is silent, and one whose child keeps its output open, end
// with the context.
func TestSignWithSilentAgent(t *testing.T) {
	for name, body := range map[string]string{"silent": "exec sleep 60", "silent child": "sleep 5 & wait"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			r, err := Sign(ctx, program(t, body), os.Environ(), "v1", settings, []byte("payload"))
			if r != nil || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%+v, %v", r, err)
			}
			if d := time.Since(start); d > 4*time.Second {
				t.Errorf("it took %s", d)
			}
		})
	}
}

// An agent that is to end is asked to, and has a moment for what it is at.
func TestSignInterrupted(t *testing.T) {
	dir := t.TempDir()
	begun, done := filepath.Join(dir, "begun"), filepath.Join(dir, "done")
	path := program(t, "trap 'sleep 0.3; touch "+done+"; exit 1' INT; touch "+begun+"; while :; do sleep 0.1; done")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(begun); err == nil {
				cancel()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	if r, err := Sign(ctx, path, os.Environ(), "v1", settings, []byte("payload")); r != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := os.Stat(done); err != nil {
		t.Errorf("the agent did not get to its end: %v", err)
	}
}

func TestFind(t *testing.T) {
	beside, linked, onPath := t.TempDir(), t.TempDir(), t.TempDir()
	write := func(dir string, mode os.FileMode) string {
		path := filepath.Join(dir, Program)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	find := func(t *testing.T, self, want string) {
		t.Helper()
		if got, err := Find(self); err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	self := filepath.Join(beside, "paraph")
	if err := os.WriteFile(self, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(linked, "paraph")
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", onPath)

	if _, err := Find(self); err == nil || !strings.Contains(err.Error(), "neither beside paraph ("+beside+") nor on PATH") {
		t.Errorf("found where there is none: %v", err)
	}
	path := write(onPath, 0o700)
	find(t, self, path)
	agent := write(beside, 0o600)
	find(t, self, path) // it cannot be run
	if err := os.Chmod(agent, 0o700); err != nil {
		t.Fatal(err)
	}
	find(t, self, agent)
	find(t, link, agent) // beside what the link leads to
	if err := os.Mkdir(filepath.Join(linked, Program), 0o700); err != nil {
		t.Fatal(err)
	}
	find(t, link, agent) // a folder is none
}

func TestTrust(t *testing.T) {
	request := TrustRequest{Do: TrustUpdate, Instances: []string{"public", "mine"}}
	path := program(t, `r=$(cat); printf '{"version":"v1","results":[{"instance":"public"},{"instance":"mine","error":"%s %s: %s"}]}' "$1" "$3" "$(printf %s "$r" | tr -d '"')"`)
	r, err := Trust(t.Context(), path, os.Environ(), "v1", request)
	if err != nil || r.Results[1].Error != "trust v1: {do:update,instances:[public,mine]}" {
		t.Errorf("%+v, %v", r, err)
	}
	for name, tt := range map[string]struct{ body, want string }{
		"crash":          {"cat >/dev/null; exit 2", "ended without an answer: exit status 2"},
		"garbage":        {answer("{"), "in a form that is not its own"},
		"other version":  {answer(`{"version":"v2","error":"x"}`), "install both from one build"},
		"one instance":   {answer(`{"version":"v1","results":[{"instance":"public"}]}`), "answered for 1 instances, asked for 2"},
		"results, fails": {answer(`{"version":"v1","results":[{},{}]}`) + "; exit 1", "answered, and failed"},
	} {
		if r, err := Trust(t.Context(), program(t, tt.body), os.Environ(), "v1", request); r != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %+v, %v, want ...%s...", name, r, err, tt.want)
		}
	}
	path = program(t, answer(`{"version":"v1","error":"oh"}`)+"; exit 1")
	if r, err := Trust(t.Context(), path, os.Environ(), "v1", request); err != nil || r.Error != "oh" {
		t.Errorf("%+v, %v", r, err)
	}
}
