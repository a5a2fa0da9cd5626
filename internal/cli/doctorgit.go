package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/paraph/paraph/internal/agent"
	"github.com/paraph/paraph/internal/config"
)

// The git that paraph is made for: older ones lack what it calls. From
// tildeMinor on, git reads ~/ in gpg.x509.program.
const (
	gitMajor, gitMinor = 2, 34
	tildeMinor         = 51
)

// git looks at git's version.
func (d *doctor) git(ctx context.Context) {
	out, err := d.repo.Output(ctx, "version")
	if err != nil {
		d.found("git", agent.Fail, err.Error(), "install git")
		return
	}
	text := strings.TrimSpace(string(out))
	var major, minor int
	if _, err := fmt.Sscanf(text, "git version %d.%d", &major, &minor); err != nil {
		d.found("git", agent.Warn, text+": its version cannot be read", "")
		return
	}
	if major < gitMajor || major == gitMajor && minor < gitMinor {
		d.found("git", agent.Fail, text+" is too old", fmt.Sprintf("install git %d.%d or later", gitMajor, gitMinor))
		return
	}
	d.found("git", agent.OK, text, "")
	d.tilde = major > gitMajor || minor >= tildeMinor
}

// gitKeys are the settings of git that decide whether it calls paraph.
const gitKeys = `^(gpg\.format|gpg\.x509\.program|commit\.gpgsign|user\.signingkey)$`

const setUp = "paraph init, or paraph init --global"

// program looks at whether git calls this program, and when.
func (d *doctor) program(ctx context.Context) {
	entries, err := config.ReadGitKeys(ctx, d.repo, gitKeys)
	if err != nil {
		d.found("gpg.format", agent.Fail, err.Error(), "")
		return
	}
	last := func(key string) (e config.Entry) {
		for _, entry := range entries {
			if entry.Key == key {
				e = entry
			}
		}
		e.Origin = strings.TrimPrefix(e.Origin, "file:")
		return e
	}
	switch e := last("gpg.format"); e.Value {
	case "x509":
		d.found("gpg.format", agent.OK, "x509, in "+e.Origin, "")
	case "":
		d.found("gpg.format", agent.Fail, "not set: git signs by OpenPGP", setUp)
	default:
		d.found("gpg.format", agent.Fail, fmt.Sprintf("%s in %s, not x509: git signs without paraph", e.Value, e.Origin), setUp)
	}
	d.resolves(last("gpg.x509.program"))
	sign, err := d.repo.Output(ctx, "config", "--type=bool", "--default=false", "--get", "commit.gpgSign")
	switch {
	case err != nil:
		d.found("commit.gpgSign", agent.Fail, err.Error(), "set it to true or false")
	case strings.TrimSpace(string(sign)) == "true":
		d.found("commit.gpgSign", agent.OK, "true: every commit is signed", "")
	default:
		d.found("commit.gpgSign", agent.Warn, "not true: only git commit -S signs", setUp)
	}
	if e := last("user.signingkey"); e.Value != "" {
		d.found("user.signingKey", agent.Warn, "set in "+e.Origin+": it selects nothing here, and git push --signed takes it for the pusher", "git config --unset it there")
	}
}

// resolves looks at what git finds under the name of the program.
func (d *doctor) resolves(e config.Entry) {
	const name = "gpg.x509.program"
	path := e.Value
	if rest, ok := strings.CutPrefix(path, "~/"); ok && d.tilde {
		path = filepath.Join(os.Getenv("HOME"), rest)
	}
	path, err := exec.LookPath(path)
	switch {
	case e.Value == "":
		d.found(name, agent.Fail, "not set: git calls gpgsm", setUp)
	case err != nil && strings.ContainsAny(e.Value, " \t"):
		d.found(name, agent.Fail, fmt.Sprintf("%s in %s: %v; git takes all of it for the program's name, flags too", e.Value, e.Origin, err), setUp)
	case err != nil:
		d.found(name, agent.Fail, fmt.Sprintf("%s in %s: %v", e.Value, e.Origin, err), setUp)
	case !isSelf(path):
		d.found(name, agent.Fail, fmt.Sprintf("%s in %s is another program than this one (%s)", e.Value, e.Origin, path), setUp)
	default:
		d.found(name, agent.OK, path+", this program", "")
	}
}

// isSelf reports whether path leads to the running program.
func isSelf(path string) bool {
	self, err := os.Executable()
	if err != nil {
		return false
	}
	a, err := os.Stat(path)
	if err != nil {
		return false
	}
	b, err := os.Stat(self)
	return err == nil && os.SameFile(a, b)
}

// replaced looks for what makes git show other objects than there are. paraph
// reads those that there are.
func (d *doctor) replaced(ctx context.Context) {
	refs, err := d.repo.Output(ctx, "for-each-ref", "--count=1", "--format=%(refname)", "refs/replace/")
	if err != nil {
		d.found("repository", agent.Skip, err.Error(), "")
		return
	}
	if len(refs) > 0 {
		d.found("replace refs", agent.Warn, "there are some, such as "+strings.TrimSpace(string(refs))+": git shows other objects than paraph verifies", "git replace -d them")
	}
	if file, err := d.repo.Output(ctx, "rev-parse", "--path-format=absolute", "--git-path", "info/grafts"); err == nil {
		path := strings.TrimSuffix(string(file), "\n")
		if info, err := os.Stat(path); err == nil && info.Size() > 0 {
			d.found("grafts", agent.Warn, path+": git shows other parents than paraph verifies", "remove it")
		}
	}
}

// notes looks at whether proof of old signatures comes along with a fetch.
func (d *doctor) notes(ctx context.Context) {
	const name = "proof notes"
	if _, err := d.repo.Output(ctx, "rev-parse", "--quiet", "--verify", "refs/notes/"+notesName); err != nil {
		d.found(name, agent.Skip, "there are none here", "")
		return
	}
	remotes, err := d.repo.Remotes(ctx)
	if err != nil {
		d.found(name, agent.Warn, err.Error(), "")
		return
	}
	var without []string
	for _, remote := range remotes {
		specs, _ := d.repo.Output(ctx, "config", "--get-all", "remote."+remote+".fetch") // none is no failure
		if !fetchesNotes(string(specs)) {
			without = append(without, remote)
		}
	}
	if len(without) > 0 {
		d.found(name, agent.Warn, "git fetch does not bring those of "+strings.Join(without, ", "), "paraph proof fetch sets it up")
		return
	}
	d.found(name, agent.OK, "git fetch brings those of every remote", "")
}
