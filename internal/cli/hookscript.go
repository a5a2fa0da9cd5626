package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/paraph/paraph/internal/config"
)

// hookNames are the hooks that paraph can be.
func hookNames() []string { return []string{"pre-receive", "update", "pre-push", "post-receive"} }

// onServer reports whether a hook runs where pushes arrive, in the git folder of
// the repository; pre-push runs at the top of the work tree (githooks(5)).
func onServer(hook string) bool { return hook != "pre-push" }

// hookHead begins every script of ours.
const hookHead = "#!/bin/sh\n# Written by paraph hook install, which writes it anew; paraph hook uninstall removes it.\n"

// hookScript is a hook that is this program. It names the program by its place, as
// gpg.x509.program does: a server's git user need not have a PATH, and nobody
// else's paraph is to be found in one. Where the program is gone exec ends the
// script with a failure (POSIX XCU, exec), and git refuses.
func hookScript(program, hook string) []byte {
	return []byte(hookHead + "exec " + shellQuote(program) + hookCall(hook) + "\n")
}

// hookCall are the arguments of a script's program. What git gives is no flag.
func hookCall(hook string) string { return " hook run " + hook + ` -- "$@"` }

// isOurs reports a script as it was written, by whatever paraph: one that was
// changed since is its author's.
func isOurs(script []byte, hook string) bool {
	call, found := strings.CutPrefix(string(script), hookHead+"exec '")
	if !found {
		return false
	}
	program, found := strings.CutSuffix(call, hookCall(hook)+"\n")
	return found && !strings.Contains(program, "\n") && strings.HasSuffix(program, "'")
}

// hookLine makes somebody else's hook, a shell script, run this program as well.
// Both get to read what git writes, which comes once.
func hookLine(program, hook string) string {
	run := shellQuote(program) + hookCall(hook)
	if hook == "update" {
		return run + " || exit 1"
	}
	return `t=$(mktemp) && cat >"$t" && ` + run + ` <"$t" || { rm -f "$t"; exit 1; }; exec <"$t"; rm -f "$t"`
}

// shellQuote makes a path one word of sh. Windows paths keep their meaning with
// slashes, there too.
func shellQuote(path string) string {
	return "'" + strings.ReplaceAll(filepath.ToSlash(path), "'", `'\''`) + "'"
}

// A hookState is what stands in the place of a hook.
type hookState int

const (
	hookAbsent  hookState = iota
	hookOurs              // a script of ours
	hookChanged           // one that somebody changed
	hookForeign           // a file of somebody else's
	hookOther             // a link, a folder, anything that is not a file
)

// hookAt looks at the place of a hook. Links are not followed.
func (env Env) hookAt(file, hook string) (hookState, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return hookAbsent, nil
	case err != nil:
		return hookOther, err
	case !info.Mode().IsRegular():
		return hookOther, nil
	}
	data, err := env.ReadFile(file, config.MaxFile)
	if err != nil {
		return hookOther, err
	}
	switch {
	case isOurs(data, hook):
		return hookOurs, nil
	case bytes.HasPrefix(data, []byte(hookHead)):
		return hookChanged, nil
	}
	return hookForeign, nil
}

// joined is our place beside a hook of somebody else's, which runs what is in the
// folder of its name: Gitea's and many others do.
func joined(file string) string { return filepath.Join(file+".d", "paraph") }

// hookPlace is where a hook goes to: where git looks for it, or where somebody
// else's that is there already does.
func (env Env) hookPlace(file, program string) (string, error) {
	place := file
	hook := filepath.Base(file)
	state, err := env.hookAt(place, hook)
	if info, dirErr := os.Lstat(file + ".d"); err == nil && state == hookForeign && dirErr == nil && info.IsDir() {
		if err := runs(file); err != nil {
			return "", err
		}
		place = joined(file)
		state, err = env.hookAt(place, hook)
	}
	switch {
	case err != nil:
		return "", err
	case state == hookForeign && place == file:
		return "", usagef("%s is there already, and stays as it is; if it is a shell script, add this line before what reads its input: %s",
			file, hookLine(program, hook))
	case state == hookChanged:
		return "", usagef("%s was written by paraph hook install and changed since: it stays as it is. It runs %s; change it by hand, or remove it and install it anew", place, program)
	case state == hookForeign:
		return "", usagef("%s is there already and not by paraph hook install: it stays as it is", place)
	case state == hookOther:
		return "", usagef("%s is a link or no file: it is not followed, and stays as it is; remove it, or change what it leads to", place)
	}
	return place, nil
}

// runs makes sure that git runs a hook: one that is not to be executed it leaves
// out (githooks(5)).
func runs(file string) error {
	info, err := os.Stat(file)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0 {
		err = usagef("%s is not executable: git does not run it, and so nothing in %s.d; chmod +x %[1]s, or remove it", file, file)
	}
	return err
}

// writeHook writes a script whole or not at all, in the place of ours or of
// nothing.
func (env Env) writeHook(file, hook string, script []byte) error {
	state, err := env.hookAt(file, hook)
	if err == nil && state == hookOurs {
		return replaceFile(file, script, 0o755)
	}
	if err == nil {
		err = writeNew(file, script, 0o755)
	}
	return err
}

// oneHook is the rule of a command that takes the name of a hook.
func oneHook(path string, args []string) error {
	if len(args) == 1 && slices.Contains(hookNames(), args[0]) {
		return nil
	}
	return usagef("%s takes the name of one hook: %s", path, strings.Join(hookNames(), ", "))
}

// hookProgram is the program that a script runs: this one.
func hookProgram() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	return self, nil
}
