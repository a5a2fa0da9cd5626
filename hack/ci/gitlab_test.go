package ci

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gitlabScript is the one script of the template, as GitLab's runner gets it.
func gitlabScript(t *testing.T) string {
	t.Helper()
	const margin = "      "
	_, block, found := strings.Cut(read(t, ".gitlab/paraph.gitlab-ci.yml"), "\n  script:\n    - |\n")
	var b strings.Builder
	for line := range strings.Lines(block) {
		rest, inside := strings.CutPrefix(line, margin)
		if !inside && line != "\n" {
			t.Fatalf("the template ends with other than the script: %q", line)
		}
		if !inside {
			rest = line
		}
		b.WriteString(rest)
	}
	if !found || b.Len() == 0 {
		t.Fatal("the template has no script")
	}
	return b.String()
}

// read reads a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A gitlabCase is a pipeline, by its variables, and what becomes of it.
type gitlabCase struct {
	clone clone
	env   []string
	exit  int
	args  string
	says  string
}

const zeros = "0000000000000000000000000000000000000000"

// pushed are the variables of a pipeline for a branch.
func pushed(branch, before, after string, more ...string) []string {
	return append([]string{"CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=" + branch, "CI_COMMIT_REF_NAME=" + branch, "CI_COMMIT_BEFORE_SHA=" + before, "CI_COMMIT_SHA=" + after}, more...)
}

// tagged are those for a tag: the commit, and nothing of what was before.
func tagged(tag, commit string) []string {
	return []string{"CI_PIPELINE_SOURCE=push", "CI_COMMIT_TAG=" + tag, "CI_COMMIT_REF_NAME=" + tag, "CI_COMMIT_BEFORE_SHA=" + zeros, "CI_COMMIT_SHA=" + commit}
}

// requested are those for a merge request, without what GitLab merged to try.
func requested(base, head string, more ...string) []string {
	return append([]string{
		"CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_EVENT_TYPE=detached", "CI_MERGE_REQUEST_IID=7", "CI_MERGE_REQUEST_PROJECT_PATH=acme/app",
		"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=topic", "CI_MERGE_REQUEST_DIFF_BASE_SHA=" + base,
		"CI_COMMIT_BEFORE_SHA=" + zeros, "CI_COMMIT_SHA=" + head,
	}, more...)
}

var gitlabCases = map[string]gitlabCase{
	"merge request": {env: requested("{M1}", "{S2}"), args: byLabel("main", "{M2}..{S2}"), says: "2 trusted"},
	"merged results": {
		env:  requested("{M1}", "{G1}", "CI_MERGE_REQUEST_EVENT_TYPE=merged_result", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA={S2}", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA={M2}"),
		args: byLabel("main", "{M2}..{S2}"), says: "2 trusted",
	},
	"merge train": {
		env:  requested("{M1}", "{G1}", "CI_MERGE_REQUEST_EVENT_TYPE=merge_train", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA={U2}", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA={M2}"),
		exit: 1, args: byLabel("main", "{M2}..{U2}"), says: "1 unsigned",
	},
	"merge request that changes the policy": {clone: clone{head: "P2"}, env: requested("{M1}", "{P2}"), exit: 1, args: byLabel("main", "{M2}..{P2}"), says: "2 refused"},
	// Where it began bob was in the policy.
	"merge request from of old": {
		clone: clone{main: "M3"}, env: requested("{M1}", "{S2}"), exit: 1, args: "--policy {M3}:.paraph/policy --incoming --ref refs/heads/main {M3}..{S2}", says: "2 refused",
	},
	"merged since":                {clone: clone{main: "G1"}, env: requested("{M1}", "{S2}"), args: "--policy {G1}:.paraph/policy --incoming --ref refs/heads/main {M1}..{S2}", says: "2 trusted"},
	"target without policy":       {clone: clone{main: "start"}, env: requested("{start}", "{S2}"), exit: 2, says: noPolicy},
	"push":                        {env: pushed("main", "{M1}", "{M2}"), args: "--policy-anchor {M1} --ref refs/heads/main {M1}..{M2}", says: "1 trusted"},
	"push by force":               {clone: clone{main: "F1"}, env: pushed("main", "{M2}", "{F1}"), exit: 1, args: "--policy-anchor {M2} --ref refs/heads/main {M2}..{F1}", says: "pushed by force"},
	"push back":                   {clone: clone{main: "S2"}, env: pushed("main", "{G1}", "{S2}"), exit: 1, args: "--policy {G1}:.paraph/policy --ref refs/heads/main {S2}", says: "commit {S2} refused"},
	"first push":                  {env: pushed("main", zeros, "{M2}"), exit: 2, says: "VERIFY_ANCHOR names a commit"},
	"first push, anchor":          {env: pushed("main", zeros, "{M2}", "VERIFY_ANCHOR={anchor}"), args: "--policy-anchor {anchor} --ref refs/heads/main {anchor}..{M2}", says: "2 trusted"},
	"before is missing":           {env: pushed("main", "{nowhere}", "{M2}"), exit: 3, says: "{nowhere} is not in this clone"},
	"new branch":                  {env: pushed("topic", zeros, "{S2}"), args: "--policy {M2}:.paraph/policy --ref refs/heads/topic {M2}..{S2}", says: "2 trusted"},
	"push to a branch":            {env: pushed("topic", "{S1}", "{S2}"), args: "--policy {M2}:.paraph/policy --ref refs/heads/topic {S1}..{S2}", says: "1 trusted"},
	"hostile name":                {env: pushed("a$(touch${IFS}pwned)", zeros, "{S2}"), args: "--policy {M2}:.paraph/policy --ref refs/heads/a$(touch${IFS}pwned) {M2}..{S2}", says: "2 trusted"},
	"tag":                         {env: tagged("v1", "{M1}"), args: "--policy {M2}:.paraph/policy --ref refs/tags/v1 {tag v1}", says: "tag {tag v1} trusted"},
	"tag by a stranger":           {env: tagged("v2", "{M1}"), exit: 1, args: "--policy {M2}:.paraph/policy --ref refs/tags/v2 {tag v2}", says: "tag {tag v2} refused"},
	"tag off the target":          {env: tagged("v4", "{U2}"), exit: 1, args: "--policy {M2}:.paraph/policy --ref refs/tags/v4 {tag v4} {M2}..{U2}", says: "1 unsigned"},
	"tag that was moved since":    {env: tagged("v1", "{M2}"), exit: 3, says: "was moved since"},
	"schedule":                    {env: []string{"CI_PIPELINE_SOURCE=schedule", "CI_COMMIT_SHA={M2}", "VERIFY_ANCHOR={anchor}"}, args: "--policy-anchor {anchor} --ref refs/heads/main {anchor}..{M2}", says: "2 trusted"},
	"schedule without anchor":     {env: []string{"CI_PIPELINE_SOURCE=schedule", "CI_COMMIT_SHA={M2}"}, exit: 2, says: "VERIFY_ANCHOR names the commit"},
	"shallow":                     {clone: clone{args: []string{shallow}}, env: requested("{M1}", "{S2}"), args: byLabel("main", "{M2}..{S2}"), says: "2 trusted"},
	"shallow and apart":           {clone: clone{args: []string{shallow}, apart: true}, env: pushed("main", "{M1}", "{M2}"), exit: 3, says: "GIT_DEPTH"},
	"partial":                     {clone: clone{args: []string{"--filter=blob:none"}}, env: pushed("main", "{M1}", "{M2}"), exit: 3, says: "The clone is partial"},
	"a policy of the project":     {env: pushed("main", "{M1}", "{M2}", "VERIFY_POLICY={dir}/TestGitLab-a_policy_of_the_project/work/.paraph/policy"), exit: 2, says: "a file of the project"},
	"nothing to verify with":      {env: pushed("main", "{M1}", "{M2}", "VERIFY_PARAPH="), exit: 2, says: "VERIFY_VERSION names a version"},
	"a before that is an option":  {env: pushed("topic", "--output=x", "{S2}"), args: "--policy {M2}:.paraph/policy --ref refs/heads/topic {M2}..{S2}", says: "2 trusted"},
	"a head that is no commit id": {env: pushed("main", "{M1}", "--output=x"), exit: 2, says: "no whole commit id"},
}

// byLabel are the arguments for what a merge would bring into a branch.
func byLabel(branch, span string) string {
	return "--policy {M2}:.paraph/policy --incoming --ref refs/heads/" + branch + " " + span
}

// The template's script does the same in each kind of pipeline.
func TestGitLab(t *testing.T) {
	w := shared(t)
	script := gitlabScript(t)
	for _, name := range slices.Sorted(maps.Keys(gitlabCases)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := gitlabCases[name]
			dir := w.place(t, c.clone)
			env := []string{"CI_DEFAULT_BRANCH=main", "CI_PROJECT_PATH=acme/app", "VERIFY_PARAPH=" + filepath.Join(dir, "paraph")}
			for _, v := range c.env {
				env = append(env, w.ids.Replace(v))
			}
			w.check(t, w.run(t, dir, env, "sh", "-c", script), "text", c.exit, c.args, c.says)
		})
	}
}

// A fork's own pipeline asks the project that the merge request is for, not the
// fork, whose main says what its owner likes.
func TestGitLabFork(t *testing.T) {
	w := shared(t)
	dir := w.place(t, clone{main: "P2"})
	w.mu.Lock()
	w.history.Branch("main", "M2")
	err := w.history.Write(w.dir, filepath.Base(dir)+"/upstream")
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"CI_DEFAULT_BRANCH=main", "CI_PROJECT_PATH=mallory/app", "CI_MERGE_REQUEST_PROJECT_URL=file://" + dir + "/upstream", "VERIFY_PARAPH=" + filepath.Join(dir, "paraph")}
	for _, v := range requested("{M1}", "{P2}") {
		env = append(env, w.ids.Replace(v))
	}
	w.check(t, w.run(t, dir, env, "sh", "-c", gitlabScript(t)), "text", 1, byLabel("main", "{M2}..{P2}"), "2 refused")
}
