package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Budgets of a push of usualPush commits, judged by the hook pre-receive.
const (
	usualPush  = 10_000
	coldPush   = 12 * time.Second
	cachedPush = 2 * time.Second
	pushMemory = 200 // MB
)

// pushPolicy lets alice do everything.
const pushPolicy = `[policy]
	version = 1
[signer "alice"]
	identity = ` + alice + `
	issuer = ` + issuer + `
[branch "main"]
	allow = alice
	rewind = alice
[path ".paraph/**"]
	allow = alice
`

// A hooked is what a hook took.
type hooked struct {
	Took   time.Duration
	Memory float64 // MB, at most
}

// hookArg has this program be a hook: "hook FILE PROGRAM ARGUMENT...".
const hookArg = "hook"

// runHook runs a program in a hook's place, writes what it took to a file, and
// returns its exit status.
func runHook(file, program string, args ...string) (int, error) {
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	start := time.Now()
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return 1, err
	}
	data, err := json.Marshal(hooked{time.Since(start), float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024})
	if err != nil {
		return 1, err
	}
	return cmd.ProcessState.ExitCode(), os.WriteFile(file, data, 0o600)
}

// push times pushes of commits with a certificate each, to a server that does
// not know them: the first time nobody has verified any, then their verdicts
// are cached.
func (b bench) push(commits int) error {
	client, err := longRepo(b.path("client"), commits, 1)
	if err != nil {
		return err
	}
	told := b.path("hooked")
	fmt.Printf("a push of %d commits with %d certificates, judged by pre-receive\n", commits, commits)
	for i, name := range []string{"cold", "cached", "cached"} {
		server, err := b.pushServer(client, told, i)
		if err != nil {
			return err
		}
		start := time.Now()
		if out, err := client.git("push", "-q", server, "main").CombinedOutput(); err != nil {
			return fmt.Errorf("git push: %w\n%s", err, out)
		}
		whole := time.Since(start)
		var h hooked
		data, err := os.ReadFile(told)
		if err == nil {
			err = json.Unmarshal(data, &h)
		}
		if err != nil {
			return err
		}
		budget := cachedPush
		if name == "cold" {
			budget = coldPush
		}
		budget = budget * time.Duration(commits) / usualPush
		fmt.Printf("%-13s %6.2f s (budget %.1f)%s, %.0f MB (budget %d)%s, the push %.2f s\n", name, h.Took.Seconds(), budget.Seconds(), missed(h.Took > budget),
			h.Memory, pushMemory, missed(h.Memory > pushMemory), whole.Seconds())
	}
	fmt.Println()
	return nil
}

// pushServer is an empty repository with paraph for its hook, which tells a
// file what it takes.
func (b bench) pushServer(client *repo, told string, number int) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	dir, policy := b.path(fmt.Sprintf("server%d", number)), b.path("push.policy")
	if out, err := client.git("init", "-q", "--bare", "-b", "main", "--template=", dir).CombinedOutput(); err != nil {
		return "", fmt.Errorf("git init: %w\n%s", err, out)
	}
	for key, value := range map[string]string{"paraph.hook.policy": policy, "paraph.trustedRoot": filepath.Join(client.dir, "trusted_root.json")} {
		if out, err := client.git("--git-dir="+dir, "config", key, value).CombinedOutput(); err != nil {
			return "", fmt.Errorf("git config: %w\n%s", err, out)
		}
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' %s '%s' '%s' hook run pre-receive\n", self, hookArg, told, b.path("paraph"))
	return dir, errors.Join(os.WriteFile(policy, []byte(pushPolicy), 0o600), os.MkdirAll(filepath.Join(dir, "hooks"), 0o700),
		os.WriteFile(filepath.Join(dir, "hooks", "pre-receive"), []byte(script), 0o700))
}
