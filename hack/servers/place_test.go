package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paraph/paraph/hack/vectors/scribe"
)

// A place is where the guide is followed: a server, and the clone of somebody who
// pushes to it.
type place struct {
	*guide
	dir    string
	clone  string
	server string // the bare repository
	admin  string // the folder in which an administrator has what is to be installed
	core   string // git's own programs
	me     string // whom sshd lets in
}

func (p *place) path(parts ...string) string {
	return filepath.Join(append([]string{p.dir}, parts...)...)
}

// write writes a file below the place.
func (p *place) write(name, text string, mode os.FileMode) string {
	p.t.Helper()
	path := p.path(name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), mode)); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// newPlace makes a server with a repository that has a history, signed in part,
// and a clone of it.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{guide: readGuide(t), dir: t.TempDir()}
	p.clone, p.server, p.admin = p.path("clone"), p.path("srv", "git", "app.git"), p.path("admin")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.write("fake/sudo", "#!/bin/sh\n[ \"$1\" != -u ] || shift 2\nexec \"$@\"\n", 0o700)
	for _, dir := range []string{"admin", "etc/paraph", "usr", "srv/git"} {
		if err := os.MkdirAll(p.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(scribe.Prepare(p.dir), os.Symlink(self, p.path("fake", signerName))); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p.admin+"/", "github.com/paraph/paraph/cmd/paraph").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.env = append(scribe.Env(p.dir),
		"PATH="+p.path("fake")+":"+p.admin+":"+os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=0", "GIT_CONFIG_SYSTEM="+p.path("etc", "gitconfig"))
	p.me = me.Username
	p.places = p.replacer()
	p.core = p.must(p.dir, "git --exec-path")
	p.begin()
	return p
}

// replacer puts the test's places for the guide's, and further pairs first.
func (p *place) replacer(pairs ...string) *strings.Replacer {
	return strings.NewReplacer(append(pairs, "git@git.example.com", p.me+"@git.example.com",
		"/usr/local/bin", p.path("usr"), "/etc/paraph", p.path("etc", "paraph"), "/srv/git", p.path("srv", "git"),
		"/var/lib/gitea", p.path("gitea"))...)
}

// begin makes the repository and the clone.
func (p *place) begin() {
	p.t.Helper()
	root := p.path("trusted_root.json")
	p.must(p.dir, fmt.Sprintf(`
git init -q --bare -b main '%[1]s'
git init -q -b main '%[2]s'
cp '%[3]s' etc/paraph/trusted_root.json
cd '%[2]s'
git config user.name alice
git config user.email alice@example.com
git config gpg.format x509
git config gpg.x509.program '%[4]s'
git config paraph.trustedRoot '%[3]s'
git remote add origin '%[1]s'
git commit -q --allow-empty -m 'Nobody signs this'
git commit -q --allow-empty -S -m 'Somebody signs this'
git push -q -u origin main
`, p.server, p.clone, root, p.path("fake", signerName)))
}

// tip is where main stands on the server.
func (p *place) tip() string {
	p.t.Helper()
	return p.must(p.server, "git rev-parse main")
}

// commit adds a commit to the clone's main, signed if so wanted.
func (p *place) commit(subject string, signed bool) {
	p.t.Helper()
	flag := ""
	if signed {
		flag = "-S"
	}
	p.must(p.clone, fmt.Sprintf("git commit -q --allow-empty %s -m '%s'", flag, subject))
}

// passes pushes as a block says, and asserts that nobody says a word against it.
func (p *place) passes(begins string) {
	p.t.Helper()
	out := p.follow(p.clone, begins)
	if tip := p.must(p.clone, "git rev-parse main"); p.tip() != tip || strings.Contains(out, "paraph:") {
		p.t.Fatalf("%s: the server's main is at %s, not at %s:\n%s", begins, p.tip(), tip, out)
	}
	p.must(p.clone, "git fetch -q origin")
}

// refused pushes as a block says, asserts that nothing came of it, and returns
// what whoever pushes is told.
func (p *place) refused(begins string) string {
	p.t.Helper()
	before := p.tip()
	out, ok := p.try(p.clone, begins)
	if ok || p.tip() != before {
		p.t.Fatalf("%s: is not refused:\n%s", begins, out)
	}
	if left := p.must(p.clone, "git rev-parse main"); p.has(left) {
		p.t.Errorf("%s: what was refused is still on the server", begins)
	}
	return out
}

// has reports whether an object is on the server.
func (p *place) has(id string) bool {
	p.t.Helper()
	_, ok := p.sh(p.server, "git cat-file -e "+id)
	return ok
}
