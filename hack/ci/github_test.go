package ci

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A githubCase is an event, by its file in testdata/github, and what becomes of
// it.
type githubCase struct {
	name  string
	event string // GITHUB_EVENT_NAME
	clone clone
	env   []string
	exit  int
	args  string // of paraph
	says  string
}

const (
	byBase   = "--policy {M2}:.paraph/policy --incoming --ref refs/heads/main "
	shallow  = "--depth=1"
	noPolicy = "has no .paraph/policy"
)

var githubCases = []githubCase{
	{name: "pull_request", event: "pull_request", args: byBase + "{M2}..{S2}", says: "2 trusted"},
	{name: "pull_request_fork", event: "pull_request", args: byBase + "{M2}..{S2}", says: "2 trusted"},
	{name: "pull_request_target", event: "pull_request_target", clone: clone{head: "P2"}, exit: 1, args: byBase + "{M2}..{P2}", says: "2 objects: 2 refused"},
	{name: "pull_request_changes_policy", event: "pull_request", clone: clone{head: "P2"}, exit: 1, args: byBase + "{M2}..{P2}", says: "2 objects: 2 refused"},
	{name: "pull_request_unsigned_below", event: "pull_request", exit: 1, args: byBase + "{M2}..{U2}", says: "1 unsigned"},
	// bob is no longer in main's policy, though he still was when he began.
	{name: "pull_request_old_base", event: "pull_request", clone: clone{main: "M3"}, exit: 1, args: "--policy {M3}:.paraph/policy --incoming --ref refs/heads/main {M3}..{S2}", says: "2 refused"},
	{name: "pull_request_base_without_policy", event: "pull_request", clone: clone{main: "start"}, exit: 2, says: noPolicy},
	{name: "pull_request_hostile_name", event: "pull_request", args: byBase + "{M2}..{S2}", says: "2 trusted"},
	{
		name: "pull_request_hostile_base", event: "pull_request", says: "2 trusted",
		args: "--policy {M2}:.paraph/policy --incoming --ref refs/heads/a`touch${IFS}pwned`$(touch${IFS}pwned) {M2}..{S2}",
	},
	{name: "pull_request_not_an_id", event: "pull_request", exit: 2, says: "no commit id"},
	{name: "pull_request_head_missing", event: "pull_request", exit: 3, says: "cannot be fetched"},
	{name: "merge_group", event: "merge_group", args: byBase + "{M2}..{G1}", says: "3 trusted"},
	{name: "push", event: "push", args: "--policy-anchor {M1} --ref refs/heads/main {M1}..{M2}", says: "1 trusted"},
	{name: "push_refused", event: "push", exit: 1, args: "--policy-anchor {M1} --ref refs/heads/main {M1}..{U2}", says: "1 unsigned"},
	{name: "push_forced", event: "push", clone: clone{main: "F1"}, exit: 1, args: "--policy-anchor {M2} --ref refs/heads/main {M2}..{F1}", says: "pushed by force"},
	// Nothing of it is new, and bob signs nothing that stands on main's own line.
	{name: "push_forced_back", event: "push", clone: clone{main: "S2"}, exit: 1, args: "--policy {G1}:.paraph/policy --ref refs/heads/main {S2}", says: "1 refused"},
	{name: "push_first", event: "push", exit: 2, says: "The input anchor names a commit"},
	{name: "push_before_missing", event: "push", exit: 3, says: "{nowhere} is not in this clone and cannot be fetched"},
	{name: "push_before_without_policy", event: "push", exit: 2, says: noPolicy},
	{name: "push_branch", event: "push", args: "--policy {M2}:.paraph/policy --ref refs/heads/topic {S1}..{S2}", says: "1 trusted"},
	{name: "push_new_branch", event: "push", args: "--policy {M2}:.paraph/policy --ref refs/heads/topic {M2}..{S2}", says: "2 trusted"},
	{name: "push_new_branch_nothing_new", event: "push", exit: 1, args: "--policy {M2}:.paraph/policy --ref refs/heads/old {start}", says: "1 unsigned"},
	{name: "push_branch_before_missing", event: "push", args: "--policy {M2}:.paraph/policy --ref refs/heads/topic {M2}..{S2}", says: "2 trusted"},
	{name: "push_hostile_name", event: "push", args: "--policy {M2}:.paraph/policy --ref refs/heads/a$(touch${IFS}pwned) {M2}..{S2}", says: "2 trusted"},
	{name: "push_deleted", event: "push", clone: clone{apart: true}, says: "::notice title=paraph::refs/heads/topic was deleted"},
	{name: "push_tag", event: "push", args: "--policy {M2}:.paraph/policy --ref refs/tags/v1 {tag v1}", says: "2 trusted"},
	{name: "push_tag_refused", event: "push", exit: 1, args: "--policy {M2}:.paraph/policy --ref refs/tags/v2 {tag v2}", says: "1 refused"},
	{name: "push_tag_other_name", event: "push", exit: 1, args: "--policy {M2}:.paraph/policy --ref refs/tags/v3 {tag v1}", says: "(tag-name)"},
	{name: "push_tag_lightweight", event: "push", args: "--policy {M2}:.paraph/policy --ref refs/tags/light {M1}", says: "::warning title=paraph::refs/tags/light is a tag without"},
	{name: "push_tag_moved", event: "push", args: "--policy {M2}:.paraph/policy --ref refs/tags/v1 {tag v1}", says: "::warning title=paraph::refs/tags/v1 was moved"},
	{name: "push_tag_off_main", event: "push", exit: 1, args: "--policy {M2}:.paraph/policy --ref refs/tags/v4 {tag v4} {M2}..{U2}", says: "1 unsigned"},
	{name: "schedule", event: "schedule", env: []string{"VERIFY_ANCHOR={anchor}"}, args: "--policy-anchor {anchor} --ref refs/heads/main {anchor}..{M2}", says: "2 trusted"},
	{name: "workflow_dispatch", event: "workflow_dispatch", exit: 2, says: "The input anchor names the commit"},
	{name: "delete", event: "delete", says: "::notice title=paraph::"},
	{name: "issues", event: "issues", exit: 2, says: "brings nothing that could be verified"},
}

// How it was checked out, and what the inputs say.
var githubSettings = map[string]githubCase{
	"shallow": {name: "pull_request", event: "pull_request", clone: clone{args: []string{shallow}}, args: byBase + "{M2}..{S2}", says: "2 trusted"},
	"shallow with the merge checked out": {
		name: "pull_request", event: "pull_request", clone: clone{args: []string{shallow, "--no-tags"}, head: "G1"}, args: byBase + "{M2}..{S2}", says: "2 trusted",
	},
	"shallow push":            {name: "push", event: "push", clone: clone{args: []string{shallow}}, args: "--policy-anchor {M1} --ref refs/heads/main {M1}..{M2}", says: "1 trusted"},
	"shallow and apart":       {name: "pull_request", event: "pull_request", clone: clone{args: []string{shallow}, apart: true}, exit: 3, says: "fetch-depth: 0"},
	"partial":                 {name: "push", event: "push", clone: clone{args: []string{"--filter=blob:none"}}, exit: 3, says: "The clone is partial"},
	"apart, all is here":      {name: "pull_request", event: "pull_request", clone: clone{args: []string{"--no-single-branch"}, apart: true}, args: byBase + "{M2}..{S2}", says: "2 trusted"},
	"apart, the target's tip": {name: "push_branch", event: "push", clone: clone{args: []string{"--no-single-branch"}, apart: true}, exit: 3, says: "cannot be asked"},
	"first push, anchor": {
		name: "push_first", event: "push", env: []string{"VERIFY_ANCHOR={M1}"}, args: "--policy-anchor {M1} --ref refs/heads/main {M1}..{M2}", says: "1 trusted",
	},
	"push, anchor": {
		name: "push", event: "push", env: []string{"VERIFY_ANCHOR={anchor}"}, args: "--policy-anchor {anchor} --ref refs/heads/main {M1}..{M2}", says: "1 trusted",
	},
	"push, policy": {
		name: "push", event: "push", env: []string{"VERIFY_POLICY={anchor}:.paraph/policy"}, args: "--policy {anchor}:.paraph/policy --ref refs/heads/main {M1}..{M2}", says: "1 trusted",
	},
	"policy in the workspace": {
		name: "pull_request", event: "pull_request", env: []string{"VERIFY_POLICY=.paraph/policy"}, exit: 2, says: "no absolute path",
	},
	"policy by a name":      {name: "push", event: "push", env: []string{"VERIFY_POLICY=main:.paraph/policy"}, exit: 2, says: "no absolute path"},
	"anchor by a name":      {name: "push", event: "push", env: []string{"VERIFY_ANCHOR=v1"}, exit: 2, says: "no whole commit id"},
	"anchor without any":    {name: "schedule", event: "schedule", env: []string{"VERIFY_ANCHOR={start}"}, exit: 2, says: noPolicy},
	"both":                  {name: "push", event: "push", env: []string{"VERIFY_POLICY={M1}:.paraph/policy", "VERIFY_ANCHOR={M1}"}, exit: 2, says: "Give one"},
	"target":                {name: "push", event: "push", env: []string{"VERIFY_TARGET=topic"}, args: "--policy {S2}:.paraph/policy --ref refs/heads/main {M1}..{M2}", says: "1 trusted"},
	"target is not there":   {name: "push", event: "push", env: []string{"VERIFY_TARGET=trunk"}, exit: 2, says: "There is no refs/heads/trunk"},
	"target with an escape": {name: "push", event: "push", env: []string{"VERIFY_TARGET=a%0A\n::error::b"}, exit: 2, says: "'a%250A%0A::error::b'"},
	// What only paraph itself finds wrong is an annotation too.
	"no such policy": {
		name: "push", event: "push", env: []string{"VERIFY_POLICY={M1}:nothing"}, exit: 2,
		args: "--policy {M1}:nothing --ref refs/heads/main {M1}..{M2}", says: "::error title=paraph::paraph: ",
	},
	"no such program":      {name: "push", event: "push", env: []string{"VERIFY_PARAPH=no-such-paraph"}, exit: 2, says: "names no program"},
	"another event's file": {name: "push", event: "push", env: []string{"GITHUB_EVENT_PATH=/dev/null"}, exit: 2, says: "GITHUB_EVENT_PATH"},
	"another directory":    {name: "push", event: "push", env: []string{"VERIFY_DIRECTORY=/"}, exit: 2, says: "No repository is here"},
}

// Each event is judged by the right policy over the right range, and ends as it
// should.
func TestGitHubEvents(t *testing.T) {
	w := shared(t)
	files, err := filepath.Glob("testdata/github/*.json")
	if err != nil || len(files) != len(githubCases) {
		t.Errorf("%d files for %d cases: %v", len(files), len(githubCases), err)
	}
	for _, c := range githubCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w.github(t, c)
		})
	}
}

func TestGitHubSettings(t *testing.T) {
	w := shared(t)
	for _, name := range slices.Sorted(maps.Keys(githubSettings)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w.github(t, githubSettings[name])
		})
	}
}

func (w *world) github(t *testing.T, c githubCase) {
	dir := w.place(t, c.clone)
	r := w.event(t, dir, c)
	w.check(t, r, "github", c.exit, c.args, c.says)
	annotated(t, r)
	if !strings.HasPrefix(r.report, "### paraph: ") || strings.Count(r.report, "\n") < 5 {
		t.Errorf("the summary is %q", r.report)
	}
	if strings.ContainsAny(r.report, "`") {
		t.Errorf("a name is Markdown in the summary: %s", r.report)
	}
}

// event runs the script as the action does.
func (w *world) event(t *testing.T, dir string, c githubCase) run {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/github", c.name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	event := filepath.Join(dir, "event.json")
	if err := os.WriteFile(event, []byte(w.ids.Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"GITHUB_EVENT_NAME=" + c.event, "GITHUB_EVENT_PATH=" + event, "GITHUB_REPOSITORY=acme/app",
		"GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary"), "GITHUB_WORKSPACE=" + filepath.Join(dir, "work"),
		"VERIFY_PARAPH=" + filepath.Join(dir, "paraph"), "VERIFY_FORMAT=github",
	}
	for _, v := range c.env {
		env = append(env, w.ids.Replace(v))
	}
	script, err := filepath.Abs(root + "/.github/actions/verify/verify.sh")
	if err != nil {
		t.Fatal(err)
	}
	return w.run(t, dir, env, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", `"$0"`, script)
}

// annotation is a workflow command as GitHub's runner reads it: nothing that was
// not escaped, and no more than one a line.
var annotation = regexp.MustCompile(`^::(error|warning|notice) title=[^:,\r\n]*(,file=[^:,\r\n]*,line=[0-9]+)?::([^%\r\n]|%25|%0D|%0A)*$`)

func annotated(t *testing.T, r run) {
	t.Helper()
	errors := 0
	for line := range strings.Lines(r.out + r.words) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "::") && !annotation.MatchString(line) {
			t.Errorf("no annotation: %q", line)
		}
		if strings.HasPrefix(line, "::error ") {
			errors++
		}
	}
	if (errors > 0) != (r.status != 0) {
		t.Errorf("exit status %d with %d errors", r.status, errors)
	}
}

// What GitHub checked out for a fork as origin is not the repository whose
// policy counts.
func TestGitHubOriginIsAFork(t *testing.T) {
	w := shared(t)
	for _, url := range []string{"https://github.com/mallory/app", "git@github.com:mallory/app.git", "https://x:token@github.com/evil-acme/app.git"} {
		t.Run(url[:3]+url[len(url)-7:], func(t *testing.T) {
			dir := w.place(t, clone{args: []string{"--no-single-branch"}})
			w.git(t, filepath.Join(dir, "work"), "remote", "set-url", "origin", url)
			r := w.event(t, dir, githubCases[0])
			w.check(t, r, "github", 2, "", "and the event is of acme/app")
			if strings.Contains(r.out+r.words, "token") {
				t.Errorf("it tells a secret: %s", r.out)
			}
		})
	}
}

// Other formats keep standard output for themselves.
func TestGitHubOtherFormat(t *testing.T) {
	w := shared(t)
	dir := w.place(t, clone{main: "F1"})
	c := githubCase{name: "push_forced", event: "push", env: []string{"VERIFY_FORMAT=ndjson"}}
	r := w.event(t, dir, c)
	if r.status != 1 || !strings.HasPrefix(r.out, `{"schema":1,`) || strings.Contains(r.out, "::") || !strings.Contains(r.words, "::warning ") {
		t.Errorf("exit status %d\n%s\n%s", r.status, r.out, r.words)
	}
}

// Without an installed paraph the one beside the script is built.
func TestGitHubBuildsParaph(t *testing.T) {
	w := shared(t)
	dir := w.place(t, clone{})
	env := []string{"VERIFY_PARAPH=", "GOFLAGS=-mod=nonsense", "GOWORK=" + filepath.Join(dir, "work/go.work")}
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.Split(string(out), "\n")
	env = append(env, "GOMODCACHE="+values[0], "GOCACHE="+values[1], "GOPROXY="+values[2])
	r := w.event(t, dir, githubCase{name: "push", event: "push", env: env})
	if r.status != 0 || r.args != "" || !strings.Contains(r.out, "1 trusted") {
		t.Errorf("exit status %d\n%s\n%s", r.status, r.out, r.words)
	}
}
