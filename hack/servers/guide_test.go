package servers

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A guide is docs/servers.md.
type guide struct {
	t        *testing.T
	blocks   []string
	followed []bool
	places   *strings.Replacer // of the test's for the guide's
	env      []string
}

// block is the one block of the guide that begins as given, with the test's
// places.
func (g *guide) block(begins string) string {
	g.t.Helper()
	found := -1
	for i, b := range g.blocks {
		if strings.HasPrefix(b, begins) {
			if found >= 0 {
				g.t.Fatalf("two blocks of docs/servers.md begin with %q", begins)
			}
			found = i
		}
	}
	if found < 0 {
		g.t.Fatalf("no block of docs/servers.md begins with %q", begins)
	}
	g.followed[found] = true
	return g.places.Replace(g.blocks[found])
}

// try runs a block in a folder, and returns what it says and whether it ends well.
func (g *guide) try(dir, begins string) (string, bool) {
	g.t.Helper()
	return g.sh(dir, g.block(begins))
}

// follow runs a block that has to end well.
func (g *guide) follow(dir, begins string) string {
	g.t.Helper()
	out, ok := g.try(dir, begins)
	if !ok {
		g.t.Fatalf("%s: fails:\n%s", begins, out)
	}
	return out
}

// sh runs commands in a folder.
func (g *guide) sh(dir, commands string) (string, bool) {
	g.t.Helper()
	cmd := exec.CommandContext(g.t.Context(), "sh", "-ec", commands)
	cmd.Dir, cmd.Env = dir, g.env
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		g.t.Fatal(err)
	}
	return string(out), err == nil
}

// must runs commands that have to end well.
func (g *guide) must(dir, commands string) string {
	g.t.Helper()
	out, ok := g.sh(dir, commands)
	if !ok {
		g.t.Fatalf("%s: fails:\n%s", commands, out)
	}
	return strings.TrimSpace(out)
}

// all asserts that each block was followed.
func (g *guide) all() {
	g.t.Helper()
	for i, b := range g.blocks {
		if !g.followed[i] {
			g.t.Errorf("nobody followed this of docs/servers.md:\n%s", b)
		}
	}
}

// shows asserts that the lines of a block come in that order in what somebody was
// told, with anything in the place of "...".
func (g *guide) shows(begins, told string) {
	g.t.Helper()
	lines := strings.Split(told, "\n")
	for line := range strings.Lines(g.block(begins)) {
		before, after, _ := strings.Cut(strings.TrimSpace(line), "...")
		at := slices.IndexFunc(lines, func(l string) bool {
			rest, ok := strings.CutPrefix(strings.TrimSpace(l), before)
			return ok && strings.HasSuffix(rest, after)
		})
		if at < 0 {
			g.t.Fatalf("docs/servers.md shows %q, but whoever pushed read:\n%s", strings.TrimSpace(line), told)
		}
		lines = lines[at+1:]
	}
}

// readGuide reads the blocks of the guide. Those inside of lists, which are
// indented by more, speak of servers that are not here.
func readGuide(t *testing.T) *guide {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "servers.md"))
	if err != nil {
		t.Fatal(err)
	}
	g := &guide{t: t}
	for part := range strings.SplitSeq(string(doc), "\n\n") {
		if text, ok := strings.CutPrefix(part, "    "); ok && text[0] != ' ' {
			g.blocks = append(g.blocks, strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n    ", "\n"))
		}
	}
	g.followed = make([]bool, len(g.blocks))
	return g
}
