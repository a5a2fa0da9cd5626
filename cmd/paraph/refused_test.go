//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() {
	scriptCommands["failing"] = failing
	scriptCommands["refused"] = refused
	scriptCommands["pending"] = pending
}

// failing SERVICE FAULT PATTERN asserts that a fault keeps $WORK/payload from
// being signed, with status 1 and words that match.
func failing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: failing SERVICE FAULT PATTERN")
	}
	fault(ts, false, args[:2])
	if args[1] == "stall" || args[1] == "slow" {
		ts.Setenv("PARAPH_TEST_IMPATIENT", args[0])
	}
	unsigned(ts, 1, "(?:"+args[2]+").*", "--status-fd=2", "-bsau", "Alice <alice@example.com>")
	fault(ts, false, []string{args[0], "none"})
	ts.Setenv("PARAPH_TEST_IMPATIENT", "")
}

// refused STATUS PATTERN [FLAGS...] asserts that $WORK/payload is not signed,
// with this status and words that match as a whole.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args[0]) != 1 {
		ts.Fatalf("usage: refused STATUS PATTERN [FLAGS...]")
	}
	unsigned(ts, int(args[0][0]-'0'), args[1], append([]string{"--status-fd=2", "-bsa"}, args[2:]...)...)
}

// unsigned calls paraph as git does and asserts all that git relies on where
// there is no signature: nothing on standard output, no SIG_CREATED, one line
// on standard error, the same in the log, a status that is not 0.
func unsigned(ts *testscript.TestScript, status int, pattern string, args ...string) {
	payload, err := os.Open(ts.MkAbs(ts.Getenv("WORK") + "/payload"))
	ts.Check(err)
	defer payload.Close()
	log := ts.Getenv("XDG_STATE_HOME") + "/paraph/log"
	_ = os.Remove(log)

	var stdout, stderr strings.Builder
	cmd := exec.Command("paraph", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = payload, &stdout, &stderr
	cmd.Env, cmd.Dir = environ(ts), ts.MkAbs(".")
	err = cmd.Run()
	ts.Logf("%s", stderr.String())

	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != status {
		ts.Fatalf("exit status %v, want %d", err, status)
	}
	line := regexp.MustCompile(`\Aparaph: not signed: (` + pattern + `)\n\z`)
	words := line.FindStringSubmatch(stderr.String())
	switch {
	case stdout.Len() != 0:
		ts.Fatalf("%q is on standard output", stdout.String())
	case words == nil:
		ts.Fatalf("standard error is %q, want %s", stderr.String(), line)
	case strings.ContainsFunc(words[1], func(r rune) bool { return r < ' ' || r == 0x7f }):
		ts.Fatalf("control characters in %q", words[1])
	case len(words[1]) > 1000:
		ts.Fatalf("%d bytes are not one clear line", len(words[1]))
	}
	logged, err := os.ReadFile(log)
	if err != nil || !regexp.MustCompile(`\A[-0-9T:]+Z not signed: `+regexp.QuoteMeta(words[1])+`\n\z`).Match(logged) {
		ts.Fatalf("the log is %q, %v", logged, err)
	}
}

// environ is the script's environment, as far as the programs look at it.
func environ(ts *testscript.TestScript) (env []string) {
	for _, name := range []string{
		"PATH", "TMPDIR", "HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "LC_ALL", "GORACE",
		"GIT_CONFIG_NOSYSTEM", "PARAPH_TEST_TERMINAL", "PARAPH_TEST_IMPATIENT", "PARAPH_ID_TOKEN", "PARAPH_TOKEN_FILE", "PARAPH_TOKEN_SOURCE",
		"PARAPH_TRUSTED_ROOT", "PARAPH_SIGNING_CONFIG", "PARAPH_FULCIO", "PARAPH_REKOR", "PARAPH_REKOR_VERSION",
		"PARAPH_TIMESTAMP", "PARAPH_LOG", "SIGSTORE_ID_TOKEN", "PARAPH_CERTIFICATE_IDENTITY", "PARAPH_CERTIFICATE_OIDC_ISSUER",
	} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// pending ARGS... asserts that paraph says of ARGS that they are still to
// come, and nothing else.
func pending(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: pending ARGS...")
	}
	exits(ts, false, append([]string{"2", "paraph"}, args...))
	words := regexp.MustCompile(`\Aparaph: [^\n]* not in this version( of paraph)? yet[^\n]*\n\z`)
	if out, errs := ts.ReadFile("stdout"), ts.ReadFile("stderr"); out != "" || !words.MatchString(errs) {
		ts.Fatalf("standard output %q, standard error %q", out, errs)
	}
}
