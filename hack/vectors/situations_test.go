package main

import (
	"encoding/json"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// A judge is paraph, beside the repositories that it is asked about.
type judge struct {
	world
	paraph string
}

// newJudge builds paraph.
func newJudge(t *testing.T) judge {
	t.Helper()
	j := judge{newWorld(t), filepath.Join(t.TempDir(), "paraph")}
	if out, err := exec.Command("go", "build", "-o", j.paraph, "github.com/paraph/paraph/cmd/paraph").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return j
}

// Each object of each history gets exactly the verdict of the table, whoever
// asks: by a fixed policy, by an anchor, and in git.
func TestSituations(t *testing.T) {
	table, err := readTable(tableText)
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(t)
	for _, s := range table {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h, err := s.write(j.dir)
			if err != nil {
				t.Fatal(err)
			}
			for i, ask := range s.verify {
				if ask != "" {
					j.verify(t, s, h, i)
				}
			}
			j.grades(t, s, h)
		})
	}
}

// result is a line of paraph verify --format ndjson.
type result struct {
	ID      string          `json:"id"`
	Ref     string          `json:"ref"`
	Verdict string          `json:"verdict"`
	Error   json.RawMessage `json:"error"`
}

// verify compares what paraph verify says of each object, and how it ends.
func (j judge) verify(t *testing.T, s *situation, h *scribe.History, column int) {
	t.Helper()
	args := append([]string{"verify", "--format", "ndjson"}, s.arguments(h, s.verify[column])...)
	out, words, exit := j.run(t, s, j.paraph, args...)
	how := [2]string{"by fixed policy", "by anchor"}[column]
	want, status := s.wanted(column)
	if strconv.Itoa(exit) != status {
		t.Errorf("%s: exit status %d, want %s\n%s", how, exit, status, words)
	}
	if status == "2" || status == "3" {
		return
	}
	labels, said := map[string]string{}, map[string]bool{}
	for label, id := range h.Labels() {
		labels[id] = label
	}
	for line := range strings.Lines(out) {
		var r result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v in %q", how, err, line)
		}
		label := labels[r.ID]
		said[label] = true
		if r.Verdict != want[label] {
			t.Errorf("%s: %s %s is %s, want %q: %s", how, label, r.Ref, r.Verdict, want[label], r.Error)
		}
	}
	for label := range want {
		if !said[label] {
			t.Errorf("%s: nothing is said of %s", how, label)
		}
	}
}

// wanted are the verdicts of a column by label, and the exit status.
func (s *situation) wanted(column int) (verdicts map[string]string, status string) {
	verdicts, status = map[string]string{}, "0"
	for _, r := range s.rows {
		v := r.want[column]
		if v != "-" {
			verdicts[r.object] = v
		}
		if v != "-" && v != "trusted" && v != "exempt" {
			status = "1"
		}
	}
	if s.exit[column] != "" {
		status = s.exit[column]
	}
	return verdicts, status
}

// grades compares what git shows of each commit.
func (j judge) grades(t *testing.T, s *situation, h *scribe.History) {
	t.Helper()
	want := map[string]string{} // by id
	for _, r := range s.rows {
		if r.want[2] != "-" {
			want[h.ID(r.object)] = r.want[2] + " " + r.object
		}
	}
	if len(want) == 0 {
		return
	}
	args := append([]string{"-c", "gpg.x509.program=" + j.paraph, "log", "--no-walk=unsorted", "--format=%H %G? %s"}, slices.Sorted(maps.Keys(want))...)
	out, words, exit := j.run(t, s, "git", args...)
	if exit != 0 {
		t.Fatalf("git log: exit status %d\n%s", exit, words)
	}
	for line := range strings.Lines(out) {
		id, got, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if got != want[id] {
			t.Errorf("in git: %q, want %q", got, want[id])
		}
		delete(want, id)
	}
	for _, grade := range want {
		t.Errorf("in git: nothing is said of %q", grade)
	}
}
