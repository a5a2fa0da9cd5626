package pushes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// A yard is what all pushes have in common: paraph, a client with all objects,
// and an empty server to copy.
type yard struct {
	dir     string
	paraph  string
	client  string // its repository
	signer  string // signs for git
	history *scribe.History
	labels  *strings.Replacer
}

// common is the yard of all tests, made by the first that asks.
var common = sync.OnceValues(newYard)

// ours is that yard.
func ours(t *testing.T) *yard {
	t.Helper()
	y, err := common()
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// folder is where it lies, "" as long as nobody asked.
var folder string

// As who signs, this program was started by git.
const signEnv = "PUSHES_SIGN"

func TestMain(m *testing.M) {
	if os.Getenv(signEnv) != "" {
		os.Exit(signFor(os.Args[1:]))
	}
	code := m.Run()
	if folder != "" {
		_ = os.RemoveAll(folder)
	}
	os.Exit(code)
}

func newYard() (*yard, error) {
	dir, err := os.MkdirTemp("", "pushes-")
	if err != nil {
		return nil, err
	}
	folder = dir
	y := &yard{
		dir: dir, paraph: filepath.Join(dir, "it's paraph"), client: filepath.Join(dir, "client.git"),
		signer: filepath.Join(dir, "signer"), history: tell(),
	}
	self, err := os.Executable()
	if err == nil {
		err = errors.Join(scribe.Prepare(dir), y.history.Write(dir, "client"), os.MkdirAll(y.path("servers"), 0o700),
			os.WriteFile(y.signer, []byte("#!/bin/sh\n"+signEnv+"=1 exec '"+self+"' \"$@\"\n"), 0o700))
	}
	if err != nil {
		return y, err
	}
	for name, text := range policyFiles(y.history) {
		err = errors.Join(err, os.WriteFile(y.path(name+".policy"), []byte(text), 0o600))
	}
	err = errors.Join(err, os.MkdirAll(y.path("seed/.paraph"), 0o700), os.WriteFile(y.path("seed/"+policyPath), []byte(usual), 0o600))
	for name, by := range people {
		if key, ok := by.(scribe.SSH); ok { // git asks for its fingerprint
			err = errors.Join(err, os.WriteFile(y.path(name), []byte(key.PublicKey()+"\n"), 0o600))
		}
	}
	var pairs []string
	for label, id := range y.history.Labels() {
		pairs = append(pairs, "{"+label+"}", id)
	}
	y.labels = strings.NewReplacer(append(pairs, "{dir}", dir, "{client}", y.client, "{zero}", strings.Repeat("0", 40))...)
	build := exec.Command("go", "build", "-o", y.paraph, "github.com/paraph/paraph/cmd/paraph")
	for _, cmd := range []*exec.Cmd{
		build, y.git(dir, "init", "-q", "--bare", "-b", "main", "--template=", "template.git"),
		y.git(dir, "init", "-q", "--bare", "-b", "main", "--template=", "usual.git"),
		y.git(y.client, "push", "-q", y.path("usual.git"), y.history.ID("M2")+":refs/heads/main"),
	} {
		if out, runErr := cmd.CombinedOutput(); runErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w\n%s", cmd, runErr, out))
		}
	}
	return y, err
}

func (y *yard) path(name string) string { return filepath.Join(y.dir, name) }

// git is a git command in a folder.
func (y *yard) git(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = dir, y.env()
	return cmd
}

func (y *yard) env() []string {
	return append(scribe.Env(y.dir), "GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=alice@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=alice@example.com")
}

// run runs a command that succeeds, and is what it said.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// signFor signs as git's gpg.x509.program or gpg.ssh.program, and returns the
// exit status.
func signFor(args []string) int {
	if err := signArgs(args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
