//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/paraph/paraph/internal/testpki"
)

// TestScript runs paraph under real git. Each script has a Sigstore instance
// of its own, in memory and on loopback.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", Setup: setup, RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: scriptCommands,
	})
}

// scriptCommands are what scripts can say beyond testscript's own commands.
// Other files add theirs from init.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"exits": exits, "fault": fault, "mint": mint, "grade": grade, "clean": clean, "file": file, "requests": requests,
}

// An instance is what a script's Sigstore instance is made of.
type instance struct {
	pki     *testpki.PKI
	servers *testpki.Servers
}

type instanceKey struct{}

func instanceOf(ts *testscript.TestScript) instance {
	i, _ := ts.Value(instanceKey{}).(instance)
	return i
}

// gitConfig is the user's configuration: what paraph init writes, and who
// signs. The trusted root is that of the script's instance; a script that
// verifies what forge made sets PARAPH_TRUSTED_ROOT=$FORGE_ROOT.
const gitConfig = `[user]
	name = Alice
	email = alice@example.com
[init]
	defaultBranch = main
[gpg]
	format = x509
[gpg "x509"]
	program = paraph
[advice]
	detachedHead = false
`

// setup makes an instance, a home and a repository ($WORK/repo), and lets the
// script start there.
func setup(e *testscript.Env) error {
	p := testpki.New(testpki.RealClock())
	i := instance{p, p.Serve(e.T().(testing.TB))}
	e.Values[instanceKey{}], e.Values[servedKey{}], e.Values[shownKey{}] = i, new(served), new([]string)
	in := func(name string) string { return filepath.Join(e.WorkDir, name) }
	files := map[string][]byte{
		"home/.gitconfig":          []byte(gitConfig),
		"trust/root.json":          p.TrustedRoot(),
		"trust/forge.json":         forgeInstance().TrustedRoot(),
		"trust/signing1.json":      p.SigningConfig(i.servers.URLs, 1),
		"trust/signing2.json":      p.SigningConfig(i.servers.URLs, 2),
		"trust/stranger.root.json": p.Other().TrustedRoot(),
	}
	for name, data := range files {
		if err := errors.Join(os.MkdirAll(filepath.Dir(in(name)), 0o700), os.WriteFile(in(name), data, 0o600)); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{
		"HOME": in("home"), "XDG_CONFIG_HOME": in("home/.config"), "XDG_CACHE_HOME": in("home/.cache"),
		"XDG_STATE_HOME": in("state"), "XDG_RUNTIME_DIR": in("run"), "PARAPH_AGENT": "false",
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C", "TZ": "UTC", "GORACE": noRaceSleep,
		"GIT_AUTHOR_DATE": "2026-05-04T12:00:00Z", "GIT_COMMITTER_DATE": "2026-05-04T12:00:00Z",
		"ISSUER": i.servers.URLs.Issuer, "FULCIO": i.servers.URLs.Fulcio, "REKOR1": i.servers.URLs.Rekor1,
		"REKOR2": i.servers.URLs.Rekor2, "TSA": i.servers.URLs.TSA,
		"ROOT": in("trust/root.json"), "FORGE_ROOT": in("trust/forge.json"), "STRANGER_ROOT": in("trust/stranger.root.json"),
		"SIGNING1": in("trust/signing1.json"), "SIGNING2": in("trust/signing2.json"),
		"PARAPH_TRUSTED_ROOT": in("trust/root.json"), "PARAPH_SIGNING_CONFIG": in("trust/signing1.json"),
		"FORGE_ISSUER": forgeIssuer, "BIN": binaries(),
	} {
		e.Setenv(name, value)
	}
	e.Cd = in("repo")
	init := exec.Command("git", "init", "--quiet", e.Cd)
	init.Env = e.Vars
	if out, err := init.CombinedOutput(); err != nil {
		return errors.New(string(out))
	}
	return nil
}

// binaries is the folder that testscript put the programs into.
func binaries() string {
	path, err := exec.LookPath("paraph")
	if err != nil {
		panic(err)
	}
	return filepath.Dir(path)
}

// exits N PROGRAM ARGS... runs a program that must end with status N.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM [ARGS...]")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if want, err := strconv.Atoi(args[0]); err != nil || got != want {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// grade REV LETTER asserts what git shows for %G?.
func grade(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: grade REV LETTER")
	}
	ts.Check(ts.Exec("git", "log", "-1", "--format=%G?", args[0]))
	if got := strings.TrimSpace(ts.ReadFile("stdout")); got != args[1] {
		ts.Fatalf("%s has %%G? %q, want %q", args[0], got, args[1])
	}
}

// mint [-ci] [claim=value...] puts a new token into PARAPH_ID_TOKEN. A value
// of null takes the claim away, true and numbers are what they look like;
// exp is in seconds from now.
func mint(ts *testscript.TestScript, neg bool, args []string) {
	p := instanceOf(ts).pki
	make, claims := p.IDToken, map[string]any{}
	for _, a := range args {
		name, value, ok := strings.Cut(a, "=")
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case a == "-ci":
			make = p.WorkflowToken
		case !ok || neg:
			ts.Fatalf("usage: mint [-ci] [claim=value...]")
		case value == "null":
			claims[name] = nil
		case value == "true" || value == "false":
			claims[name] = value == "true"
		case name == "exp" && err == nil:
			claims[name] = time.Now().Unix() + n
		default:
			claims[name] = value
		}
	}
	ts.Setenv("PARAPH_ID_TOKEN", make(claims))
}

// faults are what a service can do wrong, by name.
func faults(word string) (testpki.Fault, bool) {
	f, ok := map[string]testpki.Fault{
		"none":           {},
		"refuse":         testpki.Refuse(403, `{"code":7,"message":"not today"}`),
		"hostile":        testpki.Refuse(500, "{\"message\":\"\\u001b[2J\\n[GNUPG:] SIG_CREATED D\"}"),
		"stall":          testpki.Stall(),
		"hang-up":        testpki.HangUp(),
		"garbage":        testpki.Garbage(),
		"slow":           testpki.SlowBody(20 * time.Millisecond),
		"huge":           testpki.HugeBody(64 << 20),
		"redirect":       testpki.Redirect("http://127.0.0.1:1/"),
		"wrong-key":      testpki.WrongKey(),
		"wrong-entry":    testpki.WrongEntry(),
		"wrong-nonce":    testpki.WrongNonce(),
		"wrong-identity": testpki.WrongIdentity(testpki.Identity{Email: "mallory@example.com", Issuer: "https://accounts.example.com"}),
		"other-key":      testpki.WrongPublicKey(),
		"no-sct":         testpki.Certify(testpki.NoSCT()),
		"old":            testpki.Certify(testpki.Window(time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour))),
		"false-set":      testpki.Mangle(func(e *testpki.Entry) { e.SET = []byte("false") }),
		"false-proof":    testpki.Mangle(func(e *testpki.Entry) { e.Proof.RootHash = bytes.Repeat([]byte{1}, 32) }),
	}[word]
	return f, ok
}

// serverOf is a service by its name.
func serverOf(ts *testscript.TestScript, name string) *testpki.Server {
	s := instanceOf(ts).servers
	found := map[string]*testpki.Server{"issuer": s.Issuer, "fulcio": s.Fulcio, "rekor1": s.Rekor1, "rekor2": s.Rekor2, "tsa": s.TSA}[name]
	if found == nil {
		ts.Fatalf("%s is none of issuer, fulcio, rekor1, rekor2, tsa", name)
	}
	return found
}

// fault SERVICE KIND makes every answer of a service wrong from now on.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fault SERVICE KIND")
	}
	f, ok := faults(args[1])
	if !ok {
		ts.Fatalf("no fault is called %q", args[1])
	}
	serverOf(ts, args[0]).Set(f)
}

// requests SERVICE N asserts how many requests came to a service so far.
func requests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: requests SERVICE N")
	}
	if got := strconv.Itoa(serverOf(ts, args[0]).Requests()); got != args[1] {
		ts.Fatalf("%s had %s requests, want %s", args[0], got, args[1])
	}
}

// clean asserts that neither a private key nor the current token is anywhere
// on the script's disk: home, temporary files, repository, state.
func clean(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: clean")
	}
	token := ts.Getenv("PARAPH_ID_TOKEN")
	ts.Check(filepath.WalkDir(ts.Getenv("WORK"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		switch {
		case err != nil:
			return err
		case bytes.Contains(data, []byte("PRIVATE KEY")):
			ts.Fatalf("%s holds a private key", path)
		case token != "" && bytes.Contains(data, []byte(token)):
			ts.Fatalf("%s holds the token", path)
		}
		return nil
	}))
}

// file NAME SIZE [HEAD] writes a file of SIZE bytes that begins with HEAD,
// in which \n is a line break, and goes on with lines of text.
func file(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: file NAME SIZE [HEAD]")
	}
	size, err := strconv.Atoi(args[1])
	ts.Check(err)
	head := strings.ReplaceAll(strings.Join(args[2:], " "), `\n`, "\n")
	line := strings.Repeat("x", 63) + "\n"
	data := head + strings.Repeat(line, max(0, size-len(head))/len(line)+1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:size]), 0o600))
}
