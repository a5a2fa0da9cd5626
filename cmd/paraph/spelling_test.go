//go:build unix

package main

import (
	"os/exec"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() {
	scriptCommands["signed"] = signed
	scriptCommands["verifies"] = verifies
}

// call runs paraph over $WORK/payload.
func call(ts *testscript.TestScript, args []string) (stdout, stderr string) {
	var out, errs strings.Builder
	cmd := exec.Command("paraph", args...)
	cmd.Stdin = strings.NewReader(ts.ReadFile(ts.Getenv("WORK") + "/payload"))
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Env, cmd.Dir = environ(ts), ts.MkAbs(".")
	if err := cmd.Run(); err != nil {
		ts.Fatalf("%q: %v\n%s%s", args, err, &out, &errs)
	}
	return out.String(), errs.String()
}

var (
	armorForm   = regexp.MustCompile(`\A-----BEGIN SIGNED MESSAGE-----\n([A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n-----END SIGNED MESSAGE-----\n\z`)
	createdForm = regexp.MustCompile(`\A\[GNUPG:\] BEGIN_SIGNING H8\n\[GNUPG:\] SIG_CREATED D 19 8 00 [0-9]+ [0-9a-f]{64}\n\z`)
	trustedForm = regexp.MustCompile(`\A\[GNUPG:\] NEWSIG\n\[GNUPG:\] GOODSIG [^\n]*\n\[GNUPG:\] VALIDSIG [^\n]*\n\[GNUPG:\] TRUST_FULLY 0 shell\n\z`)
)

// signed ARGS... asserts what git relies on when it gets a signature: the
// armor and nothing else on standard output, one final line break, no CR,
// and both status lines on standard error.
func signed(ts *testscript.TestScript, neg bool, args []string) {
	stdout, stderr := call(ts, args)
	if neg || !armorForm.MatchString(stdout) || !createdForm.MatchString(stderr) {
		ts.Fatalf("%q: standard output %q, standard error %q", args, stdout, stderr)
	}
}

// verifies ARGS... asserts the status lines of a trusted signature.
func verifies(ts *testscript.TestScript, neg bool, args []string) {
	if stdout, _ := call(ts, args); neg || !trustedForm.MatchString(stdout) {
		ts.Fatalf("%q: standard output %q", args, stdout)
	}
}
