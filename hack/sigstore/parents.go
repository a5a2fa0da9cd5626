package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

const parentInterval = 100 * time.Millisecond

// watchParents calls orphaned when the process that started this one is gone.
// Under `go run` that is the go command, which does not care whether its own
// parent lives, so that one is watched too. Process 1 never counts as gone.
func watchParents(ctx context.Context, orphaned func()) {
	parent := os.Getppid()
	grandparent := 0 // none to watch
	if name, pid := process(parent); name == "go" {
		grandparent = pid
	}
	tick := time.NewTicker(parentInterval)
	defer tick.Stop()
	for {
		gone := os.Getppid() != parent
		if grandparent != 0 {
			_, pid := process(parent)
			gone = gone || pid != grandparent
		}
		if gone {
			orphaned()
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// process returns the name and the parent of a process, by proc(5); both are
// empty if it is gone, or if there is no /proc.
func process(pid int) (name string, parent int) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	// "PID (NAME) STATE PPID ...", and NAME may hold anything.
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || end < open {
		return "", 0
	}
	fields := bytes.Fields(b[end+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, err = strconv.Atoi(string(fields[1]))
	if err != nil {
		return "", 0
	}
	return string(b[open+1 : end]), parent
}
