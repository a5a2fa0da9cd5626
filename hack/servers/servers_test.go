package servers

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What docs/servers.md says works as it stands there, in its order.
func TestGuide(t *testing.T) {
	if why := noSSH(); why != "" {
		t.Skip("SKIPPED, nobody followed docs/servers.md: " + why)
	}
	if why := noHTTP(); why != "" {
		t.Skip("SKIPPED, nobody followed docs/servers.md: " + why)
	}
	p := newPlace(t)
	p.settle()
	p.ssh()
	p.overSSH()
	p.http()
	p.overHTTP()
	p.certificates()
	p.ownPolicy()
	p.repair()
	p.gitea()
	// fcgiwrap runs as whoever runs the test.
	if unit := p.block("[Service]"); !strings.Contains(unit, "User=git") {
		t.Errorf("fcgiwrap runs as somebody else than whose the repositories are:\n%s", unit)
	}
	p.all()
}

// settle has a policy proposed, and installs it.
func (p *place) settle() {
	p.follow(p.clone, "paraph policy init")
	text, err := os.ReadFile(filepath.Join(p.clone, "policy"))
	if err = errors.Join(err, os.WriteFile(filepath.Join(p.admin, "policy"), text, 0o600)); err != nil {
		p.t.Fatal(err)
	}
	if !strings.Contains(string(text), "identity = "+alice.Identity.Email) {
		p.t.Fatalf("the proposal does not name alice:\n%s", text)
	}
	p.follow(p.admin, "sudo install")
	p.follow(p.admin, "sudo git config --system paraph.trustedRoot")
	p.follow(p.dir, "cd /srv/git/app.git\nsudo -u git /usr/local/bin/paraph hook")
}

// overSSH pushes in audit mode, and in earnest.
func (p *place) overSSH() {
	const push = "git push git@"
	p.commit("audited", false)
	if out := p.follow(p.clone, push); !strings.Contains(out, "audit mode lets this push pass") {
		p.t.Fatalf("nobody hears of what audit mode lets pass:\n%s", out)
	}
	p.must(p.clone, "git fetch -q origin")
	p.follow(p.dir, "sudo git config --system paraph.hook.mode enforce")
	p.commit("signed", true)
	p.passes(push)
	p.commit("unsigned", false)
	p.shows("remote: ", p.refused(push))
	p.must(p.clone, "git rebase -q -f -S origin/main") // as the guide says beside the block
	p.passes(push)
}

// overHTTP does the same with nginx.
func (p *place) overHTTP() {
	const push = "git push https://"
	p.commit("signed, over http", true)
	p.passes(push)
	p.commit("unsigned, over http", false)
	p.shows("remote: ", p.refused(push))
	p.must(p.clone, "git rebase -q -f -S origin/main")
	p.passes(push)
	p.commit("by nobody", true)
	if out, ok := p.sh(p.clone, strings.Replace(p.block(push), "alice:secret", "alice:guessed", 1)); ok || !strings.Contains(out, "Authentication failed") {
		p.t.Errorf("whoever does not know the password pushes:\n%s", out)
	}
}

// certificates pushes with push certificates, which are needed in the end.
func (p *place) certificates() {
	p.follow(p.dir, "cd /srv/git/app.git\nsudo -u git git config receive.certNonceSeed")
	p.passes("git push --signed")
	p.follow(p.dir, "sudo git config --system paraph.hook.requirePushCertificate")
	p.follow(p.dir, "sudo git config --system gpg.x509.program")
	p.commit("in a push that nobody signed", true)
	for _, push := range []string{"git push git@", "git push https://"} {
		if out := p.refused(push); !strings.Contains(out, "(push-certificate)") {
			p.t.Errorf("nobody says that a push certificate is needed:\n%s", out)
		}
	}
	p.passes("git push --signed")
	p.must(p.dir, "git config --system --unset paraph.hook.requirePushCertificate")
}

// ownPolicy has the repository say by itself who may sign. Whoever it names is not
// alice, who is locked out from then on.
func (p *place) ownPolicy() {
	text := strings.ReplaceAll(p.must(p.admin, "cat policy"), alice.Identity.Email, "gone@example.com")
	p.write("clone/.paraph/policy", text+"\n", 0o600)
	p.must(p.clone, "git add .paraph && git commit -q -S -m 'A policy of its own'")
	p.passes("git push git@")
	p.commit("under the new policy", true)
	p.refused("git push git@")
	p.must(p.clone, "git reset -q --hard origin/main")
}

// repair brings a policy past the hook that names alice again.
func (p *place) repair() {
	p.write("clone/.paraph/policy", p.must(p.admin, "cat policy")+"\n", 0o600)
	if out := p.follow(p.clone, "git commit"); strings.Contains(out, "error") {
		p.t.Fatal(out)
	}
	p.move("clone/repair.bundle", "srv/git/app.git/repair.bundle")
	p.follow(p.dir, "cd /srv/git/app.git\nsudo -u git git fetch")
	p.must(p.clone, "git fetch -q origin")
	p.commit("after the repair", true)
	p.passes("git push git@")
}

func (p *place) move(from, to string) {
	if err := os.Rename(p.path(from), p.path(to)); err != nil {
		p.t.Fatal(err)
	}
}

// gitea has the hook in each repository that Gitea's own layout has.
func (p *place) gitea() {
	repo := "gitea/data/gitea-repositories/acme/app.git"
	p.must(p.dir, "git init -q --bare "+repo)
	dispatcher := p.write(repo+"/hooks/pre-receive", "#!/bin/sh\nexit 0\n", 0o700)
	p.write(repo+"/hooks/pre-receive.d/gitea", "#!/bin/sh\nexit 0\n", 0o700)
	p.follow(p.dir, "for repo in")
	if info, err := os.Stat(p.path(repo, "hooks", "pre-receive.d", "paraph")); err != nil || info.Mode()&0o100 == 0 {
		p.t.Errorf("no hook beside Gitea's: %v", err)
	}
	if text, err := os.ReadFile(dispatcher); err != nil || string(text) != "#!/bin/sh\nexit 0\n" {
		p.t.Errorf("Gitea's hook was changed: %v\n%s", err, text)
	}
}
