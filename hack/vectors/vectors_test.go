package main

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// world is a folder for repositories.
type world struct{ dir string }

// newWorld prepares a folder.
func newWorld(t *testing.T) world {
	t.Helper()
	w := world{t.TempDir()}
	if err := scribe.Prepare(w.dir); err != nil {
		t.Fatal(err)
	}
	return w
}

// patience bounds each command.
const patience = time.Minute

// run runs a program in the repository of a situation.
func (w world) run(t *testing.T, s *situation, program string, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = filepath.Join(w.dir, s.name+".git"), scribe.Env(w.dir)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return out.String(), words.String(), cmd.ProcessState.ExitCode()
}

// The table speaks of every history, and of verdicts that exist.
func TestTable(t *testing.T) {
	table, err := readTable(tableText)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := []string{"trusted", "exempt", "refused", "expired", "unproven", "unknown", "malformed", "bad", "unsigned", "-", "*"}
	seen := map[string]bool{}
	for _, s := range table {
		if seen[s.name] {
			t.Errorf("%s is there twice", s.name)
		}
		seen[s.name] = true
		for _, r := range s.rows {
			if !slices.Contains(verdicts, r.want[0]) || !slices.Contains(verdicts, r.want[1]) || !strings.Contains("-GURXEBN", r.want[2]) {
				t.Errorf("%s: %s has %q", s.name, r.object, r.want)
			}
		}
		if len(s.rows) == 0 && s.exit[0] == "" {
			t.Errorf("%s: nothing is expected", s.name)
		}
	}
	for name := range histories {
		if !seen[name] {
			t.Errorf("the table does not speak of %s", name)
		}
	}
	if len(table) < 60 {
		t.Errorf("%d situations: there were more", len(table))
	}
	for _, bad := range []string{"name\tsentence", "\tM1\ttrusted\ttrusted\tG", "a\tb\tc\n\tM1\ttrusted"} {
		if got, err := readTable(bad); err == nil {
			t.Errorf("%q was read as %v", bad, got)
		}
	}
}

// The same histories come each time, object for object.
func TestHistoriesDoNotChange(t *testing.T) {
	for _, name := range []string{"kinds-keyless", "kinds-ssh", "kinds-openpgp", "kinds-smime", "kinds-private", "tags"} {
		if one, two := histories[name]().Labels(), histories[name]().Labels(); !maps.Equal(one, two) {
			t.Errorf("%s: %v and %v", name, one, two)
		}
	}
}

// Git finds nothing wrong with what is not meant to be.
func TestGitReadsHistories(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"everyday-updated-branch", "octopus", "tags-of-tags", "path-submodule", "path-link", "orphan-brought-in"} {
		s := &situation{name: name}
		if _, err := s.write(w.dir); err != nil {
			t.Fatal(err)
		}
		if out, words, exit := w.run(t, s, "git", "fsck", "--strict", "--no-dangling"); exit != 0 || out+words != "" {
			t.Errorf("%s: git fsck: %d\n%s%s", name, exit, out, words)
		}
	}
}

// The program writes histories, and says what to ask.
func TestRun(t *testing.T) {
	table, err := readTable(tableText)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	dir := filepath.Join(t.TempDir(), "new")
	if err := run(dir, table[:2], &out); err != nil {
		t.Fatal(err)
	}
	for _, s := range table[:2] {
		if _, err := os.Stat(filepath.Join(dir, s.name+".git", "HEAD")); err != nil || !strings.Contains(out.String(), s.name+".git && paraph verify --policy-anchor ") {
			t.Errorf("%v, %q", err, out.String())
		}
	}
}
