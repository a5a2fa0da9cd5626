//go:build unix

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() { scriptCommands["shown"] = shown }

type shownKey struct{}

// shown DOC N runs the block of commands number N, from 1, that docs/DOC.md
// shows, with the script's own instance in the place of the examples'. shown
// DOC N FILE writes a block into a file instead, without its margin, and shown
// DOC all asserts that each block was run or written.
func shown(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: shown DOC {N [FILE] | all}")
	}
	file := args[0] + ".md"
	args = args[1:]
	doc, err := os.ReadFile("../../docs/" + file)
	ts.Check(err)
	var blocks []string
	for part := range strings.SplitSeq(string(doc), "\n\n") {
		if strings.HasPrefix(part, "    ") {
			blocks = append(blocks, part)
		}
	}
	run := ts.Value(shownKey{}).(*[]string)
	if args[0] == "all" {
		if len(*run) != len(blocks) {
			ts.Fatalf("docs/%s shows %d blocks, %q were run", file, len(blocks), *run)
		}
		return
	}
	var n int
	if _, err := fmt.Sscan(args[0], &n); err != nil || n < 1 || n > len(blocks) {
		ts.Fatalf("docs/%s has blocks 1 to %d", file, len(blocks))
	}
	if !slices.Contains(*run, args[0]) {
		*run = append(*run, args[0])
	}
	if len(args) == 2 {
		text := "\n" + strings.TrimSuffix(blocks[n-1], "\n") + "\n"
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.ReplaceAll(text, "\n    ", "\n")[1:]), 0o600))
		return
	}
	block := strings.NewReplacer(
		"https://tuf.example.com", ts.Getenv("TUF"), "/path/to/root.json", ts.Getenv("TUF_ROOT"), "/path/to/copy", ts.Getenv("WORK")+"/copy",
		"/path/to/trusted_root.json", ts.Getenv("ROOT"), "/path/to/signing_config.v0.2.json", ts.Getenv("SIGNING1"),
	).Replace(blocks[n-1])
	ts.Check(ts.Exec("sh", "-ec", block))
}
