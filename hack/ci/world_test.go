// Package ci holds what runs in other people's CI to its word: the GitHub
// Action's script and the GitLab template's run here on fabricated events,
// against repositories that hack/vectors/scribe writes, with the real paraph.
package ci

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// root is the repository's folder.
const root = "../.."

// patience bounds one run.
const patience = 2 * time.Minute

const policyPath = ".paraph/policy"

const issuer = "https://accounts.example.com"

// Who appears: alice works on main and keeps the policy, bob contributes, mallory
// is in nobody's policy but her own.
var alice, bob, mallory = scribe.Someone("alice", issuer), scribe.Someone("bob", issuer), scribe.Someone("mallory", issuer)

// policy is a policy that knows some signers.
func policy(signers ...scribe.Keyless) string {
	var sections []string
	for _, s := range signers {
		sections = append(sections, scribe.SignerSection(s))
	}
	return scribe.Policy(append(sections, scribe.Section("branch", "main", "allow = alice", "contribute = *"),
		scribe.Section("tag", "v*", "allow = alice"), scribe.Section("path", ".paraph/**", "allow = alice"))...)
}

// tell is the one history of all cases.
func tell() *scribe.History {
	h := scribe.New()
	h.Pinned = ""
	h.Config("uploadpack.allowFilter", "true")
	h.Commit("start", scribe.Unsigned)
	h.Commit("anchor", alice, scribe.Put(policyPath, policy(alice, bob)))
	h.Commit("M1", alice)
	h.Commit("M2", alice)
	h.Commit("S1", bob, scribe.On("M1"))
	h.Commit("S2", bob)
	h.Commit("U1", scribe.Unsigned, scribe.On("M1"))
	h.Commit("U2", bob)
	h.Commit("P1", bob, scribe.On("M1"), scribe.Put(policyPath, policy(alice, bob, mallory)))
	h.Commit("P2", mallory)
	h.Commit("G1", alice, scribe.On("M2", "S2"))
	h.Commit("M3", alice, scribe.On("M2"), scribe.Put(policyPath, policy(alice)))
	h.Commit("F1", bob, scribe.On("M1"))
	h.Commit("R1", bob, scribe.On("anchor"))
	h.Tag("v1", "M1", alice)
	h.Tag("v2", "M1", mallory)
	h.Tag("v4", "U2", alice)
	h.TagRef("v3", "tag v1")
	h.TagRef("light", "M1")
	h.Branch("topic", "S2")
	h.Branch("old", "start")
	h.Branch("a$(touch${IFS}pwned)", "S2")
	h.Branch("a`touch${IFS}pwned`$(touch${IFS}pwned)", "M2")
	return h
}

// A world is a folder with the trusted root, and paraph.
type world struct {
	dir     string
	paraph  string
	mu      sync.Mutex // of history
	history *scribe.History
	ids     *strings.Replacer // of {LABEL}
}

// theWorld is made once: its history and programs are the same for all tests.
var theWorld = sync.OnceValues(newWorld)

func TestMain(m *testing.M) {
	code := m.Run()
	if w, err := theWorld(); err == nil {
		_ = os.RemoveAll(w.dir)
	}
	os.Exit(code)
}

func shared(t *testing.T) *world {
	t.Helper()
	for _, program := range []string{"git", "bash", "jq"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not here: .ci/run installs it", program)
		}
	}
	w, err := theWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newWorld() (*world, error) {
	dir, err := os.MkdirTemp("", "paraph-ci-")
	if err != nil {
		return nil, err
	}
	w := &world{dir: dir, history: tell(), paraph: filepath.Join(dir, "paraph")}
	if err := scribe.Prepare(dir); err != nil {
		return nil, err
	}
	if out, err := exec.Command("go", "build", "-o", w.paraph, "github.com/paraph/paraph/cmd/paraph").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	pairs := []string{"{nowhere}", strings.Repeat("17", 20), "{merge}", strings.Repeat("27", 20), "{dir}", dir}
	for label, id := range w.history.Labels() {
		pairs = append(pairs, "{"+label+"}", id)
	}
	w.ids = strings.NewReplacer(pairs...)
	return w, nil
}

// A clone is how a repository was checked out.
type clone struct {
	main  string   // label of main on the remote, "" for M2
	args  []string // of git clone; by default main alone, whole
	head  string   // label of what is checked out, "" for main
	apart bool     // the remote can no longer be reached
}

// A run is what a script did.
type run struct {
	status       int
	out, words   string
	args, report string // paraph's, and the job's summary
}

// place makes the remote and the clone of a case, and returns their folder.
func (w *world) place(t *testing.T, c clone) string {
	t.Helper()
	dir := filepath.Join(w.dir, strings.ReplaceAll(t.Name(), "/", "-"))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if c.main == "" {
		c.main = "M2"
	}
	w.mu.Lock()
	w.history.Branch("main", c.main)
	err := w.history.Write(w.dir, filepath.Base(dir)+"/origin")
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	origin := filepath.Join(dir, "origin.git")
	w.git(t, origin, "update-ref", "refs/pull/7/head", w.history.Labels()["S2"])
	args := c.args
	if args == nil {
		args = []string{"--single-branch", "--no-tags"}
	}
	w.git(t, dir, append(append([]string{"clone", "-q"}, args...), "file://"+origin, "work")...)
	work := filepath.Join(dir, "work")
	if c.head != "" {
		id := w.history.Labels()[c.head]
		w.git(t, work, "fetch", "-q", "--no-tags", "origin", id)
		w.git(t, work, "checkout", "-q", "--detach", id)
	}
	if c.apart {
		w.git(t, work, "remote", "set-url", "origin", "file://"+dir+"/gone.git")
	}
	logged := "#!/bin/sh\nprintf '%s\\n' \"$@\" >" + dir + "/args\nexec " + w.paraph + " \"$@\"\n"
	if err := os.WriteFile(filepath.Join(dir, "paraph"), []byte(logged), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (w *world) git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, scribe.Env(w.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// run runs a script in the clone of a folder.
func (w *world) run(t *testing.T, dir string, env []string, name string, args ...string) run {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = filepath.Join(dir, "work")
	cmd.Env = append(scribe.Env(w.dir), "VERIFY_TRUSTED_ROOT="+filepath.Join(w.dir, "trusted_root.json"),
		// What anybody says of trust beside the inputs counts for nothing.
		"PARAPH_POLICY="+filepath.Join(dir, "work", policyPath), "PARAPH_TRUSTED_ROOT=/nowhere")
	cmd.Env = append(cmd.Env, env...)
	cmd.WaitDelay = patience
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := run{status: cmd.ProcessState.ExitCode(), out: out.String(), words: words.String()}
	lines, _ := os.ReadFile(filepath.Join(dir, "args")) // there is none where paraph was not called
	r.args = strings.Join(strings.Split(strings.TrimSuffix(string(lines), "\n"), "\n"), " ")
	summary, _ := os.ReadFile(filepath.Join(dir, "summary"))
	r.report = string(summary)
	for _, name := range []string{"pwned", "work/pwned", "origin.git/pwned"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is there: a name was run", name)
		}
	}
	return r
}

// check compares a run with what is wanted of it: its status, paraph's arguments
// without those that are always the same, "" for no call, and words of it.
func (w *world) check(t *testing.T, r run, format string, status int, args, says string) {
	t.Helper()
	if r.status != status {
		t.Errorf("exit status %d, want %d", r.status, status)
	}
	got := r.args
	if got != "" {
		var found bool
		if got, found = strings.CutPrefix(got, "verify --no-cache --format "+format+" --trusted-root "+w.dir+"/trusted_root.json "); !found {
			t.Errorf("arguments begin with %q", r.args)
		}
	}
	if want := w.ids.Replace(args); got != want {
		t.Errorf("arguments\n%s, want\n%s", got, want)
	}
	if !strings.Contains(r.out+r.words, w.ids.Replace(says)) {
		t.Errorf("it does not say %q", says)
	}
	if t.Failed() {
		t.Logf("%s\n%s", r.out, r.words)
	}
}
