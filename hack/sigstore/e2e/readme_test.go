package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/hack/sigstore/stack"
)

// The files whose shown commands are run.
const (
	readme        = "../../../README.md"
	serversReadme = "../README.md"
	configuration = "../../../docs/configuration.md"
	trustGuide    = "../../../docs/trust.md"
)

// A step is one shown block to run and how it must end.
type step struct {
	block  string // section and number of the block in it, from 0
	status int
	prints string // part of its output
}

// The README is read from top to bottom, but for the servers' own files, which
// the public instance's stand in for in the text; after the signer is named, the
// commands under "Verify" end another way.
var readmeSteps = []step{
	{"Sign 0", 0, "gpg.format = x509"},
	{"Your own Sigstore 0", 0, ""},
	{"Sign 1", 0, ""},
	{"Verify 0", 1, "Valid signature, but nobody said whom to trust here"},
	{"Verify 1", 0, ""},
	{"Verify 0", 0, "Good signature by a trusted signer"},
	{"Verify in scripts 0", 0, `"verdict": "trusted"`},
	{"Prove old signatures 0", 0, "signed objects: "},
	{"Say who may sign what 0", 0, "paraph.policy = "},
	{"Make sure that everybody did 0", 0, "/hooks/pre-push runs "},
}

var serversReadmeSteps = []step{{"Tokens 0", 0, "ey"}}

var configurationSteps = []step{{"Repositories that somebody else prepared 0", 0, "Good signature by a trusted signer"}}

var trustSteps = []step{
	{"Instances 0", 0, ""},
	{"Updates 0", 0, "mine"},
	{"Updates 1", 1, "Valid signature, but nobody said whom to trust here"},
	{"Machines without a network 0", 0, "mine"},
	{"Instances 1", 0, ""},
	{"Whom paraph trusts, and since when 0", 0, "filed"},
}

// guides are the files, with the steps that run their blocks.
var guides = []struct {
	name, file string
	steps      []step
}{
	{"README.md", readme, readmeSteps},
	{"hack/sigstore", serversReadme, serversReadmeSteps},
	{"configuration", configuration, configurationSteps},
	{"trust", trustGuide, trustSteps},
}

// notRun are the blocks that no test here runs, and why.
var notRun = map[string]string{
	"README.md: See it work, test it 0":            ".ci/run runs both",
	"README.md: Install 0":                         "TestMain builds the same into a folder of its own",
	"README.md: Sign 2":                            "TestLoginBeforehand runs both commands, at a terminal",
	"README.md: In CI 0":                           "a workflow, which hack/ci holds to the action's inputs",
	"README.md: Find your way in the code 0":       "not commands",
	"hack/sigstore: A real Sigstore on loopback 0": "the tests of hack/sigstore start the program, TestMain the same servers",
	"hack/sigstore: In tests 0":                    "Go, and what TestMain does",
}

// shownBlocks returns the indented blocks of a Markdown file by section and
// number.
func shownBlocks(text string) map[string]string {
	blocks := map[string]string{}
	section, n, inside := "", 0, false
	for line := range strings.Lines(text) {
		code, indented := strings.CutPrefix(line, "    ")
		switch {
		case strings.HasPrefix(line, "#"):
			section, n = strings.TrimSpace(strings.TrimLeft(line, "#")), 0
		case indented:
			blocks[fmt.Sprintf("%s %d", section, n)] += code
		case inside:
			n++
		}
		inside = indented
	}
	return blocks
}

// Every block that a reader may type is run, or somebody said why not.
func TestShownBlocksAreKnown(t *testing.T) {
	known := map[string]bool{}
	for name := range notRun {
		known[name] = false
	}
	for _, g := range guides {
		for _, s := range g.steps {
			known[g.name+": "+s.block] = false
		}
	}
	for _, g := range guides {
		for name, block := range shownBlocks(string(readFile(t, g.file))) {
			name = g.name + ": " + name
			if _, ok := known[name]; !ok {
				t.Errorf("%s is neither run nor listed in notRun:\n%s", name, block)
			}
			known[name] = true
		}
	}
	for name, found := range known {
		if !found {
			t.Errorf("%s is not there", name)
		}
	}
}

func TestReadmeCommands(t *testing.T) {
	u := newHome(t)
	writeFile(t, filepath.Join(u.dir, "greeting"), []byte("hello\n"))
	u.git("add", "greeting")
	runBlocks(u, readme, readmeSteps, map[string]string{
		"/path/to/trusted_root.json":        trustedRoot(),
		"/path/to/signing_config.v0.2.json": filepath.Join(servers.Dir, stack.SigningConfigFile),
		"PARAPH_ID_TOKEN=...":               "PARAPH_ID_TOKEN=" + mint(t, nil),
		"https://accounts.google.com":       servers.Endpoints.Issuer,
	})
	if l := u.letter("HEAD"); l != "G" {
		t.Errorf("in the end %%G? is %q, want G", l)
	}
	// Whatever a repository brings, the flags count.
	u.git("config", "paraph.certificateIdentity", "mallory@example.com")
	runBlocks(u, configuration, configurationSteps, map[string]string{
		"/path/to/trusted_root.json":  trustedRoot(),
		"https://accounts.google.com": servers.Endpoints.Issuer,
	})
}

// The guide's instances are added, updated, and brought up to date by a copy
// of the repository, as on a machine without a network.
func TestTrustGuideCommands(t *testing.T) {
	repo, err := servers.NewTUF()
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	copied := t.TempDir()
	if err := repo.Write(copied); err != nil {
		t.Fatal(err)
	}
	u := newHome(t).with("PARAPH_AGENT=false", "PARAPH_ID_TOKEN="+mint(t, nil))
	u.must("paraph", "init", "--global")
	u.must("paraph", "trust", "add", "first", "--tuf", repo.URL, "--root", u.tufRoot(repo))
	u.with("PARAPH_INSTANCE=first").commit("greeting")
	runBlocks(u, trustGuide, trustSteps, map[string]string{
		"https://tuf.example.com":           repo.URL,
		"/path/to/root.json":                u.tufRoot(repo),
		"/path/to/copy":                     copied,
		"/path/to/trusted_root.json":        trustedRoot(),
		"/path/to/signing_config.v0.2.json": filepath.Join(servers.Dir, stack.SigningConfigFile),
	})
}

func TestServersReadmeCommands(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: the commands for tokens are not tried")
	}
	u := newHome(t).with("issuer=" + servers.Endpoints.Issuer)
	out := runBlocks(u, serversReadme, serversReadmeSteps, nil)
	// A token is three parts joined by dots.
	if tokens := strings.Count(shownBlocks(string(readFile(t, serversReadme)))["Tokens 0"], "curl "); strings.Count(out, ".") != 2*tokens {
		t.Errorf("not %d tokens: %s", tokens, out)
	}
}

// runBlocks runs blocks as one person would in one shell: what one exports,
// the next one has. Each of substitutes must be needed. It returns what was
// printed on standard output.
func runBlocks(u *user, file string, steps []step, substitutes map[string]string) string {
	u.t.Helper()
	text := string(readFile(u.t, file))
	for placeholder, value := range substitutes {
		if !strings.Contains(text, placeholder) {
			u.t.Fatalf("%s does not say %q any more", file, placeholder)
		}
		text = strings.ReplaceAll(text, placeholder, value)
	}
	blocks := shownBlocks(text)
	exports := filepath.Join(u.root, "exports")
	writeFile(u.t, exports, nil)
	all := ""
	for _, s := range steps {
		if blocks[s.block] == "" {
			u.t.Fatalf("there is no block %s", s.block)
		}
		r := u.run("", "sh", "-ec", ". '"+exports+"'\n"+blocks[s.block]+"\nexport -p >'"+exports+"'\n")
		if r.status != s.status || !strings.Contains(r.stdout+r.stderr, s.prints) {
			u.t.Errorf("%s: exit status %d, want %d and %q\n%s%s", s.block, r.status, s.status, s.prints, r.stdout, r.stderr)
		}
		all += r.stdout
	}
	return all
}
